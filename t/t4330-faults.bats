#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Transfers that are cut, hindered, or with somebody who lies (t/tools/peer.py).

load lib

PEER=$MREG_SRCDIR/t/tools/peer.py

setup()
{
	sandbox
	unset MREG_SEED # registries that were made alike would be the same one
}

teardown()
{
	[ -z "${child-}" ] || kill "$child" 2>/dev/null || :
}

# A registry here, with something in it, whose remote is far away.
here()
{
	mkdir here
	cd here || return
	new_registry
	mreg put -q ours "$DIGITS/epoch-1/labels.txt"
	mreg remote add origin far:reg
	references >../before
}

# What can be seen of a registry; what was verified already may lie in quarantine.
references()
{
	cat .mreg/journal
	ls .mreg/objects
}

hub()
{
	mkdir hub
	cd hub || return
	new_registry
	mreg put -q digits "$DIGITS/epoch-1"
	mreg put -q digits "$DIGITS/epoch-2"
	mreg put -q digits "$DIGITS/epoch-4" -a best
	cd ..
}

# The far end of far:DIR is here, and the connection ends after so many bytes from it, or to it.
cut_after()
{
	export MREG_SSH="python3 -SE '$PEER' cut $1 $2"
}

liar()
{
	export MREG_SSH="python3 -SE '$PEER' serve $1"
}

# lies WHEN STATUS LIE…: each ends with that status and a word about it, with nothing changed and nothing for a terminal.
lies()
{
	local when=$1 status_wanted=$2 lie
	shift 2
	for lie in "$@"; do
		liar "$lie"
		rm -rf .mreg/quarantine/*
		run --separate-stderr mreg "$when"
		echo "$lie: $status: $stderr"
		assert_equal "$lie $status" "$lie $status_wanted"
		says_nothing
		complains "mreg: cannot $when: "
		[[ $stderr != *$'\033'* ]]
		diff ../before <(references)
	done
	mreg_is 0 ls -q
	says ours
}

same_versions()
{
	diff <(mreg -C "$1" ls digits --json | jq -S 'del(.absent)') <(mreg -C "$2" ls digits --json | jq -S 'del(.absent)')
	mreg -C "$2" fsck -q
}

@test "an honest peer is believed" {
	here
	liar none
	mreg_is 0 pull -q
	says evil evil:v0
	mreg_is 0 fsck
	mreg_is 0 push -q
}

@test "a pull from who sends wrong objects is 7" {
	here
	lies pull 7 wrong-hash wrong-crc huge-record huge-stored bomb bomb-inside no-codec
}

@test "a pull of manifests that lead out of the target, or are none, is 7" {
	here
	lies pull 7 dotdot absolute through-link raw-control twice device size-2-63 other-manifest bad-version wrong-count
}

@test "a pull from who sends objects that were not asked for, or lacks what it named, is 8" {
	here
	lies pull 8 wrong-kind wrong-id twice-object surprise long-object missing-manifest missing-version
}

@test "a pull of names with control bytes is 8" {
	here
	lies pull 8 control-name slash-name empty-name control-alias control-key control-tag control-user scope-name scope-cid
}

@test "a pull of changes that were not asked for, are none, or do not travel is 8" {
	here
	lies pull 8 outside local-key unknown-key bad-value number-2-53 deep not-canonical huge-size wrong-end
}

@test "a pull of changes whose parents are missing is 7, of what cannot be true 5" {
	here
	lies pull 7 no-parents
	lies pull 5 alias-of-none two-names
}

@test "a pull of what is no frame, no message, or no mreg is 8" {
	here
	lies pull 8 long-frame no-frame dirty-frame garbage no-json garbage-line version-9 endless-line empty-line noise \
		escape-hello bad-registry huge-seq version-0 kind escape-error escape-note
	liar local-error
	mreg_is 8 pull
	complains "'origin': no space left on device"
}

@test "an interrupt ends a pull from who never stops to say that it is alive" {
	here
	liar alive
	status=0
	timeout 20 mreg pull >/dev/null 2>&1 || status=$?
	[ "$status" -eq 130 ]
}

@test "a push to who answers what it was not asked, or asks what it may not, is 8" {
	here
	lies push 8 other-heads few-heads many-known wants-all wants-half wants-kind escape-diverged bad-result escape-error
	liar local-error
	mreg_is 8 push
}

@test "a drop that is answered with nonsense is 8, and drops nothing" {
	here
	liar held
	mreg_is 8 drop ours:v0
	says_nothing
	[[ $stderr != *$'\033'* ]]
	diff ../before <(references)
	mreg_is 0 verify ours:v0
}

@test "a file that the other side lacks is no lie, and is absent" {
	here
	liar missing-chunk
	mreg_is 0 pull
	complains "does not have all files of 1 version"
	mreg_is 0 fsck
	liar none
	mreg_is 0 pull -q origin evil
	mreg_is 0 verify evil
}

@test "a pull after all the lies brings what is true" {
	hub
	here
	lies pull 7 wrong-hash bomb
	lies pull 8 surprise
	mreg remote set-url origin ../hub
	mreg_is 0 pull -q
	same_versions ../hub .
}

@test "a push of lies changes nothing, and is told what is wrong" {
	local lie answer
	here
	while read -r answer lie; do
		rm -rf .mreg/quarantine/*
		run --separate-stderr -0 python3 -SE "$PEER" push "$lie" mreg "$PWD"
		echo "$lie: $output, $stderr"
		[[ $output == "$answer: "* ]]
		no_complaint
		[[ $output != *$'\033'* ]]
		diff ../before <(references)
	done <<-'END'
		integrity wrong-hash
		integrity wrong-crc
		remote wrong-kind
		remote wrong-id
		integrity missing-chunk
		integrity missing-manifest
		integrity missing-version
		integrity huge-record
		integrity bomb
		integrity bomb-inside
		integrity size-2-63
		integrity dotdot
		integrity absolute
		integrity through-link
		integrity raw-control
		integrity other-manifest
		integrity bad-version
		integrity no-parents
		remote local-key
		remote unknown-key
		remote control-name
		remote control-alias
		remote control-key
		remote slash-name
		conflict alias-of-none
		conflict two-names
		remote deep
		remote not-canonical
		remote twice-object
		remote surprise
		remote long-object
		remote long-frame
		remote no-frame
		remote garbage
		remote wrong-end
		remote version-9
		remote escape-hello
		remote escape-user
		no-collection patterns
	END
	run --separate-stderr -0 python3 -SE "$PEER" push none mreg "$PWD"
	says 'RESULT []'
	mreg_is 0 fsck
}

# The peer is no child of mreg, so that its memory is not counted.
memory_with()
{
	local lie=$1 verb=$2
	rm -f up down
	mkfifo up down
	python3 "$PEER" serve "$lie" <up >down 3>&- &
	child=$!
	printf '#!/bin/sh\nexec 5>"%s/up" 6<"%s/down"\ncat <&6 &\ncat >&5\n' "$PWD" "$PWD" >relay
	chmod +x relay
	MREG_SSH=$PWD/relay run --separate-stderr python3 "$PEER" measure kib mreg "$verb"
	kill "$child" 2>/dev/null || :
	wait "$child" || :
	child=
	echo "$lie: $status, $(cat kib) KiB"
	[ "$(cat kib)" -lt $((96 * 1024)) ]
}

@test "whoever sends a million entries, a bomb or an endless line, gets less than 96 MiB" {
	! grep -q __asan_init "$MREG_BINARY" || skip "a sanitizer takes more"
	here
	memory_with million pull
	assert_equal "$status" 0
	memory_with bomb pull
	memory_with bomb-inside pull
	memory_with endless-line pull
	memory_with long-frame pull
	mreg_is 0 ls -q evil
	says evil:v0
}

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
