# SPDX-License-Identifier: Apache-2.0
# What the tests of transfers that go wrong have in common.
# shellcheck shell=bash disable=SC2154

PEER=$MREG_SRCDIR/t/tools/peer.py

setup()
{
	sandbox
	unset MREG_SEED # registries that were made alike would be the same one
}

teardown()
{
	[ -z "${child-}" ] || kill "$child" 2>/dev/null || :
}

# A registry here, with something in it, whose remote is far away.
here()
{
	mkdir here
	cd here || return
	new_registry
	mreg put -q ours "$DIGITS/epoch-1/labels.txt"
	mreg remote add origin far:reg
	references >../before
}

# What can be seen of a registry; what was verified already may lie in quarantine.
references()
{
	cat .mreg/journal
	ls .mreg/objects
}

hub()
{
	mkdir hub
	cd hub || return
	new_registry
	mreg put -q digits "$DIGITS/epoch-1"
	mreg put -q digits "$DIGITS/epoch-2"
	mreg put -q digits "$DIGITS/epoch-4" -a best
	cd ..
}

# The far end of far:DIR is here, and the connection ends after so many bytes from it, or to it.
cut_after()
{
	export MREG_SSH="python3 -SE '$PEER' cut $1 $2"
}

liar()
{
	export MREG_SSH="python3 -SE '$PEER' serve $1"
}

# lies WHEN STATUS LIE…: each ends with that status and a word about it, with nothing changed and nothing for a terminal.
lies()
{
	local when=$1 status_wanted=$2 lie
	shift 2
	for lie in "$@"; do
		liar "$lie"
		rm -rf .mreg/quarantine/*
		run --separate-stderr mreg "$when"
		echo "$lie: $status: $stderr"
		assert_equal "$lie $status" "$lie $status_wanted"
		says_nothing
		complains "mreg: cannot $when: "
		[[ $stderr != *$'\033'* ]]
		diff ../before <(references)
	done
	mreg_is 0 ls -q
	says ours
}

same_versions()
{
	diff <(mreg -C "$1" ls digits --json | jq -S 'del(.absent)') <(mreg -C "$2" ls digits --json | jq -S 'del(.absent)')
	mreg -C "$2" fsck -q
}
