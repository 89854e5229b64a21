#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Transfers that are cut, that find no room or no lock, or that are many at once: nothing is half visible, and the next one goes on.
# shellcheck disable=SC2154

load lib
load faults

@test "a pull that is cut at every 64 KiB leaves nothing half visible, and goes on" {
	local at again
	hub
	for ((at = 65536; ; at += 65536)); do
		rm -rf here before
		here
		mreg remote set-url origin "far:$PWD/../hub"
		cut_after "$at" -
		run --separate-stderr mreg pull
		[ "$status" -ne 0 ] || break
		assert_equal "$status" 8
		says_nothing
		complains "has ended the connection"
		diff ../before <(references)
		mreg_is 0 ls -q
		says ours
		cut_after - -
		mreg_is 0 pull
		again=${stderr#note: }
		mreg fsck -q
		assert_equal "$(ls -A .mreg/quarantine)" ""
		cd ..
	done
	((at > 5 * 65536))
	((${again%% *} < 10)) # objects: what had come by then was not sent again
	same_versions ../hub .
}

@test "a pull that is cut over and over comes to its end" {
	local tries=0
	hub
	here
	mreg remote set-url origin "far:$PWD/../hub"
	cut_after 200000 -
	until mreg pull -q >/dev/null 2>err; do
		grep -q 'has ended the connection' err
		((++tries < 10))
	done
	((tries > 1))
	same_versions ../hub .
}

@test "a push that is cut at every 64 KiB leaves nothing half visible, and goes on" {
	local at
	hub
	cd hub
	for ((at = 65536; ; at += 65536)); do
		rm -rf ../far .mreg/remotes/*
		mreg init -q ../far >/dev/null
		mreg config remote.origin.url "far:$PWD/../far"
		cut_after - "$at"
		run --separate-stderr mreg push
		[ "$status" -ne 0 ] || break
		assert_equal "$status" 8
		says_nothing
		complains "has ended the connection"
		mreg_is 0 -C ../far ls
		refute_output --partial digits
		cut_after - -
		mreg_is 0 push -q
		mreg -C ../far fsck -q
		assert_equal "$(ls -A ../far/.mreg/quarantine)" ""
	done
	((at > 5 * 65536))
	same_versions . ../far
}

@test "a push whose answer is lost has arrived, and the next one finds that" {
	local bytes
	hub
	cd hub
	mreg init -q ../far >/dev/null
	mreg remote add origin "far:$PWD/../far"
	# the hellos, the heads and what is asked for, but not the result
	for bytes in 200 700 1400 2000 2400; do
		cut_after "$bytes" -
		run --separate-stderr mreg push
		[ "$status" -eq 8 ] || break
		mreg_is 0 fsck
	done
	cut_after - -
	mreg_is 0 push -q
	mreg_is 0 push
	complains "has everything already"
	same_versions . ../far
	assert_equal "$(wc -l <../far/.mreg/journal)" 1
	mreg_is 0 status
	assert_line --partial 'lacks nothing'
}

@test "the far disk is full" {
	hub
	mreg init -q far >/dev/null
	cat >small-disk <<-'EOF2'
		#!/bin/bash
		ulimit -f 300
		exec sh -c "${!#}"
	EOF2
	chmod +x small-disk
	cd hub
	mreg remote add origin "far:$PWD/../far"
	MREG_SSH=$PWD/../small-disk mreg_is 8 push
	says_nothing
	complains "'origin': "
	complains "File too large"
	mreg_is 0 -C ../far ls -q
	says_nothing
	mreg_is 0 -C ../far fsck
	cut_after - -
	mreg_is 0 push -q
	same_versions . ../far
}

@test "the disk is full here" {
	hub
	here
	mreg remote set-url origin ../hub
	run --separate-stderr -10 bash -c 'ulimit -f 300; exec mreg pull'
	says_nothing
	complains "File too large"
	diff ../before <(references)
	mreg_is 0 pull -q
	same_versions ../hub .
}

# Another process has the lock on the journal of a registry.
hold_journal()
{
	mkfifo "$BATS_TEST_TMPDIR/held"
	python3 - "$1/.mreg/lock" >"$BATS_TEST_TMPDIR/held" 3>&- <<-'EOF2' &
		import fcntl, os, struct, sys, time
		fd = os.open(sys.argv[1], os.O_RDWR)
		fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 128, 1, 0))
		os.pwrite(fd, b"gpu7.lan 4711 put".ljust(127) + b"\n", 128)
		print("held", flush=True)
		time.sleep(600)
	EOF2
	child=$!
	read -r <"$BATS_TEST_TMPDIR/held"
}

@test "the far registry is locked" {
	hub
	mreg init -q far >/dev/null
	mreg -C far config core.lockTimeout 50ms
	hold_journal far
	cd hub
	mreg remote add origin ../far
	mreg_is 8 push
	says_nothing
	complains "'origin': "
	complains "gpu7.lan 4711 put"
	kill "$child"
	wait "$child" || :
	child=
	mreg_is 0 push -q
	same_versions . ../far
}

@test "eight push at once, and all arrive" {
	local i
	mreg init -q hub >/dev/null
	mreg -C hub put -q shared "$DIGITS/epoch-1/labels.txt"
	for i in 1 2 3 4 5 6 7 8; do
		mreg clone -q hub "c$i" >/dev/null
		echo "$i" >"file$i"
		mreg -C "c$i" put -q "own$i" "$PWD/file$i"
		mreg -C "c$i" put -q shared "$PWD/file$i"
	done
	# a push finds a number or a name taken, a pull gives way, and another may be faster again
	for i in 1 2 3 4 5 6 7 8; do
		(
			for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
				mreg -C "c$i" push -q >"out$i" 2>"err$i" && exit
				grep -q 'mreg pull' "err$i" || exit
				mreg -C "c$i" pull -q --renumber >/dev/null 2>"err$i" || exit
			done
		) 3>&- &
	done
	wait
	mreg_is 0 -C hub fsck
	mreg_is 0 -C hub ls -q
	assert_equal "${#lines[@]}" 9
	mreg_is 0 -C hub ls -q shared
	assert_equal "$(sort -V <<<"$output")" "$(printf 'shared:v%d\n' 0 1 2 3 4 5 6 7 8)"
}
