#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg put --unpack: what is in a tar or zip becomes a version.

load lib

# A directory with all that a version keeps.
sample()
{
	mkdir -p d/sub/deep d/empty
	cp "$DIGITS"/epoch-1/* d/sub
	echo hello >d/a
	: >d/zero
	printf '#!/bin/sh\n' >d/sub/run
	chmod 4755 d/sub/run
	ln d/a d/sub/hard
	ln -s ../a d/sub/link
	printf x >d/é
	printf y >$'d/bad\xff'
	mkdir "d/$(printf 'long%.0s' {1..40})"
	echo z >"$(echo d/long*)/$(printf 'name%.0s' {1..40})"
	truncate -s 3M d/sub/deep/sparse
	printf abc | dd of=d/sub/deep/sparse bs=1 seek=1000000 conv=notrunc status=none
}

# A registry in which `plain` has what is in d.
sample_registry()
{
	new_registry
	sample
	mreg put -q plain d >/dev/null
	mreg resolve plain >digest
}

# gives_the_same ARG…: a put with these gives the version that the directory gives.
gives_the_same()
{
	mreg_is 0 put other --new-version --unpack "$@"
	no_complaint
	mreg_is 0 resolve other
	says "$(cat digest)"
}

# made FILE PYTHON: an archive that no tool would make; t is it, add(NAME, DATA, KEY=VALUE…) adds a member.
made()
{
	python3 - "$1" "$2" <<-'EOF'
		import io, sys, tarfile, zipfile
		t = (zipfile.ZipFile if sys.argv[1].endswith(".zip") else tarfile.open)(sys.argv[1], "w")
		def add(name, data=b"", **about):
		    info = tarfile.TarInfo(name)
		    info.size = len(data)
		    for key, value in about.items():
		        setattr(info, key, value)
		    t.addfile(info, io.BytesIO(data))
		exec(sys.argv[2])
		t.close()
	EOF
}

# refused STATUS TEXT ARG…: fails so, and nothing has changed.
refused()
{
	local status_wanted=$1 text=$2
	shift 2
	state >before
	mreg_is "$status_wanted" put m --unpack "$@"
	says_nothing
	complains "$text"
	diff before <(state)
}

@test "a tar gives the version that its directory gives, whoever made it and however it is compressed" {
	sample_registry
	local format filter
	for format in gnu posix; do
		tar -C d --format=$format -cf t.tar .
		gives_the_same t.tar
		tar -C d --format=$format -S -cf sparse.tar .
		gives_the_same sparse.tar
	done
	for filter in --gzip --bzip2 --xz --zstd; do
		(cd d && bsdtar -c $filter -f ../t.tar -- *)
		gives_the_same t.tar
	done
	tar -C d --format=gnu -czf t.tar.gz .
	gives_the_same t.tar.gz
	gzip -c <(head -c 100000 sparse.tar) >two.gz
	tail -c +100001 sparse.tar | gzip >>two.gz
	gives_the_same two.gz
}

@test "a zip gives the version that its directory gives" {
	sample_registry
	(cd d && zip -qry ../t.zip .)
	gives_the_same t.zip
	(cd d && bsdtar -c --format zip -f ../b.zip --exclude=bad* -- *)
	mreg_is 0 put other --new-version --unpack b.zip
	mreg_is 0 ls -q other
	rm d/bad*
	mreg put -q plain d
	mreg resolve plain >digest
	gives_the_same b.zip
}

@test "an archive comes by a pipe as well" {
	sample_registry
	tar -C d -cJf t.tar.xz .
	(cd d && zip -qry ../t.zip .)
	gives_the_same - < <(cat t.tar.xz)
	gives_the_same - < <(cat t.zip)
	gives_the_same - <t.zip
	assert_equal "$(ls .mreg/tmp)" ""
}

@test "what was unpacked comes back" {
	sample_registry
	tar -C d -czf t.tgz .
	mreg put -q m --unpack t.tgz
	mreg_is 0 get m -o out
	chmod 755 d/sub/run
	same_tree d out
	mreg_is 0 verify m
	mreg_is 0 fsck
}

@test "a model in an archive shares its bytes with the same model in a file" {
	sample_registry
	tar -C d -cf t.tar .
	mreg_is 0 put --json other --unpack t.tar
	json '.created and .bytes > 100000 and .stored < 2000'
	(cd d && zip -qry ../t.zip .)
	mreg_is 0 put --json zipped --unpack t.zip
	json '.created and .stored < 2000'
}

@test "put --unpack --as puts the members below it, beside files and directories" {
	sample_registry
	mkdir dir
	echo b >dir/b
	tar -C d -cf t.tar .
	mreg put -q want d --as data/set dir
	mreg resolve want >digest
	gives_the_same t.tar --as data/set dir
	tar -C dir -cf b.tar b
	refused 5 "two sources for 'b': 'dir/b' and 'b.tar'" dir b.tar
}

@test "put --unpack honours --include and --exclude" {
	sample_registry
	tar -C d -cf t.tar .
	mreg put -q want d --exclude deep --exclude 'long*'
	mreg resolve want >digest
	gives_the_same t.tar --exclude deep --exclude 'long*'
	mreg put -q want d --include é --include empty --include sub
	mreg resolve want >digest
	rm d/sub/hard d/a
	tar -C d -cf t.tar .
	mreg put -q want d --include é --include empty --include sub
	mreg resolve want >digest
	gives_the_same t.tar --include é --include empty --include sub
}

@test "put --unpack -n stores nothing and knows the version" {
	sample_registry
	tar -C d -cf t.tar .
	state >before
	mreg_is 0 put plain -n --json --unpack t.tar
	json ".created == false and .digest == \"$(cat digest)\" and .stored == 0"
	diff before <(state)
}

@test "put --unpack of what is no archive is 2" {
	new_registry
	echo text >file
	: >none
	gzip -c file >file.gz
	refused 2 "'file' is no tar or zip" file
	refused 2 "'none' is no tar or zip" none
	refused 2 "'file.gz' is no tar or zip" file.gz
	refused 10 "cannot read 'absent'" absent
}

@test "an archive without members needs --allow-empty" {
	new_registry
	made t.tar ''
	refused 2 "there is nothing to put" t.tar
	mreg_is 0 put m --unpack --allow-empty t.tar
}

@test "paths that are absolute or have '..' are 2" {
	new_registry
	made t.tar 'add("ok", b"1"); add("/etc/x", b"2")'
	refused 2 "'/etc/x' in 't.tar' is an absolute path" t.tar
	made t.tar 'add("ok", b"1"); add("a/../../x", b"2")'
	refused 2 "'a/../../x' in 't.tar' has '..' in its path" t.tar
	made t.zip 't.writestr("../x", "1")'
	refused 2 "'../x' in 't.zip' has '..' in its path" t.zip
	made t.tar 'add("a/b", b"1", type=tarfile.LNKTYPE, size=0, linkname="../../etc/passwd")'
	refused 2 "has '..' in its path" t.tar
	made t.tar 'add("a", b"1")'
	refused 2 "is no path inside a version" t.tar --as ../x
}

@test "names that are kept for registries are 2, or left out" {
	new_registry
	made t.tar 'add("a", b"1"); add("x/.MREG/format", b"2")'
	refused 2 "'x/.MREG/format' in 't.tar' has the name '.mreg'" t.tar
	mreg_is 0 put m --unpack t.tar --exclude .MREG
	mreg_is 0 ls -q m:v0
	says a
}

@test "a link that leaves the archive is 2, others are kept" {
	new_registry
	made t.tar 'add("a/l", type=tarfile.SYMTYPE, linkname="../../x")'
	refused 2 "'a/l' in 't.tar' is a link that points out of the archive" t.tar
	made t.tar 'add("a/l", type=tarfile.SYMTYPE, linkname="/etc/passwd")'
	refused 2 "points out of the archive" t.tar
	made t.tar 'add("a/l", type=tarfile.SYMTYPE, linkname="../x")'
	mreg_is 0 put m --unpack t.tar
	made t.tar 'add("l", type=tarfile.SYMTYPE, linkname="x"); add("l/f", b"1")'
	refused 5 "'l" t.tar
}

@test "hard links become files, and to nothing are 2" {
	new_registry
	made t.tar 'add("./a", b"data", mode=0o755); add("b", type=tarfile.LNKTYPE, linkname="a"); add("c", type=tarfile.LNKTYPE, linkname="./b")'
	mreg_is 0 put m --unpack t.tar
	mreg_is 0 get m -o out
	assert_equal "$(cat out/a out/b out/c)" datadatadata
	[ -x out/c ]
	made t.tar 'add("b", type=tarfile.LNKTYPE, linkname="a"); add("a", b"data")'
	refused 2 "'b' in 't.tar' is a hard link to 'a', which is no file before it" t.tar
	made t.tar 'add("a", b"data"); add("b", type=tarfile.LNKTYPE, linkname="a")'
	refused 2 "'b' in 't.tar' is a hard link to 'a', which is no file before it, or is left out" t.tar --exclude a
}

@test "devices, FIFOs and sockets are errors by name" {
	new_registry
	local type
	for type in FIFOTYPE CHRTYPE BLKTYPE; do
		made t.tar "add('ok', b'1'); add('dev/x', type=tarfile.$type)"
		refused 10 "'dev/x' in 't.tar' is a device, FIFO or socket, not a file" t.tar
	done
}

@test "two members for one path are 5" {
	new_registry
	made t.tar 'add("./a", b"1"); add("a", b"2")'
	refused 5 "'a' in 't.tar' stands there twice" t.tar
	made t.zip 'import warnings; warnings.simplefilter("ignore"); t.writestr("a", "1"); t.writestr("a", "2")'
	refused 5 "'a' in 't.zip' stands there twice" t.zip
	made t.tar 'add("a", type=tarfile.DIRTYPE); add("a/b", b"1"); add("a", type=tarfile.DIRTYPE)'
	mreg_is 0 put m --unpack t.tar
	made t.tar 'add("a", b"1"); add("a/b", b"1")'
	refused 5 "'a" t.tar
}

@test "an archive that is cut short is an error wherever it is cut, and stores nothing" {
	sample_registry
	local at
	tar -C d/sub -cf t.tar config.json labels.txt
	for at in 512 700 1024 1536 2048; do
		head -c "$at" t.tar >cut.tar
		refused 10 "the archive 'cut.tar' is damaged" cut.tar
	done
	for at in gzip bzip2 xz zstd; do
		$at -c t.tar >t.x
		head -c -20 t.x >cut.x
		refused 10 "the archive 'cut.x' is damaged" cut.x
	done
	(cd d && zip -qry ../t.zip .)
	head -c -30 t.zip >cut.zip
	refused 10 "the archive 'cut.zip' is damaged" cut.zip
	refused 10 "the archive 'standard input' is damaged" - < <(head -c 1024 t.tar)
}

@test "an archive with a damaged byte is an error" {
	new_registry
	head -c 200000 /dev/urandom >noise
	local filter
	tar -cf t.tar noise
	for filter in gzip xz 'zstd --check'; do
		$filter -c <t.tar >t.x
		damage t.x 100000
		refused 10 "the archive 't.x' is damaged" t.x
	done
	zip -q t.zip noise
	damage t.zip 100000
	refused 10 "the archive 't.zip' is damaged" t.zip
	# of one block, all of which is lost
	bzip2 -c <t.tar >t.x
	damage t.x 100000
	refused 2 "'t.x' is no tar or zip" t.x
	damage t.tar 10
	refused 2 "'t.tar' is no tar or zip" t.tar
}

@test "an encrypted zip is refused by name" {
	new_registry
	echo secret >s
	zip -q -P pw t.zip s
	refused 10 "'s' in 't.zip' is encrypted" t.zip
}

@test "an archive in an archive is a file" {
	new_registry
	echo x >x
	tar -cf in.tar x
	tar -czf out.tgz in.tar
	mreg_is 0 put m --unpack out.tgz
	mreg_is 0 ls -q m:v0
	says in.tar
}

@test "put --unpack says what is missing when libarchive cannot be loaded" {
	new_registry
	mkdir lib
	: >lib/libarchive.so.13
	made t.tar 'add("a", b"1")'
	export LD_LIBRARY_PATH=$PWD/lib
	mreg_is 10 put m --unpack t.tar
	says_nothing
	complains "archives cannot be read without libarchive"
	complains "Install it"
	mreg_is 0 put m t.tar
}

@test "libarchive is not loaded without --unpack" {
	new_registry
	echo x >x
	traced -o trace -e trace=openat mreg put -q m x
	! grep -q libarchive trace
}

@test "an archive that grows while it is read is not taken" {
	new_registry
	made t.tar 'add("a", b"x" * 2000000)'
	traced -o trace -e trace=read -e inject=read:delay_enter=30000:when=20+5 mreg put m --unpack t.tar >out 2>err &
	local pid=$!
	until grep -q -F 'xxxx' trace 2>/dev/null || ! kill -0 "$pid" 2>/dev/null; do
		:
	done
	echo >>t.tar
	local result=0
	wait "$pid" || result=$?
	assert_equal "$result" 7
	grep -q "'t.tar' changes while it is read" err
}
