#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Slow: verbs killed before each and every system call that changes something, until one gets through.

load lib

# Whatever leaves a trace on a disk or in a lock; not every machine has all of them.
CALLS="openat mkdir mkdirat write writev pwrite64 pwritev pwritev2 copy_file_range ftruncate fallocate fcntl fsync fdatasync sync_file_range
	rename renameat renameat2 link linkat symlinkat unlink unlinkat rmdir chmod fchmod exit_group"

# killed_before CALL N ARG…: mreg, killed when it is about to make the Nth of these calls.
killed_before()
{
	local call=$1 n=$2
	shift 2
	# the leak checker of a build with sanitizers cannot work under strace
	run --separate-stderr strace -f -E ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" -o /dev/null -e "trace=?$call" -e "inject=?$call:signal=KILL:when=$n" mreg "$@"
}

# sweep CHECK ARG…: kills at the first, second, third … of each call, in a fresh copy of the registry here each time, and does CHECK.
sweep()
{
	local check=$1 call n kills=0
	shift
	for call in $CALLS; do
		for ((n = 1; ; n++)); do
			rm -rf ../sweep
			cp -r . ../sweep
			cd ../sweep || return
			killed_before "$call" "$n" "$@"
			[ "$status" = 137 ] || break
			kills=$((kills + 1))
			echo "killed before $call $n"
			"$check"
			cd ../work || return
		done
		assert_equal "$status" 0
		cd ../work || return
	done
	((kills > 20))
}

# Nothing is wrong but perhaps a torn end.
sound_or_torn()
{
	run --separate-stderr mreg fsck -q
	[ "$status" = 0 ] || assert_equal "$output" "the journal ends in a torn line; the next change moves it aside"
}

answers()
{
	mreg ls --json
	mreg ls --json m
	mreg alias --json m
	mreg history --json
}

a_registry()
{
	local n
	new_registry
	mkdir old new
	echo old >old/changes
	echo gone >old/goes
	echo same >old/same
	cp -r old/. new
	rm new/goes
	echo new >new/changes
	cp "$DIGITS/epoch-1/model.safetensors" new/large
	: >.mreg/objects/retired # so that packs wait for the put in question to be merged
	for n in {1..16}; do
		mreg put -q other "$DIGITS/epoch-1/config.json" --as "$n" >number
	done
	mreg put -q m old -a best >number
	rm .mreg/objects/retired
	answers >old-answers
}

old_or_new()
{
	answers >answers
	cmp -s answers old-answers || diff new-answers answers
}

put_again()
{
	sound_or_torn
	old_or_new
	mreg_is 0 cat m:v0 changes
	says old
	mreg_is 0 put -q m new -a best -m why
	says m:v1
	answers >answers
	diff new-answers answers
	mreg_is 0 fsck -q
	says_nothing
	assert_equal "$(ls -A .mreg/tmp)" ""
	rm -rf back
	mreg_is 0 get -q m:best -o back
	same_tree new back
}

@test "a put that is killed before any of its system calls" {
	a_registry
	cp -r . ../undisturbed
	(cd ../undisturbed && mreg put -q m new -a best -m why >number && answers) >new-answers
	sweep put_again put -q m new -a best -m why
}

alias_again()
{
	sound_or_torn
	old_or_new
	mreg_is 0 alias -q m:v0 first second
	answers >answers
	diff new-answers answers
	mreg_is 0 fsck -q
	says_nothing
}

@test "an alias that is killed before any of its system calls" {
	a_registry
	cp -r . ../undisturbed
	(cd ../undisturbed && mreg alias -q m:v0 first second >number && answers) >new-answers
	sweep alias_again alias -q m:v0 first second
}

get_again()
{
	[[ $(cat target/changes) == @(old|new) ]]
	assert_equal "$(cat target/same)" same
	[ ! -e target/goes ] || assert_equal "$(cat target/goes)" gone
	[ ! -e target/large ] || cmp target/large new/large
	mreg_is 0 get -q m:v1 -o target
	same_tree new target
	mreg_is 0 fsck -q
	says_nothing
}

@test "a get into a directory that is killed before any of its system calls" {
	a_registry
	mreg put -q m new >number
	mreg get -q m:v0 -o target
	sweep get_again get -q m:v1 -o target
}

get_fresh_again()
{
	[ ! -e target ] || same_tree new target
	mreg_is 0 get -q m:v1 -o target
	same_tree new target
	assert_equal "$(find . -maxdepth 1 -name '.mreg-get*')" ""
}

@test "a get of a new target that is killed before any of its system calls" {
	a_registry
	mreg put -q m new >number
	sweep get_fresh_again get -q m:v1 -o target
}

rebuild_again()
{
	answers >answers
	diff old-answers answers
	mreg_is 0 fsck -q
	says_nothing
	mreg_is 0 fsck -q --rebuild-index
	answers >answers
	diff old-answers answers
	assert_equal "$(ls -A .mreg/tmp)" ""
}

@test "a rebuild of the index that is killed before any of its system calls" {
	a_registry
	sweep rebuild_again fsck --rebuild-index
}

first_use_again()
{
	answers >answers
	diff old-answers answers
	mreg_is 0 fsck -q
	says_nothing
}

@test "a reader that is killed while it makes an index" {
	a_registry
	rm -r .mreg/index
	sweep first_use_again ls
}

init_again()
{
	if [ -e .mreg/format ]; then
		mreg_is 0 ls -q
	else
		mreg_is 10 ls
		mreg_is 0 init -q
	fi
	mreg_is 0 put m file
	says m:v0
	mreg_is 0 fsck -q
	says_nothing
}

@test "an init that is killed before any of its system calls" {
	echo content >file
	sweep init_again init
}

gc_again()
{
	answers >answers
	diff old-answers answers
	mreg_is 0 verify -q other
	mreg_is 0 fsck -q
	says_nothing
	mreg_is 0 gc --grace 0 --yes
	no_complaint
	mreg_is 0 gc --grace 0
	says "nothing to collect"
	assert_equal "$(find .mreg/objects/retired -type f)" ""
	mreg_is 0 fsck -q
	says_nothing
	rm -rf back
	mreg_is 0 get -q m:v0 -o back
	same_tree old back
}

@test "a gc that is killed before any of its system calls" {
	a_registry
	mreg put -q m new >number
	mreg put -q m old/changes >number
	python3 "$MREG_SRCDIR/t/tools/set-version.py" rm m:v1 other:v3
	answers >old-answers
	sweep gc_again gc --grace 0 --yes
}
