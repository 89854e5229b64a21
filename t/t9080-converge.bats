#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The test of t4220, for longer.

load lib

setup()
{
	sandbox
}

@test "whatever is done in registries that share through one, they come to be alike" {
	local seed
	for seed in $(seq 100 160); do
		mkdir "$seed"
		(cd "$seed" && "$MREG_SRCDIR/t/tools/converge.py" "$MREG_BINARY" "$seed" 150)
		rm -r "$seed"
	done
}
