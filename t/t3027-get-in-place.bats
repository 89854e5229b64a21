#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg get into a directory that has an older version: what the old files hold is not taken from the registry.

load lib

setup()
{
	sandbox
	new_registry
	mkdir a b
	head -c 6M /dev/urandom >a/weights
	{
		printf 'a longer header'
		cat a/weights
	} >b/weights
	echo same >a/same
	echo same >b/same
	mreg put -q m a
	mreg put -q m b
}

# bytes_from NAME: how many the traced command has read from files whose path has NAME in it.
bytes_from()
{
	cat trace.* | grep -F "$1" | sed -nE 's/.*= ([0-9]+)$/\1/p' | awk '{ n += $1 } END { print n + 0 }'
}

@test "chunks that the old file has are read from there" {
	mreg get -q m:v0 -o t
	settle t
	mreg get -q m:v0 -o t
	traced -ff -o trace -y -e trace=pread64,read,readv,preadv mreg get -q m:v1 -o t
	same_tree b t
	(($(bytes_from /t/weights) > 4 * 1024 * 1024))
	(($(bytes_from /t/weights) <= 6 * 1024 * 1024))
	(($(bytes_from .pack) < 3 * 1024 * 1024))
}

@test "an old file that nothing is known of is read to tell what it is, and serves all the same" {
	mreg get -q m:v0 -o t
	touch t/weights
	settle t
	traced -ff -o trace -y -e trace=pread64,read,readv,preadv mreg get -q m:v1 -o t
	same_tree b t
	(($(bytes_from /t/weights) > 10 * 1024 * 1024))
	(($(bytes_from .pack) < 3 * 1024 * 1024))
}

@test "an old file that was changed behind its time stamps is found out, with and without --force" {
	mreg get -q m:v0 -o t
	settle t
	mreg get -q m:v0 -o t
	touch -r t/weights stamp
	printf XYZXYZXY | dd of=t/weights bs=1 seek=4000000 conv=notrunc status=none
	touch -r stamp t/weights
	mreg_is 6 get m:v1 -o t
	complains weights
	mreg_is 0 get m:v1 -o t --force
	same_tree b t
}

@test "a folder that is new comes at once, beside what is there" {
	mkdir -p c/new/deep c/old/sub t/old
	echo 1 >c/new/deep/one
	echo 2 >c/new/two
	echo 3 >c/old/three
	echo 4 >c/old/sub/four
	ln -s two c/new/link
	mkdir c/new/empty
	echo mine >t/old/mine
	mreg put -q n c
	mreg_is 0 get --json n -o t
	json '.written == 5 and .removed == 0'
	rm t/old/mine
	same_tree c t
	find t -name '.mreg*' | assert_equal "$(cat)" ""
}

@test "an unreadable file of the same size is foreign, and --force replaces it" {
	mreg get -q m:v0 -o t
	printf diff\\n >t/same
	chmod 0 t/same
	run --separate-stderr -6 without_root_rights mreg get m:v0 -o t
	complains same
	run --separate-stderr -0 without_root_rights mreg get m:v0 -o t --force
	same_tree a t
}

@test "verify names a FIFO as extra" {
	mreg get -q m:v0 -o t
	mkfifo t/pipe
	mreg_is 1 verify m:v0 t
	[[ $output == *extra*pipe* ]]
	mreg_is 1 status t
}

@test "an interrupted get leaves the directory as it was, and nothing beside it" {
	local target
	head -c 150M /dev/urandom >b/weights
	mreg put -q m b
	mkdir old
	cp a/same old/same
	for target in new old; do
		env --default-signal=INT strace -f -qq -o /dev/null -e trace=pwrite64 -e inject=pwrite64:signal=INT:when=3 mreg get -q m -o "$target" && false
		assert_equal "$(find . -name '.mreg-get*')" ""
		assert_equal "$(find .mreg/tmp -mindepth 1)" ""
	done
	assert_not_exists new
	assert_equal "$(ls -A old)" same
}

# shared FILE: how many blocks of 4 KiB it has in common with others.
shared()
{
	filefrag -b4096 -v "$1" | awk -F: '/shared/ { n += $4 } END { print n + 0 }'
}

@test "where the file system shares blocks, so do the old file and the new one" {
	truncate -s 400M disk
	mkdir mnt
	if mkfs.xfs -q -f disk && mount -o loop disk mnt; then
		head -c 20M /dev/urandom >a/weights
		head -c 4M /dev/urandom | cat - a/weights >b/weights
		mreg put -q m a
		mreg put -q m b
		mreg get -q m:v2 -o mnt/t
		ln mnt/t/weights mnt/before
		settle mnt/t
		mreg get -q m:v2 -o mnt/t
		mreg get -q m:v3 -o mnt/t
		sync -f mnt
		run -0 shared mnt/t/weights
		cmp b/weights mnt/t/weights
		umount mnt
		((output > 512)) # of 5,120, mostly 4,800; where the first cut falls is chance
	fi
}

# get_while COMMAND ARG…: mreg get ARG…, and COMMAND when it has decided what to do and opens the first file it prepares.
get_while()
{
	local command=$1 tracer
	shift
	rm -f stopped
	traced -o stopped -e trace=openat2 -e inject=openat2:signal=SIGSTOP:when=1 mreg get -q "$@" 2>said &
	tracer=$!
	until grep -q 'stopped by SIGSTOP' stopped 2>/dev/null || ! kill -0 "$tracer" 2>/dev/null; do
		:
	done
	eval "$command"
	kill -CONT "$(sed -nE 's/^([0-9]+) .*stopped by SIGSTOP.*/\1/p' stopped | head -1)"
	wait "$tracer"
}

@test "a file that is edited while a get prepares its own is left as it is, and said" {
	mreg get -q m:v0 -o t
	run -6 get_while 'echo my own notes >t/weights' m:v1 -o t
	assert_equal "$(cat t/weights)" "my own notes"
	grep -qF "'weights' has changed meanwhile" said
	run find t -name '.mreg-get*'
	assert_output ''
	mreg get -q --force m:v1 -o t
	same_tree b t
}

@test "a file that comes while a get prepares its own of that name is left as it is" {
	mreg get -q m:v0 -o t
	rm t/weights
	run -6 get_while 'echo my own notes >t/weights' m:v1 -o t
	assert_equal "$(cat t/weights)" "my own notes"
}

@test "a file that is edited while it is about to be removed is left as it is" {
	mkdir c
	echo another >c/same
	mreg put -q m c
	mreg get -q m:v0 -o t
	run -6 get_while 'echo my own notes >t/weights' m:v2 -o t
	assert_equal "$(cat t/weights)" "my own notes"
}

@test "--force replaces what comes meanwhile" {
	mreg get -q m:v0 -o t
	get_while 'echo my own notes >t/weights' --force m:v1 -o t
	same_tree b t
}
