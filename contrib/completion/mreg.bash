# SPDX-License-Identifier: Apache-2.0
# bash completion for mreg; it asks the program, so it cannot go stale.
# Use: source <(mreg completion bash), or install it as bash-completion/completions/mreg.

_mreg()
{
	local IFS=$'\n' line=${COMP_LINE:0:COMP_POINT} cur before found colon quoted
	local -a words

	# bash splits words at colons and equals signs, too: take what stands between blanks
	cur=$2
	[[ $line == *[[:space:]] ]] || cur=${line##*[[:space:]]}
	before=${line%"$cur"}
	IFS=$' \t\n' read -r -a words <<<"$before"
	# a program, not something of ours; its words are files, as a rule
	if [[ ${words[-1]} == -- && $before =~ [[:space:]](run[[:space:]]+exec|watch)[[:space:]] ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		return
	fi
	found=$(mreg completion --complete -- "${words[@]:1}" "${cur//[\"\'\\]/}" 2>/dev/null) || return 0
	COMPREPLY=()
	while IFS=$'\t' read -r line _; do
		# a run may be called anything: what stands on the line must be no command; within quotes only what needs none is offered
		printf -v quoted %q "$line"
		[[ -z $line || ($quoted != "$line" && $cur == *[\"\']*) ]] || COMPREPLY+=("$quoted")
	done <<<"$found"
	# what bash took for a word of its own stands on the line already
	colon=${cur%"${cur##*:}"}
	if [[ -n $colon && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"$colon"}")
	fi
}

complete -o bashdefault -o default -F _mreg mreg
