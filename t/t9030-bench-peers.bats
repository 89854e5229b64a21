#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Slow: every peer of t/bench that is installed gives back what it was given.

load lib

@test "every peer of bench that is installed does everything that it knows" {
	export MREG_BINARY
	"$MREG_SRCDIR/t/bench" --scale 0.0002 -n 1 --shared 120 --only bf16,small,sharing --json >result.json 2>progress || { cat progress && return 1; }
	jq -e '[.works[].failed] | add == {}' result.json || { cat progress && return 1; }
	jq -e '(.peers | keys) - ["rsync", "scp"] == ([.works.small.rows[].peer] | unique)' result.json
	jq -e '[.works.sharing.rows[].peer] | unique == ["mreg", "restic", "rsync", "scp"]' result.json
	jq -e '[.works.bf16.rows[] | select(.op == "update") | .peer] | sort == ([.[]] | unique)' result.json
}
