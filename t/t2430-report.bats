#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# report: what it says, in which form, and where it goes.

load lib

setup()
{
	sandbox
	digits_registry
	local i
	for i in 0 1 2 3 4; do
		mreg meta -q "digits:v$i" --metric "loss=0.$((9 - i))" --metric "acc=$([ "$i" = 4 ] && echo nan || echo "0.8")"
	done
	MREG_NOW=2026-01-03T00:00:00Z mreg promote -q digits:v1 production -m 'the first' >/dev/null
	MREG_NOW=2026-01-04T00:00:00Z mreg promote -q digits:v3 production -m 'it is better' >/dev/null
	MREG_NOW=2026-01-05T00:00:00Z mreg alias -q digits:v0 best >/dev/null
	MREG_NOW=2026-01-06T00:00:00Z mreg link -q digits:v3 reader:staging >/dev/null
}

# of FILTER: out of the report of digits as JSON.
of()
{
	mreg_is 0 report digits --json "${@:2}"
	no_complaint
	run -0 jq -c ".collections[0] | $1" <<<"$output"
}

@test "a report has every collection, and every version newest first" {
	mreg_is 0 report --json
	no_complaint
	run -0 jq -c '[.collections[] | [.name, .kind, [.versions[].ref]]]' <<<"$output"
	says '[["digits","artifact",["digits:v4","digits:v3","digits:v2","digits:v1","digits:v0"]],["reader","model",["reader:v0"]]]'
	mreg_is 0 report --json reader
	json '[.collections[].name] == ["reader"] and .collections[0].versions[0].source == "digits:v3"'
	mreg_is 0 report --json reader digits reader
	json '[.collections[].name] == ["digits", "reader"]'
}

@test "an alias says since when, by whom, why, and what was before" {
	of '.aliases | map([.alias, .ref, .stage, .since, .user, .why, .previous])'
	says '[["production","digits:v3",true,"2026-01-04T00:00:00Z","tester","it is better","digits:v1"],["best","digits:v0",false,"2026-01-05T00:00:00Z","tester","",null]]'
	of '.versions[1] | [.aliases, .links]'
	says '[["production"],["reader:v0"]]'
}

@test "what a rollback would lead to stands as what was before" {
	mreg promote -q digits:v4 production >/dev/null
	mreg rollback -q digits:production >/dev/null
	of '.aliases[0] | [.ref, .previous]'
	says '["digits:v3","digits:v1"]'
	run -0 mreg rollback digits:production
	says digits:v1
}

@test "the history of aliases is told, the newest move first, also of those that are gone" {
	MREG_NOW=2026-01-07T00:00:00Z mreg alias -qd digits:best
	of '.history | map([.time, .alias, .from, .to, .why])'
	says '[["2026-01-07T00:00:00Z","best","v0",null,""],["2026-01-05T00:00:00Z","best",null,"v0",""],["2026-01-04T00:00:00Z","production","v1","v3","it is better"],["2026-01-03T00:00:00Z","production",null,"v1","the first"]]'
}

@test "rules choose the columns and mark the best; nan is never best, and of equal ones the oldest is" {
	of '.best' --metric loss:min --metric acc:max
	says '[{"metric":"loss","ref":"digits:v4"},{"metric":"acc","ref":"digits:v0"}]'
	mreg_is 0 report --json --metric loss:min --metric acc:max
	json '.columns == [{"metric": "loss", "best": "min"}, {"metric": "acc", "best": "max"}]'
	mreg_is 0 report --json
	json '.columns == [{"metric": "acc", "best": null}, {"metric": "loss", "best": null}] and .collections[0].best == []'
	mreg_is 0 report --json --metric nowhere:max
	json '.columns[0].metric == "nowhere" and .collections[0].best == []'
}

@test "of more metrics than there is room for, those that most versions have" {
	local words=()
	for i in $(seq 10 25); do words+=(--metric "x$i=1"); done
	mreg meta -q digits:v0 "${words[@]}"
	mreg meta -q digits:v1 --metric x25=2
	mreg_is 0 report --json
	json '[.columns[].metric] == ["acc", "loss", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x25"]'
}

@test "--top leaves old versions out, but none with an alias and none that is best" {
	of '[[.versions[].number], .left_out]' --top 1
	says '[[4,3,0],2]'
	of '[[.versions[].number], .left_out]' --top 1 --metric loss:max --metric loss2:max
	says '[[4,3,0],2]'
	mreg meta -q digits:v2 --metric loss=0.01
	of '[[.versions[].number], .left_out]' --top 1 --metric loss:min
	says '[[4,3,2,0],1]'
	of '[[.versions[].number], .left_out]' --top 99
	says '[[4,3,2,1,0],0]'
}

@test "--top 0 leaves none but those with an alias" {
	of '[[.versions[].number], .left_out]' --top 0
	says '[[3,0],3]'
	of '[[.versions[].number], .left_out]' --top 0 --metric loss:min
	says '[[4,3,0],2]'
}

@test "a metric that is nan in both of two versions is the same" {
	mreg meta -q digits:v3 --metric acc=nan
	mreg_is 0 report --format html digits
	assert_regex "$output" '<tr><th scope="row">acc<td>nan<td>nan<td>same'
}

@test "--search shows what it finds, in artifacts and in models" {
	mreg put -q other "$DIGITS/epoch-1" >/dev/null
	mreg_is 0 report --json --search 'metrics.loss < 0.65'
	no_complaint
	run -0 jq -c '[.collections[].versions[].ref]' <<<"$output"
	says '["digits:v4","digits:v3","reader:v0"]'
	mreg_is 0 report --json --search 'metrics.loss < 0.65' other
	json '.collections | length == 1 and .[0].versions == []'
	mreg_is 0 report --json --search 'name = nothing'
	json '.collections == []'
}

@test "an empty registry has a report, too" {
	mkdir empty
	mreg init -q empty
	local format
	for format in html md csv json; do
		mreg_is 0 -C empty report --format "$format"
		no_complaint
		[[ -n $output && $output != *1970* ]]
	done
}

@test "the same registry gives the same bytes, whenever and wherever the report is made" {
	local format
	for format in html md csv json; do
		mreg report -q -o "a.$format" --metric loss:min
		MREG_NOW=2031-05-05T05:05:05Z MREG_SEED=other TZ=Asia/Tokyo LC_ALL=C mreg report -q -o "b.$format" --metric loss:min
		cmp "a.$format" "b.$format"
	done
	mreg_is 0 report --json
	json '.time == "2026-01-06T00:00:00Z" and .sequence == 14'
}

@test "SOURCE_DATE_EPOCH is the time of the report" {
	SOURCE_DATE_EPOCH=86400 mreg_is 0 report --json
	json '.time == "1970-01-02T00:00:00Z"'
	local wrong
	for wrong in soon -1 1.5 99999999999999999999 9999999999999999; do
		SOURCE_DATE_EPOCH=$wrong mreg_is 2 report --json
		json_error '.error.code == "invalid" and (.error.message | contains("SOURCE_DATE_EPOCH"))'
	done
}

@test "-o writes a file as a whole and says its path" {
	mreg_is 0 report -o r.html
	says r.html
	no_complaint
	mreg_is 0 report -q -o ./r.csv
	says ./r.csv
	mreg_is 0 report --json -o r.md
	json '.path == "r.md" and .type == "md" and .collections == 2 and .versions == 6'
	json ".size == $(stat -c %s r.md)"
	mreg_is 0 report --template '{type} {path}' -o r.json
	says 'json r.json'
	cmp r.json <(mreg report --json)
	cmp r.csv <(mreg report --format csv)
	cmp r.html <(mreg report)
	assert_equal "$(stat -c %a r.html)" 644
	assert_equal "$(find . -name '.mreg-tmp*')" ""
}

@test "the format is what is said, else what the name ends with, else HTML" {
	mreg_is 0 report -o page.csv --format md
	assert_equal "$(head -1 page.csv)" '# work'
	mreg_is 0 report -o PAGE.CSV
	[[ $(head -1 PAGE.CSV) == ref,collection,* ]]
	mreg_is 0 report -o page
	[[ $(head -1 page) == '<!doctype html>'* ]]
	mreg_is 0 report -o -
	[[ $output == '<!doctype html>'* ]]
}

@test "where two stages are at one version the chart names production" {
	mreg promote -q digits:v3 staging >/dev/null
	mreg_is 0 report digits -o r.html
	grep -qE '<text class="kt"[^>]*>production</text>' r.html
	run grep -cE '<text class="kt"[^>]*>staging</text>' r.html
	assert_output 0
}

@test "-o keeps permissions and links, and writes through to a pipe" {
	echo old >r.md
	chmod 606 r.md
	ln -s r.md link.md
	mreg_is 0 report -o link.md
	says link.md
	[ -L link.md ]
	assert_equal "$(stat -c %a r.md)" 606
	assert_equal "$(head -1 r.md)" '# work'
	mkdir new
	ln -s new/first.md there.md
	ln -s ../there.md new/link.md
	mreg_is 0 report -o new/link.md
	[ -L new/link.md ] && [ -L there.md ]
	assert_equal "$(head -1 new/first.md)" '# work'
	ln -s .mreg/r.md inside.md
	mreg_is 6 report -o inside.md
	assert_not_exists .mreg/r.md
	ln -s loop.md loop.md
	mreg_is 10 report -o loop.md
	[ -L loop.md ]
	mreg report --format md -o /dev/stdout -q | grep -qx '# work'
	mkfifo pipe
	mreg report -q --format csv -o pipe >/dev/null &
	cmp pipe <(mreg report --format csv)
	wait $!
	[ -p pipe ]
	mreg_is 0 report --format csv -o /dev/null
	[ -c /dev/null ]
}

@test "a report that cannot be written leaves the old one" {
	echo old >r.md
	mreg_is 10 report -o nowhere/r.md
	complains "nowhere/r.md"
	mkdir dir
	mreg_is 10 report -o dir
	complains "it is a directory"
	mreg_is 6 report -o .mreg/r.html
	says_nothing
	mreg_is 3 report nowhere -o r.md
	complains "nowhere"
	mreg_is 2 report --metric loss:least -o r.md
	assert_equal "$(cat r.md)" old
}

@test "what is wrong with a request is said" {
	local wrong
	for wrong in loss :min loss: loss:mean; do
		mreg_is 2 report --metric "$wrong"
		complains "'$wrong' is not METRIC:min or METRIC:max"
	done
	mreg_is 2 report --metric loss:min --metric loss:max
	complains "the metric 'loss' has two rules"
	mreg_is 2 report --format pdf
	complains "'pdf' is no format"
	mreg_is 2 report --search 'loss <'
	mreg_is 2 report digits:v1
	mreg_is 2 report --json --format csv
	complains 'say -o FILE'
	mreg_is 2 report --template '{ref}'
	mreg_is 2 report --top some
	mreg_is 2 report --title "$(printf 'a\377b')"
	complains 'the title is no UTF-8 text'
	says_nothing
}

@test "HTML is not written to a terminal unless it is asked for" {
	export MREG_PAGER=cat
	run script -qefc "mreg report digits" /dev/null </dev/null
	assert_equal "$status" 2
	[[ $output == *"nothing for a terminal"* && $output == *"--format md"* && $output != *'<html'* ]]
	run script -qefc "mreg report digits --format html" /dev/null </dev/null
	assert_equal "$status" 0
	[[ $output == '<!doctype html>'* ]]
	run script -qefc "mreg report digits --format md" /dev/null </dev/null
	assert_equal "$status" 0
	[[ $output == '# work'* ]]
}

@test "notes come from a file or standard input, a title from the command line" {
	printf 'Why.\n\nBecause *so*.\n' >notes
	mreg_is 0 report --format md -F notes --title 'A <b> & c'
	assert_equal "$(head -6 <<<"$output")" $'# A &lt;b&gt; &amp; c\n\nWhy.\n\nBecause *so*.'
	mreg_is 0 report --json -F - <notes
	json '.notes == "Why.\n\nBecause *so*.\n" and .title == "work"'
	mreg_is 10 report -F nowhere
	printf 'a\377' >notes
	mreg_is 2 report -F notes
	complains "no UTF-8 text"
	printf 'a\0b' | mreg_is 2 report -F -
	head -c 1048577 /dev/zero | tr '\0' x >notes
	mreg_is 2 report -F notes
	mreg_is 2 report -F - <notes
}

@test "Markdown is tables" {
	mreg_is 0 report digits --format md --metric loss:min
	no_complaint
	grep -qxF '| production | v3 | 2026-01-04 00:00 | tester | v1 | it is better |' <<<"$output"
	grep -qxF '| v4 |  | **0.5** | 2026-01-02 03:04 | tester | 266 KiB |  |  |  | epoch 5 |' <<<"$output"
	grep -qxF '| 2026-01-04 00:00 | production | v1 | v3 | tester | it is better |' <<<"$output"
	mreg_is 0 report digits --format md --top 1
	grep -qxF '2 more versions are left out.' <<<"$output"
}

@test "in Markdown nothing that was put can be markup" {
	mreg put -q bad "$DIGITS/epoch-1" -m "$(printf '<script>x</script> | **a** [l](javascript:x) `c` \033[31m\nsecond')" --tag 'k=v' >/dev/null
	mreg note -q bad -m '# not a heading <img src=x>'
	mreg_is 0 report bad --format md
	grep -qF '| &lt;script&gt;x&lt;/script&gt; \| \*\*a\*\* \[l\](javascript:x) \`c\` \\x1b\[31m |' <<<"$output"
	[[ $output == *'\# not a heading &lt;img src=x&gt;'* ]]
	[[ $output != *$'\033'* && $output != *'<'* ]]
}

@test "in Markdown no note or title begins a list, a rule or code" {
	local note
	mreg put -q bad "$DIGITS/epoch-1" >/dev/null
	while IFS='|' read -r note as; do
		mreg note -q bad -m "$note"
		mreg_is 0 report bad --format md
		grep -qxF -- "$as" <<<"$output"
	done <<-'END'
		- one|\- one
		+ one|\+ one
		---|\---
		===|\===
		12. one|12\. one
		1) one|1\) one
		# one|\# one
		    one|one
		12 ones|12 ones
	END
	mreg meta -q bad --title '1. - model'
	mreg_is 0 report bad --format md
	grep -qF -- '1\. - model: artifact of type' <<<"$output"
}

@test "CSV is a row a version, as RFC 4180 has it" {
	mreg put -q odd "$DIGITS/epoch-1" -m "$(printf 'say "hi",\nthen go')" -M 'a=[1,"x"]' --metric 'f,1=-0.5' --metric neg=-inf --tag one --tag two >/dev/null
	mreg report odd digits --format csv >r.csv
	run -0 python3 - <<-'END'
		import csv
		rows = list(csv.DictReader(open("r.csv", newline="")))
		assert open("r.csv", newline="").read().count("\r\n") == 7, "lines end with CR LF"
		odd = rows[-1]
		assert odd["ref"] == "odd:v0" and odd["note"] == 'say "hi",\nthen go', odd
		assert odd["metadata"] == '{"a":[1,"x"]}' and odd["tags"] == "one;two", odd
		assert odd["metrics.f,1"] == "-0.5" and odd["metrics.neg"] == "-inf" and odd["metrics.loss"] == "", odd
		assert rows[1]["ref"] == "digits:v3" and rows[1]["aliases"] == "production" and rows[1]["links"] == "reader:v0", rows[1]
		assert rows[0]["metrics.acc"] == "nan" and rows[0]["metrics.loss"] == "0.5", rows[0]
		assert rows[0]["number"] == "4" and len(rows[0]["digest"]) == 64 and rows[0]["created"] == "2026-01-02T03:04:05Z"
	END
}

@test "in CSV nothing that was put is a formula" {
	local text
	for text in '=1+1' '+1' '-1' '@SUM(1)' $'\tx' $'\rx'; do
		mreg note -q digits:v4 -m "$text"
		mreg report digits --format csv >r.csv
		python3 -c 'import csv, sys; assert list(csv.DictReader(open("r.csv", newline="")))[0]["note"] == "\x27" + sys.argv[1]' "$text"
	done
}

@test "a version whose object is damaged is left out with a warning" {
	local id pack offset
	id=$(mreg resolve --json digits:v2 | jq -r .version)
	read -r pack offset < <(record_of "$id")
	damage "$pack" "$offset"
	mreg_is 0 report digits --json
	complains "warning: 'digits:v2' is not in the report"
	json '[.collections[0].versions[].number] == [4, 3, 1, 0]'
}

@test "a report changes nothing in the registry" {
	state >before
	chmod -R a-w .mreg
	without_root_rights mreg report -q -o r.html --metric loss:min >/dev/null
	chmod -R u+w .mreg
	diff before <(state)
}
