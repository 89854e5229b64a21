#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg cat: one file on standard output.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "cat streams a file exactly" {
	mreg cat digits:v1 model.safetensors >out
	cmp "$DIGITS/epoch-2/model.safetensors" out
	mreg cat digits labels.txt >out
	cmp "$DIGITS/epoch-5/labels.txt" out
}

@test "cat of a large file, and of an empty one" {
	head -c 20000000 /dev/urandom >big
	: >empty
	mreg put -q m big empty
	mreg cat m big | cmp - big
	mreg_is 0 cat m empty
	says_nothing
	no_complaint
}

@test "cat of a path that is not there is 3 and says where to look" {
	mreg_is 3 cat digits:v1 weights.bin
	says_nothing
	complains "'digits:v1' has no file 'weights.bin'"
	complains "mreg ls digits:v1"
	mreg_is 3 cat nothing x
	mreg_is 4 cat digits:v9 labels.txt
	mreg_is 2 cat digits:v1
}

@test "cat of a directory or a link says what it is" {
	mkdir -p t/d t/empty && echo x >t/d/x && ln -s d/x t/l
	mreg put -q m t
	mreg_is 3 cat m d
	mreg_is 3 cat m empty
	mreg_is 3 cat m l
	complains "link to 'd/x'"
}

@test "cat --json tells of the file instead" {
	mreg_is 0 cat --json digits:v1 labels.txt
	json '.format == 1 and .path == "labels.txt" and .kind == "file" and .mode == "0644"'
}

@test "cat of damaged bytes is 7, and what came before was right" {
	head -c 8000000 /dev/urandom >big
	mreg put -q m big
	damage "$(largest_pack)" 7000000
	run --separate-stderr -7 bash -c 'mreg cat m big >out'
	complains damaged
	cmp -n "$(stat -c %s out)" out big
}
