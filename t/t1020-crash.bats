#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Killed at each named step: the old state or the new, nothing between, and trying again works.

load lib

# points_of OPERATION: every name in crash-points.def belongs to just one operation, and what nobody claims is a step of put.
points_of()
{
	local name operation
	while read -r name; do
		case $name in
		init-*) operation=init ;;
		gc-*) operation=gc ;;
		get-before-rename) operation="get" ;;
		get-*) operation=update ;;
		rebuild-*) operation=rebuild ;;
		multi-pack-*) operation=table ;;
		draft-*) operation=draft ;; # in t3050-draft.bats
		run-*) operation=run ;; # in t2300-run.bats
		quarantine-*) operation=transfer ;; # in t/unit/test-quarantine.c
		*) operation=put ;;
		esac
		[ "$operation" != "$1" ] || echo "$name"
	done < <(sed -n 's/^CRASH_POINT("\(.*\)")$/\1/p' "$MREG_SRCDIR/src/base/crash-points.def")
}

# killed_at POINT ARG…: mreg gets there, and no further.
killed_at()
{
	local point=$1
	shift
	run --separate-stderr env MREG_CRASH="$point" mreg "$@"
	if [ "$status" != 137 ]; then
		printf '%s was not reached: status %s\n%s\n' "$point" "$status" "$stderr"
		return 1
	fi
	says_nothing
}

# puts FIRST LAST: as many versions of `other`, each of which makes a small pack.
puts()
{
	local i
	for ((i = $1; i <= $2; i++)); do
		echo "$i" >file
		mreg put -q other file >number
	done
}

# A registry in which the next put merges small packs and removes retired ones, and the put itself: v1 of m, with files small and large.
prepare_put()
{
	new_registry
	MREG_NOW=2025-12-20 puts 1 16
	mv .mreg/objects/retired retired
	: >.mreg/objects/retired # nothing is merged
	puts 17 32
	mkdir old new
	echo old >old/changes
	echo same >old/same
	cp -r old/. new
	echo new >new/changes
	cp "$DIGITS/epoch-1/model.safetensors" new/large
	mreg put -q m old -a best >number
	rm .mreg/objects/retired
	mv retired .mreg/objects
}

the_put()
{
	mreg put -q m new -a best -m why -M lr=0.5
}

# A registry in which packs cannot be merged, so that the next put makes the table over many packs.
prepare_table()
{
	prepare_put
	rm -r .mreg/objects/retired
	: >.mreg/objects/retired
	puts 33 78
}

# All that a user can ask about references.
answers()
{
	mreg ls --json
	mreg ls --json m
	mreg alias --json m
	mreg history --json
	mreg show --json m:best
}

# Nothing is wrong but perhaps a torn end, for which no writer has come yet.
sound_or_torn()
{
	if [ "$1" = journal-half-line ]; then
		mreg_is 7 fsck -q
		says "the journal ends in a torn line; the next change moves it aside"
	else
		mreg_is 0 fsck -q
		says_nothing
		no_complaint
	fi
}

@test "every crash point has a name that says which operation passes it" {
	local operation
	for operation in init get update rebuild table draft run gc transfer put; do
		points_of "$operation" >"$operation"
		assert_file_not_empty "$operation"
	done
	assert_equal "$(cat init get update rebuild table draft run gc transfer put | sort -u | wc -l)" "$(grep -c '^CRASH_POINT' "$MREG_SRCDIR/src/base/crash-points.def")"
}

@test "an init that is killed leaves no registry, and the next one makes it" {
	local point
	for point in $(points_of init); do
		mkdir "$point" && cd "$point"
		killed_at "$point" init
		mreg_is 10 ls
		complains "no registry here"
		mreg_is 0 init -q
		no_complaint
		mreg_is 0 put m "$DIGITS/epoch-1"
		says m:v0
		mreg_is 0 fsck -q
		says_nothing
		cd ..
	done
}

# kill_puts POINT…: in copies of the registry here.
kill_puts()
{
	local point
	# the state before, and that after a put which nobody disturbs: clock and random numbers are fixed
	answers >old-answers
	cp -r . ../undisturbed
	(cd ../undisturbed && the_put >number && answers) >new-answers
	for point in "$@"; do
		cp -r . "../$point"
		cd "../$point" || return
		answers >answers
		diff old-answers answers
		killed_at "$point" put -q m new -a best -m why -M lr=0.5
		sound_or_torn "$point"
		answers >answers
		cmp -s answers old-answers || diff new-answers answers
		case $point in
		journal-after-sync | index-* | merge-* | sweep-* | multi-pack-*) diff new-answers answers ;;
		journal-before-sync) ;;
		*) diff old-answers answers ;;
		esac
		mreg_is 0 get -q m:v0 -o v0
		same_tree old v0
		# once more, and all is as if nothing had been
		run --separate-stderr -0 the_put
		says m:v1
		answers >answers
		diff new-answers answers
		assert_equal "$(ls -A .mreg/tmp)" ""
		mreg_is 0 fsck -q
		says_nothing
		mreg_is 0 get -q m:best -o v1
		same_tree new v1
		cd ../work || return
	done
}

@test "a put that is killed at any step has not happened or has happened" {
	local points
	prepare_put
	mapfile -t points < <(points_of put)
	kill_puts "${points[@]}"
}

@test "a put that is killed while it makes the table over many packs has happened" {
	local points
	prepare_table
	mapfile -t points < <(points_of table)
	kill_puts "${points[@]}"
}

@test "a line of which a killed put wrote half is set aside by the next writer, who says so" {
	prepare_put
	cp .mreg/journal before
	killed_at journal-half-line put -q m new -a best
	cp .mreg/journal torn
	mreg_is 0 alias m:v0 first
	says m:v0
	complains "was not finished"
	complains "journal.torn-34"
	tail -c +$(($(stat -c %s before) + 1)) torn >rest
	cmp rest .mreg/journal.torn-34
	cmp -n "$(stat -c %s before)" before .mreg/journal
	mreg_is 0 fsck -q
	says_nothing
}

@test "two puts that are killed in the middle of a line leave two torn ends" {
	prepare_put
	killed_at journal-half-line put -q m new
	run --separate-stderr -137 env MREG_CRASH=journal-half-line mreg put -q m new
	mreg_is 0 put -q m new
	says m:v1
	assert_exists .mreg/journal.torn-34
	assert_exists .mreg/journal.torn-34.2
	mreg_is 0 fsck -q
	says_nothing
}

@test "the pack of a put that was killed is used by the next put of the same content" {
	prepare_put
	killed_at txn-before-lock put -q m new
	mreg_is 0 put --json m new
	json '.ref == "m:v1" and .stored < 2000'
}

@test "what a killed put left in tmp is gone after the next put or get" {
	prepare_put
	killed_at pack-before-rename put -q m new
	[ -n "$(ls -A .mreg/tmp)" ]
	mreg_is 0 get -q m -o t
	assert_equal "$(ls -A .mreg/tmp)" ""
	killed_at pack-before-rename put -q m new
	mreg_is 0 put -q other old
	assert_equal "$(ls -A .mreg/tmp)" ""
}

@test "a get that is killed before its end leaves no target" {
	local point
	prepare_put
	for point in $(points_of get); do
		killed_at "$point" get m:v0 -o target
		assert_not_exists target
		mreg_is 0 get m:v0 -o target
		says target
		same_tree old target
		assert_equal "$(find . -name '.mreg-get*')" ""
		rm -r target
	done
}

@test "a get into a directory that is killed leaves each file old or new, and the next one finishes" {
	local point pass steps file
	prepare_put
	mkdir -p old/sub new/sub
	for file in a b sub/c; do
		echo old >"old/$file"
		echo new >"new/$file"
	done
	echo gone >old/gone
	mreg put -q n old
	mreg put -q n new
	for point in $(points_of update); do
		for ((pass = 1, steps = 0; ; pass++, steps++)); do
			rm -rf target
			mreg get -q n:v0 -o target
			echo mine >target/mine
			run --separate-stderr env MREG_CRASH="$point:$pass" mreg get -q n:v1 -o target
			[ "$status" = 137 ] || break
			for file in a b sub/c changes; do
				[[ $(cat "target/$file") == @(old|new) ]]
			done
			assert_equal "$(cat target/same target/mine)" "same
mine"
			mreg_is 0 get -q n:v1 -o target
			assert_equal "$(cat target/mine)" mine
			rm target/mine
			same_tree new target
			mreg_is 0 fsck -q
		done
		assert_equal "$status" 0
		case $point in
		get-between-files) assert_equal "$steps" 5 ;;
		*) assert_equal "$steps" 1 ;;
		esac
	done
}

@test "a rebuild of the index that is killed changes no answer, and the next one works" {
	local point
	prepare_put
	the_put
	answers >before
	for point in $(points_of rebuild) index-before-commit index-after-commit; do
		killed_at "$point" fsck --rebuild-index
		answers >after
		diff before after
		mreg_is 0 fsck -q
		says_nothing
		mreg_is 0 fsck -q --rebuild-index
		no_complaint
		answers >after
		diff before after
		mreg_is 0 get -q m -o t
		rm -r t
		assert_equal "$(ls -A .mreg/tmp)" ""
	done
}

# A registry in which packs are dead as a whole, in part, and retired, and v1 of m is removed.
prepare_gc()
{
	local i
	prepare_put
	the_put
	for i in 1 2; do
		cp "$DIGITS/epoch-$i/config.json" new/config
		cp "$DIGITS/epoch-3/model.safetensors" new/large
		echo "$i" >new/changes
		mreg put -q m new -a best >number
	done
	python3 "$MREG_SRCDIR/t/tools/set-version.py" rm m:v1 m:v2
	answers >old-answers
	mreg get -q m:best -o best
	mreg get -q m:v0 -o v0
}

@test "a gc that is killed at any step has lost nothing, and the next one finishes" {
	local point pass steps
	prepare_gc
	for point in $(points_of gc) pack-half-written pack-before-sync pack-before-rename pack-after-rename pack-after-dir-sync sweep-before-file; do
		for ((pass = 1, steps = 0; ; pass++, steps++)); do
			rm -rf ../sweep
			cp -r . ../sweep
			cd ../sweep || return
			run --separate-stderr env MREG_CRASH="$point:$pass" mreg gc --grace 0 --yes
			[ "$status" = 137 ] || break
			((steps < 4)) || { cd ../work && break; }
			mreg_is 0 fsck -q
			says_nothing
			mreg_is 0 get -q m:v0 -o again
			same_tree v0 again
			mreg_is 0 put -q m best
			says m:v3
			MREG_NOW=2027-01-01 mreg_is 0 put --json other old
			mreg_is 0 gc --grace 0 --yes
			no_complaint
			mreg_is 0 gc --grace 0
			says "nothing to collect"
			assert_equal "$(find .mreg/objects/retired -type f)" ""
			assert_equal "$(ls -A .mreg/tmp)" ""
			rm -r again
			mreg_is 0 get -q m:best -o again
			same_tree best again
			mreg_is 0 verify -q other
			mreg_is 0 fsck -q
			says_nothing
			cd ../work || return
		done
		cd ../work || return
		((steps >= 1))
	done
}

@test "a reader that is killed while it brings the index up to date harms nothing" {
	local point
	prepare_put
	for point in index-before-commit index-after-commit; do
		run --separate-stderr -137 env MREG_CRASH=journal-after-sync mreg alias m:v0 "$point"
		killed_at "$point" ls
		mreg_is 0 resolve --name "m:$point"
		says m:v0
		mreg_is 0 fsck -q
		says_nothing
	done
}

@test "a pull or push that is killed at any step of its transfer has not happened, and the next one goes on" {
	local point
	mkdir hub near
	(cd hub && digits_registry)
	(cd near && new_registry && mreg remote add origin ../hub)
	while read -r point; do
		rm -rf one two
		cp -a near one
		cp -a near two
		cd one
		killed_at "$point" pull
		mreg_is 0 ls
		says_nothing
		mreg_is 0 fsck
		mreg_is 0 pull -q
		mreg_is 0 verify digits:v4
		assert_equal "$(ls .mreg/quarantine)" ""
		cd ../two
		run --separate-stderr -8 env MREG_CRASH="$point" mreg -C ../hub push -q ../two # the same step over there
		mreg_is 0 ls
		says_nothing
		mreg_is 0 -C ../hub push -q ../two
		mreg_is 0 verify digits:v4
		cd ..
	done < <(points_of transfer)
}
