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

@test "create by a title makes a name of it, and either may be used" {
	mreg_is 0 create 'MNIST Grayscale 28x28'
	says MNIST-Grayscale-28x28
	mreg_is 0 show --json 'MNIST Grayscale 28x28'
	json '.name == "MNIST-Grayscale-28x28" and .title == "MNIST Grayscale 28x28"'
	mreg put -q digits "$DIGITS/epoch-1"
	mreg_is 0 link digits 'MNIST Grayscale 28x28:staging'
	says MNIST-Grayscale-28x28:v0
	mreg_is 0 get 'MNIST Grayscale 28x28:staging'
	says MNIST-Grayscale-28x28
	mreg_is 0 ls -q 'MNIST Grayscale 28x28'
	says MNIST-Grayscale-28x28:v0
	mreg_is 0 tag 'MNIST Grayscale 28x28' vision
	mreg_is 0 tag -q MNIST-Grayscale-28x28
	says vision
}

@test "create says what is wrong with a title, not with the name that it is not" {
	mreg_is 2 create 'Fraud: EU'
	complains "'Fraud: EU' is not a legal title"
	mreg_is 2 create 'fraud:eu'
	complains "'fraud:eu' is not a legal name"
}

@test "create again is 5, and 0 with --if-absent, which changes nothing" {
	mreg create -q reader --type model -m one
	cp .mreg/journal before
	mreg_is 5 create reader
	says_nothing
	complains "'reader' is there already"
	mreg_is 0 create --if-absent reader -m two --tag new --title Two
	says reader
	mreg_is 0 create --json --if-absent --type model reader
	json '.ref == "reader" and .created == false'
	cmp before .mreg/journal
	mreg_is 5 create --if-absent reader --type dataset
	complains "of type 'model'"
	mreg_is 5 create --if-absent --artifact reader
	complains "registered model"
	mreg_is 5 create READER
	complains "differs only in case"
	cmp before .mreg/journal
}

@test "create by a title that is there finds it, whatever its name has become" {
	mreg create -q 'Old title'
	mreg rename -q Old-title reader
	mreg_is 0 create --if-absent 'Old title'
	says reader
	mreg_is 5 create 'Old title'
	mreg_is 0 create Old-title
	says Old-title
}

@test "create refuses what is no name and no title, and nothing changes" {
	local name
	for name in '' a/b/c/d 'a:b c' .hidden ' a' 'a ' $'a\tb' r-1 'r-a b' '日本' "$(printf '\377')"; do
		mreg_is 2 create -- "$name"
		says_nothing
	done
	mreg_is 2 create x --type 'a b'
	mreg_is 2 create x --tag 'a b'
	mreg_is 2 create x --title a/b
	mreg_is 2 create x -m "$(printf '\377')"
	mreg_is 2 create --model --artifact x
	complains "exclude each other"
	mreg_is 0 ls -q
	says_nothing
}

@test "create -n changes nothing" {
	mreg_is 0 create -n reader
	says reader
	mreg_is 3 show reader
}

@test "a title is the only one in its project, in any case, and no other's name there" {
	mreg create -q a --title 'Digit reader'
	mreg create -q other
	mreg_is 5 create b --title 'digit READER'
	complains "'a' has the title"
	mreg_is 5 create b --title other
	complains "name of another collection"
	mreg_is 0 create vision/b --title 'Digit reader'
	says vision/b
	mreg_is 5 meta other --title 'Digit reader'
	mreg_is 0 meta other --title 'Another title'
	mreg_is 5 create 'another TITLE'
	mreg_is 0 meta other --title ''
	mreg_is 3 show 'Another title'
	mreg_is 0 show vision/'Digit reader'
	assert_line --index 0 vision/b
}

@test "the title of a collection that was removed is free, and restore does not take it back" {
	mreg create -q a --title 'Digit reader'
	mreg rm -q -r a
	mreg_is 0 create b --title 'Digit reader'
	mreg_is 5 restore a
	complains "has the title 'Digit reader' already"
	mreg meta -q b --title ''
	mreg_is 0 restore a
	mreg_is 0 show 'Digit reader'
}
