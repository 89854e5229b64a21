#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many at once: locks, their time-outs, and who wins.

load lib

teardown()
{
	[ -z "${holder-}" ] || let_go
}

# hold objects|journal shared|exclusive [TEXT]: another process has this lock, and has written TEXT as its name.
hold()
{
	mkfifo held
	# shellcheck disable=SC2094
	python3 - "$@" >held 3>&- <<'PY' &
import fcntl, os, signal, struct, sys
what, how, text = (sys.argv[1:] + [""])[:3]
byte = {"objects": 0, "journal": 128}[what]
fd = os.open(".mreg/lock", os.O_RDWR)
kind = {"shared": fcntl.F_RDLCK, "exclusive": fcntl.F_WRLCK}[how]
fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0))
if text:
    os.pwrite(fd, text.encode() + b"\n", byte)
print("held", flush=True)
signal.pause()
PY
	holder=$!
	read -r _ <held
}

let_go()
{
	kill -9 "$holder"
	wait "$holder" 2>/dev/null || :
	holder=
	rm held
}

# Starts a put that has read a part of standard input and now waits for the rest, which `finish_put TEXT` gives it.
begin_put()
{
	mkfifo pipe
	mreg put "$@" - --as file <pipe >put.out 2>put.err 3>&- &
	putter=$!
	exec 7>pipe
	# more than a pipe holds: when all is written, much has been read
	cat "$DIGITS/epoch-1/model.safetensors" >&7
}

finish_put()
{
	printf %s "$1" >&7
	exec 7>&-
	rm pipe
	wait "$putter"
}

@test "a put that cannot have the journal's lock in time is 9 and names the holder" {
	digits_registry
	hold journal exclusive 'gpu7.lan 4711 put'
	mreg ls --json >before
	cp .mreg/journal journal-before
	mreg_is 9 -c core.locktimeout=50ms put digits "$DIGITS/epoch-1/labels.txt"
	says_nothing
	complains "cannot lock the journal"
	complains "held by 'gpu7.lan 4711 put'"
	complains "within 0.050 s"
	let_go
	cmp journal-before .mreg/journal
	mreg_is 0 ls --json
	says "$(cat before)"
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt"
	says digits:v5
}

@test "a lock time-out under --json is an object" {
	digits_registry
	hold journal exclusive 'gpu7.lan 4711 put'
	mreg_is 9 -c core.locktimeout=0ms alias --json digits:v1 best
	says_nothing
	json_error '.error.code == "lock-timeout" and .error.status == 9 and (.error.message | test("gpu7.lan 4711 put"))'
}

@test "a holder that wrote no name is another process" {
	new_registry
	hold journal exclusive
	printf '%128s' '' | tr ' ' '\0' | dd of=.mreg/lock bs=1 seek=128 conv=notrunc status=none
	mreg_is 9 -c core.locktimeout=20ms put m "$DIGITS/epoch-1"
	complains "held by another process"
	says_nothing
}

@test "what a holder wrote cannot upset a terminal" {
	new_registry
	hold journal exclusive "$(printf 'evil\033[31m 1 put')"
	mreg_is 9 -c core.locktimeout=20ms put m "$DIGITS/epoch-1"
	complains evil
	[[ $stderr != *$'\033'* ]]
}

@test "a put is kept out by those who share the journal's lock" {
	new_registry
	hold journal shared
	mreg_is 9 -c core.locktimeout=20ms put m "$DIGITS/epoch-1"
	complains "held by processes that are reading or writing"
	says_nothing
}

@test "no lock is judged stale: a holder whose process is unknown here still holds" {
	new_registry
	hold journal exclusive "$(hostname) 999999999 put"
	mreg_is 9 -c core.locktimeout=20ms put m "$DIGITS/epoch-1"
	complains "999999999 put"
}

@test "a lock dies with its process, whatever stands in the file" {
	new_registry
	hold journal exclusive 'gpu7.lan 4711 put'
	let_go
	mreg_is 0 -c core.locktimeout=0ms put m "$DIGITS/epoch-1"
	says m:v0
	no_complaint
	run --separate-stderr -137 env MREG_CRASH=txn-locked mreg put m "$DIGITS/epoch-2"
	mreg_is 0 -c core.locktimeout=0ms put m "$DIGITS/epoch-2"
	says m:v1
	no_complaint
}

@test "a put waits for the lock and goes on when it is free" {
	new_registry
	hold journal exclusive 'gpu7.lan 4711 put'
	mreg -c core.locktimeout=60s put m "$DIGITS/epoch-1" >put.out 2>put.err 3>&- &
	local putter=$!
	# the pack is in its place before the journal's lock is asked for
	until compgen -G '.mreg/objects/*.pack' >pack; do kill -0 "$putter"; done
	let_go
	wait "$putter"
	assert_equal "$(cat put.out)" m:v0
	assert_equal "$(cat put.err)" ""
}

@test "reading goes on while the journal is locked" {
	digits_registry
	mreg alias -q digits:v1 best
	hold journal exclusive 'gpu7.lan 4711 put'
	mreg_is 0 -c core.locktimeout=0ms ls -q
	says digits
	no_complaint
	mreg_is 0 -c core.locktimeout=0ms resolve --name digits:best
	says digits:v1
	mreg_is 0 -c core.locktimeout=0ms get -q digits:v2 -o t
	same_tree "$DIGITS/epoch-3" t
	mreg_is 0 -c core.locktimeout=0ms cat digits:v0 labels.txt
	assert_equal "$output" "$(cat "$DIGITS/epoch-1/labels.txt")"
}

@test "a reader that finds the journal locked and longer than the index answers from the index" {
	digits_registry
	run --separate-stderr -137 env MREG_CRASH=journal-after-sync mreg alias digits:v1 best
	hold journal exclusive 'gpu7.lan 4711 put'
	mreg_is 0 -c core.locktimeout=20ms alias -q digits
	says_nothing
	no_complaint
	let_go
	mreg_is 0 alias -q digits
	says digits:best
}

@test "retiring packs keeps out whoever reads or stores objects" {
	digits_registry
	hold objects exclusive 'gpu7.lan 4711 gc'
	mreg_is 9 -c core.locktimeout=20ms get digits:v1 -o t
	complains "cannot lock the objects"
	complains "held by 'gpu7.lan 4711 gc'"
	says_nothing
	assert_not_exists t
	mreg_is 9 -c core.locktimeout=20ms cat digits:v0 labels.txt
	says_nothing
	mreg_is 9 -c core.locktimeout=20ms put digits "$DIGITS/epoch-1/labels.txt"
	says_nothing
	mreg_is 0 -c core.locktimeout=20ms ls -q
	says digits
	let_go
	mreg_is 0 get digits:v1 -o t
	says t
}

@test "those who share the objects do not keep each other out" {
	digits_registry
	hold objects shared
	mreg_is 0 -c core.locktimeout=0ms put digits "$DIGITS/epoch-1/labels.txt"
	says digits:v5
	mreg_is 0 -c core.locktimeout=0ms get digits:v5 -o t
	says t
	no_complaint
}

@test "readers work while a put runs" {
	digits_registry
	begin_put digits
	mreg_is 0 -c core.locktimeout=0ms resolve --name digits
	says digits:v4
	mreg_is 0 -c core.locktimeout=0ms get -q digits -o t
	same_tree "$DIGITS/epoch-5" t
	mreg_is 0 -c core.locktimeout=0ms alias -q digits:v2 best
	mreg_is 0 -c core.locktimeout=0ms put other "$DIGITS/epoch-1/labels.txt"
	says other:v0
	finish_put end
	assert_equal "$(cat put.out)" digits:v5
	assert_equal "$(cat put.err)" ""
	mreg_is 0 resolve --name digits
	says digits:v5
}

@test "a put that finds its content there when it comes to commit makes no new version" {
	new_registry
	begin_put m -a slow
	{ cat "$DIGITS/epoch-1/model.safetensors" && printf end; } >file
	mreg_is 0 put m file -a quick
	says m:v0
	finish_put end
	assert_equal "$(cat put.out)" m:v0
	mreg_is 0 ls -q m
	says m:v0
	mreg_is 0 alias -q m
	says m:quick m:slow
}

@test "a put whose name was taken by another type meanwhile is 5" {
	new_registry
	begin_put m --type dataset
	mreg put -q m "$DIGITS/epoch-1"
	local status=0
	finish_put end || status=$?
	assert_equal "$status" 5
	assert_equal "$(cat put.out)" ""
	[[ $(cat put.err) == *"is of type 'model'"* ]]
	mreg_is 0 ls -q m
	says m:v0
	assert_equal "$(ls -A .mreg/tmp)" ""
}

@test "ten puts at once give ten numbers" {
	local i pids=()
	new_registry
	for i in {0..9}; do
		echo "content $i" >"file-$i"
		mreg put -q m "file-$i" --as file >"out-$i" 2>"err-$i" 3>&- &
		pids+=($!)
	done
	for i in {0..9}; do
		wait "${pids[i]}"
		assert_equal "$(cat "err-$i")" ""
		assert_equal "$(mreg cat "$(cat "out-$i")" file)" "content $i"
	done
	assert_equal "$(sort out-?)" "$(printf 'm:v%d\n' {0..9})"
	mreg_is 0 fsck -q
	says_nothing
}

@test "ten puts of one content at once make one version" {
	local i pids=()
	new_registry
	for i in {0..9}; do
		mreg put -q m "$DIGITS/epoch-1" -a "alias-$i" >"out-$i" 2>"err-$i" 3>&- &
		pids+=($!)
	done
	for i in {0..9}; do
		wait "${pids[i]}"
		assert_equal "$(cat "out-$i" "err-$i")" m:v0
	done
	mreg_is 0 ls -q m
	says m:v0
	mreg_is 0 alias -q m
	assert_equal "${#lines[@]}" 10
	mreg_is 0 fsck -q
	says_nothing
}

@test "of twenty compare-and-sets at once exactly one wins" {
	local i pids=() status won=()
	new_registry
	for i in {0..20}; do
		echo "$i" >file
		mreg put -q m file >number
	done
	mreg alias -q m:v0 best
	for i in {1..20}; do
		mreg alias "m:v$i" best --expect v0 >"out-$i" 2>"err-$i" 3>&- &
		pids[i]=$!
	done
	for i in {1..20}; do
		status=0
		wait "${pids[i]}" || status=$?
		if [ "$status" = 0 ]; then
			won+=("v$i")
		else
			assert_equal "$status" 5
			assert_equal "$(cat "out-$i")" ""
		fi
	done
	assert_equal "${#won[@]}" 1
	mreg_is 0 resolve --name m:best
	says "m:${won[0]}"
	for i in {1..20}; do
		[ "v$i" = "${won[0]}" ] || grep -q "${won[0]}" "err-$i"
	done
	mreg_is 0 history --json m
	json 'lines | map(select(.verb == "alias")) | length == 2'
}

@test "two writers at once into different artifacts do not disturb each other" {
	local i
	new_registry
	put_five()
	{
		local i
		for i in 1 2 3 4 5; do
			mreg put -q "$1" "$DIGITS/epoch-$i" -a "epoch-$i" || return
		done
	}
	put_five left >left 2>&1 3>&- &
	local left=$!
	put_five right >right 2>&1 3>&- &
	local right=$!
	wait "$left"
	wait "$right"
	assert_equal "$(cat left)" "$(printf 'left:v%d\n' {0..4})"
	assert_equal "$(cat right)" "$(printf 'right:v%d\n' {0..4})"
	for i in 1 2 3 4 5; do
		mreg get -q "left:epoch-$i" -o "l$i"
		same_tree "$DIGITS/epoch-$i" "l$i"
	done
	assert_equal "$(wc -l <.mreg/journal)" 10
	mreg_is 0 fsck -q
	says_nothing
}

@test "of several inits at once one makes the registry" {
	local i pids=() status done=0
	for i in {1..8}; do
		mreg init here >"out-$i" 2>"err-$i" 3>&- &
		pids[i]=$!
	done
	for i in {1..8}; do
		status=0
		wait "${pids[i]}" || status=$?
		[ "$status" = 5 ] || { assert_equal "$status" 0; done=$((done + 1)); }
	done
	assert_equal "$done" 1
	mreg_is 0 --registry here fsck
	assert_equal "$stderr" ""
}

@test "those who find no index at once make it once and all answer" {
	local i pids=()
	digits_registry
	mreg ls --json digits >before
	rm -r .mreg/index
	for i in {1..8}; do
		mreg ls --json digits >"out-$i" 2>"err-$i" 3>&- &
		pids[i]=$!
	done
	for i in {1..8}; do
		wait "${pids[i]}"
		cmp before "out-$i"
		assert_equal "$(cat "err-$i")" ""
	done
	mreg_is 0 fsck -q
	says_nothing
}
