#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg watch: a program is run each time a reference moves.

load lib

# What programs print comes in on 7, what mreg says on 8, what lets a program go on goes out on 9; both ends are open, so nobody waits for the other to open his.
setup()
{
	sandbox
	digits_registry
	mreg alias -q digits:v0 best
	mkfifo ../ran ../said ../go
	exec 7<>../ran 8<>../said 9<>../go
	watcher=
}

teardown()
{
	[ -z "$watcher" ] || kill -9 "$watcher" 2>/dev/null || :
}

# watch ARG…: mreg watch, in the background.
watch()
{
	env --default-signal=INT mreg watch "$@" 2>&8 3>&- &
	watcher=$!
}

# Programs print lines; the next of them is this one.
ran()
{
	local line=
	read -r -t 10 line <&7 || { echo "nothing was run; wanted: $1" && return 1; }
	assert_equal "$line" "$1"
}

# The next lines that mreg says, until one has this in it.
said()
{
	local line
	while read -r -t 10 line <&8; do
		[[ $line != *"$1"* ]] || return 0
	done
	echo "not said: $1" && return 1
}

# All that was run has been told: nothing is left in the pipe.
ran_nothing_else()
{
	local line=
	if read -r -t 0 <&7; then
		read -r -t 1 line <&7
		echo "run, too: $line"
		return 1
	fi
}

# ends STATUS: the watcher ends, and so.
ends()
{
	local status=0
	wait "$watcher" || status=$?
	watcher=
	assert_equal "$status" "$1"
	ran_nothing_else
}

# shellcheck disable=SC2016
tell='echo "$MREG_REF from ${MREG_OLD_REF:-nothing}" >&7'

@test "a program is run each time an alias moves, however it moves" {
	watch digits:production -- sh -c "$tell"
	said "'digits' has no alias 'production': waiting for it"
	mreg promote -q digits:v1 production
	ran 'digits:v1 from nothing'
	mreg alias -q digits:v3 production
	ran 'digits:v3 from digits:v1'
	mreg rollback -q digits:production
	ran 'digits:v1 from digits:v3'
	mreg put -q digits "$DIGITS/epoch-5/labels.txt" -a production
	ran 'digits:v5 from digits:v1'
	mreg clone -q . ../team >/dev/null
	mreg --registry ../team alias -q digits:v2 production
	mreg --registry ../team push -q >/dev/null
	ran 'digits:v2 from digits:v5'
	kill "$watcher"
	ends 143
}

@test "a bare name is its latest version, and that of a model moves by a link" {
	watch digits -- sh -c "$tell"
	said "'digits' is digits:v4: waiting until it moves"
	mreg put -q digits "$DIGITS/epoch-1/labels.txt"
	ran 'digits:v5 from digits:v4'
	mreg rm -q digits:v5
	ran 'digits:v4 from digits:v5'
	kill "$watcher"
	ends 143
	watch reader -- sh -c "$tell"
	said "waiting for it"
	mreg link -q digits:v2 reader
	ran 'reader:v0 from nothing'
	mreg link -q digits:v3 reader
	ran 'reader:v1 from reader:v0'
	kill "$watcher"
	ends 143
}

@test "--now runs it at the start, too" {
	watch digits:best --now -- sh -c "$tell"
	ran 'digits:v0 from nothing'
	mreg alias -q digits:v1 best
	ran 'digits:v1 from digits:v0'
	kill "$watcher"
	ends 143
}

@test "--once ends with the status of the first run" {
	run --separate-stderr -0 mreg watch -q digits:best --now --once -- echo here
	says here
	no_complaint
	mreg_is 7 watch -q digits:best --now --once -k -- sh -c 'exit 7'
	no_complaint
	watch digits:best --once -- sh -c "$tell"
	said 'waiting until it moves'
	mreg alias -q digits:v1 best
	ran 'digits:v1 from digits:v0'
	ends 0
}

@test "the program knows version, digest and registry" {
	mkdir below
	# shellcheck disable=SC2016
	watch --registry "$PWD" digits:best --now -- sh -c 'cd / && echo "$MREG_REF $MREG_DIGEST $MREG_DIR $(mreg resolve "$MREG_REF")" >&7'
	digest=$(mreg resolve digits:best)
	ran "digits:v0 $digest $PWD $digest"
	kill "$watcher"
	ends 143
}

@test "nothing is run twice at once, and moves meanwhile are one, to the newest" {
	# shellcheck disable=SC2016
	watch digits:best --now -- sh -c "$tell"'; read -r _ <&9; echo end >&7'
	ran 'digits:v0 from nothing'
	mreg alias -q digits:v1 best
	mreg alias -q digits:v2 best
	mreg alias -q digits:v3 best
	echo >&9
	ran end
	ran 'digits:v3 from digits:v0'
	mreg alias -q digits:v4 best
	mreg alias -q digits:v3 best
	echo >&9
	ran end
	mreg alias -q digits:v1 best
	ran 'digits:v1 from digits:v3'
	echo >&9
	ran end
	kill "$watcher"
	ends 143
}

@test "a reference that is not there is waited for, and what comes is a move" {
	watch later:best -- sh -c "$tell"
	said "no artifact or model 'later': waiting for it"
	mreg put -q later "$DIGITS/epoch-1"
	mreg alias -q later:v0 best
	ran 'later:v0 from nothing'
	kill "$watcher"
	ends 143
}

@test "an alias that goes runs nothing, nor does one that comes back where it was" {
	watch digits:best --now -- sh -c "$tell"
	ran 'digits:v0 from nothing'
	mreg alias -q -d digits:best
	said "'digits' has no alias 'best': waiting for it"
	mreg alias -q digits:v0 best
	mreg alias -q digits:v1 best
	ran 'digits:v1 from digits:v0'
	kill "$watcher"
	ends 143
}

@test "a renamed collection is waited for under its old name" {
	watch digits:best --now -- sh -c "$tell"
	ran 'digits:v0 from nothing'
	mreg rename digits numbers
	said 'waiting for it'
	mreg rename numbers digits
	mreg alias -q digits:v1 best
	ran 'digits:v1 from digits:v0'
	kill "$watcher"
	ends 143
}

@test "a program that fails ends it with its status" {
	watch digits:best -- sh -c "$tell; exit 3"
	said 'waiting until it moves'
	mreg alias -q digits:v1 best
	ran 'digits:v1 from digits:v0'
	ends 3
	said "'sh' ended with status 3, and so does watch; --keep-going goes on"
	# shellcheck disable=SC2016
	mreg_is 137 watch -q --now digits:best -- sh -c 'kill -9 $$'
	no_complaint
}

@test "--keep-going goes on after a program that fails, and does not try again" {
	watch --keep-going digits:best --now -- sh -c "$tell; exit 3"
	ran 'digits:v0 from nothing'
	said "'sh' ended with status 3"
	mreg tag -q digits:v0 seen
	mreg alias -q digits:v1 best
	ran 'digits:v1 from digits:v0'
	kill "$watcher"
	ends 143
}

@test "a signal ends the program, and then it" {
	local signal
	for signal in INT:130 TERM:143 HUP:129; do
		# shellcheck disable=SC2016
		watch digits:best --now -- sh -c 'trap "echo ended >&7; exit" INT TERM HUP; echo began >&7; read -r _ <&9; echo went on >&7'
		ran began
		kill -s "${signal%:*}" "$watcher"
		ran ended
		ends "${signal#*:}"
	done
	watch digits:best -- sh -c "$tell"
	said 'waiting until it moves'
	kill -INT "$watcher"
	ends 130
}

# Files of the registry that a process has open, or has locked.
holds()
{
	find "/proc/$1/fd" -lname "*/.mreg/*" -printf '%l\n'
}

@test "nothing of the registry is held while it waits" {
	watch digits:production -- sh -c "$tell"
	said 'waiting for it'
	while [ -n "$(holds "$watcher")" ]; do :; done
	mreg -c core.lockTimeout=0s alias -q digits:v1 production
	ran 'digits:v1 from nothing'
	kill "$watcher"
	ends 143
}

@test "the kernel tells of moves, and until then nothing is done" {
	traced -o ../trace -e trace=ppoll mreg watch digits:best --once -- sh -c "$tell" 2>&8 3>&- &
	watcher=$!
	said 'waiting until it moves'
	mreg alias -q digits:v1 best
	ran 'digits:v1 from digits:v0'
	ends 0
	grep -q 'ppoll(\[{fd=[0-9]*, events=POLLIN}\], 1, NULL, ' ../trace
	run ! grep -q 'ppoll(.*tv_sec' ../trace
}

@test "an index made anew, gc and a journal put in place of another do no harm" {
	watch digits:best --now -- sh -c "$tell"
	ran 'digits:v0 from nothing'
	mreg fsck -q --rebuild-index
	mreg alias -q digits:v1 best
	ran 'digits:v1 from digits:v0'
	mreg rm -q digits:v3
	mreg gc -q --grace 0 --yes
	mreg alias -q digits:v2 best
	ran 'digits:v2 from digits:v1'
	cp .mreg/journal journal
	mv journal .mreg/journal
	mreg alias -q digits:v4 best
	ran 'digits:v4 from digits:v2'
	kill "$watcher"
	ends 143
}

@test "a registry that is still empty can be watched" {
	mkdir new
	cd new
	new_registry
	watch first -- sh -c "$tell"
	said 'waiting for it'
	mreg put -q first "$DIGITS/epoch-1"
	ran 'first:v0 from nothing'
	kill "$watcher"
	ends 143
}

@test "a move that is still being written is waited for" {
	watch digits:best --now -- sh -c "$tell"
	ran 'digits:v0 from nothing'
	python3 - 3>&- <<-'PY' &
		import fcntl, os, struct
		fd = os.open(".mreg/lock", os.O_RDWR)
		fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 128, 1, 0))
		journal = os.open(".mreg/journal", os.O_WRONLY | os.O_APPEND)
		os.write(journal, b'{"by":')
		os.write(7, b"held\n")
		os.read(9, 1)
	PY
	ran held
	echo >&9
	wait $!
	mreg alias -q digits:v1 best
	ran 'digits:v1 from digits:v0'
	kill "$watcher"
	ends 143
}

@test "--interval looks by itself, too" {
	watch --interval 1s digits:best --now -- sh -c "$tell"
	ran 'digits:v0 from nothing'
	mreg alias -q digits:v1 best
	ran 'digits:v1 from digits:v0'
	kill "$watcher"
	ends 143
}

@test "--remote asks another registry, and no registry is needed here" {
	mkdir ../far
	cd ../far
	# shellcheck disable=SC2016
	watch --remote ../work --interval 1s digits:best --now -- sh -c 'echo "$MREG_REF from ${MREG_OLD_REF:-nothing}, ${MREG_DIR-nowhere}" >&7'
	ran 'digits:v0 from nothing, nowhere'
	mreg --registry ../work alias -q digits:v1 best
	ran 'digits:v1 from digits:v0, nowhere'
	mv ../work/.mreg ../away
	said 'it is tried again'
	mv ../away ../work/.mreg
	mreg --registry ../work alias -q digits:v2 best
	ran 'digits:v2 from digits:v1, nowhere'
	kill "$watcher"
	ends 143
	assert_not_exists .mreg
}

@test "a remote that cannot be reached at the start is 8" {
	mreg_is 8 watch --remote host:reg digits --now -- true
	says_nothing
}

@test "--json prints a record for each run, and nothing else on stdout" {
	mreg_is 3 watch --json -q digits:best --now -- sh -c 'echo text; exit 3'
	json '.format == 1 and .ref == "digits:v0" and .old_ref == null and .status == 3 and .digest == "'"$(mreg resolve digits:v0)"'"'
	assert_equal "$stderr" text
	mreg_is 0 watch -q --template '{ref} {status}' --once digits:best --now -- echo text
	says 'digits:v0 0'
	assert_equal "$stderr" text
}

@test "watch refuses what can come to nothing, at once" {
	mreg_is 2 watch digits
	complains 'an operand is missing'
	mreg_is 2 watch digits: -- true
	mreg_is 2 watch digits --interval 0 -- true
	complains "'--interval' must be at least 1s"
	mreg_is 10 watch digits -- nowhere
	complains "cannot run 'nowhere': it is not in PATH"
	mreg_is 10 watch digits -- ./nowhere
	complains "cannot run './nowhere': No such file or directory"
	mreg_is 10 -C / watch digits -- true
	complains 'no registry here'
	says_nothing
}

@test "a registry that is damaged ends it" {
	damage .mreg/journal 100
	rm -r .mreg/index/*
	mreg_is 7 watch digits --now -- true
	says_nothing
	complains journal
}
