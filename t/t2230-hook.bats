#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hooks, and mreg hook: programs that run around a change.

load lib

setup()
{
	sandbox
	digits_registry
	mreg alias -q digits:v1 best
}

teardown()
{
	[ -z "${child-}" ] || kill -9 "$child" 2>/dev/null || :
}

# hook NAME: its text comes on standard input.
hook()
{
	{ echo '#!/bin/sh' && cat; } >".mreg/hooks/$1"
	chmod +x ".mreg/hooks/$1"
}

# Every hook keeps its event in a file of its name, a line each.
keep_events()
{
	local when kind
	for kind in put alias link promote; do
		for when in pre post; do
			hook "$when-$kind" <<<'cat >>"$PWD/${0##*/}.events"'
		done
	done
}

# event FILE FILTER: of the one event there.
event()
{
	output=$(cat "$1.events")
	json "$2"
}

references()
{
	cat .mreg/journal
	mreg ls --json
}

@test "a put tells its hooks what it stores" {
	keep_events
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt" -m 'just labels' -M lr=0.5
	says digits:v5
	no_complaint
	event pre-put '.format == 1 and .event == "put" and .hook == "pre-put" and .verb == "put" and .ref == "digits:v5" and .number == 5'
	event pre-put '.name == "digits" and .kind == "artifact" and .type == "model" and .from == null and .to == "digits:v5"'
	event pre-put '.user == "tester" and (.host | length > 0) and .time == "2026-01-02T03:04:05Z" and .why == "just labels"'
	event pre-put '.description == "just labels" and .metadata == {"lr": 0.5} and .metrics == {} and .alias == null and .stage == null'
	event pre-put ".digest == \"$(mreg resolve digits)\""
	diff <(sed s/post/pre/ post-put.events) pre-put.events
	assert_not_exists pre-alias.events
}

@test "a put of what is there already is none, and its aliases are told of" {
	keep_events
	mreg_is 0 put digits "$DIGITS/epoch-3" -a best -a stable
	assert_not_exists pre-put.events
	run -0 jq -sc 'map([.hook, .verb, .alias, .from, .to])' pre-alias.events
	says '[["pre-alias","put","best","digits:v1","digits:v2"],["pre-alias","put","stable",null,"digits:v2"]]'
	mreg_is 0 put digits "$DIGITS/epoch-3" -a best
	assert_equal "$(wc -l <post-alias.events)" 2
}

@test "an alias tells its hooks when it is set, moved and removed, and not when it stays" {
	keep_events
	mreg_is 0 alias digits:v2 best -m because
	event pre-alias '.alias == "best" and .from == "digits:v1" and .to == "digits:v2" and .ref == "digits:v2" and .why == "because" and .stage == null'
	event pre-alias '.metadata.epoch == 3'
	rm ./*.events
	mreg_is 0 alias digits:v2 best
	assert_not_exists pre-alias.events
	mreg_is 0 alias -d digits:best
	event post-alias '.from == "digits:v2" and .to == null and .ref == "digits:v2" and .number == 2 and .why == null'
	assert_not_exists pre-promote.events
}

@test "the promote hooks run when a stage moves, whatever moves it" {
	keep_events
	mreg_is 0 promote digits:v1 production
	event post-promote '.event == "promote" and .verb == "promote" and .stage == "production" and .from == null and .to == "digits:v1"'
	mreg_is 0 alias digits:v2 production
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt" -a production
	mreg_is 0 rollback digits:production
	mreg_is 0 alias -d digits:production
	run -0 jq -sc 'map([.verb, .from, .to])' post-promote.events
	says '[["promote",null,"digits:v1"],["alias","digits:v1","digits:v2"],["put","digits:v2","digits:v5"],["rollback","digits:v5","digits:v2"],["alias","digits:v2",null]]'
	mreg_is 0 -c stage.list=best alias digits:v3 best
	assert_equal "$(jq -r .stage post-promote.events | tail -1)" best
}

@test "a link tells its hooks of the model and of where it leads" {
	keep_events
	mreg_is 0 put digits "$DIGITS/epoch-3" --link scanner:production
	event pre-link '.event == "link" and .ref == "scanner:v0" and .kind == "model" and .source == "digits:v2" and .from == null and .to == "scanner:v0"'
	event pre-alias '.ref == "scanner:v0" and .alias == "production" and .source == "digits:v2"'
	event post-promote '.stage == "production" and .metadata.epoch == 3'
	assert_not_exists pre-put.events
	rm post-link.events
	mreg_is 0 link digits:v0 scanner
	event post-link '.verb == "link" and .ref == "scanner:v1" and .source == "digits:v0" and .from == null'
	rm post-link.events
	mreg_is 0 unlink scanner:v1
	event post-link '.verb == "unlink" and .ref == "scanner:v1" and .from == "scanner:v1" and .to == null and .metadata.epoch == 1'
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt" --metric acc=0.75 --tag good --link scanner
	event pre-put '.metrics == {"acc": 0.75} and .tags == ["good"] and .source == null'
	output=$(tail -1 post-link.events)
	json '.metrics == {"acc": 0.75} and .source == "digits:v5" and .number == 2'
}

@test "a failing pre-hook refuses, says why, and nothing has changed" {
	local kind
	for kind in alias promote; do
		hook "pre-$kind" <<<'echo "not on a Friday" >&2; exit 3'
		references >../before
		mreg_is 6 alias digits:v2 production
		says_nothing
		complains "not on a Friday"
		complains "hook 'pre-$kind' refuses 'digits:v2': it ended with 3"
		mreg_is 6 --json promote digits:v2 production
		json_error '.error.code == "policy"'
		diff ../before <(references)
		rm ".mreg/hooks/pre-$kind"
	done
	hook pre-put <<<'exit 1'
	mreg_is 6 put digits "$DIGITS/epoch-1/labels.txt"
	mreg_is 6 put new "$DIGITS/epoch-1/labels.txt"
	diff ../before <(references)
	assert_equal "$(ls -A .mreg/tmp)" ""
}

@test "one hook that refuses stops the whole transaction" {
	hook pre-alias <<<'jq -e ".alias != \"stable\"" >/dev/null'
	mreg_is 6 alias digits:v2 best stable
	mreg_is 0 alias -q digits
	says digits:best
	mreg_is 6 put digits "$DIGITS/epoch-1/labels.txt" -a stable
	mreg_is 4 resolve digits:v5
}

@test "a failing post-hook warns, and is run again by hook run --failed" {
	hook post-alias <<<'[ -e repaired ] || exit 4'
	mreg_is 0 alias digits:v2 best
	says digits:v2
	complains "warning: hook 'post-alias' failed for 'digits:v2': it ended with 4"
	mreg_is 0 hook --json ls
	json '.hook == "post-alias" and .executable and .failed == 1'
	mreg_is 6 hook run --failed
	complains "1 hook failed again"
	touch repaired
	mreg_is 0 hook run --json -n --failed
	json '.ref == "digits:v2" and .passed == null'
	mreg_is 0 hook run --json --failed
	json '.hook == "post-alias" and .ref == "digits:v2" and .passed'
	mreg_is 0 hook run --json --failed
	says_nothing
	mreg_is 0 hook --json ls
	json '.failed == 0'
}

@test "what hooks print goes to stderr, whatever the verb prints" {
	hook pre-alias <<<'echo said before'
	hook post-alias <<<'echo said after'
	mreg_is 0 alias --json digits:v2 best
	json '.ref == "digits:v2"'
	assert_equal "$stderr" "$(printf 'said before\nsaid after')"
}

@test "a hook can call mreg, before and after, from any directory" {
	hook pre-put <<-'END'
		cd /
		mreg alias -q digits:v0 before -m "from a hook" >/dev/null
		mreg get -q digits:v0 -o "$HOME/got" >/dev/null
	END
	hook post-put <<-'END'
		cd /
		ref=$(jq -r .ref)
		mreg alias -q "$ref" after >/dev/null
		mreg resolve "$ref"
	END
	mreg_is 0 -c core.lockTimeout=1s put digits "$DIGITS/epoch-1/labels.txt"
	says digits:v5
	assert_equal "$(mreg resolve --name digits:before) $(mreg resolve --name digits:after)" "digits:v0 digits:v5"
	assert_equal "$stderr" "$(mreg resolve digits:v5)"
	same_tree "$DIGITS/epoch-1" "$HOME/got"
}

@test "a post-hook runs after all locks are released" {
	hook post-put <<<'flock --version >/dev/null; cat >/dev/null; mreg fsck -q --rebuild-index'
	mreg_is 0 -c core.lockTimeout=1s put digits "$DIGITS/epoch-1/labels.txt"
	no_complaint
}

@test "hooks are asked again when something changed meanwhile" {
	# the number that was to be given is taken while the hook thinks about it
	hook pre-put <<-'END'
		jq -r .ref >>asked
		[ -e taken ] || { touch taken && mreg put -q digits "$MREG_SRCDIR/t/data/digits/epoch-2/labels.txt" --as other; } >/dev/null
	END
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt"
	says digits:v6
	assert_equal "$(tr '\n' ' ' <asked)" "digits:v5 digits:v5 digits:v6 "
}

@test "hooks that change what they are asked about are not asked for ever" {
	hook pre-alias <<-'END'
		jq -e '.alias == "best"' >/dev/null || exit 0
		echo asked >>asked
		v=$(mreg resolve --name digits:best)
		mv .mreg/hooks/pre-alias aside
		[ "$v" = digits:v1 ] && v=digits:v2 || v=digits:v1
		mreg alias -q "$v" best
		mv aside .mreg/hooks/pre-alias
	END
	cp .mreg/journal before
	mreg_is 5 alias digits:v3 best
	complains "keeps changing while the hooks are asked"
	assert_equal "$(wc -l <asked)" 10
}

@test "a dry run asks no hook" {
	hook pre-alias <<<'touch ran; exit 1'
	hook post-alias <<<'touch ran'
	mreg_is 0 alias -n digits:v2 best
	mreg_is 0 put -n digits "$DIGITS/epoch-1/labels.txt" -a best
	assert_not_exists ran
}

@test "a hook that does not read its event, or much of it, is no failure" {
	local long
	long=$(head -c 200000 /dev/zero | tr '\0' x)
	printf '{"long":"%s"}' "$long" >meta.json
	hook pre-put <<<'exit 0'
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt" --meta-file meta.json
	says digits:v5
	hook pre-put <<<'head -c 10 >/dev/null'
	mreg_is 0 put digits "$DIGITS/epoch-2/labels.txt" --as b --meta-file meta.json
	no_complaint
}

@test "a hook that is not executable is ignored, with a note" {
	printf '#!/bin/sh\nexit 1\n' >.mreg/hooks/pre-alias
	mreg_is 0 alias digits:v2 best stable
	says digits:v2
	assert_equal "$(grep -c "note: hook 'pre-alias' is ignored: .* is not executable" <<<"$stderr")" 1
	mreg_is 0 alias -q digits:v3 best
	no_complaint
	mreg_is 0 put digits "$DIGITS/epoch-1"
	[[ $stderr != *hook* ]]
}

@test "a hook that this user may not run or find is not skipped" {
	local as=(setpriv --inh-caps=-all --bounding-set=-all --)
	[ "$(id -u)" = 0 ] || skip "needs to be root"
	hook pre-alias <<<'exit 0'
	chown nobody .mreg/hooks .mreg/hooks/pre-alias
	chmod 700 .mreg/hooks/pre-alias
	run --separate-stderr -6 "${as[@]}" mreg alias digits:v2 best
	says_nothing
	[[ $stderr == *"hook 'pre-alias'"*"Permission denied"* ]]
	chmod 755 .mreg/hooks/pre-alias
	run --separate-stderr -0 "${as[@]}" mreg alias digits:v2 best
	chmod 700 .mreg/hooks
	run --separate-stderr -6 "${as[@]}" mreg alias digits:v3 best
	says_nothing
	mreg_is 0 resolve --name digits:best
	says digits:v2
}

@test "a hook that cannot be run refuses" {
	printf '#!/nowhere/interpreter\n' >.mreg/hooks/pre-alias
	chmod +x .mreg/hooks/pre-alias
	mreg_is 6 alias digits:v2 best
	complains "hook 'pre-alias': cannot run"
}

@test "somebody who interrupts mreg interrupts its hook, and nothing has changed" {
	local status=0
	mkfifo running never
	hook pre-alias <<<'trap "echo told >told; exit 1" TERM; exec 3<>never; echo >running; read -r _ <&3'
	references >../before
	mreg alias digits:v2 best &
	child=$!
	read -r _ <running
	kill -TERM $child
	wait $child || status=$?
	child=
	assert_equal "$status" 143
	assert_exists told
	diff ../before <(references)
}

@test "hooks of somebody else's registry are not run, and what they should see is refused" {
	[ "$(id -u)" = 0 ] || return 0 # only root can give a file away
	hook post-alias <<<'touch ran'
	chown -R nobody .mreg
	references >../before
	mreg_is 6 alias digits:v2 best
	complains "hook 'post-alias' would not be run, since registry '$PWD' belongs to somebody else"
	complains "safe.directory '$PWD'"
	mreg_is 6 hook run post-alias digits:best
	diff ../before <(references)
	assert_not_exists ran
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt"
	mreg config --user safe.directory "$PWD"
	mreg_is 0 alias digits:v2 best
	assert_exists ran
}

@test "hook ls lists what there is" {
	mreg_is 0 hook -q ls
	says_nothing
	hook post-put <<<:
	printf '#!/bin/sh\n' >.mreg/hooks/pre-promote
	printf '#!/bin/sh\n' >.mreg/hooks/pre-promote.sample
	mreg_is 0 hook -q ls
	says pre-promote post-put
	mreg_is 0 hook --json ls
	json 'lines | map([.hook, .executable, .failed]) == [["pre-promote", false, 0], ["post-put", true, 0]]'
	json "lines | .[1].path == \"$PWD/.mreg/hooks/post-put\""
}

@test "hook run runs one on an event made of a reference" {
	keep_events
	mreg_is 0 hook run post-put digits:v2
	says_nothing
	event post-put '.event == "put" and .hook == "post-put" and .verb == "hook" and .ref == "digits:v2" and .metadata.epoch == 3'
	mreg_is 0 hook run --json pre-alias digits:best
	json '.hook == "pre-alias" and .ref == "digits:v1" and .passed'
	event pre-alias '.alias == "best" and .to == "digits:v1"'
	mreg_is 0 hook run -n post-promote digits:best
	json '.hook == "post-promote" and .stage == "best" and .ref == "digits:v1"'
	assert_not_exists post-promote.events
	mreg_is 0 hook run -n --json post-promote digits:best
	json '.format == 1 and .hook == "post-promote"'
	hook post-put <<<'exit 9'
	mreg_is 6 hook run post-put digits
	complains "hook 'post-put' failed for 'digits:v4': it ended with 9"
	mreg_is 0 hook --json ls
	json 'lines | all(.[]; .failed == 0)'
}

@test "hook run of what is not there" {
	mreg_is 2 hook run post-puts digits
	complains "Did you mean 'post-put'?"
	mreg_is 3 hook run post-put digits
	complains "is no file"
	hook post-put <<<:
	hook post-alias <<<:
	mreg_is 3 hook run post-put nowhere
	mreg_is 4 hook run post-put digits:v77
	mreg_is 2 hook run post-alias digits:v1
	complains "names no alias"
	mreg_is 2 hook run post-put
	mreg_is 2 hook run --failed post-put digits
	mreg_is 2 hook show
	mreg_is 2 hook ls post-put
	mreg_is 2 hook
}
