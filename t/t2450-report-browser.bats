#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a browser makes of the page of mreg report.  It is started once, and asked for all that the tests then look at.

load lib

setup_file()
{
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR BATS_TEST_NUMBER=1 sandbox
	digits_registry
	local i
	for i in 0 1 2 3 4; do
		mreg meta -q "digits:v$i" --metric "loss=0.$((9 - i))" --metric "acc=$([ "$i" = 4 ] && echo nan || echo "$((i * 7 % 4)).5")"
	done
	mreg meta -q digits:v0 --metric acc=-inf
	mreg promote -q digits:v1 production -m 'the first' >/dev/null
	mreg promote -q digits:v3 production -m 'it is better' >/dev/null
	mreg link -q digits:v3 reader:staging >/dev/null
	mreg report -q -o digits.html --metric loss:min --metric acc:max --title 'Digits & readers'
	"$MREG_BUILDDIR/t/unit/test-report-html" hostile hostile.html
	"$MREG_BUILDDIR/t/unit/test-report-html" many many.html
	PYTHONDONTWRITEBYTECODE=1 python3 "$MREG_SRCDIR/t/tools/look-at-report.py" "$PWD"/{digits,hostile,many}.html >facts
}

setup()
{
	sandbox
	output=$(cat "$BATS_FILE_TMPDIR/work/facts")
}

@test "no page makes the browser complain, or ask for anything but itself" {
	json '[.[].complaints] == [[], [], []]'
	json '[.[].requests | map(sub("#.*"; "") | sub(".*/"; "")) | unique - ["about:blank"]] == [["digits.html"], ["hostile.html"], ["many.html"]]'
}

@test "with scripts off everything is there, and nothing that would not work" {
	json '.digits.without_scripts.versions == ["v4", "v3", "v2", "v1", "v0"]'
	json '.digits.without_scripts.controls == 0 and .digits.without_scripts.charts == 2'
	json '.digits.without_scripts.text | contains("mreg rollback digits:production") and contains("it is better")'
	json '.digits.without_scripts.compared | .[0] == ["Field", "v3", "v4", "Change"] and any(. == ["loss", "0.6", "0.5", "−0.1 better"])'
}

@test "a heading sorts the versions both ways, numbers as numbers, what has none last" {
	json '.digits.sorted[0] == {"versions": ["v4", "v3", "v2", "v1", "v0"], "sorts": [["loss", "ascending"]]}'
	json '.digits.sorted[1] == {"versions": ["v0", "v1", "v2", "v3", "v4"], "sorts": [["loss", "descending"]]}'
	json '.digits.sorted[2] == {"versions": ["v1", "v2", "v3", "v0", "v4"], "sorts": [["acc", "descending"]]}'
	json '.many.sorted[0][:12] == ["v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11"]'
	json '.many.losses | length == 200 and . == (sort | reverse)'
}

@test "two versions that are chosen are compared, as the page compares two by itself" {
	json '.digits.chosen | .[0] == ["Field", "v0", "v1", "Change"] and any(. == ["loss", "0.9", "0.8", "−0.1 better"]) and any(. == ["acc", "-inf", "3.5", "differs better"])'
	json '.digits.chosen | any(. == ["epoch", "1", "2", "differs"])'
	json '.digits.chosen_as_before == .digits.without_scripts.compared'
}

@test "a filter leaves the versions that have all words" {
	json '.many.filtered | sort == (["v19"] + [range(190; 200) | "v\(.)"])'
	json '.many.all == 200'
}

@test "an anchor leads to the row of a version, or of who has an alias, and shows which it is" {
	json '[.digits.targets[][0]] == ["digits:v1", "digits:v3", "reader:v0"]'
	json '[.digits.targets[] | .[1] and .[2] != "rgba(0, 0, 0, 0)"] | all'
}

@test "the keyboard reaches everything: first a way past the head, and headings sort by Enter" {
	json '.digits.keyboard == {"first": "Skip to the collections", "sorts": [["Version", "ascending"]]}'
}

@test "all that can be used or seen has a name for a screen reader" {
	json '.digits.unnamed == []'
	json '["Versions of digits", "Compare", "with", "loss", "digits"] - .digits.names == []'
}

@test "text and lines can be read, in light and in dark" {
	json '.digits.light.background == "rgb(255, 255, 255)" and .digits.dark.background == "rgb(20, 23, 27)"'
	json '[.digits.light, .digits.dark] | all(.text >= 4.5 and .lines >= 3)'
}

@test "it can be printed, and read on a telephone" {
	json '.digits.pdf == "%PDF-"'
	json '.digits.narrow == 400 and .hostile.narrow == 400'
}

@test "what matters is seen without scrolling sideways: notes, the comparison, where a lineage starts" {
	json '.many.note_is_seen and .digits.narrow_comparison and .hostile.start_is_seen'
}

@test "versions are compared by the configuration of their runs" {
	json '.many.chosen | any(. == ["config.seed", "196", "195", "differs"]) and any(. == ["config.model.depth", "0.00615", "0.00615", "same"])'
}

@test "what somebody wrote into the registry stays text" {
	json '.hostile.title | startswith("</script></style><img src=x onerror=alert(1)>\"'"'"'`&amp;&lt;${1} --><!-- ]]> \\u202egnp.exe \\x1b[31m \\u009b longlong")'
	json '.hostile.field == (.hostile.title | sub(" \\\\xff.*"; ""))'
	json '.hostile.counts == [1, 1, 1, 0] and .hostile.picture[0] == 1 and .hostile.picture[1] == .hostile.title'
	json '.hostile.after == [1, 1, true]'
}

@test "the policy of the page keeps out what is not its own" {
	json '.digits.kept_out == [true, true, true] and .digits.complaints_of_intruders >= 3'
}
