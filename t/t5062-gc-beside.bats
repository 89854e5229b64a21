#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# gc in a loop beside those who put, get and remove; t9040 does it for longer.

load lib
load gc-stress

@test "gc beside puts, gets and removals loses nothing" {
	stress 5
}
