#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg help: the verbs, and the page of one.

load lib

@test "help lists the verbs by group, outside of a registry" {
	mreg_is 0 help
	no_complaint
	assert_line --index 0 "usage: mreg [-C DIR] [-c key=value] [options] VERB [operands]"
	assert_line "Start a registry:"
	assert_line "Store and fetch:"
	assert_line "  put         store files as a new version"
	assert_line "'mreg help VERB' explains a verb, 'mreg VERB -h' lists its options."
	assert_equal "$(grep -c '^  [a-z]' <<<"$output")" "$(mreg help --list | wc -l)"
}

@test "help --list prints the names alone" {
	mreg_is 0 help --list
	assert_line --index 0 alias
	assert_line put
	assert_line version
	refute_line --partial ' '
	no_complaint
	mreg_is 0 help -q
	says "$(mreg help --list)"
	mreg_is 2 help --list put
	says_nothing
	complains "'--list' takes no verb"
}

@test "help VERB in a pipe prints the verb's usage" {
	mreg_is 0 help put
	says "$(mreg put -h)"
	no_complaint
	mreg_is 0 help help
	says "$(mreg help -h)"
}

@test "help VERB on a terminal shows the page with man" {
	cat >../bin/man <<'EOF'
#!/bin/sh
[ "$1" = -w ] || echo "the page $*"
EOF
	chmod +x ../bin/man
	run -0 script -qefc 'mreg help put' /dev/null </dev/null
	assert_equal "${output//$'\r'/}" "the page mreg-put"
}

@test "help VERB on a terminal prints the usage where the page is not installed" {
	printf '#!/bin/sh\nexit 16\n' >../bin/man
	chmod +x ../bin/man
	run -0 script -qefc 'mreg help put' /dev/null </dev/null
	assert_equal "${output//$'\r'/}" "$(mreg put -h)"
}

@test "help shows pages that are of no verb, or says where they are" {
	local page
	for page in "$MREG_SRCDIR"/man/mreg-*.[57]; do
		page=${page##*/mreg-}
		[ "$page" != config.5 ] && [ "$page" != bundle.5 ] || continue
		mreg_is 0 help "${page%.*}"
		says "mreg-${page%.*}(${page##*.}) is a manual page: man mreg-${page%.*}, or man ./man/mreg-$page in the sources"
	done
}

@test "help of an unknown verb is a usage error with the nearest" {
	mreg_is 2 help resovle
	says_nothing
	complains "unknown verb 'resovle'"
	complains "Did you mean 'mreg resolve'?"
	mreg_is 2 help commit
	complains "mreg says 'put'"
	mreg_is 2 help put get
	complains "unexpected operand 'get'"
}

@test "help --json has verb, group, synopsis and summary" {
	mreg_is 0 help --json
	no_complaint
	json 'lines | all(.[]; .format == 1 and (.verb | length > 0) and (.group | length > 0) and (.summary | length > 0) and has("synopsis"))'
	json 'lines | length == '"$(mreg help --list | wc -l)"
	mreg_is 0 help --json put
	json '.verb == "put" and .group == "store" and .synopsis == "[options] NAME [PATH...]" and .summary == "store files as a new version"'
}

@test "help takes --template" {
	mreg_is 0 help --template '{verb}: {summary}' version
	says "version: print the version of mreg"
	no_complaint
}
