#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line: what every verb has in common.

load lib

teardown()
{
	[ -z "${putter-}" ] || kill -9 "$putter" 2>/dev/null || :
}

# on_terminal ARG…: runs mreg with stdout and stderr on a terminal, its output in $output.
on_terminal()
{
	local command
	printf -v command '%q ' mreg "$@"
	run script -qefc "$command" /dev/null </dev/null
	output=${output//$'\r'/}
}

# --- where the registry is

@test "a registry is found from a directory below it" {
	digits_registry
	mkdir -p a/b/c
	cd a/b/c
	mreg_is 0 ls -q
	says digits
	no_complaint
}

@test "the nearest registry is used" {
	digits_registry
	mkdir -p inner/deep
	mreg init -q inner >/dev/null
	cd inner/deep
	mreg_is 0 ls -q
	says_nothing
	mreg_is 0 status -q
	says "$(cd .. && pwd)/.mreg"
}

@test "a directory .mreg that is no registry does not hide the one above" {
	digits_registry
	mkdir -p below/.mreg
	cd below
	mreg_is 0 ls -q
	says digits
	no_complaint
}

@test "without a registry every verb that needs one says so" {
	local verb
	for verb in 'alias m' 'cat m f' fsck 'get m' history 'log m' ls 'put m .' 'resolve m' 'show m' status 'verify m'; do
		# shellcheck disable=SC2086
		mreg_is 10 $verb
		says_nothing
		complains "no registry here or in any directory above"
		complains "'mreg init' makes one here"
	done
	assert_equal "$(ls -A)" ""
}

@test "--registry names the directory that holds .mreg, or .mreg itself, before and after the verb" {
	(mkdir there && cd there && digits_registry)
	mreg_is 0 --registry there ls -q
	says digits
	mreg_is 0 ls -q --registry there/.mreg
	says digits
	mreg_is 0 ls -q --registry=there
	says digits
	no_complaint
}

@test "MREG_DIR names a registry, and --registry is stronger" {
	(mkdir there && cd there && digits_registry)
	mkdir other && mreg init -q other >/dev/null
	export MREG_DIR=there
	mreg_is 0 ls -q
	says digits
	MREG_DIR=$PWD/there/.mreg mreg_is 0 ls -q
	says digits
	mreg_is 0 --registry other ls -q
	says_nothing
	MREG_DIR='' mreg_is 10 ls -q
	says_nothing
}

@test "a registry that is named and not there is 10, wherever we are" {
	digits_registry
	mkdir bare
	mreg_is 10 --registry bare ls
	mkdir -p bare/format
	mreg_is 10 --registry bare ls
	complains "no registry in 'bare'"
	says_nothing
	complains "no registry in 'bare'"
	complains "'mreg init bare' makes one"
	MREG_DIR=nowhere mreg_is 10 ls
	says_nothing
	complains "no registry in 'nowhere'"
	mreg_is 10 config --registry bare core.pager
	says_nothing
	complains "no registry in 'bare'"
}

@test "-C changes the directory first, once for each" {
	(mkdir -p there/deep && cd there && digits_registry)
	mreg_is 0 -C there ls -q
	says digits
	mreg_is 0 -C there -C deep ls -q
	says digits
	mreg_is 0 -Cthere ls -q
	says digits
	mreg_is 0 -C there --registry . ls -q
	says digits
	mreg_is 0 -C '' -C there get digits:v0 -o copy
	says copy
	same_tree "$DIGITS/epoch-1" there/copy
	mreg_is 10 -C nowhere ls
	says_nothing
	complains "cannot change to directory 'nowhere': No such file or directory"
}

# --- configuration for one command

@test "-c sets a key for this command alone" {
	new_registry
	mreg_is 0 -c user.name=ann put m "$DIGITS/epoch-1"
	mreg_is 0 put m "$DIGITS/epoch-2"
	mreg_is 0 ls m --template '{ref} {user}'
	says 'm:v1 tester' 'm:v0 ann'
	mreg_is 0 -c user.name=ann -c user.name=ben config user.name
	says ben
	no_complaint
}

@test "-c refuses what is no key and what is no value for it" {
	new_registry
	mreg_is 2 -c pager=less ls
	says_nothing
	complains "option '-c': 'pager' is not a legal key"
	mreg_is 2 -c core.lockTimeout=soon ls
	says_nothing
	complains "option '-c': 'core.lockTimeout' must be a duration"
	complains "'soon'"
}

@test "-C, -c and --version stand before the verb only" {
	new_registry
	mreg_is 2 ls -C .
	says_nothing
	complains "unknown option '-C'"
	mreg_is 2 ls -c core.pager=cat
	says_nothing
	complains "unknown option '-c'"
	mreg_is 2 ls --version
	says_nothing
	complains "unknown option '--version'"
}

# --- verbs

@test "no verb is a usage error that shows the verbs on stderr" {
	mreg_is 2
	says_nothing
	complains "usage: mreg "
	complains "  put         store files as a new version"
	complains "mreg: no verb was given"
	mreg_is 2 --json
	says_nothing
	assert_equal "${#stderr_lines[@]}" 1
	json_error '.error.code == "usage" and .error.message == "no verb was given"'
}

@test "an unknown verb is answered by the nearest" {
	mreg_is 2 pt digits .
	says_nothing
	complains "unknown verb 'pt'"
	complains "Did you mean 'mreg put'?"
	mreg_is 2 resovle digits
	complains "Did you mean 'mreg resolve'?"
	mreg_is 2 LS
	complains "unknown verb 'LS'"
	mreg_is 2 qqqqqqqq
	complains "unknown verb 'qqqqqqqq'"
	complains "'mreg help' lists the verbs"
	mreg_is 2 ''
	complains "unknown verb ''"
}

@test "a word of another tool is answered by ours" {
	local words theirs ours
	for words in add:put commit:put upload:put checkout:get download:get list:ls reflog:history rev-parse:resolve; do
		theirs=${words%:*} ours=${words#*:}
		mreg_is 2 "$theirs" m .
		says_nothing
		complains "unknown verb '$theirs'"
		complains "mreg says '$ours': mreg $ours"
	done
	for words in delete:rm mv:rename 'fetch:pull --dry-run'; do
		theirs=${words%:*} ours=${words#*:}
		mreg_is 2 "$theirs" m
		says_nothing
		complains "mreg says '$ours'"
	done
}

@test "a verb is not abbreviated" {
	mreg_is 2 resol digits
	says_nothing
	complains "unknown verb 'resol'"
}

@test "a verb with control characters does not reach the terminal" {
	mreg_is 2 $'e\033[31mvil\a'
	says_nothing
	[[ $stderr != *[$'\033\a']* ]]
	complains evil || complains vil
}

# --- options

@test "an unknown option is answered by the nearest and the usage" {
	mreg_is 2 put --alais best m .
	says_nothing
	complains "unknown option '--alais'"
	complains "Did you mean '--alias'?"
	complains "usage: mreg put [options] NAME [PATH...]"
	mreg_is 2 --jsno ls
	complains "Did you mean '--json'?"
	mreg_is 2 ls -x
	says_nothing
	complains "unknown option '-x'"
	complains "usage: mreg ls "
}

@test "a long option is not abbreviated" {
	new_registry
	mreg_is 2 ls --js
	says_nothing
	complains "unknown option '--js'"
}

@test "operands that are missing or too many are named" {
	new_registry
	mreg_is 2 put
	says_nothing
	complains "an operand is missing after 'put'"
	complains "usage: mreg put [options] NAME [PATH...]"
	mreg_is 2 put m
	complains "an operand is missing after 'm'"
	mreg_is 2 cat m a b
	says_nothing
	complains "unexpected operand 'b'"
	mreg_is 2 version now
	complains "unexpected operand 'now'"
}

@test "a value may follow, be glued on, or stand after an equals sign" {
	digits_registry
	local way
	for way in '-n 2' -n2 '--limit 2' --limit=2; do
		# shellcheck disable=SC2086
		mreg_is 0 ls -q $way digits
		says digits:v4 digits:v3
	done
	mreg_is 2 ls digits -n
	says_nothing
	complains "option '-n' needs a value: N"
	mreg_is 2 ls digits --limit=two
	complains "option '--limit' needs a whole number, 0 or more, not 'two'"
	mreg_is 2 ls digits --limit=-1
	complains "not '-1'"
	mreg_is 2 ls --removed=yes digits
	complains "option '--removed' takes no value"
}

@test "short options may be bundled" {
	digits_registry
	mreg_is 0 ls -qn2 digits
	says digits:v4 digits:v3
	mreg_is 0 put -qn m "$DIGITS/epoch-1"
	says m:v0
	no_complaint
	mreg_is 3 resolve m
	says_nothing
}

@test "options may stand behind operands, and -- ends them" {
	new_registry
	echo dashed >-q
	mreg_is 0 put m ./-q -q
	says m:v0
	mreg_is 0 cat m -- -q
	says dashed
	mreg_is 0 -- ls -q
	says m
	mreg_is 2 cat m -q
	says_nothing
	complains "an operand is missing after 'm'"
}

@test "a flag is taken back by its opposite" {
	digits_registry
	mreg_is 0 --quiet ls --no-quiet
	assert_line --index 0 --partial NAME
	no_complaint
	mreg_is 0 --json ls --no-json -q
	says digits
}

@test "-h works before and behind the verb, whatever else stands there" {
	mreg put -h >want
	mreg_is 0 -h put
	says "$(cat want)"
	no_complaint
	mreg_is 0 put --help
	says "$(cat want)"
	mreg_is 0 put m nowhere -h --expect vvv
	says "$(cat want)"
	mreg_is 0 -h
	says "$(mreg help)"
	no_complaint
	mreg_is 0 --help
	says "$(mreg help)"
}

@test "--version is mreg version" {
	mreg_is 0 --version
	says "$(mreg version)"
	no_complaint
}

# --- output

@test "--json, --template and -z do not go together" {
	digits_registry
	mreg_is 2 ls --json -z
	says_nothing
	json_error '.error.code == "usage" and (.error.message | test("exclude each other"))'
	mreg_is 2 ls --json --template '{ref}'
	says_nothing
	json_error '.error.status == 2'
}

@test "--template prints each record as it says" {
	digits_registry
	mreg alias -q digits:v1 best
	mreg_is 0 ls digits --template '{ref}\t{metadata.epoch}\t{aliases}\t{{{number}}}' -n 4 --sort number
	says $'digits:v0\t1\t\t{0}' $'digits:v1\t2\tbest\t{1}' $'digits:v2\t3\t\t{2}' $'digits:v3\t4\t\t{3}'
	no_complaint
	mreg_is 0 --template '{digest} {nothing}' resolve digits:best
	says "$(mreg resolve digits:v1) "
}

@test "--template names the column of what is wrong" {
	digits_registry
	mreg_is 2 ls --template 'ab{ref'
	says_nothing
	complains "a brace is not closed at column 3"
	mreg_is 2 ls --template '{ref}\q'
	says_nothing
	complains "column 6"
}

@test "-z ends each record with NUL" {
	digits_registry
	run --separate-stderr -0 bash -c 'mreg ls -z digits | tr "\0" "@"'
	says digits:v4@digits:v3@digits:v2@digits:v1@digits:v0@
	no_complaint
	mkdir tree
	echo x >"tree/$(printf 'two\nlines')"
	mreg put -q m tree
	run --separate-stderr -0 bash -c 'mreg ls -z m:v0 | xargs -0 -n 1 mreg cat m:v0'
	says x
}

@test "-q is ready for xargs" {
	digits_registry
	run --separate-stderr -0 bash -c 'mreg ls -q digits | head -2 | xargs -n 1 mreg resolve --name'
	says digits:v4 digits:v3
	no_complaint
}

@test "there is colour on a terminal, but not with NO_COLOR, TERM=dumb or --color=never" {
	digits_registry
	export TERM=xterm MREG_PAGER=cat
	on_terminal show digits:v0
	[[ $output == *$'\033['* ]]
	NO_COLOR=1 on_terminal show digits:v0
	[[ $output != *$'\033'* ]]
	NO_COLOR='' on_terminal show digits:v0
	[[ $output == *$'\033['* ]]
	on_terminal show --color=never digits:v0
	[[ $output != *$'\033'* ]]
	TERM=dumb on_terminal show digits:v0
	[[ $output != *$'\033'* ]]
	NO_COLOR=1 on_terminal --color always show digits:v0
	[[ $output == *$'\033['* ]]
}

@test "there is no colour in a pipe unless --color=always" {
	digits_registry
	export TERM=xterm
	mreg_is 0 show digits:v0
	[[ $output != *$'\033'* ]]
	mreg_is 0 show digits:v0 --color=always
	[[ $output == *$'\033['* ]]
	mreg_is 3 show --color=always nowhere
	says_nothing
	[[ $stderr == *$'\033['* ]]
	mreg_is 2 show --color=sometimes digits:v0
	says_nothing
	complains "option '--color' needs auto, always or never, not 'sometimes'"
}

@test "long output on a terminal goes through the pager, but not with --no-pager, -q or --json" {
	digits_registry
	export MREG_PAGER='sed s/^/paged:/'
	on_terminal ls -n 1 digits
	assert_line --index 1 --partial paged:digits:v4
	on_terminal -c core.pager='sed s/^/mine:/' ls -n 1 digits
	assert_line --index 1 --partial mine:digits:v4
	on_terminal ls --no-pager -n 1 digits
	assert_line --index 1 --regexp '^digits:v4'
	on_terminal ls -qn 1 digits
	assert_output digits:v4
	on_terminal ls --json -n 1 digits
	[[ $output == '{"format":1,'* ]]
	mreg_is 0 ls -n 1 digits
	assert_line --index 1 --regexp '^digits:v4'
}

@test "a pager that is left early is no error" {
	digits_registry
	export MREG_PAGER='head -n 1'
	on_terminal ls digits
	assert_equal "$status" 0
	assert_line --index 0 --partial REF
	assert_equal "${#lines[@]}" 1
}

@test "a pager that is not there is said, and the output comes all the same" {
	digits_registry
	MREG_PAGER=no-such-pager on_terminal ls -n 1 digits
	assert_equal "$status" 0
	assert_line --partial warning:
	assert_line --partial no-such-pager
	assert_line --regexp '^digits:v4'
}

@test "the last column is cut to the width of a terminal and whole in a pipe" {
	local text
	new_registry
	text=$(printf 'word%.0s' {1..60})
	mreg put -q m "$DIGITS/epoch-1" -m "$text"
	export MREG_PAGER=cat
	on_terminal ls m
	[[ $output != *"$text"* ]]
	output=${output##*$'\n'}
	((${#output} <= 80))
	mreg_is 0 ls m
	[[ $output == *"$text"* ]]
}

# --- when the world is in the way

@test "a reader that goes away ends mreg in silence, with 141" {
	digits_registry
	mkfifo pipe
	# a pipe whose reader has gone
	exec 7<>pipe 8>pipe 7<&-
	local command
	for command in 'ls digits' 'cat digits:v0 model.safetensors' 'show digits' status 'put -h' help; do
		# shellcheck disable=SC2086
		run --separate-stderr -141 bash -c "mreg $command >&8"
		no_complaint
	done
	exec 8>&-
}

@test "a full disk on standard output is 10" {
	digits_registry
	local command
	for command in 'ls digits' 'ls --json' 'cat digits:v0 labels.txt' 'put -h' version 'resolve -q digits' 'completion bash'; do
		run --separate-stderr -10 bash -c "mreg $command >/dev/full"
		complains "cannot write to standard output: No space left on device"
	done
	run --separate-stderr -10 bash -c 'mreg ls --json >/dev/full'
	json_error '.error.code == "disk-full" and .error.status == 10'
}

@test "a standard output that is closed is 10, and no file becomes it" {
	digits_registry
	run --separate-stderr -10 bash -c 'mreg cat digits:v0 labels.txt >&-'
	complains "cannot write to standard output"
	mreg_is 0 fsck -q
	says_nothing
	run --separate-stderr -0 bash -c 'mreg get -q digits:v0 -o t 2>&- <&-'
	says t
	same_tree "$DIGITS/epoch-1" t
}

@test "an interrupted put is ended by the signal, and leaves nothing behind" {
	local signal number status
	digits_registry
	mkfifo pipe
	state >before
	for signal in INT:2 TERM:15 HUP:1; do
		number=${signal#*:} signal=${signal%:*}
		# a shell ignores SIGINT for what it starts in the background
		env --default-signal=INT mreg put digits - --as file <pipe >out 2>err 3>&- &
		putter=$!
		exec 7>pipe
		# more than a pipe holds: when it is written, the put has read
		cat "$DIGITS"/epoch-?/model.safetensors >&7
		kill "-$signal" "$putter"
		# as timeout(1) does, which tells the program and then its group
		kill "-$signal" "$putter" || true
		status=0
		wait "$putter" || status=$?
		putter=
		exec 7>&-
		assert_equal "$status" $((128 + number))
		assert_equal "$(cat out)" ""
		stderr=$(cat err)
		complains "interrupted by signal $number"
		diff before <(state)
		assert_equal "$(ls -A .mreg/tmp .mreg/quarantine)" "$(printf '.mreg/quarantine:\n\n.mreg/tmp:')"
	done
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt"
	says digits:v5
	no_complaint
}

@test "a clock that cannot be read is a usage error" {
	MREG_NOW=yesterday mreg_is 2 version
	says_nothing
	complains "'MREG_NOW' must be a time"
}
