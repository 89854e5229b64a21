#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg meta: metadata, metrics and titles.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "meta sets metadata and metrics above what a version was put with, and prints nothing" {
	mreg_is 0 meta digits:v1 dataset=mnist epoch=20 --metric acc=0.93
	says_nothing
	no_complaint
	mreg_is 0 meta --json digits:v1
	json '. == {format: 1, ref: "digits:v1", metadata: {dataset: "mnist", epoch: 20}, metrics: {acc: 0.93}}'
	mreg_is 0 meta digits:v1
	says metadata '  epoch:      20' '  dataset:    mnist' metrics '  acc:        0.93'
	mreg_is 0 show --json digits:v1
	json '.metadata == {dataset: "mnist", epoch: 20} and .metrics == {acc: 0.93}'
}

@test "values are typed, and integers exact to 64 bits" {
	mreg_is 0 meta digits:v1 max=9223372036854775807 min=-9223372036854775808 pi=3.25 yes=true none=null 'list=[1,"a"]' \
		'deep={"a":{"b":[1.5]}}' 'text="42"' word=hello 'url=a=b'
	mreg_is 0 meta --json digits:v1
	[[ $output == *'"max":9223372036854775807'* && $output == *'"min":-9223372036854775808'* ]]
	json '.metadata | .pi == 3.25 and .yes == true and .none == null and .list == [1, "a"] and .deep.a.b == [1.5] and .text == "42" and
		.word == "hello" and .url == "a=b"'
}

@test "numbers without a digit on one side of the point, or with a plus, are numbers, too" {
	mreg_is 0 meta digits:v1 a=.5 b=1. c=+1 d=-.25 e=1.e3 f=+9223372036854775807 g=1e5 zip=007 dot=. plus=+ version=1.2.3 ip=1.2. --metric m=+3 --metric n=.5
	mreg_is 0 meta --json digits:v1
	[[ $output == *'"f":9223372036854775807'* && $output == *'"m":3,'* ]]
	json '.metadata | del(.f) == {a: 0.5, b: 1, c: 1, d: -0.25, e: 1000, g: 100000, zip: "007", dot: ".", plus: "+", version: "1.2.3", ip: "1.2.", epoch: 2}'
	mreg_is 2 meta digits:v1 big=+9223372036854775808
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt" -M lr=.1
	mreg_is 0 show --json digits:latest
	json '.metadata.lr == 0.1'
}

@test "a name that cannot be is said to be one of a metric, or a key of metadata" {
	local long
	long=$(printf '%0200d' 0)
	mreg_is 2 meta digits:v1 --metric "$long=1"
	complains "metric name '000"
	mreg_is 2 put digits "$DIGITS/epoch-1" --metric =1
	complains "a metric name is empty"
	mreg_is 2 meta digits:v1 "$long=1"
	complains "metadata key '000"
}

@test "NaN and infinity are refused in metadata, with the key, and kept in metrics" {
	local value
	cp .mreg/journal before
	for value in nan NaN inf -Infinity 1e999 9223372036854775808; do
		mreg_is 2 meta digits:v1 good=1 "loss=$value"
		says_nothing
		complains "'loss'"
	done
	printf '{"loss": NaN}' >meta.json
	mreg_is 2 meta digits:v1 -F meta.json
	cmp before .mreg/journal
	mreg_is 0 meta digits:v1 --metric a=nan --metric b=-inf --metric c=inf --metric d=0.5 --metric e=.5 --metric f=3
	mreg_is 0 meta --json digits:v1
	json '.metrics == {a: "nan", b: "-inf", c: "inf", d: 0.5, e: 0.5, f: 3}'
	mreg_is 2 meta digits:v1 --metric a=many
	mreg_is 2 meta digits:v1 --metric a=1e999
	mreg_is 2 meta digits:v1 --metric a
}

@test "meta -F takes an object, and what the command line says goes before it" {
	printf '{"a": 1, "b": {"c": [true]}}' >meta.json
	mreg_is 0 meta digits:v1 -F meta.json a=2
	mreg_is 0 meta --json digits:v1
	json '.metadata == {a: 2, b: {c: [true]}, epoch: 2}'
	mreg_is 0 meta digits:v2 -F - <meta.json
	mreg_is 2 meta digits:v1 -F - <<<'[1]'
	mreg_is 10 meta digits:v1 -F nowhere
}

@test "meta -d removes keys, even such as the version was put with" {
	mreg meta -q digits:v1 a=1 b=2 --metric acc=0.5
	mreg_is 4 meta -d digits:v1 a nowhere
	complains "no metadata or metric 'nowhere'"
	mreg_is 0 meta -d digits:v1 a acc epoch
	says_nothing
	mreg_is 0 meta --json digits:v1
	json '.metadata == {b: 2} and .metrics == {}'
	mreg_is 0 history --json digits:v1
	json 'lines | map(select(.kind == "meta epoch").change) == ["removed"]'
	mreg_is 4 meta -d digits:v1 epoch
	mreg_is 0 meta digits:v1 epoch=7
	mreg_is 0 meta --json digits:v1
	json '.metadata.epoch == 7'
	mreg_is 2 meta -d digits:v1
	mreg_is 2 meta -d digits:v1 a --metric b=1
}

@test "what is there already writes nothing" {
	mreg meta -q digits:v1 a=1 --metric acc=0.5
	cp .mreg/journal before
	mreg_is 0 meta digits:v1 a=1 epoch=2 --metric acc=0.5
	mreg_is 0 meta -n digits:v1 a=2
	mreg_is 2 meta digits:v1 =1
	mreg_is 2 meta digits:v1 novalue
	mreg_is 2 meta digits:v1 "$(printf 'k\ty')=1"
	mreg_is 3 meta nowhere a=1
	mreg_is 4 meta digits:v9 a=1
	cmp before .mreg/journal
}

@test "any key comes back as it was given" {
	local slashes
	slashes=$(printf '%%/%.0s' {1..64})
	mreg_is 0 meta digits:v1 a/b.c=1 '50%=2' "ü=3" "$slashes=4" --metric eval/acc=0.5
	mreg_is 0 meta --json digits:v1
	json '.metadata["a/b.c"] == 1 and .metadata["50%"] == 2 and .metadata["ü"] == 3 and .metadata["'"$slashes"'"] == 4 and .metrics["eval/acc"] == 0.5'
	mreg_is 0 meta -d digits:v1 a/b.c eval/acc "$slashes"
	mreg_is 2 meta digits:v1 "${slashes}x=1"
}

@test "metadata and metrics of a version are seen and set through its links; a collection has its own" {
	mreg link -q digits:v1 reader:production
	mreg meta -q reader:production reviewed=true --metric test.acc=0.9
	mreg_is 0 show --json digits:v1
	json '.metadata == {epoch: 2, reviewed: true} and .metrics == {"test.acc": 0.9}'
	mreg_is 0 log --json digits
	json 'lines | map(select(.number == 1).metrics["test.acc"]) == [0.9]'
	mreg_is 0 meta reader owner=ann --metric budget=3
	mreg_is 0 meta --json reader
	json '.ref == "reader" and .title == null and .metadata == {owner: "ann"} and .metrics == {budget: 3}'
	mreg_is 0 meta --json reader:v0
	json '.metadata == {epoch: 2, reviewed: true} and (has("title") | not)'
}

@test "meta --title gives a collection a title; a version has none" {
	mreg_is 0 meta digits --title 'Hand-written digits'
	mreg_is 0 resolve --name 'Hand-written digits:v1'
	says digits:v1
	mreg_is 0 put 'Hand-written digits' "$DIGITS/epoch-1"
	says digits:v0
	mreg_is 0 meta digits
	says 'title:        Hand-written digits'
	mreg_is 2 meta digits:v1 --title x
	complains "a version has no title"
	mreg_is 2 meta digits --title a/b
	mreg_is 3 resolve 'Handwritten digits:v1'
	mreg_is 3 resolve 'hand-written digits:v1'
	complains "Did you mean 'digits'"
}

@test "every edit is a revision with its author" {
	mreg meta -q digits:v1 a=1
	mreg -c user.name=other meta -q digits:v1 a=2 -m 'counted again'
	mreg_is 0 history --json digits:v1
	json 'lines | map(select(.kind == "meta a")) | map([.user, .old, .new, .why]) == [["other", "1", "2", "counted again"], ["tester", null, "1", null]]'
}
