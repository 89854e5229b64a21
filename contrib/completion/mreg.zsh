#compdef mreg
# SPDX-License-Identifier: Apache-2.0
# zsh completion for mreg; it asks the program, so it cannot go stale.
# Use: source <(mreg completion zsh) after compinit, or install it as _mreg in a directory of fpath.

_mreg()
{
	local cur=${words[CURRENT]} verb='' i
	local -a found

	for ((i = 2; i < CURRENT; i++)); do
		case ${words[i]} in
		-C | -c | --registry | --template | --color) ((i++)) ;;
		-*) ;;
		*)
			verb=${words[i]}
			break
			;;
		esac
	done
	if [[ -z $verb && $cur == -* ]]; then
		found=(${(f)"$(mreg --list-options 2>/dev/null)"})
	elif [[ -z $verb || $verb == help ]]; then
		found=(${(f)"$(mreg help --list 2>/dev/null)"})
	elif [[ $cur == -* ]]; then
		found=(${(f)"$(mreg $verb --list-options 2>/dev/null)"})
	elif [[ $verb == completion ]]; then
		found=(bash fish zsh)
	elif [[ $cur == *:* ]]; then
		found=(${(f)"$(mreg alias -q ${cur%%:*} 2>/dev/null; mreg ls -q ${cur%%:*} 2>/dev/null)"})
	elif [[ $verb != init && $verb != config ]]; then
		found=(${(f)"$(mreg ls -q 2>/dev/null)"})
	fi
	compadd -- $found
	_files
}

if [[ $funcstack[1] == _mreg ]]; then
	_mreg "$@"
else
	compdef _mreg mreg
fi
