#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg create: registered models and empty artifacts.

load lib

setup()
{
	sandbox
	new_registry
}

@test "create makes a registered model and prints its name" {
	mreg_is 0 create reader -m 'reads digits' --tag team:vision
	says reader
	no_complaint
	mreg_is 0 show --json reader
	json '.kind == "model" and .type == "model" and .versions == 0 and .note == "reads digits" and .tags == ["team:vision"] and .title == null'
	mreg_is 0 create --json --model sets --type dataset
	json '.format == 1 and .ref == "sets" and .name == "sets" and .kind == "model" and .type == "dataset" and .created'
}

@test "create --artifact makes an artifact without a version, into which versions are put" {
	mreg_is 0 create --artifact digits --type dataset
	says digits
	mreg_is 0 show --json digits
	json '.kind == "artifact" and .type == "dataset" and .versions == 0'
	mreg_is 4 get digits
	complains "'digits' has no version"
	mreg_is 5 put digits "$DIGITS/epoch-1" --type model
	mreg_is 0 put digits "$DIGITS/epoch-1"
	says digits:v0
}
