#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The exit statuses are a contract: each is reached as a user would reach it.

load lib

setup()
{
	sandbox
	digits_registry
	mreg alias -q digits:v1 best
	state >../before
}

teardown()
{
	[ -z "${child-}" ] || kill -9 "$child" 2>/dev/null || :
}

nothing_has_changed()
{
	diff ../before <(state)
	assert_equal "$(ls -A .mreg/tmp)" ""
}

# refused STATUS CODE ARG…: the status with text and with --json, with nothing on stdout and nothing changed.
refused()
{
	local wanted=$1 code=$2
	shift 2
	mreg_is "$wanted" --json "$@"
	says_nothing
	json_error '.error.code == "'"$code"'" and .error.status == '"$wanted"
	mreg_is "$wanted" "$@"
	says_nothing
	[[ $stderr == "mreg: "* ]]
	nothing_has_changed
}

@test "0: done" {
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt"
	says digits:v5
	mreg_is 0 alias digits:v5 best
	mreg_is 0 get digits:best -o out
	mreg_is 0 verify digits:best out
	mreg_is 0 resolve digits:best
	mreg_is 0 du
	mreg_is 0 fsck
	mreg_is 0 gc --yes
	no_complaint
}

@test "0: a put that changes nothing, and an alias that is there already" {
	mreg_is 0 put digits "$DIGITS/epoch-1"
	says digits:v0
	mreg_is 0 alias digits:v1 best
	says digits:v1
	nothing_has_changed
}

@test "0: an edit that is there already" {
	mreg link -q digits:v1 reader:production
	mreg tag -q digits:v1 keep
	mreg meta -q digits:v1 a=1 --metric acc=0.5
	mreg note -q digits:v1 -m noted
	mreg create -q empty
	state >../before
	mreg_is 0 link digits:v1 reader:production
	mreg_is 0 tag digits:v1 keep
	mreg_is 0 meta digits:v1 a=1 --metric acc=0.5
	mreg_is 0 note digits:v1 -m noted
	mreg_is 0 create --if-absent empty
	nothing_has_changed
}

@test "1: the directory differs from the version" {
	mreg get -q digits:v2 -o model
	echo edited >model/labels.txt
	mreg_is 1 verify digits:v2 model
	assert_line --regexp '^changed +labels.txt$'
	complains "'model' differs from 'digits:v2' in 1 file"
	mreg_is 1 status model
	complains "'model' is in no version"
	nothing_has_changed
}

@test "1: two versions differ" {
	mreg_is 1 diff digits:v2 digits:best
	assert_line --regexp '^modified .* model.safetensors$'
	no_complaint
	mreg_is 1 --json diff digits:v2 digits:best
	json_error '.error.code == "no" and .error.status == 1'
	nothing_has_changed
}

@test "1: put --fail-if-unchanged found the content" {
	refused 1 no put --fail-if-unchanged digits "$DIGITS/epoch-2"
	complains "digits:v1"
}

@test "1: two versions that were not made from the same" {
	refused 1 no lineage --assert-same-input dataset digits:v0 digits:v1
	refused 1 no lineage --common digits:v0 digits:v1
}

@test "1: a key that is not set" {
	mreg_is 1 config core.editor
	says_nothing
	no_complaint
}

@test "2: the command line is wrong" {
	refused 2 usage put
	refused 2 usage commit
	refused 2 usage ls --no-such-option
	refused 2 usage resolve digits digits
	refused 2 usage du --by size
	refused 2 usage gc --grace soon
	refused 2 usage promote digits:v1 prod
	refused 2 usage rollback digits:best
	refused 2 usage protect digits:v1
	refused 2 usage hook run post-putt digits
	refused 2 usage lineage digits:v0 digits:v1
	refused 2 usage ls --template '{'
	refused 2 usage bundle create b
	refused 2 usage bundle create b --all digits
	refused 2 usage bundle ls --all b
	refused 2 usage remote add origin
	refused 2 usage unlink digits
	refused 2 usage rename digits:v1 other
	refused 2 usage note digits -m a -F b
	refused 2 usage tag -d digits
	refused 2 usage use digits
	refused 2 usage use
	refused 2 invalid put digits "$DIGITS/epoch-1" --from digits:v1
	refused 2 usage create --model --artifact x
	refused 2 usage meta digits:v1 --title x
	refused 2 usage report --metric loss
	refused 2 usage report --format pdf
}

@test "2: a value is not legal" {
	refused 2 invalid put 'no good' "$DIGITS/epoch-1/labels.txt"
	refused 2 invalid put digits "$DIGITS/epoch-1/labels.txt" -M loss=nan
	refused 2 invalid alias digits:v1 latest
	refused 2 invalid create a:b
	refused 2 invalid rename digits 'no good'
	refused 2 invalid link digits:v1 reader:v1
	refused 2 invalid tag digits 'no good'
	refused 2 invalid meta digits loss=inf
	refused 2 invalid config core.lockTimeout soon
	refused 2 invalid remote add origin ssh://-oProxyCommand=x/reg
	refused 2 invalid remote add ../x host:reg
	refused 2 invalid report --search 'name ='
}

@test "3: no such collection" {
	local verb
	for verb in alias get history lineage log ls report resolve show verify; do
		refused 3 no-collection "$verb" digts
		complains "Did you mean 'digits'"
	done
	refused 3 no-collection cat digts labels.txt
	refused 3 no-collection diff digits digts
	refused 3 no-collection alias digts:v1 best
	refused 3 no-collection alias -d digts:best
	refused 3 no-collection promote digts:v1 production
	refused 3 no-collection rollback digts:production
	refused 3 no-collection protect digts:best
	refused 3 no-collection link digts:v1 reader
	refused 3 no-collection link digits:v1 --no-create reader
	refused 3 no-collection unlink digts:v1
	refused 3 no-collection rename digts other
	refused 3 no-collection use digits --run nobody
	refused 3 no-collection put digits "$DIGITS/epoch-1" --run nobody
	refused 3 no-collection put digits "$DIGITS/epoch-1" --from digts
	refused 3 no-collection run rm nobody
	refused 3 no-collection run show nobody
	refused 3 no-collection show r-0000000000
	refused 3 no-collection get r-0000000000
	refused 3 no-collection run outputs nobody
	refused 3 no-collection history r-nobody
	refused 3 no-collection restore r-nobody
	refused 3 no-collection bundle create b nothing
	refused 3 no-collection bundle create b 'no*'
	refused 3 no-collection remote rm origin
	refused 3 no-collection remote set-url origin host:reg
	for verb in tag note meta; do
		refused 3 no-collection "$verb" digts
		complains "Did you mean 'digits'"
	done
	assert_not_exists digts
}

@test "3: no such path in a version" {
	refused 3 no-path cat digits:v0 model.onnx
	complains "'digits:v0' has no file 'model.onnx'"
	refused 3 no-path diff digits:v0 digits:v1 model.onnx
}

@test "4: the collection exists, that alias or version does not" {
	local verb
	for verb in get ls resolve show verify history; do
		refused 4 no-reference "$verb" digits:v17
		refused 4 no-reference "$verb" digits:bset
		complains "'digits:best'"
	done
	refused 4 no-reference cat digits:v17 labels.txt
	refused 4 no-reference alias digits:v17 best
	refused 4 no-reference alias -d digits:bset
	refused 4 no-reference promote digits:v17 production
	refused 4 no-reference rollback digits:production
	refused 4 no-reference protect -d digits:best
	refused 4 no-reference link digits:v17 reader
	refused 4 no-reference tag -d digits nowhere
	refused 4 no-reference meta -d digits:v1 nowhere
	for verb in tag note meta; do
		refused 4 no-reference "$verb" digits:v17
	done
	refused 4 no-reference resolve digits@00000000
	refused 4 no-reference resolve digits:best --at 1970-01-02
	refused 4 no-reference diff digits:v0 digits:v17
	assert_not_exists digits
}

@test "5: it exists already" {
	refused 5 conflict init
	refused 5 conflict create digits
	refused 5 conflict create DIGITS
	mreg create -q other
	state >../before
	refused 5 conflict rename digits other
}

@test "5: another type" {
	refused 5 conflict put digits "$DIGITS/epoch-1/labels.txt" --type dataset
}

@test "5: a model where an artifact is wanted, or an artifact where a model is" {
	mreg link -q digits:v1 reader
	mreg create -q sets --type dataset
	state >../before
	refused 5 conflict put reader "$DIGITS/epoch-1"
	refused 5 conflict link digits:v2 digits
	refused 5 conflict link digits:v2 sets
	refused 5 conflict unlink digits:v1
}

@test "5: a compare-and-set was lost" {
	refused 5 conflict alias digits:v2 best --expect v0
	complains v1
	refused 5 conflict put digits "$DIGITS/epoch-1/labels.txt" --expect v1
	complains v4
}

@test "5: the run has ended" {
	mreg run start --name ended
	mreg run finish -q ended
	state >../before
	refused 5 conflict run log ended loss=1
	refused 5 conflict run finish ended
}

@test "5: two sources for one path, and names that differ in case" {
	refused 5 conflict put digits "$DIGITS/epoch-1/labels.txt" "$DIGITS/epoch-2/labels.txt"
	refused 5 conflict put Digits "$DIGITS/epoch-1/labels.txt"
	refused 5 conflict alias digits:v2 BEST
}

@test "6: foreign files would be overwritten" {
	mkdir model
	echo mine >model/labels.txt
	refused 6 policy get digits:v0 -o model
	complains labels.txt
	assert_equal "$(cat model/labels.txt)" mine
	assert_equal "$(ls -A model)" labels.txt
}

@test "6: what is written lies in a registry" {
	refused 6 policy report -o .mreg/report.html
	refused 6 policy get digits:v0 -o .mreg/model
}

@test "6: an alias is protected, or a hook or a check does not agree" {
	mreg protect digits:best
	state >../before
	refused 6 policy alias digits:v2 best
	refused 6 policy alias -d digits:best
	refused 6 policy -c stage.list=best promote digits:v2 best
	refused 6 policy -c protect.digits:other.check=false alias digits:v2 other
	printf '#!/bin/sh\nexit 1\n' >.mreg/hooks/pre-promote
	chmod +x .mreg/hooks/pre-promote
	refused 6 policy promote digits:v2 production
}

@test "6: what is unlinked has aliases" {
	mreg link -q digits:v1 reader:production
	state >../before
	refused 6 policy unlink reader:production
	complains production
}

@test "7: an object is damaged" {
	damage "$(largest_pack)" 3000
	mreg_is 7 fsck
	mreg_is 7 get digits:v0 -o model
	says_nothing
	complains "digits:v0"
	mreg_is 7 verify digits:v0
	mreg_is 7 verify --json digits:v0
	json_error '.error.code == "integrity" and .error.status == 7'
	assert_not_exists model
}

@test "7: an object is missing" {
	rm "$(largest_pack)"
	mreg_is 7 get digits:v0 -o model
	says_nothing
	assert_not_exists model
	mreg_is 7 gc
	mreg_is 7 du
	assert_line --partial digits
	mreg_is 7 fsck -q
}

@test "7: the journal is damaged" {
	damage .mreg/journal 100
	rm -r .mreg/index/*
	mreg_is 7 fsck
	mreg_is 7 put digits "$DIGITS/epoch-1/labels.txt"
	says_nothing
	complains journal
}

@test "8: the bytes are elsewhere, and cannot be reached" {
	mreg put -q far --ref http://127.0.0.1:1/w.bin --ref s3://bucket/k --digest "$(printf %064d 0)" >/dev/null
	state >../before
	refused 8 remote get far -o model
	refused 8 remote get --offline far --exclude k -o model
	mreg_is 8 cat far w.bin
	says_nothing
	assert_not_exists model
	mreg_is 8 verify --refs far
	nothing_has_changed
}

@test "9: a lock was not to be had in time" {
	mkfifo held
	python3 - >held 3>&- <<'PY' &
import fcntl, os, signal, struct
fd = os.open(".mreg/lock", os.O_RDWR)
fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 128, 1, 0))
print("held", flush=True)
signal.pause()
PY
	child=$!
	read -r _ <held
	refused 9 lock-timeout -c core.lockTimeout=20ms alias digits:v2 best
	# a put stores bytes before it asks for the lock; nothing refers to them
	cp .mreg/journal journal-before
	mreg_is 9 --json -c core.lockTimeout=20ms put digits "$DIGITS/epoch-1/labels.txt"
	says_nothing
	json_error '.error.code == "lock-timeout" and .error.status == 9'
	cmp journal-before .mreg/journal
	mreg_is 0 get -q digits:best -o model
	same_tree "$DIGITS/epoch-2" model
	kill -9 "$child"
	wait "$child" || :
	child=
	mreg_is 0 put digits "$DIGITS/epoch-1/labels.txt"
	says digits:v5
}

@test "10: no registry here" {
	mkdir ../elsewhere
	cd ../elsewhere
	mreg_is 10 ls
	says_nothing
	complains "no registry here"
	mreg_is 10 --json ls
	json_error '.error.code == "no-registry" and .error.status == 10'
}

@test "10: a registry of a newer format" {
	sed -i 's/^version .*/version 99/' .mreg/format
	cp .mreg/journal journal-before
	mreg_is 10 put digits "$DIGITS/epoch-1/labels.txt"
	says_nothing
	complains "99"
	mreg_is 10 --json resolve digits
	json_error '.error.code == "newer-format" and .error.status == 10'
	cmp journal-before .mreg/journal
}

@test "10: a local path is missing or of a wrong kind" {
	refused 10 local put digits nowhere
	complains "'nowhere'"
	mkfifo pipe
	refused 10 local put digits pipe
	complains "is a FIFO"
	refused 10 local verify digits nowhere
	refused 10 local status nowhere
	refused 10 local report -o nowhere/r.html
	refused 10 local report -F nowhere
	refused 10 local -C nowhere ls
	refused 10 local put digits "$DIGITS/epoch-1/labels.txt" --meta-file nowhere
}

@test "10: standard output is full" {
	run --separate-stderr -10 bash -c 'mreg ls --json >/dev/full'
	json_error '.error.code == "disk-full" and .error.status == 10'
}

@test "128+n: ended by a signal" {
	local signal status
	mkfifo pipe
	for signal in HUP:129 INT:130 TERM:143; do
		# a shell ignores SIGINT for what it starts in the background
		env --default-signal=INT mreg put digits - --as file <pipe >out 2>err 3>&- &
		child=$!
		exec 7>pipe
		# more than a pipe holds: when it is written, the put has read
		cat "$DIGITS"/epoch-?/model.safetensors >&7
		kill "-${signal%:*}" "$child"
		status=0
		wait "$child" || status=$?
		child=
		exec 7>&-
		assert_equal "$status" "${signal#*:}"
		assert_equal "$(cat out)" ""
		nothing_has_changed
	done
}

@test "141: the reader of standard output went away" {
	mkfifo pipe
	exec 7<>pipe 8>pipe 7<&-
	run --separate-stderr -141 bash -c 'mreg cat digits:v0 model.safetensors >&8'
	no_complaint
	exec 8>&-
}

@test "what mreg(1) lists is what is tested here" {
	local status
	sed -nE '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/s/^\.It (.*)$/\1/p' "$MREG_SRCDIR/man/mreg.1" >listed
	assert_equal "$(tr '\n' ' ' <listed)" "0 1 2 3 4 5 6 7 8 9 10 128+n "
	while read -r status; do
		[ "$status" = 8 ] || grep -q -F "@test \"$status: " "$BATS_TEST_FILENAME"
	done <listed
}

@test "8: files are at a remote, and cannot be reached" {
	unset MREG_SEED # registries that were made alike would be the same one
	mreg clone -q . ../far >/dev/null
	mreg remote add -q origin ../far
	mreg drop -q digits:v3
	state >../before
	refused 6 policy drop digits:v2 --remote .
	refused 8 remote get digits:v3 --offline -o model
	mv ../far ../away
	refused 8 remote get digits:v3 -o model
	mreg_is 8 cat digits:v3 metrics.json
	refused 8 remote verify digits:v3
	refused 8 remote drop digits:v2
	refused 8 remote resolve digits --remote origin
	assert_not_exists model
	mreg_is 0 fsck
	nothing_has_changed
}
