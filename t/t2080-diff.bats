#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg diff: what differs between two versions.

load lib

setup()
{
	sandbox
	new_registry
}

# a:v0 and b:v0: a file of each kind of difference, and metadata of each kind.
two_versions()
{
	mkdir m
	printf 'one\ntwo\n' >m/notes
	echo same >m/same
	echo gone >m/gone
	echo moved >m/old
	printf '\0\1' >m/binary
	mreg put -q a m -m first -M lr=0.1 -M n=3 -M 'opt={"name":"sgd","m":{"b":1}}' -M was=x >/dev/null
	printf 'one\n2\nthree\n' >m/notes
	rm m/gone
	mv m/old m/new
	echo fresh >m/added
	chmod +x m/same
	printf '\0\1\2' >m/binary
	mreg put -q b m -t dataset -m second -M lr=0.2 -M n=3.0 -M 'opt={"name":"adam","m":{"b":1}}' -M 'is={"x":[1]}' >/dev/null
}

# predictions FILE in versions p:v0 and p:v1, from $1 and $2
predictions()
{
	mkdir -p p
	printf '%b' "$2" >"p/$1"
	mreg put -q p p
	printf '%b' "$3" >"p/$1"
	mreg put -q p p
}

@test "two versions of one content are the same, whatever they are called" {
	mkdir m
	echo x >m/x
	mreg put -q a m
	mreg put -q b m
	mreg_is 0 diff a b
	says_nothing
	no_complaint
	mreg_is 0 diff --json a:v0 b:latest
	json '.format == 1 and .a == "a:v0" and .b == "b:v0" and .same and .files == [] and .metadata == [] and .metrics == []'
	no_complaint
	mreg_is 0 diff a b x
	says_nothing
	mreg_is 0 diff --json a b x
	json '.same and .kind == "same" and .path == "x" and .digest_a == .digest_b'
}

@test "diff tells added, deleted, modified and renamed files, with sizes" {
	two_versions
	mreg_is 1 diff --json a b
	json '.same == false and .added == 1 and .deleted == 1 and .modified == 3 and .renamed == 1'
	json '.files | map([.kind, .path, .from, .size_a, .size_b]) == [["added", "added", null, null, 6], ["modified", "binary", null, 2, 3],
		["deleted", "gone", null, 5, null], ["renamed", "new", "old", 6, 6], ["modified", "notes", null, 8, 12], ["modified", "same", null, 5, 5]]'
	json '.files[5] | .mode_a == "0644" and .mode_b == "0755" and .digest_a == .digest_b'
	json_error '.error.code == "no" and .error.message == "'"'a:v0' and 'b:v0' differ"'"'
}

@test "diff tells metadata that was added, removed and changed, with both values" {
	two_versions
	mreg_is 1 diff --json a b
	json '.metadata | map([.key, .kind, .a, .b, .delta]) == [["is.x", "added", null, [1], null], ["lr", "changed", 0.1, 0.2, 0.1],
		["opt.name", "changed", "sgd", "adam", null], ["was", "removed", "x", null, null]]'
	json '.type == {"a": "model", "b": "dataset"} and .description == {"a": "first", "b": "second"}'
}

@test "metadata that was said later counts" {
	mkdir m
	echo x >m/x
	mreg put -q a m -M lr=1
	mreg put -q b m -M lr=1
	mreg put -q b m -M lr=3
	mreg_is 1 diff --json a b
	json '.files == [] and (.metadata | map([.key, .a, .b, .delta]) == [["lr", 1, 3, 2]])'
	mreg_is 1 diff -q a b
	says_nothing
	mreg_is 0 diff --stat a b
	mreg_is 0 diff --name-only a b
}

@test "diff for people stands side by side" {
	two_versions
	mreg_is 1 diff a b
	no_complaint
	assert_line --index 0 --regexp '^VERSION +a:v0 +b:v0$'
	assert_line --regexp '^type +model +dataset$'
	assert_line --regexp '^description +first +second$'
	assert_line --regexp '^METADATA +a:v0 +b:v0$'
	assert_line --regexp '^lr +0\.1 +0\.2 +\+0\.1 \(\+100%\)$'
	assert_line --regexp '^opt\.name +sgd +adam$'
	assert_line --regexp '^was +x$'
	assert_line --regexp '^CHANGE +BEFORE +AFTER +DELTA +PATH$'
	assert_line --regexp '^renamed +6 B +6 B +old -> new$'
	assert_line --regexp '^modified +5 B +5 B +same \(0644 -> 0755\)$'
	assert_line --regexp '^deleted +5 B +-5 B +gone$'
	assert_line '6 files: 1 added, 1 deleted, 3 modified, 1 renamed; +6 B'
	refute_output --regexp '^n '
}

@test "diff fits the terminal, and cuts nothing in a pipe" {
	local long
	long=$(printf 'x%.0s' {1..200})
	mkdir m
	echo x >m/x
	mreg put -q a m -M "k=$long" -M "key${long:100}=1" -M esc="$(printf '\033[31m\nsecond')"
	mreg put -q b m -M "k=y$long"
	export TERM=xterm
	run script -qefc 'stty cols 50; mreg --no-pager diff a b' /dev/null </dev/null
	assert_equal "$status" 1
	assert_equal "$(sed 's/\x1b\[[0-9;]*m//g' <<<"${output//$'\r'/}" | wc -L)" 50
	assert_output --partial '…'
	assert_output --partial '\x1b[31m\nseco…'
	mreg_is 1 diff a b
	assert_output --partial "y$long"
	refute_output --partial '…'
}

@test "diff --stat, --name-only and -q are of files" {
	two_versions
	mreg_is 1 diff --stat a b
	assert_line --index 0 --regexp '^CHANGE '
	assert_line --regexp '^modified +8 B +12 B +\+4 B +notes$'
	assert_line --index 7 '6 files: 1 added, 1 deleted, 3 modified, 1 renamed; +6 B'
	assert_equal "${#lines[@]}" 8
	mreg_is 1 diff --name-only a b
	says added binary gone new notes same
	mreg_is 1 diff -q a b
	says added binary gone new notes same
	no_complaint
	mreg_is 1 diff --stat --json a b
	json 'has("metadata") == false and (.files | length) == 6'
	assert_equal "$(mreg diff -qz a b | tr '\0' '|')" 'added|binary|gone|new|notes|same|'
	assert_equal "$(mreg diff --name-only -z a b | tr '\0' '|')" 'added|binary|gone|new|notes|same|'
}

@test "a path that is not UTF-8 is exact with -q" {
	local name
	name=$(printf 'a\377\nb')
	mkdir m
	echo 1 >"m/$name"
	mreg put -q a m
	echo 2 >"m/$name"
	mreg put -q a m
	assert_equal "$(mreg diff -qz a:v0 a:v1 | od -An -c | tr -d ' \n')" 'a377\nb\0'
	mreg_is 1 diff --json a:v0 a:v1
	json '.files[0] | has("path_base64")'
	mreg_is 1 diff a:v0 a:v1 "$name"
	assert_line '--- a:v0/a\xff\nb'
	assert_line '+2'
}

@test "diff of one text file shows its lines" {
	two_versions
	mreg_is 1 diff a b notes
	no_complaint
	assert_line --index 0 --regexp '^modified  notes  8 B [0-9a-f]{12} 0644 -> 12 B [0-9a-f]{12} 0644$'
	assert_equal "$(tail -n +2 <<<"$output")" "$(printf '%s\n' '--- a:v0/notes' '+++ b:v0/notes' '@@ -1,2 +1,3 @@' ' one' '-two' '+2' '+three')"
	mreg_is 1 diff a b old notes
	assert_line --index 0 --regexp '^modified  old -> notes '
	assert_line '--- a:v0/old'
	assert_line '+++ b:v0/notes'
	mreg_is 0 diff a b old new
	says_nothing
	mreg_is 1 diff a b gone
	assert_line --index 0 --regexp '^deleted  gone '
	assert_line '-gone'
	mreg_is 1 diff a b added
	assert_line '+fresh'
}

@test "diff of one file that is no text says that it differs" {
	two_versions
	mreg_is 1 diff a b binary
	assert_output --regexp '^modified  binary  2 B [0-9a-f]{12} 0644 -> 3 B [0-9a-f]{12} 0644$'
	mreg_is 1 diff a b same
	assert_output --regexp '^modified  same  5 B [0-9a-f]{12} 0644 -> 5 B [0-9a-f]{12} 0755$'
	mreg_is 1 diff --name-only a b notes
	says notes
	mreg_is 1 diff --json a b notes
	json '.path == "notes" and .kind == "modified" and .size_a == 8 and .size_b == 12 and .same == false'
	mreg_is 1 diff --stat a b notes
	assert_equal "${#lines[@]}" 1
}

@test "without the program diff all but lines can be compared" {
	two_versions
	run --separate-stderr -10 env PATH="${PATH%%:*}" mreg diff a b notes
	complains "cannot run 'diff'"
	complains "diffutils"
	run --separate-stderr -1 env PATH="${PATH%%:*}" mreg diff -q a b notes
	run --separate-stderr -1 env PATH="${PATH%%:*}" mreg diff --json a b notes
	run --separate-stderr -1 env PATH="${PATH%%:*}" mreg diff a b
}

@test "what is in a file does not act on the terminal" {
	mkdir m
	echo x >m/f
	mreg put -q a m
	printf 'a\tb \033[31mred\n' >m/f
	mreg put -q a m
	export TERM=xterm
	run script -qefc 'mreg --no-pager diff a:v0 a:v1 f' /dev/null </dev/null
	assert_output --partial $'+a\tb \\x1b[31mred'
	mreg_is 1 diff a:v0 a:v1 f
	assert_line $'+a\tb \033[31mred'
}

@test "links are compared by what they point to" {
	mkdir m
	echo 1 >m/a
	ln -s a m/l
	mreg put -q m m
	ln -sfn a2 m/l
	echo 1 >m/a2
	mreg put -q m m
	mreg_is 1 diff m:v0 m:v1 l
	says 'modified  l  1 B 0777 a -> 2 B 0777 a2'
}

@test "diff --rows joins CSV by a column" {
	predictions pred.csv 'id,label,score\r\n1,cat,0.50\r\n2,dog,0.7\r\n"3","a ""b"", c",1\r\n' 'score,id,label\n0.5,1,cat\n8e-1,2,"cow\nmoo"\n1,4,x\n'
	mreg_is 1 diff --rows id p:v0 p:v1
	no_complaint
	assert_line --index 0 --regexp '^CHANGE +KEY +COLUMN +BEFORE +AFTER$'
	assert_line --regexp '^changed +2 +label +dog +cow\\nmoo$'
	assert_line --regexp '^changed +2 +score +0\.7 +8e-1$'
	assert_line --regexp '^removed +3$'
	assert_line --regexp '^added +4$'
	assert_line 'rows: 1 added, 1 removed, 1 changed, 1 the same; label in 1, score in 1'
	mreg_is 1 diff --rows id p:v0 p:v1 --json
	json '.same == false and .key == "id" and .path == "pred.csv" and [.added, .removed, .changed, .unchanged] == [1, 1, 1, 1]'
	json '.rows | map([.kind, .key]) == [["changed", "2"], ["removed", "3"], ["added", "4"]]'
	json '.rows[1].columns == [{"column": "label", "a": "a \"b\", c", "b": null}, {"column": "score", "a": "1", "b": null}]'
	json '.changed_columns == [{"column": "label", "rows": 1}, {"column": "score", "rows": 1}]'
	mreg_is 1 diff -q --rows id p:v0 p:v1
	says 2 3 4
	mreg_is 0 diff --rows id p:v0 p:v0
	says 'rows: 0 added, 0 removed, 0 changed, 3 the same'
}

@test "diff --rows joins JSON Lines, and JSON Lines with CSV" {
	predictions out.jsonl '{"id":1,"y":[1,2],"p":0.5}\n\n{"id":2,"y":null}' '{"p":5e-1,"id":1,"y":[1,3]}\n{"id":2}\n'
	mreg_is 1 diff --rows id p:v0 p:v1 --json
	json '.rows == [{"kind": "changed", "key": "1", "columns": [{"column": "y", "a": [1,2], "b": [1,3]}]}] and .unchanged == 1'
	mkdir c
	printf 'id,p,y\n1,0.5,"[1,2]"\n2,,\n' >c/t.csv
	mreg put -q c c
	mreg_is 1 diff --rows id p:v0 c --json
	json '.rows | map([.key, (.columns | map(.column))]) == [["2", ["y", "p"]]]'
}

@test "rows that cannot be joined are refused" {
	predictions a.csv 'id,x\n1,2\n1,3\n' 'id,x\n1,2,3\n'
	mreg_is 2 diff --rows id p:v0 p:v1
	says_nothing
	complains "line 3 of 'p:v0/a.csv': 'id' is '1' a second time"
	mreg_is 2 diff --rows idx p:v0 p:v1
	complains "'p:v0/a.csv' has no column 'idx'"
	complains "Its columns are: id, x."
	mreg_is 2 diff --rows x p:v0 p:v1
	complains "line 2 of 'p:v1/a.csv': 3 fields where the first row has 2"
	printf 'id\n"a\n' >p/a.csv
	mreg put -q p p
	mreg_is 2 diff --rows id p:v2 p:v2
	complains "line 2 of 'p:v2/a.csv': a quote is not closed"
	printf '{"id":1}\n{"x":1}\n' >p/b.jsonl
	mreg put -q p p
	mreg_is 2 diff --rows id p:v3 p:v3
	complains "more than one file of rows: 'a.csv' and 'b.jsonl'"
	mreg_is 2 diff --rows id p:v3 p:v3 b.jsonl
	complains "line 2 of 'p:v3/b.jsonl': there is no member 'id'"
	mreg_is 3 diff --rows id p:v3 p:v3 c.csv
	mreg_is 2 diff --rows id --stat p:v0 p:v1
	mreg_is 3 diff --rows id "$(mkdir e && echo x >e/x && mreg put e e)" p:v0
	complains "'e:v0' has no file whose name ends in .csv"
}

@test "diff of what is not there" {
	two_versions
	mreg_is 3 diff a nowhere
	mreg_is 4 diff a:v0 a:v9
	mreg_is 3 diff a b nowhere
	complains "'a:v0' has no file 'nowhere'"
	mreg_is 3 diff a b notes nowhere
	complains "'b:v0' has no file 'nowhere'"
	mreg_is 2 diff a
	mreg_is 2 diff a b c d e
	says_nothing
}

@test "diff tells metrics with their differences, through links too" {
	mkdir m
	echo x >m/x
	mreg put -q a m --metric acc=0.5 --metric loss=nan --metric n=4 --metric zero=0
	mreg put -q b m --metric acc=0.25
	# said again later
	mreg put -q b m --metric acc=0.75 --metric loss=1 --metric n=3 --metric zero=1 --metric only=2 --link model:production
	mreg_is 1 diff --json a model:production
	json '.b == "model:v0" and .files == [] and (.metrics | map([.key, .kind, .a, .b, .delta, .percent])) == [["acc", "changed", 0.5, 0.75, 0.25, 50.0],
		["loss", "changed", "nan", 1, null, null], ["n", "changed", 4, 3, -1, -25.0], ["only", "added", null, 2, null, null], ["zero", "changed", 0, 1, 1, null]]'
	mreg_is 1 diff a b
	assert_line --regexp '^METRICS +a:v0 +b:v0$'
	assert_line --regexp '^acc +0\.5 +0\.75 +\+0\.25 \(\+50%\)$'
	assert_line --regexp '^loss +nan +1$'
	assert_line --regexp '^zero +0 +1 +\+1$'
	mreg_is 0 diff b model
	says_nothing
}

# NAME LR ACC: a run that uses data:v0 and makes a version of net.
trained()
{
	local run
	run=$(mreg run start --no-git --name "$1" -t train -M "lr=$2" -M epochs=3)
	MREG_RUN=$run mreg use -q data:v0 >/dev/null
	mreg run log -q "$run" "acc=$3"
	echo "$1" >weights
	MREG_RUN=$run mreg put -q net weights >/dev/null
	mreg run finish -q "$run" >/dev/null
}

two_runs()
{
	echo a >data
	mreg put -q data data >/dev/null
	trained first 0.1 0.6898178522391315
	trained second 0.01 0.75
}

@test "diff of versions shows how the runs were configured that made them" {
	two_runs
	mreg_is 1 diff net:v0 net:v1
	no_complaint
	assert_line --regexp '^CONFIG +net:v0 +net:v1$'
	assert_line --regexp '^lr +0\.1 +0\.01 '
	refute_output --partial epochs
	mreg_is 1 diff --json net:v0 net:v1
	json '.config | map([.key, .kind, .a, .b]) == [["lr", "changed", 0.1, 0.01]]'
	mreg_is 1 diff --json net:v0 data:v0
	json '.config | map([.key, .kind]) == [["epochs", "removed"], ["lr", "removed"]]'
}

@test "diff of runs compares what they did, not when" {
	two_runs
	mreg_is 1 diff first second
	no_complaint
	assert_line --regexp '^CONFIG +first +second$'
	assert_line --regexp '^lr +0\.1 +0\.01 '
	assert_line --regexp '^acc +0\.689818 +0\.75 +\+0\.06'
	refute_output --partial INPUTS
	first=$(mreg run ls -q --search 'name = first')
	mreg_is 1 diff --json "$first" second
	json ".a == \"$first\" and (.same | not) and .run == [] and .inputs == null and (.metrics | map([.key, .a]) == [[\"acc\", 0.6898178522391315]])"
	mreg_is 0 diff first "$first"
	says_nothing
	trained twin 0.1 0.6898178522391315
	mreg_is 0 diff first twin
	says_nothing
	mreg use -q --run twin net:v1 >/dev/null
	mreg_is 1 diff first twin
	assert_line --regexp '^INPUTS'
	assert_line --regexp 'net:v1$'
}

@test "a run is compared with a run, and as a whole" {
	two_runs
	mreg_is 2 diff first net:v0
	complains "'first' is a run, and 'net:v0' is none"
	mreg_is 2 diff first second --stat
	complains 'runs are compared as a whole'
	mreg_is 2 diff first second file
	mreg_is 3 diff first third
}

@test "diff rounds numbers for people, unless that hides what differs" {
	echo a >f
	mreg put -q n f --metric a=0.5000000001 --metric b=0.123456789 >/dev/null
	echo b >f
	mreg put -q n f --metric a=0.5000000002 --metric b=0.2 >/dev/null
	mreg_is 1 diff n:v0 n:v1
	assert_line --regexp '^a +0\.5000000001 +0\.5000000002'
	assert_line --regexp '^b +0\.123457 +0\.2'
}
