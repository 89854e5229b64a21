# SPDX-License-Identifier: Apache-2.0
# What the tests of sharing have in common.
# shellcheck shell=bash

sharing_sandbox()
{
	sandbox
	unset MREG_SEED # registries that were made alike would be the same one
}

# A hub with five versions, and clones of it: a, b.
team()
{
	mkdir hub
	(cd hub && digits_registry && mreg alias digits:v2 best >/dev/null)
	mreg clone -q hub a >/dev/null
	mreg clone -q hub b >/dev/null
}

same_state()
{
	diff <(mreg --registry "$1" ls --json) <(mreg --registry "$2" ls --json)
	local name
	for name in $(mreg --registry "$1" ls -q); do
		diff <(mreg --registry "$1" ls "$name" --json | jq 'del(.absent)') <(mreg --registry "$2" ls "$name" --json | jq 'del(.absent)')
	done
}
