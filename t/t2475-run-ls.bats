#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# run ls and run show: what runs there are, and all about one.

load lib

setup()
{
	sandbox
	new_registry
	echo a >data
	mreg put -q data data -t dataset >/dev/null
}

# NAME [OPTION…]: a run that has begun.
begun()
{
	local name=$1
	shift
	mreg run start --no-git --name "$name" "$@"
}

trained()
{
	local run
	run=$(MREG_NOW=2026-01-02T01:00:00Z begun "$1" -t train -M lr=0.1 --tag nightly -m "A note of two lines,
the second")
	MREG_RUN=$run mreg use -q data:v0 --name train-set >/dev/null
	printf '{"step":%d,"loss":%s,"acc":%s}\n' 1 1 0.1 2 0.5 0.5 3 0.75 0.4 | mreg run log "$run" -
	echo "$1" >weights
	MREG_RUN=$run mreg put -q model weights >/dev/null
	MREG_NOW=2026-01-02T03:04:05Z mreg run finish -q "$run" >/dev/null
}

@test "run ls shows a table, newest first, and nothing when there are no runs" {
	mreg_is 0 run ls
	says_nothing
	trained first
	begun second >/dev/null
	mreg_is 0 run ls
	no_complaint
	assert_line --index 0 --regexp '^ID +NAME +JOB TYPE +STATE +AGE +DURATION +OUTPUTS$'
	assert_line --index 1 --regexp '^r-[a-z0-9]{10}  second  run       running   just now        0s$'
	assert_line --index 2 --regexp '^r-[a-z0-9]{10}  first   train     finished  2h ago      2h 04m  model:v0$'
}

@test "run ls filters by job type, state and query" {
	trained first
	begun second >/dev/null
	mreg_is 0 run ls --job-type train --template '{name}'
	says first
	mreg_is 0 run ls --state running --template '{name}'
	says second
	mreg_is 0 run ls --state running --state finished --template '{name}'
	says second first
	mreg_is 0 run ls --search 'metrics.acc < 0.5 and tag = nightly' --template '{name}'
	says first
	mreg_is 0 run ls --search 'metrics.acc > 0.5'
	says_nothing
	mreg_is 2 run ls --state finnished
	complains "Did you mean 'finished'?"
	mreg_is 2 run ls --search 'metrics.acc >'
	complains 'the query is wrong at column 14'
	mreg_is 2 run ls extra
}

@test "run ls sorts, and shows the columns that are asked for" {
	trained first
	begun second -M lr=0.5 >/dev/null
	mreg_is 0 run ls --sort -metrics.acc --columns name,metrics.acc,config.lr,tags,inputs
	assert_line --index 1 --regexp '^first +0\.4 +0\.1  nightly  data:v0$'
	assert_line --index 2 --regexp '^second +0\.5$'
	mreg_is 0 run ls --sort duration -n 1 --template '{name}'
	says second
	mreg_is 2 run ls --sort metric.acc
	complains "there is no column 'metric'"
}

@test "run ls takes the fields of runs by the names that run show and queries give them" {
	trained first
	begun second -M lr=0.5 >/dev/null
	mreg_is 0 run ls --search 'config.lr < 0.2 and state = finished and job_type = train and duration > 1h' -q --template '{name}'
	says first
	mreg_is 0 search --runs 'config.lr = 0.5' --template '{name}'
	says second
	mreg_is 0 run ls --sort -run.config.lr --columns name,run.config.lr,age,started
	assert_line --index 0 --regexp '^NAME +CONFIG.LR  AGE +CREATED$'
	assert_line --index 1 --regexp '^second +0\.5  just now  20'
	assert_line --index 2 --regexp '^first +0\.1  .* ago'
	mreg_is 0 run ls --sort age --template '{name}'
	says second first
	mreg_is 0 run ls --sort -age --template '{name}'
	says first second
	mreg_is 2 run ls --search 'stat = finished'
	complains "there is no field 'stat'"
	mreg_is 2 run ls --search 'lr < 1'
	complains "Did you mean 'config.lr' or 'metrics.lr'?"
	mreg_is 2 search 'config.lr < 1'
	complains "Did you mean 'run.config.lr'?"
	mreg_is 2 run ls --columns learning_rate
	complains 'What is within one is written config.learning_rate, metrics.learning_rate or metadata.learning_rate'
	mreg_is 2 run ls --sort ''
	complains '--sort needs the name of a column'
}

@test "run ls filters by tag, and knows the run in which another was begun" {
	trained first
	second=$(begun second --tag nightly --tag wide)
	MREG_RUN=$second begun third >/dev/null
	mreg_is 0 run ls --tag nightly --template '{name}'
	says second first
	mreg_is 0 run ls --tag nightly --tag wide --template '{name}'
	says second
	mreg_is 0 run ls -t train --template '{name}'
	says first
	mreg_is 0 run ls --search "parent = $second" --template '{name} {parent}'
	says "third $second"
	mreg_is 0 run ls --search 'not parent exists' --template '{name}'
	says second first
}

@test "a run that is not there, or not alone with its name, comes with a hint" {
	for name in sweep-1 sweep-2 alone; do begun "$name" >/dev/null; done
	mreg_is 3 run show sweep
	complains "These names begin so: 'sweep-"
	mreg_is 3 run show al
	complains "Did you mean 'alone'?"
	mreg_is 3 run show alnoe
	complains "Did you mean 'alone'?"
	mreg_is 3 run show something
	complains "'mreg run ls' lists the runs"
	begun alone >/dev/null
	mreg_is 2 run show alone
	complains "'alone' is the name of several runs"
	complains 'Write its id.'
}

@test "run ls --json has one record a run" {
	trained first
	mreg_is 0 run ls --json
	json '.format == 1 and .name == "first" and .job_type == "train" and .state == "finished" and .duration == 7445'
	json '.created == "2026-01-02T01:00:00Z" and .ended == "2026-01-02T03:04:05Z" and .inputs == ["data:v0"] and .outputs == ["model:v0"]'
	json '.config == {"lr": 0.1} and .metrics == {"acc": 0.4, "loss": 0.75} and .tags == ["nightly"] and .metadata == {} and .command == null'
}

@test "run show is a card" {
	trained first
	mreg_is 0 run show first
	no_complaint
	assert_line --index 0 --regexp '^r-[a-z0-9]{10}  first$'
	assert_line 'state:        finished'
	assert_line 'job type:     train'
	assert_line 'note:         A note of two lines,'
	assert_line '              the second'
	assert_line 'tags:         nightly'
	assert_line --regexp '^by:           tester@'
	assert_line 'started:      2026-01-02 01:00:00'
	assert_line 'ended:        2026-01-02 03:04:05'
	assert_line 'duration:     2h 04m'
	assert_line 'inputs:       data:v0 as train-set'
	assert_line 'outputs:      model:v0'
	assert_line --regexp '^files: +points  '
	assert_line '  lr:         0.1'
	assert_line '  acc      0.4  0.1  0.5       3  ▁█▆'
	assert_line '  loss    0.75  0.5    1       3  █▁▅'
}

@test "run show tells how a run failed" {
	local run
	run=$(begun bad)
	mreg run finish -q "$run" --status 3 -m 'no memory' >/dev/null
	mreg_is 0 run show bad
	assert_line 'state:        failed, with status 3 (no memory)'
	mreg_is 0 run show bad --json
	json '.state == "failed" and .exit_status == 3 and .reason == "no memory"'
}

@test "run show of one that is running has what was logged so far" {
	local run
	run=$(begun now)
	mreg run log -q "$run" loss=2
	mreg run log -q "$run" loss=1
	mreg_is 0 run show now
	assert_line 'state:        running'
	assert_line 'duration:     0s so far'
	assert_line --regexp '^  loss +1 +1 +2 +2 '
	mreg_is 0 run show now --json
	json '.metrics == {"loss": 1} and .points.loss.count == 2 and .ended == null and .duration == 0'
}

@test "run show --json is one object" {
	trained first
	mreg_is 0 run show first --json
	json '.format == 1 and .kind == "run" and .name == "first" and .config == {"lr": 0.1} and .duration == 7445'
	json '.points.acc == {"count": 3, "first_step": 1, "last_step": 3, "last": 0.4, "min": 0.1, "max": 0.5}'
	json '(.inputs | map([.ref, .as, .live])) == [["data:v0", "train-set", true]]'
	json '(.outputs | map([.ref, .created, .live])) == [["model:v0", true, true]]'
	json '.tags == ["nightly"] and (.files | map(.path)) == ["points"] and .note == "A note of two lines,\nthe second"'
	mreg_is 0 run show -q first
	assert_output --regexp '^r-[a-z0-9]{10}$'
}

@test "run show --metric prints the points below their curve" {
	trained first
	mreg_is 0 run show first --metric loss --metric acc
	no_complaint
	says 'loss  █▁▅' 'STEP  VALUE' '   1      1' '   2    0.5' '   3   0.75' '' 'acc  ▁█▆' 'STEP  VALUE' '   1    0.1' '   2    0.5' '   3    0.4'
	mreg_is 0 run show first --metric loss -q
	says 1 0.5 0.75
	mreg_is 0 run show first --metric loss --json
	json 'lines | map([.metric, .step, .value]) == [["loss", 1, 1], ["loss", 2, 0.5], ["loss", 3, 0.75]]'
	mreg_is 2 run show first --metric los
	complains "has no metric 'los'"
	complains 'It has acc, loss.'
	mreg_is 2 run show first --all
}

@test "run show --metric thins very many points, and keeps every peak" {
	local run
	run=$(begun long)
	awk 'BEGIN { for (i = 0; i < 5000; i++) printf "{\"step\":%d,\"x\":%s}\n", i, i == 2500 ? "99" : i % 7 }' | mreg run log "$run" -
	mreg_is 0 run show long --metric x --json
	json 'lines | length <= 100 and (map(.value) | max) == 99'
	complains 'of 5000 points; --all shows them all'
	mreg_is 0 run show long --metric x --json --all
	json 'lines | length == 5000'
}

@test "a card fits the terminal, and is plain in a pipe" {
	local run
	trained first
	mreg note -q first -m 'a note that is so long that it has to be broken where the terminal ends, not in the midst of words'
	run --separate-stderr -0 script -qec 'stty cols 50; mreg --no-pager show first' /dev/null
	if grep -vaP '^.{0,50}\r?$' <(sed 's/\x1b\[[0-9;]*m//g' <<<"$output"); then false; fi
	assert_line --regexp '^              ends, not in the midst of words'
	mreg_is 0 show first
	assert_line 'note:         a note that is so long that it has to be broken where the terminal ends, not in the midst of words'
}

@test "show of a run is run show, and what is not about runs says where to look" {
	local run
	trained first
	run=$(mreg run ls -q)
	mreg run show "$run" >../card
	mreg show "$run" | diff ../card -
	mreg show first | diff ../card -
	mreg show "${run:0:6}" | diff ../card -
	for verb in get resolve verify log ls alias cat rm; do
		if [ "$verb" = cat ]; then mreg_is 3 cat "$run" file; else mreg_is 3 "$verb" "$run"; fi
		says_nothing
		complains "mreg run show $run"
	done
	mreg_is 3 link "$run" prod
	complains "'mreg run show $run' tells of it."
	mreg_is 3 get first
	complains "It is a run: 'mreg run show first' tells of it."
	mreg_is 2 show --checksums first
	mreg_is 3 run show none
	complains "no run 'none'"
}

@test "points are shown by their steps, in whatever order they were logged" {
	run=$(begun mixed)
	printf '{"step":%d,"loss":%s}\n' 10 0.2 11 0.1 3 1 11 0.3 | mreg run log "$run" -
	mreg_is 0 run show "$run" --metric loss
	says 'loss  █▂▁▃' 'STEP  VALUE' '   3      1' '  10    0.2' '  11    0.1' '  11    0.3'
	mreg_is 0 run show "$run" --metric loss --all --json
	json 'lines | map([.step, .value]) == [[3, 1], [10, 0.2], [11, 0.1], [11, 0.3]]'
	mreg_is 0 run show "$run"
	assert_line --regexp '^  loss .* █▂▁▃$'
}

@test "the command that run show shows can be given to a shell" {
	mreg run exec -q --no-git --name quoted -- sh -c 'echo "a b" "$1" >out' 'my sh' '$HOME\"' >/dev/null
	mreg_is 0 run show quoted
	assert_line --regexp "^command: +sh -c 'echo "
	line=$(sed -n 's/^command: *//p' <<<"$output")
	rm out
	eval "$line"
	assert_equal "$(cat out)" 'a b $HOME\"'
}

@test "run show names the runs that were begun in it" {
	outer=$(begun outer)
	first=$(MREG_RUN=$outer MREG_NOW=2026-01-01T01:00:00Z begun inner-1)
	second=$(MREG_RUN=$outer MREG_NOW=2026-01-01T02:00:00Z begun inner-2)
	mreg_is 0 run show outer
	assert_output --regexp "runs in it: +$second
 +$first"
	mreg_is 0 run show outer --json
	json ".children == [\"$second\", \"$first\"]"
	mreg_is 0 run show inner-1 --json
	json ".children == [] and .parent == \"$outer\""
}

@test "tables round long fractions, and nothing else does" {
	run=$(begun long)
	mreg run log -q "$run" acc=0.6898178522391315 big=1000000
	mreg_is 0 run ls --columns name,metrics.acc,metrics.big
	assert_line --index 1 --regexp '^long +0\.689818 +1000000$'
	mreg_is 0 run ls --json
	json '.metrics.acc == 0.6898178522391315'
	mreg_is 0 run ls --template '{metrics.acc}'
	says 0.6898178522391315
}
