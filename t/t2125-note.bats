#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg note: what is said of collections and versions.

load lib

setup()
{
	sandbox
	digits_registry
	unset VISUAL EDITOR
}

@test "note says where the text goes" {
	mreg_is 2 note digits:v0 'it is good'
	complains "unexpected operand 'it is good'"
	complains "hint: Say 'mreg note digits:v0 -m TEXT'."
}

@test "note shows what a version was put with, and what was noted later in its place" {
	mreg_is 0 note digits:v1
	says 'epoch 2'
	mreg_is 0 note digits:v1 -m 'fails on sevens'
	says_nothing
	no_complaint
	mreg_is 0 note digits:v1
	says 'fails on sevens'
	mreg_is 0 note --json digits:v1
	json '. == {format: 1, ref: "digits:v1", note: "fails on sevens"}'
	mreg_is 0 show --json digits:v1
	json '.description == "fails on sevens"'
	mreg_is 0 ls --json digits
	json 'lines | map(select(.number == 1).summary) == ["fails on sevens"]'
}

@test "note of a collection, from a file, and from standard input" {
	mreg_is 0 note digits
	says_nothing
	printf 'reads\ndigits\n\n' >text
	mreg_is 0 note digits -F text
	mreg_is 0 note digits
	says reads digits
	mreg_is 0 note digits:latest -F - <<<'from a pipe'
	mreg_is 0 note digits:v4
	says 'from a pipe'
	mreg_is 0 show --json digits
	json '.note == "reads\ndigits"'
}

@test "a note is seen through each link, and set through one" {
	mreg link -q digits:v1 reader:production
	mreg note -q reader:production -m 'in service'
	mreg_is 0 note digits:v1
	says 'in service'
	mreg_is 0 show --json reader:v0
	json '.description == "in service"'
}

@test "an empty note hides the one before, the same one writes nothing" {
	mreg_is 0 note digits:v1 -m ''
	mreg_is 0 note digits:v1
	says_nothing
	cp .mreg/journal before
	mreg_is 0 note digits:v1 -m ''
	mreg_is 0 note digits:v2 -m 'epoch 3'
	mreg_is 0 note -n digits:v2 -m other
	cmp before .mreg/journal
}

@test "what is no note is refused, and nothing changes" {
	cp .mreg/journal before
	mreg_is 2 note digits:v1 -m "$(printf 'a\377b')"
	complains "not UTF-8"
	printf 'a\0b' >nul
	mreg_is 2 note digits:v1 -F nul
	complains "NUL"
	head -c 600000 /dev/zero | tr '\0' x >large
	mreg_is 2 note digits:v1 -F large
	mreg_is 2 note digits:v1 -F - <large
	mreg_is 10 note digits:v1 -F nowhere
	mreg_is 2 note digits:v1 -m a -F large
	complains "exclude each other"
	mreg_is 2 note digits:v1 -m a -e
	mreg_is 3 note nowhere -m a
	mreg_is 4 note digits:v9 -m a
	cmp before .mreg/journal
}

@test "control characters are escaped for people" {
	mreg note -q digits:v1 -m "$(printf 'a\033[2Jb\nc')"
	mreg_is 0 note digits:v1
	[[ $output != *$'\033'* ]]
	mreg_is 0 note --json digits:v1
	json '.note == "a\u001b[2Jb\nc"'
}

# an_editor SCRIPT: bin/ed1 that does it to $1
an_editor()
{
	printf '#!/bin/sh\n%s\n' "$1" >../bin/ed1
	chmod +x ../bin/ed1
}

@test "note -e begins with the note and takes what was saved, Markdown and all" {
	mreg note -q digits:v1 -m '# Heading'
	# shellcheck disable=SC2016
	an_editor 'cp "$1" seen; { printf "# Heading\n\nand more\n\n"; tail -n +2 "$1"; } >new; cat new >"$1"'
	EDITOR=ed1 mreg_is 0 note -e digits:v1
	says_nothing
	no_complaint
	assert_equal "$(head -1 seen)" '# Heading'
	grep -q 'the note of digits:v1' seen
	mreg_is 0 note digits:v1
	says '# Heading' '' 'and more'
	cp .mreg/journal before
	EDITOR=true mreg_is 0 note -e digits:v1
	cmp before .mreg/journal
}

@test "the editor is MREG_EDITOR, core.editor, VISUAL or EDITOR, the first that is set" {
	local name
	for name in one two three four; do
		an_editor "printf '$name' >\"\$1\""
		mv ../bin/ed1 "../bin/$name"
	done
	export EDITOR=four
	mreg note -q -e digits:v1
	assert_equal "$(mreg note digits:v1)" four
	export VISUAL=three
	mreg note -q -e digits:v1
	assert_equal "$(mreg note digits:v1)" three
	mreg config -q core.editor two
	mreg note -q -e digits:v1
	assert_equal "$(mreg note digits:v1)" two
	MREG_EDITOR=one mreg note -q -e digits:v1
	assert_equal "$(mreg note digits:v1)" one
}

@test "an editor that fails changes nothing: 6" {
	cp .mreg/journal before
	EDITOR=false mreg_is 6 note -e digits:v1
	says_nothing
	complains "the editor 'false' ended with 1: nothing was changed"
	cmp before .mreg/journal
}

@test "a note that somebody else has changed in the meantime is 5, and no text is lost" {
	local kept
	mkdir tmp
	an_editor 'mreg note -q digits:v1 -m theirs; printf "mine" >"$1"'
	TMPDIR=$PWD/tmp EDITOR=ed1 mreg_is 5 note -e digits:v1
	says_nothing
	complains "in the meantime"
	complains "the text is kept in '"
	kept=(tmp/*)
	assert_equal "$(cat "${kept[@]}")" mine
	mreg_is 0 note digits:v1
	says theirs
}

@test "every note is a revision with its author" {
	mreg note -q digits:v1 -m one
	mreg -c user.name=other note -q digits:v1 -m two
	mreg_is 0 history --json digits:v1
	json 'lines | map(select(.verb == "note")) | map([.user, .old, .new]) == [["other", "one", "two"], ["tester", null, "one"]]'
}
