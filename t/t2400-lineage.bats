#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg lineage: what something was made from, and what became of it.

load lib

# start JOB-TYPE [ARG…]: the id of a new run.
start()
{
	mreg run start -q --no-git --job-type "$@"
}

# put_file NAME TEXT ARG…: a version with one file.
put_file()
{
	printf '%s\n' "$2" >"$1.txt"
	mreg put -q "$1" "$1.txt" "${@:3}"
}

# raw:v0 → prep → data:v0 → train → m:v0; data:v0 → train → m:v1; raw:v0 → train too.  prod:v0 is m:v1, and in production.
setup_file()
{
	cd "$BATS_FILE_TMPDIR" || return
	BATS_TEST_TMPDIR=$PWD BATS_TEST_NUMBER=1 sandbox
	new_registry
	put_file raw pixels -t dataset -m 'pictures of digits'
	start "prep" --name cleaning >prep
	mreg use -q --run "$(cat prep)" raw
	put_file data tensors -t dataset --run "$(cat prep)"
	start train --name 'first try' >train0
	mreg use -q --run "$(cat train0)" data --name train
	put_file m weights0 --run "$(cat train0)"
	start train --name 'second try' >train1
	mreg use -q --run "$(cat train1)" data:v0
	mreg use -q --run "$(cat train1)" raw:v0
	put_file m weights1 --run "$(cat train1)" -m 'better'
	mreg link -q m:v1 prod:production
	for name in prep train0 train1; do
		mreg run finish -q "$(cat "$name")"
	done
}

setup()
{
	sandbox
	cp -a "$BATS_FILE_TMPDIR/work/." .
	prep=$(cat prep) train0=$(cat train0) train1=$(cat train1)
}

# As on a terminal of 60 columns.
on_terminal()
{
	script -qec "stty cols 60; mreg --no-pager $*" /dev/null </dev/null | tr -d '\r'
}

@test "lineage shows what a version was made from, and that nothing became of it" {
	mreg_is 0 lineage m:v0
	says "m:v0  model" "made from:" "\`- $train0  train: first try" "   \`- data:v0  dataset (as train)" \
		"      \`- $prep  prep: cleaning" "         \`- raw:v0  dataset: pictures of digits" "led to: nothing that is known"
	no_complaint
}

@test "a bare name is its latest version, and a link is its source" {
	mreg_is 0 lineage m:v1 --json
	want=$output
	for ref in m prod prod:production prod:v0; do
		mreg_is 0 lineage "$ref" --json
		says "$want"
	done
	json '.ref == "m:v1" and .nodes[0].aliases == ["prod:production"] and .nodes[0].links == ["prod:v0"] and .nodes[0].label == "better"'
}

@test "a node that is met twice is printed once, and referred to" {
	mreg_is 0 lineage prod --up
	assert_equal "$(grep -c 'raw:v0' <<<"$output")" 2
	assert_line --regexp 'raw:v0  dataset: pictures of digits( \((above|below)\))$'
	assert_line "m:v1 [prod:production]  model, linked as prod:v0: better"
	refute_line --partial "led to"
}

@test "down tells everything that is hit, with the aliases that point there" {
	mreg_is 0 lineage raw --down
	assert_line --partial "m:v1 [prod:production]"
	assert_line "aliases it led to:"
	assert_line "  prod:production = m:v1"
	refute_line --partial "made from"
	mreg_is 0 lineage raw --down -q
	assert_equal "$(sort <<<"$output")" "$(printf '%s\n' "$prep" "$train1" data:v0 m:v1 "$train0" m:v0 | sort)"
}

@test "production is seen five steps down" {
	for i in 1 2; do
		id=$(start tune)
		mreg use -q --run "$id" "m:v$i"
		put_file m "tuned $i" --run "$id"
	done
	mreg alias -q m:v3 production
	mreg_is 0 lineage m:v1 --down --depth 4
	assert_line "  m:production = m:v3"
	mreg_is 0 lineage m:v1 --down --depth 3
	refute_output --partial production\ =
	mreg_is 0 lineage raw:v0 --down --json
	json '[.nodes[] | select(.aliases | index("m:production")).depth] == [6]'
}

@test "a run is named by its id, its beginning or its name" {
	mreg_is 0 lineage "$train1" -q
	says data:v0 m:v1 raw:v0 "$prep"
	want=$output
	mreg_is 0 lineage "${train1:0:11}" -q
	says "$want"
	mreg_is 0 lineage 'second try' -q
	says "$want"
	mreg_is 3 lineage r-0000000000
	says_nothing
	complains "no run 'r-0000000000'"
}

@test "depth counts runs and versions, and tells where there is more" {
	mreg_is 0 lineage m:v0 --up --depth 0
	says "m:v0  model ..." "made from: more than is shown here"
	mreg_is 0 lineage m:v0 --depth 0
	says "m:v0  model ..." "made from: more than is shown here" "led to: nothing that is known"
	mreg_is 0 lineage raw --depth 0
	says "raw:v0  dataset: pictures of digits ..." "made from: nothing that is known" "led to: more than is shown here"
	mreg_is 0 lineage m:v0 --up --depth 2
	says "m:v0  model" "made from:" "\`- $train0  train: first try" "   \`- data:v0  dataset (as train) ..."
	mreg_is 0 lineage m:v0 --up --depth 2 --json
	json '[.nodes[] | .more] == [false, false, true]'
}

@test "runs of which nobody said what they do are just runs, also where many are one" {
	for i in 1 2 3; do
		mreg run start -q --no-git >run
		mreg use -q --run "$(cat run)" m:v1
	done
	mreg_is 0 lineage m:v1 --down --depth 1
	says "m:v1 [prod:production]  model, linked as prod:v0: better" "led to:" "\`- 3 runs"
	mreg_is 0 lineage m:v1 --down --depth 1 --format mermaid
	[[ $output == *'"3 runs"'* ]]
}

@test "two are asked about only where they are compared" {
	mreg_is 2 lineage m:v0 m:v1
	complains "A and B are compared by --common or --assert-same-input; else it is one REF or RUN"
	mreg_is 2 lineage --common m:v0
	complains "--common and --assert-same-input compare two: A and B"
}

@test "many that are alike are one line, unless they are asked for or have an alias" {
	for i in 1 2 3 4; do
		id=$(start evaluate)
		mreg use -q --run "$id" m:v1
		put_file "report" "score $i" -t report --run "$id"
	done
	mreg_is 0 lineage m:v1 --down
	says "m:v1 [prod:production]  model, linked as prod:v0: better" "led to:" "\`- 4 evaluate runs" "   \`- 4 report versions"
	mreg alias -q report:v2 chosen
	mreg_is 0 lineage m:v1 --down --json
	json '[.nodes[] | [.kind, .name, .members]] == [["version", "m:v1", 1], ["runs", "evaluate", 4], ["versions", "report", 3], ["version", "report:v2", 1]]'
	mreg_is 0 lineage m:v1 --down --explode --json
	json '(.nodes | length) == 9 and (.edges | length) == 8'
	mreg_is 0 lineage m:v1 --down -q
	assert_equal "${#lines[@]}" 8
}

@test "a run that used what it made is no trouble" {
	mreg use -q --run "$train0" m:v0
	mreg_is 0 lineage m:v0
	assert_line "   |- m:v0  model (above)"
	mreg_is 0 lineage m:v0 -q --up
	says "$train0" data:v0 "$prep" raw:v0
}

@test "what began at a version is downstream of it" {
	put_file fork other --from m:v1
	put_file fork another
	mreg_is 0 lineage m:v1 --down
	says "m:v1 [prod:production]  model, linked as prod:v0: better" "led to:" "|- fork:v0  model (its name began here)" \
		"\`- fork:v1  model (its name began here)"
	mreg_is 0 lineage fork --up --depth 1 --json
	json '.edges == [{"from": 1, "to": 0, "kind": "from", "as": null}]'
}

@test "a version that was removed is told of, and is no reference any more" {
	mreg rm -q data:v0
	mreg_is 0 lineage m:v0 --up
	assert_line "   \`- data:v0  dataset (removed) (as train)"
	assert_line "         \`- raw:v0  dataset: pictures of digits"
	mreg_is 0 lineage m:v0 --up -q
	says "$train0" "$prep" raw:v0
	mreg_is 0 lineage m:v0 --up --json
	json '.nodes[2] | .ref == null and .name == "data:v0" and .removed and (.dangling | not)'
	mreg_is 4 lineage data:v0
}

@test "a version that is not here is told of by what the run called it" {
	mkdir ../other
	mreg init -q ../other >/dev/null
	mreg --registry ../other pull -q "$PWD" m
	mreg_is 0 --registry ../other lineage m:v0 --up
	says "m:v0  model" "made from:" "\`- $train0  train: first try" "   \`- data:v0 (not here) (as train)"
	mreg_is 0 --registry ../other lineage m:v0 --up --json
	json '.nodes[2] | .ref == null and .dangling and .type == null and (.digest | length) == 64'
	mreg_is 1 --registry ../other lineage --assert-same-input dataset m:v0 m:v1
	complains "data:v0 ("
}

@test "on a terminal lines are drawn, and no wider than it" {
	mreg note -q m:v1 -m "$(printf 'long %.0s' {1..40})"
	run -0 on_terminal lineage m
	assert_line "└─ $train1  train: second try"
	while IFS= read -r line; do
		((${#line} <= 60))
	done <<<"$output"
	assert_line --regexp '^m:v1 .*…$'
	LC_ALL=C run -0 on_terminal lineage m --up
	refute_output --partial └
}

@test "dot is accepted by Graphviz, whatever the names are" {
	hostile='"]; x [label="<b>&amp;\N \" end'
	id=$(start train --name "$hostile")
	mreg use -q --run "$id" m:v1
	mreg note -q m:v1 -m "$hostile"
	mreg_is 0 lineage raw --format dot
	no_complaint
	dot -Tsvg <<<"$output" >graph.svg
	mreg_is 0 lineage raw --json
	nodes=$(jq '.nodes | length' <<<"$output") edges=$(jq '.edges | length' <<<"$output")
	assert_equal "$(grep -c 'class="node"' graph.svg)" "$nodes"
	assert_equal "$(grep -c 'class="edge"' graph.svg)" "$edges"
	python3 - "$hostile" <<-'EOF'
		import sys, xml.etree.ElementTree as tree
		texts = ["".join(e.itertext()).replace("\u00a0", " ") for e in tree.parse("graph.svg").iter() if e.tag.endswith("}text")]
		assert texts.count(sys.argv[1]) == 2, texts
	EOF
}

@test "mermaid has one statement a line, whatever the names are" {
	mreg note -q m:v1 -m "a\"]; click n0 \"javascript:x\" %%{init: {}}%% <img> #quot; \`end\`"
	mreg_is 0 lineage raw --format mermaid
	assert_line --index 0 "flowchart LR"
	tail -n +2 <<<"$output" >statements
	refute [ "$(grep -c . statements)" = 0 ]
	run ! grep -v -E \
		-e '^.n[0-9]+(\["[^"]*"\]|\(\["[^"]*"\]\)|\[\["[^"]*"\]\])$' \
		-e '^.n[0-9]+ (-->|-\.->)(\|"[^"]*"\|)? n[0-9]+$' statements
	run -0 cat statements
	assert_output --partial 'a#34;#93;#59; click n0 #34;javascript:x#34; #37;#37;#123;init: #123;#125;#125;#37;#37; #60;img#62; #35;quot#59; #96;end#96;'
}

@test "nothing in a note tells a terminal what to do" {
	mreg note -q m:v1 -m "$(printf 'a\033[2Jb\tc')"
	mreg_is 0 lineage m
	refute_output --partial $'\033'
	assert_output --partial 'a\x1b[2Jb\x09c'
	mreg_is 0 lineage m --json
	refute_output --partial $'\033'
	json '.nodes[0].label == "a\u001b[2Jb\tc"'
}

@test "json is one object, also by --format json, and a template is filled in for each" {
	mreg_is 0 lineage m:v0 --up --format json
	assert_equal "${#lines[@]}" 1
	json '.format == 1 and .ref == "m:v0" and (.nodes | map(.id)) == [0, 1, 2, 3, 4]'
	json '.edges == [{from: 1, to: 0, kind: "output", as: null}, {from: 2, to: 1, kind: "input", as: "train"},
		{from: 3, to: 2, kind: "output", as: null}, {from: 4, to: 3, kind: "input", as: null}]'
	json '.nodes[2].digest | test("^[0-9a-f]{64}$")'
	mreg_is 0 lineage m:v0 --up --template '{ref} {type} {depth}'
	says "$train0 train 1" "data:v0 dataset 2" "$prep prep 3" "raw:v0 dataset 4"
	mreg_is 2 lineage m:v0 --json --format dot
	mreg_is 2 lineage m:v0 --format svg
	complains "no format 'svg'"
}

@test "common tells the nearest that two were made from" {
	mreg_is 0 lineage --common m:v0 m:v1 -q
	says data:v0
	mreg_is 0 lineage --common m:v0 data --json
	says '{"format":1,"ref":"data:v0","kind":"version","name":"data:v0","dangling":false,"removed":false}'
	mreg_is 0 lineage --common m:v0 "$train0" -q
	says "$train0"
	put_file alone x
	mreg_is 1 lineage --common m:v0 alone
	says_nothing
	complains "'m:v0' and 'alone' have nothing in common"
}

@test "what both were made from and is removed is told, but is no reference" {
	mreg rm -q data:v0
	mreg_is 0 lineage --common m:v0 m:v1 -q
	says_nothing
	mreg_is 0 lineage --common m:v0 m:v1
	assert_regex "$output" 'data:v0 +version +removed'
	mreg_is 0 lineage --common m:v0 m:v1 --json
	says '{"format":1,"ref":null,"kind":"version","name":"data:v0","dangling":false,"removed":true}'
}

@test "assert-same-input compares what both were made from" {
	mreg_is 0 lineage --assert-same-input dataset m:v0 m:v1
	says_nothing
	no_complaint
	put_file data "other tensors"
	id=$(start train)
	mreg use -q --run "$id" data:v1
	put_file m weights2 --run "$id"
	mreg_is 1 lineage --assert-same-input dataset m:v0 m:v2
	says_nothing
	complains "'m:v0' and 'm:v2' were made from different 'dataset': data:v0, raw:v0; data:v1"
	mreg_is 1 lineage --assert-same-input dataset m:v0 m:v2 --json
	says_nothing
	json_error '.error.code == "no"'
}

@test "assert-same-input does not pass when there is nothing to compare" {
	mreg_is 1 lineage --assert-same-input datset m:v0 m:v1
	says_nothing
	complains "neither 'm:v0' nor 'm:v1' is known to be made from anything of type 'datset'"
}

@test "what makes no sense together is a usage error" {
	mreg_is 2 lineage m:v0 m:v1
	mreg_is 2 lineage --common m:v0
	mreg_is 2 lineage --common m:v0 m:v1 --up
	mreg_is 2 lineage --common --assert-same-input dataset m:v0 m:v1
	mreg_is 2 lineage m:v0 --depth deep
	says_nothing
}

@test "what is not there is told as everywhere" {
	mreg_is 3 lineage nothing
	mreg_is 4 lineage m:v9
	mreg_is 4 lineage m:bset
	mreg_is 3 lineage --common m:v0 nothing
	says_nothing
}
