#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# report: runs, how metrics went in them, and what was made of what.

load lib

setup()
{
	sandbox
	new_registry
	echo data >data.txt
	mreg put -q data data.txt --type dataset >/dev/null
}

# train NAME CONTENT: a run that used data, and made a version.
train()
{
	local run
	run=$(mreg run start -q --job-type train --no-git --name "$1")
	export MREG_RUN=$run
	mreg use -q data >/dev/null
	cat >points
	mreg run log -q - <points
	echo "$2" >weights
	mreg put -q m weights >/dev/null
	mreg run finish -q >/dev/null
	unset MREG_RUN
	echo "$run"
}

@test "a version says which run made it" {
	local run
	run=$(train first one <<<'{"loss":0.5}')
	echo by hand >weights
	mreg put -q m weights >/dev/null
	mreg_is 0 report --json m
	no_complaint
	json '[.collections[0].versions[] | [.number, .run, .job_type]] == [[1, null, null], [0, "'"$run"'", "train"]]'
	mreg_is 0 report m --format csv
	[[ $output == *",$run,train,"* ]]
}

# configured CONFIG CONTENT: a version made by a run with this configuration.
configured()
{
	local run
	echo "$1" >config.json
	run=$(mreg run start -q --no-git --config config.json)
	echo "$2" >weights
	mreg put -q m weights --run "$run" >/dev/null
	mreg run finish -q "$run" >/dev/null
}

@test "what differs in the configuration of the runs is a column, in every form" {
	configured '{"lr":0.1,"opt":{"name":"sgd","wd":0},"seed":1,"layers":[1,2]}' one
	configured '{"lr":0.01,"opt":{"name":"=adam","wd":0},"seed":1,"layers":[1,3],"late":true}' two
	echo by hand >weights
	mreg put -q m weights >/dev/null
	mreg_is 0 report m --json
	no_complaint
	json '.collections[0].config_columns == ["late", "lr", "opt.name"]'
	json '[.collections[0].versions[].config] == [null, {"lr":0.01,"opt":{"name":"=adam","wd":0},"seed":1,"layers":[1,3],"late":true},
		{"lr":0.1,"opt":{"name":"sgd","wd":0},"seed":1,"layers":[1,2]}]'
	mreg_is 0 report m --format md
	[[ $output == *$'| version | aliases | config.late | config.lr | config.opt.name | created'* && $output == *'| true | 0.01 | =adam |'* ]]
	mreg_is 0 report --format csv
	[[ $output == *,config,*config.late,config.lr,config.opt.name$'\r'* && $output == *",true,0.01,'=adam"$'\r'* && $output == *,,0.1,sgd$'\r'* ]]
	mreg_is 0 report m
	[[ $output == *'data-t="n">config.<wbr>lr</th>'* && $output == *'<dt>layers<dd>[1,3]<dt>opt.wd<dd>0<dt>seed<dd>1</dl>'* ]]
}

@test "two versions are compared by the configuration of their runs, too" {
	configured '{"lr":0.1,"opt":{"wd":0}}' one
	configured '{"lr":0.01,"opt":{"wd":0}}' two
	mreg_is 0 report m
	[[ $output == *'<tr class="di"><th scope="row">config.lr<td>0.1<td>0.01<td>differs'* && $output == *'<tr><th scope="row">config.opt.wd<td>0<td>0<td>same'* ]]
}

@test "at most four columns, and of many fields the first that differ" {
	local i config='"a":1'
	for i in $(seq 100 350); do config+=",\"x$i\":$i"; done
	configured "{$config,\"d\":1,\"e\":2,\"f\":3,\"g\":4,\"h\":5}" one
	for i in $(seq 12); do configured "{$config,\"d\":2,\"e\":3,\"f\":4,\"g\":5,\"h\":$i}" "$i"; done
	mreg_is 0 report --json m
	json '.collections[0].config_columns == ["d", "e", "f", "g"]'
	mreg_is 0 report m
	[[ $output == *'<dl><dt>h<dd>12<dt>a<dd>1<dt>x100'* && $output == *'<p class="q">104 more fields of the configuration are left out of the page.</p>'* ]]
}

@test "a page stays small when the fields of a configuration have very long names" {
	jq -n '{("k" * 50000): ([range(1000) | {"a\(.)": .}] | add)}' >long.json
	MREG_RUN=$(mreg run start -q --no-git --config long.json)
	export MREG_RUN
	echo one >weights
	mreg put -q long weights >/dev/null
	mreg report long -o long.html >/dev/null
	(($(stat -c %s long.html) < 300000))
}

@test "content that a run made again is a work of that run" {
	local run
	echo one >weights
	mreg put -q m weights >/dev/null
	run=$(train again one <<<'{"loss":0.5}')
	mreg_is 0 report --json m
	json '[.collections[0].versions[].run] == ["'"$run"'"]'
}

@test "metrics are drawn over the steps of the run" {
	local run
	run=$(train first one < <(for i in 0 1 2 3; do echo "{\"step\":$((i * 10)),\"loss\":$((9 - i)),\"acc\":0.$i}"; done))
	mreg_is 0 report --json m
	json '[.collections[0].curves[] | [.ref, .run, .metric]] == [["m:v0", "'"$run"'", "acc"], ["m:v0", "'"$run"'", "loss"]]'
	json '.collections[0].curves[1].points == [[0, 9.0], [10, 8.0], [20, 7.0], [30, 6.0]]'
	mreg_is 0 report --json m --metric loss:min
	json '[.collections[0].curves[].metric] == ["loss"]'
}

@test "a run that made several versions has its curves once, at the newest" {
	local run
	run=$(train first one <<<$'{"loss":0.5}\n{"loss":0.4}')
	run=$(mreg run start -q --no-git)
	mreg run log -q "$run" - <<<$'{"loss":3}\n{"loss":2}\n{"loss":1}'
	for i in 1 2 3; do
		echo "$i" >weights
		mreg put -q m weights --run "$run" >/dev/null
	done
	mreg_is 0 report --json m
	json '[.collections[0].curves[] | [.ref, (.points | length)]] == [["m:v3", 3], ["m:v0", 2]]'
}

@test "of very many points few are kept, and every peak" {
	train first one >/dev/null < <(python3 -c '
for i in range(20000):
    print("{\"step\":%d,\"loss\":%s}" % (i, 99 if i == 12345 else -99 if i == 777 else "\"nan\"" if i == 9 else 1))')
	mreg_is 0 report --json m
	json '.collections[0].curves[0].points | length < 300 and any(. == [12345, 99.0]) and any(. == [777, -99.0])'
	json '.collections[0].curves[0].points | (map(.[0]) | . == sort) and .[0][0] == 0 and .[-1][0] == 19999'
}

@test "one point is no curve, and neither are values that are no numbers" {
	train first one >/dev/null <<<$'{"loss":1,"acc":"nan"}\n{"acc":"inf"}'
	mreg_is 0 report --json m
	json '.collections[0].curves == [] and [.columns[].metric] == ["acc", "loss"]'
}

@test "pictures of what was made with a version are shown beside it" {
	train first one >/dev/null <<<'{"loss":1}'
	mkdir predictions
	printf '\211PNG\r\n\032\n0123456789' >predictions/0.png
	printf '\211PNG\r\n\032\n9876543210' >predictions/1.png
	MREG_RUN=$(mreg run start -q --job-type evaluate --no-git)
	export MREG_RUN
	mreg use -q m:v0 >/dev/null
	mreg put -q predicted predictions --type predictions >/dev/null
	mreg run finish -q >/dev/null
	unset MREG_RUN
	mreg_is 0 report --json m --media '*.png'
	no_complaint
	json '[.collections[0].versions[0].media[] | [.ref, .path]] == [["predicted:v0", "0.png"], ["predicted:v0", "1.png"]]'
	mreg rm -q predicted:v0
	mreg_is 0 report --json m --media '*.png'
	json '.collections[0].versions[0].media == []'
}

@test "a report of runs is the same bytes at any time" {
	train first one >/dev/null <<<$'{"loss":1}\n{"loss":0.5}'
	train second two >/dev/null <<<$'{"loss":1}\n{"loss":0.4}'
	mreg run log -q "$(mreg run start -q --no-git)" loss=3 loss=2
	local format
	for format in html md csv json; do
		mreg report -q -o "a.$format"
		MREG_NOW=2031-05-05T05:05:05Z mreg report -q -o "b.$format"
		cmp "a.$format" "b.$format"
	done
}

@test "where the version in production came from is drawn, and what became of it" {
	local first
	first=$(train first one <<<'{"loss":1}')
	train second two >/dev/null <<<'{"loss":1}'
	MREG_RUN=$(mreg run start -q --job-type evaluate --no-git)
	export MREG_RUN
	mreg use -q m:v0 >/dev/null
	echo scores >scores
	mreg put -q scores scores --type scores >/dev/null
	unset MREG_RUN
	mreg alias -q m:v1 best >/dev/null
	mreg promote -q m:v1 staging >/dev/null
	mreg promote -q m:v0 production >/dev/null
	mreg_is 0 report m --format md
	[[ $output == *$'### Lineage\n\n````mermaid\nflowchart LR\n'* ]]
	[[ $output == *"n0[\"m:v0"* && $output == *"$first"* && $output == *'"data:v0'* && $output == *'"scores:v0'* ]]
	mreg alias -qd m:production
	mreg_is 0 report m --format md
	[[ $output == *"n0[\"m:v1"* ]]
}

@test "in JSON the lineage is that of lineage" {
	train first one >/dev/null <<<'{"loss":1}'
	mreg_is 0 report --json m
	run -0 jq -cS '.collections[0].lineage' <<<"$output"
	says "$(mreg lineage m --json | jq -cS 'del(.format)')"
}

@test "what has no lineage shows none" {
	mreg_is 0 report data --format md
	[[ $output != *Lineage* ]]
}

@test "points that are elsewhere are fetched, and left out with a warning when they cannot be" {
	train first one >/dev/null <<<$'{"loss":1}\n{"loss":0.5}'
	train second two >/dev/null <<<$'{"loss":1}\n{"loss":0.4}'
	mreg clone -q --metadata-only . ../far >/dev/null
	cd ../far || return
	mreg_is 0 report --json --offline
	complains "warning: the metrics of 2 runs are not drawn in the report: 'r-"
	json '.collections[1].curves == [] and ([.collections[1].versions[].job_type] == ["train", "train"])'
	mreg_is 0 report --json
	no_complaint
	json '[.collections[1].curves[].ref] == ["m:v1", "m:v0"]'
}
