#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is done stays done, and what cannot be done leaves nothing: order of a commit, full disks, read-only media, signals.

load lib

teardown()
{
	[ -z "${mounts-}" ] || { kill -9 "$mounts" && wait "$mounts"; } 2>/dev/null || :
}

# Two versions of m, small, the second one under the alias best.
small_registry()
{
	new_registry
	mkdir tree
	echo one >tree/file
	mreg put -q m tree >number
	echo two >tree/file
	mreg put -q m tree -a best >number
}

# What a user gets to know about references.
answers()
{
	"$@" mreg ls --json
	"$@" mreg ls --json m
	"$@" mreg alias --json m
	"$@" mreg history --json
	"$@" mreg show --json m:best
}

# A command of somebody for whom permissions hold; they do not for root.
obeying()
{
	if [ "$(id -u)" = 0 ]; then
		setpriv --inh-caps=-all --bounding-set=-all -- "$@"
	else
		"$@"
	fi
}

# A place for mounts that nobody else sees and that are gone when the test ends: see `inside`.
open_mounts()
{
	local map=()
	[ "$(id -u)" = 0 ] || map=(--map-root-user)
	mkfifo ready
	unshare --mount "${map[@]}" bash -c 'echo >ready; exec tail -f /dev/null' 3>&- &
	mounts=$!
	read -r -t 20 _ <>ready # a namespace that cannot be made is a failure, not a wait without end
	rm ready
}

# A command that sees those mounts, in the directory in which they were opened.
inside()
{
	local user=()
	[ "$(id -u)" = 0 ] || user=(--user --preserve-credentials)
	nsenter --target "$mounts" --mount "${user[@]}" --wd -- "$@"
}

inside_is()
{
	local status_wanted=$1
	shift
	run --separate-stderr "-$status_wanted" inside mreg "$@"
}

# ---- order

# The steps of a command that matter to durability, one word each, repeated ones once.
steps()
{
	sed -E -n \
		-e 's/^[0-9]+ +//' \
		-e 's/^fsync\([0-9]+<.*\.mreg\/tmp\/pack-.*/sync-pack/p' \
		-e 's/^rename.*\.mreg\/tmp\/pack-.*\.mreg\/objects\/[0-9a-f]{64}\.pack.*/rename-pack/p' \
		-e 's/^fsync\([0-9]+<.*\.mreg\/objects>.*/sync-objects/p' \
		-e 's/^p?write[v64]*\([0-9]+<.*\.mreg\/journal>.*/write-journal/p' \
		-e 's/^fdatasync\([0-9]+<.*\.mreg\/journal>.*/sync-journal/p' \
		-e 's/^p?write[v64]*\([0-9]+<.*\.mreg\/index\/data.mdb>.*/write-index/p' \
		-e 's/^write\(1<.*/say/p' \
		-e 's/^exit_group\(0\).*/exit-0/p' "$1" | uniq
}

trace()
{
	traced -y -o trace -e trace=fsync,fdatasync,rename,renameat,renameat2,write,pwrite64,pwritev,pwritev2,writev,exit_group "$@"
}

@test "a put is durable before it says so: pack, directory, journal, index" {
	small_registry
	echo three >tree/file
	run --separate-stderr -0 trace mreg put m tree
	says m:v2
	no_complaint
	run steps trace
	says sync-pack rename-pack sync-objects write-journal sync-journal write-index say exit-0
}

@test "moving an alias is one append and one sync of the journal" {
	small_registry
	run --separate-stderr -0 trace mreg alias m:v0 best
	says m:v0
	run steps trace
	says write-journal sync-journal write-index say exit-0
}

@test "a lookup writes nothing" {
	small_registry
	run --separate-stderr -0 trace mreg resolve --name m:best
	says m:v1
	run steps trace
	says say exit-0
}

@test "init makes the format file last, and all is durable before it" {
	run --separate-stderr -0 traced -y -o trace -e trace=fsync,fdatasync,rename,renameat,renameat2,openat,mkdir mreg init
	no_complaint
	sed -E -n -e 's/.*O_CREAT.*<.*\.mreg\/(journal|config|lock)>$/make \1/p' -e 's/.*sync\([0-9]+<.*\.mreg\/(journal|config|lock)>.*/sync \1/p' \
		-e 's/.*rename.*\.mreg\/format".*/rename format/p' -e 's/.*sync\([0-9]+<.*\.mreg>.*/sync .mreg/p' trace >steps
	assert_equal "$(tail -3 steps)" "sync .mreg
rename format
sync .mreg"
	local name
	for name in journal config lock; do
		assert_equal "$(sed -n "/make $name/,/rename format/p" steps | grep -c "sync $name")" 1
	done
}

@test "a journal that cannot be synced is cut back, the put is 10, and nothing has changed" {
	small_registry
	answers >before
	cp .mreg/journal journal
	echo three >tree/file
	run --separate-stderr -10 traced -o trace -P "$PWD/.mreg/journal" -e trace=fdatasync,fsync,ftruncate -e inject=fdatasync:error=EIO:when=1 mreg put m tree
	says_nothing
	complains "Input/output error"
	cmp journal .mreg/journal
	# never tried again
	assert_equal "$(grep -c fdatasync trace)" 1
	answers >after
	diff before after
	mreg_is 0 put m tree
	says m:v2
}

@test "a pack that cannot be synced is thrown away and the put is 10" {
	small_registry
	state >before
	echo three >tree/file
	run --separate-stderr -10 traced -o /dev/null -e trace=fsync -e inject=fsync:error=EIO:when=1 mreg put m tree
	says_nothing
	complains "Input/output error"
	diff before <(state)
	assert_equal "$(ls -A .mreg/tmp)" ""
	mreg_is 0 put m tree
	says m:v2
}

# ---- read-only registries

@test "a registry without write permission is read as any other, and refuses changes" {
	small_registry
	answers >before
	chmod -R a-w .mreg
	run --separate-stderr -10 obeying mreg put m tree/file
	says_nothing
	complains "read-only"
	run --separate-stderr -10 obeying mreg alias --json m:v0 best
	says_nothing
	json_error '.error.code == "read-only" and .error.status == 10'
	answers obeying >after
	diff before after
	run --separate-stderr -0 obeying mreg get m:v0 -o t
	no_complaint
	assert_equal "$(cat t/file)" one
	run --separate-stderr -0 obeying mreg fsck -q
	says_nothing
	no_complaint
	chmod -R u+w .mreg
}

@test "a read-only registry without an index is folded in memory" {
	small_registry
	answers >before
	rm -r .mreg/index
	chmod -R a-w .mreg
	answers obeying >after 2>complaints
	diff before after
	assert_equal "$(cat complaints)" ""
	run --separate-stderr -0 obeying mreg get m:best -o t
	no_complaint
	same_tree tree t
	assert_not_exists .mreg/index
	chmod -R u+w .mreg
}

@test "a read-only registry whose index is behind is folded in memory" {
	small_registry
	run --separate-stderr -137 env MREG_CRASH=journal-after-sync mreg alias m:v0 late
	chmod -R a-w .mreg
	run --separate-stderr -0 obeying mreg alias -q m
	says m:best m:late
	no_complaint
	run --separate-stderr -0 obeying mreg resolve --name m:late
	says m:v0
	run --separate-stderr -0 obeying mreg get m:late -o t
	assert_equal "$(cat t/file)" one
	chmod -R u+w .mreg
}

@test "a read-only registry with a torn end shows what is whole" {
	small_registry
	answers >before
	run --separate-stderr -137 env MREG_CRASH=journal-half-line mreg alias m:v0 late
	chmod -R a-w .mreg
	answers obeying >after
	diff before after
	chmod -R u+w .mreg
}

@test "a read-only file system: put is 10, reading works with any index" {
	small_registry
	answers >before
	open_mounts
	inside mount --bind .mreg .mreg
	inside mount -o remount,bind,ro .mreg
	inside_is 10 put m tree/file
	says_nothing
	complains "read-only"
	inside_is 10 alias m:v0 best
	complains "read-only"
	inside_is 10 fsck --rebuild-index
	answers inside >after
	diff before after
	inside_is 0 get m:v0 -o t
	no_complaint
	assert_equal "$(cat t/file)" one
	# from outside it can be written: once behind, once gone
	run --separate-stderr -137 env MREG_CRASH=journal-after-sync mreg alias m:v0 late
	inside_is 0 resolve --name m:late
	says m:v0
	no_complaint
	rm -r .mreg/index
	inside_is 0 alias -q m
	says m:best m:late
	no_complaint
	inside_is 0 fsck -q
	says_nothing
	assert_not_exists .mreg/index
}

# ---- full disks

# A registry with m:v0 and m:v1 on a disk of 2 MiB, seen by `inside` alone.
small_disk()
{
	mkdir disk
	open_mounts
	inside mount -t tmpfs -o size=2m none disk
	cp -r "$DIGITS/epoch-1" tree
	inside mreg init -q disk
	export MREG_DIR=disk
	inside mreg put -q m tree/labels.txt >number
	inside mreg put -q m tree/config.json -a best >number
}

# fill KIB: all but so much, roughly.
fill()
{
	local free
	inside rm -f disk/filler
	free=$(inside df --output=avail -k disk | tail -1)
	inside fallocate -l "$((free - $1))K" disk/filler
}

@test "a full disk: put is 10 and says so, the old state stays, and with room again it works" {
	small_disk
	answers inside >before
	inside cp disk/.mreg/journal journal
	fill 0
	inside_is 10 put m tree
	says_nothing
	complains "No space left on device"
	inside_is 10 put --json m tree
	json_error '.error.code == "disk-full" and .error.status == 10'
	assert_equal "$(inside ls -A disk/.mreg/tmp)" ""
	inside cmp disk/.mreg/journal journal
	answers inside >after
	diff before after
	inside_is 0 get m:v0 -o t
	same_tree t/labels.txt tree/labels.txt
	inside rm disk/filler
	inside_is 0 put m tree
	says m:v2
	inside_is 0 fsck -q
	says_nothing
}

@test "a disk that fills up anywhere on the way leaves the old state or the new" {
	local round room next=2 full=0
	small_disk
	rm tree/model.safetensors
	# by turns the pack, the journal and the index find no room
	for round in 1 2 3 4; do
		for room in 0 4 8 12 16 20; do
			fill "$room"
			answers inside >before 2>warnings
			echo "$round $room" >tree/labels.txt
			run --separate-stderr inside mreg put m tree -m "$(printf 'why%.0s' {1..300})"
			if [ "$status" = 0 ]; then
				says "m:v$next"
				[ -z "$stderr" ] || complains "No space left on device"
				next=$((next + 1))
			else
				assert_equal "$status" 10
				complains "No space left on device"
				says_nothing
				full=$((full + 1))
				answers inside >after 2>warnings
				diff before after
			fi
			inside_is 0 fsck -q
			says_nothing
			inside_is 0 resolve --name m
			says "m:v$((next - 1))"
			assert_equal "$(inside ls -A disk/.mreg/tmp)" ""
		done
	done
	((full > 0 && next > 2))
	inside rm disk/filler
	inside_is 0 put m tree/config.json tree/metrics.json
	says "m:v$next"
	no_complaint
}

@test "a full disk and no index: reading still answers" {
	small_disk
	answers inside >before
	inside rm -r disk/.mreg/index
	fill 0
	answers inside >after
	diff before after
	inside_is 0 get m:best -o t
	same_tree t/config.json tree/config.json
	inside_is 10 put m tree
	says_nothing
}

@test "get onto a full disk is 10 and leaves no target" {
	small_disk
	inside rm disk/.mreg/config
	inside_is 0 put m tree
	says m:v2
	fill 100
	inside_is 10 get m:v2 -o disk/target
	complains "No space left on device"
	says_nothing
	assert_equal "$(inside ls -A disk | sort)" "$(printf '%s\n' .mreg filler)"
	inside rm disk/filler
	inside_is 0 get m:v2 -o disk/target
	says disk/target
}

# limited BYTES ARG…: no file may grow beyond so many bytes.
limited()
{
	local bytes=$1
	shift
	(trap '' XFSZ && exec prlimit --fsize="$bytes" mreg "$@")
}

@test "a journal that cannot take the line is cut back and the put is 10" {
	local size
	small_registry
	head -c 50000 "$DIGITS/epoch-1/model.safetensors" | base64 -w0 >why
	mreg put -q m tree/file --as other -m "$(cat why)" >number
	size=$(stat -c %s .mreg/journal)
	cp .mreg/journal journal
	answers >before
	echo three >tree/file
	local room
	for room in 0 1 100 400 500; do
		run --separate-stderr -10 limited $((size + room)) put m tree
		says_nothing
		complains "cannot write"
		complains "File too large"
		cmp journal .mreg/journal
		answers >after
		diff before after
	done
	mreg_is 0 fsck -q
	says_nothing
	run --separate-stderr -0 limited $((size + 2000)) put m tree
	says m:v3
	no_complaint
}

@test "a put whose index cannot be written is done all the same, and the index catches up" {
	small_registry
	echo three >tree/file
	run --separate-stderr -0 limited 8192 put m tree -a third
	says m:v2
	complains "the change is stored"
	mreg_is 0 resolve --name m:third
	says m:v2
	no_complaint
	mreg_is 0 fsck -q
	says_nothing
	mreg_is 0 put m tree --new-version
	says m:v3
	no_complaint
}

# ---- torn ends

@test "garbage after the last line is set aside by the next writer" {
	local garbage
	small_registry
	for garbage in x $'\n' '{"by":"","changes":[' "$(head -c 3000 "$DIGITS/epoch-1/model.safetensors" | base64)"; do
		cp .mreg/journal whole
		answers >before
		printf %s "$garbage" >>.mreg/journal
		answers >after
		diff before after
		mreg_is 7 fsck
		complains "1 problem found"
		[[ $output == *"torn line"* ]]
		echo "$garbage" >tree/file
		mreg_is 0 put m tree
		complains "was not finished"
		assert_equal "$(cat .mreg/journal.torn-*; echo .)" "$garbage."
		rm .mreg/journal.torn-*
		cmp -n "$(stat -c %s whole)" whole .mreg/journal
		mreg_is 0 fsck -q
		says_nothing
	done
}

@test "a last line that is cut anywhere never happened" {
	local size last cut
	small_registry
	mreg alias -q m:v0 best >number
	answers >after-it
	cp .mreg/journal whole
	last=$(tail -1 whole | wc -c)
	size=$(($(stat -c %s whole) - last))
	rm -r .mreg/index
	head -c "$size" whole >.mreg/journal
	answers >before-it
	for cut in 1 2 3 60 75 76 77 $((last / 2)) $((last - 2)) $((last - 1)); do
		rm -rf .mreg/index .mreg/journal.torn-*
		head -c $((size + last - cut)) whole >.mreg/journal
		answers >answers
		diff before-it answers
		mreg_is 7 fsck -q
		says "the journal ends in a torn line; the next change moves it aside"
		mreg_is 0 alias m:v0 best
		says m:v0
		complains "its $((last - cut)) bytes were moved to"
		cmp .mreg/journal.torn-3 <(tail -1 whole | head -c $((last - cut)))
		cmp whole .mreg/journal
		answers >answers
		diff after-it answers
		mreg_is 0 fsck -q
		says_nothing
	done
}

@test "a transaction of several lines is whole or did not happen" {
	local size count
	small_registry
	answers >before-it
	size=$(stat -c %s .mreg/journal)
	python3 -c 'import json; print(json.dumps({"key-%d" % i: "x" * 900 for i in range(1000)}))' >big.json
	mreg_is 0 put m tree --meta-file big.json -M d=1
	says m:v1
	answers >after-it
	count=$(wc -l <.mreg/journal)
	((count > 3))
	cp .mreg/journal whole
	rm -r .mreg/index
	head -n $((count - 1)) whole >.mreg/journal
	answers >answers
	diff before-it answers
	mreg_is 7 fsck -q
	mreg_is 0 put m tree --meta-file big.json -M d=1
	says m:v1
	complains "was not finished"
	cmp .mreg/journal.torn-3 <(tail -c +$((size + 1)) whole | head -n $((count - 3)))
	cmp whole .mreg/journal
	answers >answers
	diff after-it answers
	mreg_is 0 fsck -q
	says_nothing
}

@test "a journal that lost what the index knows is damage until the index is made anew" {
	small_registry
	cp .mreg/journal whole
	head -n 1 whole >.mreg/journal
	mreg_is 7 ls
	says_nothing
	complains "journal"
	complains "damaged"
	mreg_is 7 put m tree/file
	cmp .mreg/journal <(head -n 1 whole)
	mreg_is 7 fsck -q
	mreg_is 0 fsck --rebuild-index
	mreg_is 0 ls -q m
	says m:v0
	mreg_is 0 put m tree/file
	says m:v1
}

# ---- signals

# A put that has read a part of standard input when SIGNAL comes.
interrupted_put()
{
	local status=0 putter
	mkfifo pipe
	env --default-signal=INT,TERM,HUP mreg put m - --as file <pipe >put.out 2>put.err 3>&- &
	putter=$!
	exec 7>pipe
	# more than a pipe holds: when all is written, much has been read
	cat "$DIGITS/epoch-1/model.safetensors" >&7
	kill "-$1" "$putter"
	wait "$putter" || status=$?
	exec 7>&-
	rm pipe
	return "$status"
}

@test "a put that is interrupted ends with 128 and the signal, and leaves nothing" {
	local name got
	small_registry
	state >before
	for name in INT TERM HUP; do
		got=0
		interrupted_put "$name" || got=$?
		assert_equal "$got" $((128 + $(kill -l "$name")))
		assert_equal "$(cat put.out)" ""
		[[ $(cat put.err) == *"interrupted by signal"* ]]
		diff before <(state)
		assert_equal "$(ls -A .mreg/tmp)" ""
	done
	mreg_is 0 fsck -q
	says_nothing
}

@test "a signal that comes after the change has happened does not undo it" {
	small_registry
	run --separate-stderr -0 traced -o /dev/null -P "$PWD/.mreg/journal" -e trace=fdatasync -e inject=fdatasync:signal=TERM:when=1 mreg alias m:v0 best
	says m:v0
	no_complaint
	mreg_is 0 resolve --name m:best
	says m:v0
}

@test "a get that is interrupted leaves no target" {
	local cpus
	digits_registry
	# on one core there is one thread, so the signal reaches the one that handles it
	cpus=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
	run --separate-stderr -143 traced -o /dev/null -e trace=pwrite64,write -e inject=pwrite64,write:signal=TERM:when=1 \
		taskset -c "${cpus%%[-,]*}" mreg get digits:v0 -o t
	complains "interrupted by signal"
	says_nothing
	assert_not_exists t
	assert_equal "$(find . -name '.mreg-get*')" ""
	mreg_is 0 get digits:v0 -o t
	same_tree "$DIGITS/epoch-1" t
}
