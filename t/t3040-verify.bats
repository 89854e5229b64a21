#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg verify: a directory against a version, or the stored bytes.

load lib

setup()
{
	sandbox
	digits_registry
	mreg get -q digits:v1 -o t
}

@test "verify of a directory that is the version" {
	mreg_is 0 verify digits:v1 t
	says "t is digits:v1"
	no_complaint
	mreg_is 0 verify --json digits:v1 t
	json '.format == 1 and .ok == true and .ref == "digits:v1" and .dir == "t" and .problems == []'
	mreg_is 0 verify -q digits:v1 t
	says_nothing
}

@test "verify names what is missing, extra and changed, status 1" {
	rm t/config.json
	echo x >t/extra
	echo y >t/labels.txt
	mreg_is 1 verify digits:v1 t
	says "missing   config.json" "extra     extra" "changed   labels.txt" "t is not digits:v1"
	complains "differs from 'digits:v1' in 3 files"
	mreg_is 1 verify --json digits:v1 t
	json '.ok == false and (.problems | map(.kind) == ["missing", "extra", "changed"])'
	mreg_is 1 verify -q digits:v1 t
	says config.json extra labels.txt
}

@test "verify sees a lost exec bit and a replaced link" {
	mkdir a && echo x >a/f && chmod +x a/f && ln -s f a/l
	mreg put -q m a
	mreg get -q m -o b
	chmod -x b/f
	rm b/l && echo x >b/l
	mreg_is 1 verify -q m b
	says f l
}

@test "verify without a directory reads the stored bytes" {
	mreg_is 0 verify digits:v1
	assert_output --regexp '^digits:v1 is sound: 4 files, [0-9.]+ KiB$'
	damage "$(largest_pack)" 5000
	mreg_is 7 verify digits:v0
	assert_line --regexp '^damaged +'
	complains "cannot be restored"
	mreg_is 7 verify --json digits:v0
	json '.ok == false and (.problems | length) == 1 and (.problems[0].reason | length) > 0'
	json_error '.error.status == 7'
}

@test "verify of what is not there" {
	mreg_is 3 verify nothing t
	mreg_is 4 verify digits:v9 t
	mreg_is 10 verify digits:v1 nowhere
	mreg_is 10 verify digits:v1 t/labels.txt
	mreg_is 2 verify
}

@test "verify leaves out what .mregignore names" {
	mkdir a && echo x >a/f && echo '*.log' >a/.mregignore
	mreg put -q m a
	echo noise >a/x.log
	mreg_is 0 verify -q m a
}

@test "verify compares a link that leads out of the directory" {
	ln -s /etc/hostname t/away
	mreg_is 1 verify digits:v1 t
	assert_line --regexp '^extra +away$'
}
