#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Metrics of runs: from the command line, from lines of JSON, by many at once, and a million of them.

load lib

setup()
{
	sandbox
	new_registry
	id=$(mreg run start --name run)
	file=.mreg/runs/$id
}

# The points of the running run, without their times.
points()
{
	cut -d ' ' -f 2- "$file"
}

# logs TEXT WANT…: these lines of JSON come to these points.
logs()
{
	printf '%s\n' "$1" | mreg run log "$id" -
	shift
	assert_equal "$(points)" "$(printf '%s\n' "$@")"
}

@test "the step is no metric, nor is nothing" {
	id=$(mreg run start)
	mreg_is 2 run log "$id" step=3 loss=1
	complains "'step' is no metric"
	complains 'The step of what is logged is --step 3.'
	mreg_is 2 run log "$id" =3
	complains 'the name of a metric is empty'
	mreg_is 0 run log "$id" steps=3 --step 3
	assert_equal "$(cut -d ' ' -f 2- ".mreg/runs/$id")" '3 steps 3.0'
}

@test "each metric counts its own steps, from 0, unless one is given" {
	mreg_is 0 run log "$id" loss=.5 acc=1
	says_nothing
	no_complaint
	mreg_is 0 run log "$id" loss=.25
	mreg_is 0 run log "$id" loss=1e-7 --step 10
	mreg_is 0 run log "$id" loss=3 acc=-2.5
	mreg_is 0 run log "$id" loss=4 --step 3
	mreg_is 0 run log "$id" loss=5
	assert_equal "$(points)" "$(printf '%s\n' '0 loss 0.5' '0 acc 1.0' '1 loss 0.25' '10 loss 1e-07' '11 loss 3.0' '1 acc -2.5' '3 loss 4.0' '12 loss 5.0')"
	assert_equal "$(cut -d ' ' -f 1 "$file" | sort -u)" "$(date -d 2026-01-02T03:04:05Z +%s)000000000"
}

@test "what JSON cannot say is logged as well" {
	mreg_is 0 run log run a=nan b=inf c=-Infinity
	assert_equal "$(points)" "$(printf '%s\n' '0 a nan' '0 b inf' '0 c -inf')"
	mreg_is 0 run show --json run
	json '.metrics == {"a": "nan", "b": "inf", "c": "-inf"} and .points.a.min == "nan"'
}

@test "the run is that of MREG_RUN if none is named" {
	mreg_is 2 run log loss=1
	complains 'no run is named'
	export MREG_RUN=$id
	mreg_is 0 run log loss=1
	mreg_is 0 run log --json loss=2 acc=3
	json '.id == "'"$id"'" and .points == 2'
	echo '{"loss":3}' | mreg run log -
	assert_equal "$(points)" "$(printf '%s\n' '0 loss 1.0' '1 loss 2.0' '0 acc 3.0' '2 loss 3.0')"
	mreg_is 0 run finish
	says "$id"
	MREG_RUN=r-nowhere00 mreg_is 3 run log loss=1
}

@test "names may have blanks and signs, but no control characters" {
	mreg_is 2 run log run '=3'
	mreg_is 0 run log run 'val/top 5%=1' 'größe=2'
	assert_equal "$(points)" "$(printf '%s\n' '0 val/top%205%25 1.0' '0 größe 2.0')"
	mreg_is 0 run show --json run
	json '.metrics == {"val/top 5%": 1, "größe": 2}'
	mreg_is 2 run log run "$(printf 'a\033[2Jb=1')"
	[[ $stderr != *$'\033'* ]]
	mreg_is 2 run log run "$(printf 'a%.0s' {1..257})=1"
	mreg_is 2 run log run "$(printf 'a\377=1')"
	assert_equal "$(points | wc -l)" 2
}

@test "what is no point is refused" {
	mreg_is 2 run log run loss
	mreg_is 2 run log run
	mreg_is 2 run log
	mreg_is 2 run log run loss=high
	mreg_is 2 run log run loss=1 acc=
	mreg_is 2 run log run loss=1e999
	mreg_is 2 run log run loss=0x10
	mreg_is 2 run log run - loss=1
	mreg_is 2 run log run loss=1 --step -1
	mreg_is 2 run log run loss=1 --step 9223372036854775808
	mreg_is 2 run log run loss=1 --status 1
	mreg_is 0 run log -n run loss=1
	complains 'dry run'
	assert_equal "$(points)" ""
	mreg run log -q run loss=1 --step 9223372036854775807
	mreg_is 2 run log run loss=1
	complains 'no step after'
	assert_equal "$(points)" '9223372036854775807 loss 1.0'
}

@test "lines of JSON are logged, with their steps" {
	logs '{"step":3,"loss":0.3,"acc":"nan"}' '3 loss 0.3' '3 acc nan'
	logs '  { "loss" : 0.25 , "step" : 7.0 }  ' '3 loss 0.3' '3 acc nan' '7 loss 0.25'
}

@test "lines of JSON may say NaN and Infinity, and escape what they like" {
	logs '{"a":NaN,"b":-Infinity,"c":Infinity,"d":"inf","e":"-inf","f":-1.5E-3,"g":-0.0}' \
		'0 a nan' '0 b -inf' '0 c inf' '0 d inf' '0 e -inf' '0 f -0.0015' '0 g -0.0'
}

@test "lines of JSON may escape what they like, and be empty" {
	logs '{"\u0065":1,"f":12345678901234567,"g":1E2,"st\u0065p":4}

{}' '4 e 1.0' '4 f 1.2345678901234568e+16' '4 g 100.0'
}

@test "a wrong line is passed over, and told" {
	printf '%s\n' '{"loss":1}' '{"loss":"high"}' 'loss=2' '{"loss":3' '[1]' '{"loss":{"a":1}}' '{"step":-1,"loss":1}' '{"step":1.5,"loss":1}' \
		'{"":1}' '{"loss":null}' '{"loss":true}' '{"a":1,"loss":[]}' '{"loss":2}' >lines
	mreg_is 2 run log run - <lines
	says_nothing
	complains "line 2 is not logged: 'loss' is not a number"
	complains 'line 7 is not logged: the step'
	complains '11 of 13 lines were not logged'
	assert_equal "$(points)" "$(printf '%s\n' '0 loss 1.0' '1 loss 2.0')"
	mreg_is 2 run log --json run - <lines
	json_error '.error.code == "invalid"'
}

@test "the last line needs no newline, and nothing at all is fine" {
	printf '{"loss":1}' | mreg run log run -
	: | mreg run log run -
	assert_equal "$(points)" '0 loss 1.0'
	head -c 2000000 /dev/zero | tr '\0' ' ' >blanks
	mreg_is 2 run log run - <blanks
	complains 'more than'
}

@test "points are logged while the stream goes on" {
	mkfifo pipe
	mreg run log run - <pipe &
	exec 7>pipe
	echo '{"loss":1}' >&7
	until [ -s "$file" ]; do :; done
	assert_equal "$(points)" '0 loss 1.0'
	mreg run log -q run loss=2
	echo '{"loss":3}' >&7
	exec 7>&-
	wait $!
	assert_equal "$(points)" "$(printf '%s\n' '0 loss 1.0' '1 loss 2.0' '2 loss 3.0')"
}

@test "a stream whose run is ended by somebody is told so" {
	mkfifo pipe
	mreg run log run - <pipe 2>complaint &
	exec 7>pipe
	echo '{"loss":1}' >&7
	until [ -s "$file" ]; do :; done
	mreg run finish -q run >out
	echo '{"loss":2}' >&7
	exec 7>&-
	status=0
	wait $! || status=$?
	[ "$status" = 5 ]
	grep -q 'has ended' complaint
	assert_equal "$(ls -A .mreg/runs)" ""
	mreg_is 0 run show --json run
	json '.points.loss.count == 1'
}

@test "many may log to one run, and no step is given twice" {
	local n
	for n in 1 2 3 4 5 6; do
		(for _ in 1 2 3 4 5; do mreg run log run loss=$n; done) &
	done
	wait
	assert_equal "$(points | cut -d ' ' -f 1 | sort -n | tr '\n' ' ')" "$(seq -s ' ' 0 29) "
}

@test "who is killed while he logs leaves no half of a line to the next" {
	mreg run log -q run loss=1
	MREG_CRASH=run-half-points run -137 mreg run log run loss=2
	[ "$(tail -c 1 "$file")" != "" ]
	mreg_is 0 run show --json run
	json '.points.loss.count == 1'
	mreg_is 0 run log run loss=3
	assert_equal "$(points)" "$(printf '%s\n' '0 loss 1.0' '1 loss 3.0')"
	printf '1767323045000000000 5 lo' >>"$file"
	mreg_is 0 run finish run
	mreg_is 0 run show --json run
	json '.points.loss.count == 2 and .metrics == {"loss": 3}'
}

@test "a damaged file of points is told, and the run can end with what can be read" {
	mreg run log -q run loss=1
	printf 'garbage\n\0\0\n' >>"$file"
	mreg_is 7 run log run loss=2
	complains 'there is no point'
	mreg_is 0 run log run loss=2 --step 1
	mreg_is 0 run finish run
	complains '2 lines could not be read and are left out'
	mreg run cat run points >sealed
	assert_equal "$(cut -d ' ' -f 2- sealed)" "$(printf '%s\n' '0 loss 1.0' '1 loss 2.0')"
	mreg_is 0 run show --json run
	json '.metrics == {"loss": 2} and .points.loss.count == 2'
	assert_equal "$(ls -A .mreg/tmp)" ""
}

@test "what a crash of the machine leaves behind the last line is passed over" {
	mreg run log -q run loss=1
	head -c 100000 /dev/zero >>"$file"
	mreg_is 0 run show --json run
	json '.metrics == {"loss": 1} and .points.loss.count == 1'
	no_complaint
	mreg_is 0 put digits "$DIGITS/epoch-1" --run run --new-version --json
	mreg_is 0 run log run loss=2
	assert_equal "$(cut -d ' ' -f 2- "$file")" "$(printf '%s\n' '0 loss 1.0' '1 loss 2.0')"
}

@test "a run with damaged points hides no other one, and that is said" {
	local sort
	mreg run start -q --name second >/dev/null
	mreg run log -q second loss=1
	mreg run start -q --name third >/dev/null
	printf 'garbage\n' >>"$file"
	for sort in created metrics.loss; do
		mreg_is 7 run ls --json --sort "$sort"
		json 'lines | map({(.name): .metrics.loss}) | add == {"run": null, "second": 1, "third": null}'
		json_error '.error.code == "integrity"'
	done
	mreg_is 7 search --runs 'metrics.loss > 0' -q
	[ "${#lines[@]}" -eq 1 ]
}

@test "what is no file in the place of a run's points is damage of that run alone" {
	local make
	mreg run start -q --name second >/dev/null
	mreg run log -q second loss=1
	for make in mkfifo mkdir 'ln -s /etc/hostname' 'ln -s nowhere'; do
		rm -rf "$file"
		$make "$file"
		mreg_is 7 run ls --json
		json 'lines | map({(.name): .metrics.loss}) | add == {"run": null, "second": 1}'
		json_error '.error.code == "integrity"'
		mreg_is 7 run show run
		complains 'is not a regular file'
	done
}

@test "what a run has logged is read after gc, and in a clone" {
	seq 0 999 | sed 's/.*/{"loss":0.&}/' | mreg run log run -
	mreg run finish -q run
	mreg run cat run points >sealed
	assert_equal "$(wc -l <sealed)" 1000
	mreg gc -q --grace 0 --yes
	mreg run cat run points | cmp - sealed
	mreg fsck -q
	mreg clone -q . ../copy
	mreg --registry ../copy run cat run points | cmp - sealed
	mreg --registry ../copy run show --json run >there
	mreg run show --json run | cmp - there
}

@test "who waits for another to log gives up in time" {
	mreg run log -q run loss=1
	cat >held.py <<-'END'
		import fcntl, subprocess, sys
		with open(sys.argv[1], "r+b") as file:
		    fcntl.lockf(file, fcntl.LOCK_EX, 1)
		    sys.exit(subprocess.call(sys.argv[2:]))
	END
	run --separate-stderr -9 python3 held.py "$file" mreg -c core.lockTimeout=0 run log run loss=2
	complains 'cannot log'
	run --separate-stderr -9 python3 held.py "$file" mreg -c core.lockTimeout=0 run finish run
	assert_equal "$(points)" '0 loss 1.0'
}

@test "those who share a registry log to the runs of others" {
	mreg init -q --shared ../shared
	umask 077
	id=$(mreg --registry ../shared run start)
	assert_equal "$(stat -c %A "../shared/.mreg/runs/$id" | cut -c 2-7)" rw-rw-
}

@test "very many metrics do not break a record" {
	seq -f '{"metric %g of a rather long name, so that many of them are more than there is room for":1}' 1 3000 | mreg run log run -
	mreg_is 0 run finish run
	complains 'has 3000 metrics'
	mreg_is 0 run show --json run
	json '(.points | length) == 3000 and (.metrics | length) > 300 and (.metrics | length) < 3000'
}

@test "a million points are nothing special" {
	seq 0 499999 | sed 's/.*/{"step":&,"loss":0.&,"acc":1e-&}/; s/e-[0-9]*\([0-9]\)}/e-\1}/' >lines
	mreg run log run - <lines
	assert_equal "$(wc -l <"$file")" 1000000
	mreg_is 0 run finish run
	mreg_is 0 run show --json run
	json '.points.loss.count == 500000 and .points.acc.last_step == 499999 and .metrics.loss == 0.499999'
}
