#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg put with what is to be set along with the version: tags, metrics, links, the alias best.

load lib

setup()
{
	sandbox
	new_registry
	for i in 0 1 2 3; do
		echo "$i" >"f$i"
	done
}

@test "put --tag and --metric are kept with the version" {
	mreg_is 0 put m f0 --tag good --tag stage=alpha --metric acc=0.5 --metric loss=nan --metric steps=12345678901234567
	says m:v0
	no_complaint
	mreg_is 0 show --json m:v0
	json '.tags == ["good", "stage=alpha"] and .metrics.acc == 0.5 and .metrics.loss == "nan"'
	[[ $output == *'"steps":12345678901234567'* ]]
}

@test "put refuses what is no tag or metric, and stores nothing" {
	local wrong
	mreg put -q m f0
	state >../before
	mreg_is 10 put m f0 --metric acc=0.5 loss=1
	complains "hint: 'loss=1' is taken for a PATH: say -M or --metric again for each value."
	mreg_is 2 put m f0 --metric acc=0.5,loss=1
	complains "hint: Say --metric again for each metric."
	for wrong in --tag='a b' --tag=.x --metric=acc --metric=acc=high --metric=acc= --metric==1 --metric=acc=1e999 --link=m:latest --link=a@b; do
		mreg_is 2 put m f1 "$wrong"
		says_nothing
	done
	diff ../before <(state)
}

@test "put --link makes the model, links and sets its aliases, in one transaction" {
	mreg_is 0 put m f0 -a mine --link prod:staging,qa --link other
	says m:v0
	mreg_is 0 resolve --name prod:qa
	says prod:v0
	mreg_is 0 resolve --name other
	says other:v0
	mreg_is 4 resolve other:qa
	[ "$(wc -l <.mreg/journal)" = 1 ]
	mreg_is 0 show --json prod:staging
	json '.source == "m:v0" and .type == "model"'
}

@test "put whose link is refused stores no version" {
	mreg create -q prod --type dataset
	state >../before
	mreg_is 5 put m f0 --link prod
	complains "'prod' is of type 'dataset'"
	says_nothing
	diff <(grep -v pack ../before) <(state | grep -v pack)
	mreg put -q a f1
	mreg_is 5 put m f0 --link a
	complains "'a' is an artifact"
	mreg_is 3 show m
}

@test "put of known content still tags, links and records metrics" {
	mreg put -q m f0 --metric acc=0.5
	mreg_is 0 put --json m f0 --metric acc=0.6 --tag seen --link prod:qa -a best
	json '.ref == "m:v0" and (.created | not) and .annotated and .reason == "unchanged" and .links == ["prod:v0"]'
	mreg_is 0 show --json m:best
	json '.metrics == {"acc":0.6} and .tags == ["seen"] and .models == [{"ref":"prod:v0","aliases":["qa"]}]'
	mreg_is 0 put m f0 --metric acc=0.6
	[ "$(wc -l <.mreg/journal)" = 2 ]
}

@test "put --best-by moves best only when strictly better; ties keep the older" {
	mreg put -q m f0 --metric loss=0.5 --best-by loss:min
	mreg_is 0 resolve --name m:best
	says m:v0
	mreg put -q m f1 --metric loss=0.5 --best-by loss:min
	mreg_is 0 resolve --name m:best
	says m:v0
	mreg put -q m f2 --metric loss=0.4 --best-by loss:min
	mreg_is 0 resolve --name m:best
	says m:v2
	mreg put -q m f3 --metric loss=0.9 --best-by loss:max
	mreg_is 0 resolve --name m:best
	says m:v3
}

@test "put --best-by: nan never wins, and loses to anything" {
	mreg put -q m f0 --metric loss=nan --best-by loss:min
	mreg_is 4 resolve m:best
	mreg alias -q m:v0 best
	mreg put -q m f1 --metric loss=nan --best-by loss:min
	mreg_is 0 resolve --name m:best
	says m:v0
	mreg put -q m f2 --metric loss=99 --best-by loss:min
	mreg_is 0 resolve --name m:best
	says m:v2
}

@test "put --best-by judges by what an evaluation said later" {
	mreg put -q m f0 --metric acc=0.5 --best-by acc:max
	mreg meta -q m:v0 --metric acc=0.9
	mreg put -q m f1 --metric acc=0.7 --best-by acc:max
	mreg_is 0 resolve --name m:best
	says m:v0
}

@test "put --only-if-better prints the holder and makes no version" {
	mreg put -q m f0 --metric acc=0.5 --only-if-better acc:max
	mreg_is 0 resolve --name m:best
	says m:v0
	state >../before
	mreg_is 0 put --json m f1 --metric acc=0.4 --only-if-better acc:max -a other
	json '.ref == "m:v0" and (.created | not) and .reason == "not-better"'
	complains "'acc' is not better than that of 'm:v0'"
	diff ../before <(state)
	mreg_is 0 put m f1 --metric acc=0.6 --only-if-better acc:max
	says m:v1
	mreg_is 1 put n f1 --metric acc=nan --only-if-better acc:max
	says_nothing
	mreg_is 3 show n
}

@test "put by a metric that is missing, or a rule that is none, is 2" {
	state >../before
	mreg_is 2 put m f0 --best-by acc:max
	complains "the metric 'acc' is not given"
	mreg_is 2 put m f0 --metric acc=1 --best-by acc
	mreg_is 2 put m f0 --metric acc=1 --best-by acc:best
	mreg_is 2 put m f0 --metric acc=1 --best-by acc:max --only-if-better acc:min
	says_nothing
	diff ../before <(state)
}
