#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# t/bench: what it prints can be read, by whoever is to judge it and by a program; the workloads are tiny here.

load lib

BENCH=$MREG_SRCDIR/t/bench
TINY=(--scale 0.0002 -n 1 --versions "3,6" --shared 120 --peers "mreg,git,rsync,scp")

setup_file()
{
	MREG_BINARY=${MREG_BINARY:-$MREG_BUILDDIR/mreg} "$BENCH" "${TINY[@]}" --json >"$BATS_FILE_TMPDIR/result.json" 2>"$BATS_FILE_TMPDIR/progress" ||
		{ cat "$BATS_FILE_TMPDIR/progress"; return 1; }
}

setup()
{
	sandbox
	export MREG_BINARY
	RESULT=$BATS_FILE_TMPDIR/result.json
}

# Every line of a table of $output has as many cells as its head, and none of them is empty but the first one of the head.
tables_parse()
{
	awk -F ' *[|] *' '
		!/^[|]/ { cells = 0; next }
		!cells { cells = NF; tables++; if (NF < 4) bad("no table") }
		NF != cells { bad("another number of cells") }
		{ for (i = 3; i < NF; i++) if ($i == "") bad("empty cell") }
		END { exit wrong || tables != wanted }
		function bad(what) { print what ": " $0; wrong = 1 }' wanted="$1" <<<"$output"
}

@test "bench measures every operation of mreg and git on every workload" {
	local work op
	for work in weights bf16 checkpoints small tables; do
		for op in first again touched next get update verify; do
			jq -e --arg w "$work" --arg o "$op" '[.works[$w].rows[] | select(.op == $o and .wall > 0 and .rss > 0) | .peer] | sort == ["git", "mreg"]' "$RESULT"
		done
		jq -e --arg w "$work" '.works[$w] | .failed == {} and .stored.mreg.first > 0 and .stored.git.all >= .stored.git.first' "$RESULT"
	done
	for op in put alias resolve; do
		jq -e --arg o "$op" '[.works.versions.rows[] | select(.op == $o and .wall > 0)] | length == 2 * 2 * 7' "$RESULT"
	done
	jq -e '.format == 1 and .works.versions.failed == {} and .works.versions.sizes == [3, 6] and (.peers | keys) == ["git", "mreg", "rsync", "scp"]' "$RESULT"
	jq -e '.machine.cores > 0 and .machine.processor != "" and .missing == []' "$RESULT"
}

@test "bench measures what is shared, and counts what travels" {
	jq -e '.works.sharing.failed == {} and .works.sharing.sizes == [100, 120]' "$RESULT"
	jq -e '[.works.sharing.rows[] | select(.wall > 0 and .cpu >= 0) | "\(.peer) \(.op)"] | unique == ["mreg changes", "mreg clone",
		"mreg clone of versions", "mreg current", "mreg push", "mreg small", "mreg small clone", "mreg ssh", "rsync push", "rsync small",
		"scp ssh"]' "$RESULT"
	jq -e '.works.sharing.travel.small | .files == 12 and .objects >= 12 and .wants < 6' "$RESULT"
	jq -e '.works.sharing.travel.change | .sent > 0 and .got > 0 and .grew > 0' "$RESULT"
	jq -e '.works.sharing.memory | keys == ["clone", "push", "small", "small clone"]' "$RESULT"
}

@test "bench shows a table for each workload, and figures that it judges at their own scale alone" {
	run --separate-stderr -0 "$BENCH" --from "$RESULT"
	tables_parse 10
	assert_line '## weights'
	assert_line '## versions'
	assert_line '## sharing'
	assert_line --regexp '^\| mreg +\|( +[0-9.]+ \|){13}$'
	assert_line --regexp '^\| git +\|( +[0-9.]+ \([0-9.]+\) \|){7}'
	assert_line --regexp '^\| rsync +\| +[0-9.]+ \([0-9.]+\) \| +- \| +- \| +[0-9.]+ \([0-9.]+\) \| +- \|$'
	assert_line --regexp '^\| 120 +\|( +[0-9.-]+ \|){4}$'
	assert_line --regexp '^12 small files: [0-9]+ objects, asked for in [0-9]+ frames.$'
	assert_line --regexp '^\| git +\| +6 \|( +[0-9.]+ \([0-9.]+\) \|){3}$'
	assert_line --regexp '^\| weights: stored / raw +\| +[0-9.]+ \| +0.85 \| +not judged \|$'
	assert_line --regexp '^\| weights: first / borg +\| +- \| +0.45 \| +not measured \|$'
}

@test "bench ends with 1 when a figure is missed" {
	jq '.scale = 0.25 | .works.weights.stored.mreg.first = 0.85 * .works.weights.payload.first
		| .works.bf16.stored.mreg.first = 0.71 * .works.bf16.payload.first' "$RESULT" >judged.json
	run --separate-stderr -1 "$BENCH" --from judged.json
	tables_parse 10
	assert_line --regexp '^\| weights: stored / raw +\| +0.850 \| +0.85 \| +met \|$'
	assert_line --regexp '^\| bf16: stored / raw +\| +0.710 \| +0.7 \| +\*\*missed\*\* \|$'
	jq '.works |= {bf16} | .works.bf16.stored.mreg.first = 0.5 * .works.bf16.payload.first | .works.bf16.memory = {}' judged.json >met.json
	run --separate-stderr -0 "$BENCH" --from met.json
	tables_parse 2
	jq '.works.bf16.failed = {mreg: "it crashed"}' met.json >failed.json
	run --separate-stderr -1 "$BENCH" --from failed.json
	assert_line 'mreg failed: it crashed'
}

@test "bench --readme has one column for each peer, and names the machine but no path" {
	run --separate-stderr -0 "$BENCH" --from "$RESULT" --readme
	tables_parse 1
	assert_line --index 0 --regexp '^\| +\| +mreg \| +git \|$'
	assert_line --regexp '^\| small: put, s +\| +[0-9.]+ \| +[0-9.]+ \|$'
	# it is broken into lines
	[[ ${output//$'\n'/ } =~ cores?,\ [0-9]+\ GiB,\ .*\;\ 1\ round\ at\ scale\ 0\.0002\. ]]
	refute_output --partial "$PWD"
}

@test "the table in README is one that bench --readme prints" {
	"$BENCH" --from "$RESULT" --readme | grep -oE '^[|] [a-z0-9]+: [^|]*[^| ] ' | sort >known
	run sed -n '/^\[t.bench --readme, from here\]$/,/^\[to here\]$/p' "$MREG_SRCDIR/README"
	tables_parse 1
	assert_line --index 1 --regexp '^\| +\| +mreg \|'
	grep -oE '^[|] [a-z0-9]+: [^|]*[^| ] ' <<<"$output" | sort >shown
	[ -s shown ]
	assert_equal "$(comm -13 known shown)" ""
}

@test "bench keeps its files where it is told to, makes the same ones again, and leaves nothing else" {
	"$BENCH" "${TINY[@]}" --only small,tables --scratch work --data data >/dev/null
	assert_equal "$(ls work)" ""
	assert_equal "$(ls data)" $'small-0.0002\ntables-0.0002'
	mv data before
	"$BENCH" "${TINY[@]}" --only small,tables --peers mreg --scratch work --data data >/dev/null
	diff -r before data
}

@test "bench that is called wrongly ends with 2" {
	run --separate-stderr -2 "$BENCH" --only nothing
	[[ $stderr == *"no 'nothing' among weights"* ]]
	run --separate-stderr -2 "$BENCH" --scale 0
	MREG_BINARY=$PWD/none run --separate-stderr -2 "$BENCH" "${TINY[@]}"
	[[ $stderr == *"there is no mreg in PATH"* ]]
}
