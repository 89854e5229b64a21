#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Slow: many more of the worlds that t/unit/test-merge.c makes, other ones each time; MREG_MERGE_SEED repeats a run.

load lib

@test "three registries that share at random come to one state, 20,000 times" {
	local seed=${MREG_MERGE_SEED:-$(date +%s)}
	"$MREG_BUILDDIR/t/unit/test-merge" "$seed" 10000
}
