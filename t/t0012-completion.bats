#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg completion: shells complete what mreg knows.

load lib

# completes LINE: what bash offers for the word at the end of LINE, sorted.
# bash hands over the words split at its COMP_WORDBREAKS, as here.
completes()
{
	bash --norc -c '
		source <(mreg completion bash)
		COMP_LINE=$1 COMP_POINT=${#1}
		mapfile -t COMP_WORDS < <(sed -E "s/([:=])/ \1 /g" <<<"$1" | xargs -n 1 printf "%s\n")
		[[ $1 != *[[:space:]] ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		current=${COMP_WORDS[COMP_CWORD]}
		[[ $current != : ]] || current=
		_mreg mreg "$current" "${COMP_WORDS[COMP_CWORD - 1]}"
		((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}" | sort' bash "$1"
}

offers()
{
	local line=$1
	shift
	run --separate-stderr -0 completes "$line"
	says "$@"
	no_complaint
}

@test "bash completes verbs" {
	offers 'mreg res' resolve restore
	offers 'mreg s' search serve show status
	offers 'mreg --json pu' pull push put
	offers 'mreg -C /tmp --registry /tmp comp' completion
	run --separate-stderr -0 completes 'mreg '
	says "$(mreg help --list)"
}

@test "bash completes options, of the verb and of all verbs" {
	offers 'mreg put --fail' --fail-if-unchanged
	offers 'mreg get --ex' --exact --exclude
	offers 'mreg put --js' --json
	offers 'mreg --vers' --version
	offers 'mreg ls --qqq' ''
}

@test "every option that bash is offered is one" {
	local verb option
	for verb in $(mreg help --list); do
		for option in $(completes "mreg $verb -"); do
			mreg "$verb" -h | grep -q -E -e "(^| )$option( |,|\$)" || { echo "$verb $option" && return 1; }
		done
	done
}

@test "bash completes names, and after a colon aliases and versions" {
	digits_registry
	mreg put -q dice "$DIGITS/epoch-1"
	mreg alias -q digits:v1 best
	offers 'mreg show di' dice digits
	offers 'mreg get digits:b' best
	offers 'mreg get -o out digits:v' v0 v1 v2 v3 v4
	offers 'mreg resolve digits:' best v0 v1 v2 v3 v4
	offers 'mreg show nothing' ''
}

@test "bash completes verbs after help, and shells after completion" {
	offers 'mreg help al' alias
	offers 'mreg completion ' bash fish zsh
}

@test "completion is silent outside of a registry" {
	offers 'mreg get di' ''
}

@test "the scripts are what is installed" {
	local shell
	for shell in bash fish zsh; do
		mreg_is 0 completion "$shell"
		no_complaint
		says "$(cat "$MREG_SRCDIR/contrib/completion/mreg.$shell")"
	done
}

@test "completion --json has shell and script" {
	mreg_is 0 completion --json bash
	no_complaint
	json '.format == 1 and .shell == "bash" and (.script | test("complete .*_mreg"))'
	assert_equal "$(jq -r .script <<<"$output")" "$(mreg completion bash)"
}

@test "completion of an unknown shell names those there are" {
	mreg_is 2 completion tcsh
	says_nothing
	complains "no completion for the shell 'tcsh'"
	complains "bash, fish and zsh"
	mreg_is 2 completion
	says_nothing
	complains "an operand is missing"
}
