#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Registries that share through one come to be alike, whatever was done in them, and whatever was killed on the way.

load lib

setup()
{
	sandbox
}

@test "after random work, and transfers that were killed, all registries are alike" {
	local seed
	for seed in 1 2 3 4; do
		mkdir "$seed"
		(cd "$seed" && "$MREG_SRCDIR/t/tools/converge.py" "$MREG_BINARY" "$seed" 60)
	done
}
