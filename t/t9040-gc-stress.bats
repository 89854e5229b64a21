#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Slow: gc in a loop beside those who put, get and remove, for long.

load lib
load gc-stress

@test "gc beside puts, gets and removals loses nothing in two minutes" {
	stress "${MREG_STRESS_SECONDS:-120}"
}
