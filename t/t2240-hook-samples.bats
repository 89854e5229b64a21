#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The hooks of contrib/hooks/.

load lib

setup()
{
	sandbox
	digits_registry
}

# use_sample SAMPLE HOOK
use_sample()
{
	cp "$MREG_SRCDIR/contrib/hooks/$1" ".mreg/hooks/$2"
	chmod +x ".mreg/hooks/$2"
}

# program PATH: its text comes on standard input.
program()
{
	cat >"$1"
	chmod +x "$1"
}

@test "each new version is evaluated, and its scores become metrics" {
	use_sample post-put-evaluate post-put
	program .mreg/hooks/evaluate <<-'END'
		#!/bin/sh
		test -f "$1/labels.txt" || exit 1
		echo loading...
		printf 'lines=%s\nloss=nan\n' "$(wc -l <"$1/labels.txt")"
	END
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt"
	says digits:v5
	[[ $stderr != *warning* ]]
	mreg_is 0 show --json digits:v5
	json ".metrics == {\"lines\": $(wc -l <"$DIGITS/epoch-1/labels.txt"), \"loss\": \"nan\"}"
	mreg put -q data "$DIGITS/epoch-1/labels.txt" --type dataset
	mreg_is 0 show --json data:v0
	json '.metrics == {}'
}

@test "an evaluation that failed is tried again" {
	use_sample post-put-evaluate post-put
	program .mreg/hooks/evaluate <<<$'#!/bin/sh\n[ -e repaired ] && echo acc=0.5'
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt"
	says digits:v5
	complains "hook 'post-put' failed for 'digits:v5'"
	touch repaired
	mreg_is 0 hook run -q --failed
	says digits:v5
	mreg_is 0 show --json digits:v5
	json '.metrics == {"acc": 0.5}'
}

@test "promotions and rollbacks are told to a chat" {
	local bin
	bin=$(dirname "$(command -v mreg)")
	# what stands on its standard input, and in the file of its configuration
	program "$bin/curl" <<-'END'
		#!/bin/sh
		cat >>posted
		cat /dev/fd/3 >>url
		case "$*" in *chat.example*) exit 99 ;; esac
		[ ! -e down ]
	END
	use_sample post-promote-chat post-promote
	mreg config --user chat.webhook https://chat.example/hooks/secret 2>/dev/null
	mreg_is 0 promote digits:v1 production
	no_complaint
	mreg_is 0 promote digits:v3 production -m 'it is "better"'
	mreg_is 0 rollback digits:production
	mreg_is 0 alias -d digits:production
	mreg_is 0 alias digits:v1 best
	run -0 jq -r .text posted
	says 'digits:v1 is production now, says tester' 'digits:v3 is production now (it was v1), says tester: it is "better"' \
		'digits: production was rolled back to v1 (it was v3), says tester' 'digits:v1 is no longer production, says tester'
	assert_equal "$(sort -u url)" 'url = "https://chat.example/hooks/secret"'
	touch down
	mreg_is 0 promote digits:v2 staging
	complains "warning: hook 'post-promote' failed for 'digits:v2'"
	rm down
	mreg_is 0 hook run -q --failed
	says digits:v2
}

@test "a report is made anew whenever an alias moves" {
	use_sample post-alias-report post-alias
	mreg_is 0 promote digits:v1 production -m 'looks <good>'
	says digits:v1
	no_complaint
	grep -q 'looks &' report.html
	mreg config report.file ../digits.md 2>/dev/null
	mreg config report.options -- '--top 1 --metric loss:min' 2>/dev/null
	mkdir sub && cd sub
	mreg_is 0 alias digits:v3 best
	no_complaint
	grep -qF '| best | v3 |' ../../digits.md
	cp ../.mreg/hooks/post-alias ../.mreg/hooks/post-put
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt" --metric loss=0.5
	says digits:v5
	no_complaint
	grep -qF '**0.5**' ../../digits.md
	touch ../digits.txt ../digits.png
	mreg config report.options -- '--top 1 --media digits.*' 2>/dev/null
	mreg_is 0 alias digits:v1 better
	no_complaint
	mkdir ../taken && mreg config report.file taken 2>/dev/null
	mreg_is 0 alias digits:v2 best
	complains "warning: hook 'post-alias' failed for 'digits:v2'"
	rmdir ../taken
	mreg_is 0 hook run -q --failed
	says digits:v2
	[ -f ../taken ]
}
