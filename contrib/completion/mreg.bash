# SPDX-License-Identifier: Apache-2.0
# bash completion for mreg; it asks the program, so it cannot go stale.
# Use: source <(mreg completion bash), or install it as bash-completion/completions/mreg.

# The verb among the words before the cursor, past the options that stand before it.
_mreg_verb()
{
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-C | -c | --registry | --template | --color) ((i++)) ;;
		-*) ;;
		*)
			printf '%s' "${COMP_WORDS[i]}"
			return
			;;
		esac
	done
}

# Names, or after NAME: the aliases and versions of it.
_mreg_references()
{
	case $1 in
	*:*)
		mreg alias -q "${1%%:*}" 2>/dev/null
		mreg ls -q "${1%%:*}" 2>/dev/null
		;;
	*) mreg ls -q 2>/dev/null ;;
	esac
}

_mreg()
{
	local cur=$2 verb line colon
	local -a words=()

	# bash splits words at colons, too: put NAME:REF together again
	if [[ $COMP_WORDBREAKS == *:* ]]; then
		line=${COMP_LINE:0:COMP_POINT}
		[[ $line == *[[:space:]] ]] || cur=${line##*[[:space:]]}
	fi
	verb=$(_mreg_verb)
	if [[ -z $verb && $cur == -* ]]; then
		mapfile -t words < <(mreg --list-options 2>/dev/null)
	elif [[ -z $verb ]]; then
		mapfile -t words < <(mreg help --list 2>/dev/null)
	elif [[ $cur == -* ]]; then
		mapfile -t words < <(mreg "$verb" --list-options 2>/dev/null)
	elif [[ $verb == help ]]; then
		mapfile -t words < <(mreg help --list 2>/dev/null)
	elif [[ $verb == completion ]]; then
		words=(bash fish zsh)
	elif [[ $verb != init && $verb != config ]]; then
		mapfile -t words < <(_mreg_references "$cur")
	fi
	mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$cur")
	# what bash took for a word of its own stands on the line already
	colon=${cur%"${cur##*:}"}
	if [[ -n $colon && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"$colon"}")
	fi
}

complete -o bashdefault -o default -F _mreg mreg
