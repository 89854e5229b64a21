#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The stat cache: files that nobody touched are not read again, and files that somebody touched are.

load lib

setup()
{
	sandbox
	new_registry
}

# reads DIR COMMAND…: how many files below DIR the command opens.
reads()
{
	local dir=$1 file
	shift
	traced -o trace -e trace=open,openat,openat2 "$@" >/dev/null
	find "$dir" -type f -printf '%f\n' | sort -u | while read -r file; do
		grep -F "$file\"" trace || :
	done | wc -l
}

# A directory of files that no version has twice, and which is known.
known()
{
	mkdir a
	echo one >a/one
	head -c 300000 /dev/urandom >a/two
	mkdir a/sub
	echo three >a/sub/three
	mreg put -q m a
	mreg get -q m -o t
	settle t
	mreg get -q m -o t
}

@test "what a get has compared once is not opened again by get, put, status and verify" {
	known
	assert_equal "$(reads t mreg get m -o t)" 0
	assert_equal "$(reads t mreg put m t)" 0
	assert_equal "$(reads t mreg status t)" 0
	assert_equal "$(reads t mreg verify m t)" 0
}

@test "a large file is known as soon as it is written" {
	mkdir a
	head -c 34M /dev/urandom >a/large
	mreg put -q m a
	mreg get -q m -o new
	assert_equal "$(reads new mreg get m -o new)" 0
	mkdir there
	mreg get -q m -o there
	assert_equal "$(reads there mreg verify m there)" 0
	cmp a/large new/large
}

@test "files that were written early in a get are known when it ends, in a new directory and in an old one" {
	mkdir a
	head -c 34M /dev/urandom >a/x
	for i in {1000..1200}; do echo "$i" >"a/$i"; done
	mreg put -q m a
	mreg get -q m -o new
	mkdir old
	mreg get -q m -o old
	(($(reads new mreg verify m new) < 100))
	(($(reads old mreg verify m old) < 100))
}

@test "status and verify know what they have read" {
	mkdir a
	echo one >a/one
	mreg put -q m a
	mreg get -q m -o t
	settle t
	mreg status t
	assert_equal "$(reads t mreg verify m t)" 0
	touch t/one
	settle t
	mreg verify m t
	assert_equal "$(reads t mreg status t)" 0
}

@test "a file that was touched is read, and it alone" {
	known
	touch t/sub/three
	assert_equal "$(reads t mreg get m -o t)" 1
	settle t
	mreg verify m t
	assert_equal "$(reads t mreg verify m t)" 0
}

@test "a file that was written into keeps no digest, though size and time are what they were" {
	known
	touch -r t/two stamp
	printf XYZXYZXY | dd of=t/two bs=1 seek=1000 conv=notrunc status=none
	touch -r stamp t/two
	mreg_is 1 verify m t
	mreg_is 6 get m -o t
	complains two
	mreg_is 0 get m -o t --force
	same_tree a t
}

@test "a file that is written into right after a get is noticed" {
	local i
	mkdir a
	echo 0 >a/file
	mreg put -q m a
	for i in {1..20}; do
		rm -rf t
		mreg get -q m -o t
		touch -r t/file stamp
		echo 1 >t/file
		touch -r stamp t/file
		mreg_is 1 verify m t
	done
}

@test "a change of the mode alone leaves the file unread afterwards" {
	known
	chmod +x t/two
	settle t
	mreg get -q m -o t
	settle t
	mreg get -q m -o t
	assert_equal "$(reads t mreg get m -o t)" 0
	same_tree a t
}

@test "a registry that cannot be written keeps no rows, and get says nothing of it" {
	known
	touch t/one
	settle t
	chmod -R a-w .mreg
	run --separate-stderr -0 without_root_rights mreg get m -o t
	no_complaint
	run --separate-stderr -0 without_root_rights mreg get m -o new
	no_complaint
	chmod -R u+w .mreg
	same_tree a new
}
