#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg tag: labels of collections and versions.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "tag sets tags of a version, prints nothing, and lists them" {
	mreg_is 0 tag digits:v1 keep dataset=mnist team:vision
	says_nothing
	no_complaint
	mreg_is 0 tag digits:v1
	says TAG dataset=mnist keep team:vision
	mreg_is 0 tag -q digits:v1
	says dataset=mnist keep team:vision
	mreg_is 0 tag --json digits:v1
	json 'lines | map(.tag) == ["dataset=mnist", "keep", "team:vision"] and all(.[]; .ref == "digits:v1" and .format == 1)'
	mreg_is 0 tag -q digits:v2
	says_nothing
}

@test "a bare name is the collection, and its latest is written out" {
	mreg_is 0 tag digits team:vision
	mreg_is 0 tag digits:latest newest
	mreg_is 0 tag -q digits
	says team:vision
	mreg_is 0 tag -q digits:v4
	says newest
	mreg_is 0 show --json digits
	json '.tags == ["team:vision"]'
}

@test "tag -d removes tags, and one that is not there is 4" {
	mreg tag -q digits:v1 a b c
	mreg_is 4 tag -d digits:v1 a nowhere
	complains "has no tag 'nowhere'"
	mreg_is 0 tag -q digits:v1
	says a b c
	mreg_is 0 tag --json -d digits:v1 a c
	json '.ref == "digits:v1" and .tags == ["b"]'
	mreg_is 2 tag -d digits:v1
	complains "which tags"
}

@test "tag again writes nothing, an illegal one is 2, and all or none are set" {
	mreg tag -q digits:v1 a
	cp .mreg/journal before
	mreg_is 0 tag digits:v1 a
	mreg_is 2 tag digits:v1 good 'not good'
	mreg_is 2 tag digits:v1 a/b
	mreg_is 2 tag digits:v1 -- -x
	mreg_is 3 tag nowhere a
	mreg_is 4 tag digits:v9 a
	mreg_is 0 tag -n digits:v1 b
	cmp before .mreg/journal
}

@test "the tags of a version are seen through its links, and set through them" {
	mreg link -q digits:v1 reader:production
	mreg tag -q reader:production checked
	mreg_is 0 tag -q digits:v1
	says checked
	mreg tag -q digits:v1 keep
	mreg_is 0 show --json reader:v0
	json '.tags == ["checked", "keep"]'
	mreg_is 0 tag -q reader
	says_nothing
}
