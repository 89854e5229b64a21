#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg unlink: versions out of registered models.

load lib

setup()
{
	sandbox
	digits_registry
	mreg link -q digits:v1 reader
	mreg link -q digits:v2 reader
}

@test "unlink takes a version out of a model, and nowhere else, and prints nothing" {
	mreg_is 0 unlink reader:v0
	says_nothing
	no_complaint
	mreg_is 4 resolve reader:v0
	complains "'reader:v0' was unlinked"
	mreg_is 0 resolve --name digits:v1
	says digits:v1
	mreg_is 0 ls -q reader
	says reader:v1
}

@test "unlink takes several at once, or none" {
	mreg_is 4 unlink reader:v0 reader:v7
	complains "cannot unlink 'reader:v7'"
	mreg_is 0 ls -q reader
	says reader:v1 reader:v0
	mreg_is 0 unlink --json reader:v0 reader:latest
	json '. == {format: 1, removed: ["reader:v0", "reader:v1"]}'
	mreg_is 4 resolve reader
	complains "'reader' has no version"
}

@test "unlink takes what its operands meant before anything went" {
	mreg link -q digits:v3 reader
	mreg_is 0 unlink --json reader:v2 reader:latest reader:v2
	json '.removed == ["reader:v2"]'
	mreg_is 0 ls -q reader
	says reader:v1 reader:v0
}

@test "unlink of a link with aliases is 6, unless they go as well" {
	mreg alias -q reader:v0 staging canary
	mreg_is 6 unlink reader:staging
	says_nothing
	complains "has aliases: canary, staging"
	mreg_is 0 resolve reader:staging
	mreg_is 0 unlink reader:staging --with-aliases
	mreg_is 4 resolve reader:staging
	mreg_is 0 alias -q reader
	says_nothing
	mreg_is 0 fsck
}

@test "unlink takes no bare name, and nothing of an artifact" {
	mreg_is 2 unlink reader
	complains "names a whole model"
	mreg_is 5 unlink digits:v1
	complains "is an artifact"
	mreg_is 3 unlink nowhere:v1
	mreg_is 2 unlink
	mreg_is 0 unlink -n reader:v0
	mreg_is 0 ls -q reader
	says reader:v1 reader:v0
}
