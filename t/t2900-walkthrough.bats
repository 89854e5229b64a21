#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The nine steps of t/walkthrough, and what they come to.

load lib

setup()
{
	sandbox
	unset MREG_NOW
	cp -r "$DIGITS" digits
}

@test "the walkthrough can be typed as it stands" {
	run --separate-stderr -0 "$MREG_SRCDIR/t/walkthrough"

	mreg_is 0 show --json Digit-Reader
	json '.title == "Digit Reader" and .kind == "model" and .tags == ["task=digits"] and .versions == 2'
	json '.aliases == {"archived":"Digit-Reader:v0","production":"Digit-Reader:v0","staging":"Digit-Reader:v1"}'
	mreg_is 0 show --json digits:best
	json '.ref == "digits:v3" and .metrics.test_accuracy == 0.972222 and .tags == ["evaluated"] and .models[0].ref == "Digit-Reader:v0"'
	mreg_is 0 ls -q digits
	says "$(printf 'digits:v%s\n' 4 3 2)"
	same_tree "$DIGITS/epoch-4" live
	assert_equal "$(cat live.stamp)" "$(mreg resolve digits:best)"
	mreg_is 0 history --json Digit-Reader --alias production
	json 'lines | map(.ref) | sort == ["Digit-Reader:v0", "Digit-Reader:v0", "Digit-Reader:v1"]'
	mreg_is 0 run inputs second-look -q
	says Digit-Reader:v0
	mreg_is 0 run outputs second-look -q
	says confusion:v0
	mreg_is 6 rm Digit-Reader:v0 --with-aliases
	mreg_is 0 resolve --name digits:candidate
	says digits:v2
	mreg_is 6 alias -d Digit-Reader:production
}

@test "the tour of README has every command of the walkthrough's steps" {
	local line
	grep '^mreg' "$MREG_SRCDIR/t/walkthrough" | sed -n '/^mreg create/,/^mreg pull/p' | cut -d' ' -f1,2 | sort -u >verbs
	while read -r line; do
		grep -q "^    \\$ $line" "$MREG_SRCDIR/README" || { echo "README does not show: $line" && return 1; }
	done <verbs
	[ "$(wc -l <verbs)" -ge 10 ]
}
