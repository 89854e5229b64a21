#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg version: which mreg this is.

load lib

# As configure.ac has it.
version()
{
	sed -nE 's/^AC_INIT\(\[mreg\], \[(.*)\]\)$/\1/p' "$MREG_SRCDIR/configure.ac"
}

@test "version prints name and version, outside of a registry" {
	mreg_is 0 version
	says "mreg $(version)"
	no_complaint
}

@test "version -q prints the version alone" {
	mreg_is 0 version -q
	says "$(version)"
	no_complaint
}

@test "version --json is an object" {
	mreg_is 0 version --json
	says "{\"format\":1,\"version\":\"$(version)\"}"
	no_complaint
}

@test "version works where a configuration cannot be read" {
	printf '[core\n' >"$HOME/.config/mreg/config"
	mreg_is 0 version
	says "mreg $(version)"
	no_complaint
}

@test "version takes no operand" {
	mreg_is 2 version 2
	says_nothing
	complains "unexpected operand '2'"
}
