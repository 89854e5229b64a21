#compdef mreg
# SPDX-License-Identifier: Apache-2.0
# zsh completion for mreg; it asks the program, so it cannot go stale.
# Use: source <(mreg completion zsh) after compinit, or install it as _mreg in a directory of fpath.

_mreg()
{
	local line
	local -a found shown

	# a program, not something of ours; its words are files, as a rule
	if [[ $words[CURRENT-1] == -- && " $words " == *" "(run exec|watch)" "* ]]; then
		_command_names -e
		return
	fi
	for line in "${(@f)$(mreg completion --complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)words[CURRENT]}" 2>/dev/null)}"; do
		[[ -n $line ]] || continue
		found+=("${line%%$'\t'*}")
		shown+=("${line/$'\t'/  -- }")
	done
	if ((${#found})); then
		compadd -l -d shown -- "${found[@]}"
	else
		_files
	fi
}

if [[ $funcstack[1] == _mreg ]]; then
	_mreg "$@"
else
	compdef _mreg mreg
fi
