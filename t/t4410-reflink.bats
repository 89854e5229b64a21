#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg clone of a path: packs are cloned as files, sharing blocks where the file system can, and linked never.

load lib

# One pack that is large enough to be taken as it is, and a small one.
setup()
{
	sandbox
	mkdir far
	cd far || return
	new_registry
	mkdir a
	head -c 20M /dev/urandom >a/weights
	echo small >a/small
	mreg put -q m a
	mreg alias -q m:v0 best
	echo other >a/small
	mreg put -q m a
	cd ..
}

large_pack()
{
	find "$1/.mreg/objects" -name '*.pack' -size +8M
}

# shared FILE: how many blocks of 4 KiB it has in common with others.
shared()
{
	filefrag -b4096 -v "$1" | awk -F: '/shared/ { n += $4 } END { print n + 0 }'
}

# A whole registry, and nothing left of the way it came.
clone_is_the_same()
{
	mreg_is 0 -C there fsck
	no_complaint
	mreg_is 0 -C there get -q m:best -o t
	cmp far/a/weights there/t/weights
	assert_equal "$(ls -A there/.mreg/quarantine)" ""
}

@test "packs come as files, under their own names, and are no links" {
	mreg_is 0 clone -q far there
	clone_is_the_same
	assert_equal "$(basename "$(large_pack there)")" "$(basename "$(large_pack far)")"
	cmp "$(large_pack there)" "$(large_pack far)"
	assert_equal "$(stat -c %h "$(large_pack far)")" 1
	assert_equal "$(stat -c %h "$(large_pack there)")" 1
}

@test "on a file system that shares blocks, the clone has the blocks of the pack" {
	truncate -s 400M disk
	mkdir mnt
	if mkfs.xfs -q -f disk && mount -o loop disk mnt; then
		mv far mnt/far
		cd mnt
		sync -f .
		mreg clone -q far there
		sync -f .
		clone_is_the_same
		cmp far/a/weights there/t/weights
		cd ..
		shared_blocks=$(shared "$(large_pack mnt/there)")
		umount mnt
		((shared_blocks > 5000)) # of 5,120
	fi
}

@test "without FICLONE and copy_file_range the bytes are copied" {
	traced -o /dev/null -e trace=ioctl,copy_file_range -e inject=ioctl,copy_file_range:error=EOPNOTSUPP mreg clone -q far there
	clone_is_the_same
	assert_equal "$(basename "$(large_pack there)")" "$(basename "$(large_pack far)")"
}

@test "packs that may not be read, or not be listed, come by the protocol or not at all" {
	chmod 0 "$(large_pack far)"
	run --separate-stderr without_root_rights mreg clone -q far there
	[ "$status" = 0 ] || [ "$status" = 8 ]
	chmod 0444 "$(large_pack far)"
	rm -rf there
	mreg_is 0 clone -q far there
	clone_is_the_same
}

@test "a pack that is damaged is not taken over" {
	damage "$(large_pack far)" 5000000
	run --separate-stderr mreg clone far there
	complains damaged
	[ "$status" != 0 ] || [ "$(basename "$(large_pack there)")" != "$(basename "$(large_pack far)")" ]
}

@test "a pack with more in it than its table says is not taken over as it is" {
	local pack
	pack=$(large_pack far)
	python3 - "$pack" <<-'EOF'
		import os, struct, sys, zlib
		data = open(sys.argv[1], "rb").read()
		end = struct.unpack("<Q", data[-64:-56])[0]
		trailer = struct.pack("<Q", end + 4096) + data[-56:-12]
		os.chmod(sys.argv[1], 0o644)
		open(sys.argv[1], "wb").write(data[:end] + bytes(4096) + data[end:-64] + trailer + struct.pack("<I", zlib.crc32(trailer)) + data[-8:])
	EOF
	mreg_is 0 clone -q far there
	clone_is_the_same
}

@test "what is dead in a pack is not taken along" {
	head -c 12M /dev/urandom >far/a/weights2
	mreg -C far put -q gone a/weights2
	cp far/a/weights keep
	mreg -C far put -q m a
	mreg -C far rm -q -r gone --with-aliases
	mreg -C far rm -q m:v2
	mreg_is 0 clone -q far there
	mreg_is 0 -C there fsck
	(($(du -sm there/.mreg/objects | cut -f1) < 30))
}

@test "a clone that is killed while it copies goes on" {
	local point
	for point in quarantine-before-finish quarantine-between-packs; do
		rm -rf there
		MREG_CRASH=$point run mreg clone -q far there
		[ "$status" != 0 ] || echo "$point was not passed"
		mreg_is 0 clone -q far there
		clone_is_the_same
	done
}

@test "a clone of metadata takes no packs" {
	mreg_is 0 clone -q --metadata-only far there
	assert_equal "$(large_pack there)" ""
}
