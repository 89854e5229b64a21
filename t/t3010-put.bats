#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg put: files become versions.

load lib

@test "put stores a directory and prints the version" {
	new_registry
	mreg_is 0 put digits "$DIGITS/epoch-1"
	says digits:v0
	no_complaint
	mreg_is 0 ls -q digits:v0
	says config.json labels.txt metrics.json model.safetensors
}

@test "put --json tells reference, number, digest and sizes" {
	new_registry
	mreg_is 0 put --json digits "$DIGITS/epoch-1"
	json '.format == 1 and .ref == "digits:v0" and .number == 0 and .created == true and .reason == null'
	json '.bytes > 100000 and .stored > 0 and .stored < .bytes + 4096 and .files == 4 and (.digest | test("^[0-9a-f]{64}$"))'
}

@test "put numbers versions in order" {
	digits_registry
	mreg_is 0 ls -q digits
	says digits:v4 digits:v3 digits:v2 digits:v1 digits:v0
}

@test "put of equal content makes no new version and says so" {
	new_registry
	mreg put -q digits "$DIGITS/epoch-1"
	mreg put -q digits "$DIGITS/epoch-2"
	mreg_is 0 put digits "$DIGITS/epoch-1"
	says digits:v0
	complains "no new version was made"
	mreg_is 0 put --json digits "$DIGITS/epoch-1"
	json '.created == false and .reason == "unchanged" and .number == 0'
	mreg_is 0 resolve --name digits
	says digits:v1
}

@test "put -q of equal content is quiet on stderr" {
	new_registry
	mreg put -q digits "$DIGITS/epoch-1"
	mreg_is 0 put -q digits "$DIGITS/epoch-1"
	says digits:v0
	no_complaint
}

@test "put --new-version makes one of equal content" {
	new_registry
	mreg put -q digits "$DIGITS/epoch-1"
	mreg_is 0 put digits --new-version "$DIGITS/epoch-1"
	says digits:v1
	mreg_is 0 put -q digits "$DIGITS/epoch-1"
	says digits:v1
}

@test "put --fail-if-unchanged ends with 1 and changes nothing" {
	new_registry
	mreg put -q digits "$DIGITS/epoch-1"
	state >before
	mreg_is 1 put digits --fail-if-unchanged -a best "$DIGITS/epoch-1"
	says_nothing
	complains "the content is that of 'digits:v0'"
	diff before <(state)
}

@test "put of equal content applies alias, message and metadata" {
	new_registry
	mreg put -q digits "$DIGITS/epoch-1" -m first -M lr=0.1 -M seed=7
	mreg_is 0 put digits "$DIGITS/epoch-1" -a best -m second -M lr=0.2
	says digits:v0
	complains "no new version was made, what was said of it was added"
	mreg_is 0 show --json digits:best
	json '.description == "second" and .metadata.lr == 0.2 and .metadata.seed == 7 and .aliases == ["best"]'
}

@test "put of equal content without a message keeps the old one" {
	new_registry
	mreg put -q digits "$DIGITS/epoch-1" -m first
	mreg put -q digits "$DIGITS/epoch-1" -m ""
	mreg_is 0 show --json digits:v0
	json '.description == "first"'
}

@test "put -a sets aliases in the same transaction" {
	new_registry
	mreg put -q digits "$DIGITS/epoch-1" -a best -a candidate
	mreg_is 0 alias -q digits
	says digits:best digits:candidate
	assert_equal "$(wc -l <.mreg/journal)" 1
}

@test "put -a latest is accepted and does nothing" {
	new_registry
	mreg_is 0 put digits "$DIGITS/epoch-1" -a latest
	says digits:v0
	mreg_is 0 alias -q digits
	says_nothing
}

@test "put NAME:ALIAS is a usage error that shows -a" {
	new_registry
	mreg_is 2 put digits:best "$DIGITS/epoch-1"
	says_nothing
	complains "put takes a bare name"
	complains "mreg put digits PATH -a best"
	mreg_is 2 put digits:v3 "$DIGITS/epoch-1"
	complains "the number is given by mreg"
}

@test "put keeps metadata typed" {
	new_registry
	printf '{"nested":{"a":[1,2.5,null]},"big":9007199254740993,"over":"file"}' >meta.json
	mreg put -q digits "$DIGITS/epoch-1" --meta-file meta.json -M epoch=3 -M lr=1e-3 -M ok=true -M name=run-7 -M date=2026-01-02 \
		-M over=word -M empty= -M quoted='"42"' -M id=007 -M neg=-12
	mreg_is 0 show --json digits:v0
	json '.metadata | .epoch == 3 and .lr == 0.001 and .ok == true and .name == "run-7" and .date == "2026-01-02"'
	json '.metadata | .nested.a == [1,2.5,null] and .over == "word" and .empty == "" and .quoted == "42" and .id == "007" and .neg == -12'
	[[ $output == *9007199254740993* ]]
}

@test "put refuses NaN, infinity and integers over 64 bits in metadata, naming the key" {
	new_registry
	local value
	for value in nan NaN inf -inf Infinity 99999999999999999999 1e999; do
		mreg_is 2 put digits "$DIGITS/epoch-1" -M "loss=$value"
		complains "'loss'"
		says_nothing
	done
	printf '{"a":NaN}' >meta.json
	mreg_is 2 put digits "$DIGITS/epoch-1" --meta-file meta.json
	complains meta.json
	mreg_is 2 put digits "$DIGITS/epoch-1" -M novalue
	complains "not key=value"
	mreg_is 2 put digits "$DIGITS/epoch-1" -M =5
	complains "empty"
	mreg_is 0 ls -q
	says_nothing
}

@test "put fixes the type at the first put" {
	new_registry
	mreg put -q table "$DIGITS/epoch-1/metrics.json" --type dataset
	mreg_is 5 put table "$DIGITS/epoch-2/metrics.json" --type model
	complains "is of type 'dataset'"
	mreg_is 0 put table "$DIGITS/epoch-2/metrics.json" --type dataset
	says table:v1
	mreg_is 0 put table "$DIGITS/epoch-3/metrics.json"
	says table:v2
	mreg_is 2 put other --type 'no type' "$DIGITS/epoch-1"
}

@test "put stores a file under its base name" {
	new_registry
	mreg put -q m "$DIGITS/epoch-1/model.safetensors"
	mreg_is 0 ls -q m:v0
	says model.safetensors
}

@test "put --as renames a file and prefixes a directory" {
	new_registry
	mreg_is 0 put m "$DIGITS/epoch-1/model.safetensors" --as weights/final.safetensors "$DIGITS/epoch-1" --as all
	mreg_is 0 ls -q m:v0
	says all/config.json all/labels.txt all/metrics.json all/model.safetensors weights/final.safetensors
}

@test "put reads standard input with --as" {
	new_registry
	run --separate-stderr -0 bash -c 'printf hello | mreg put m - --as greeting.txt'
	says m:v0
	mreg_is 0 cat m:v0 greeting.txt
	says hello
	mreg_is 2 put m -
	complains "standard input has no name"
}

@test "put refuses unsafe --as paths" {
	new_registry
	local as
	for as in /abs ../up a/../b a//b ./a ''; do
		mreg_is 2 put m "$DIGITS/epoch-1/labels.txt" --as "$as"
		says_nothing
	done
}

@test "put refuses two sources for one path" {
	new_registry
	mreg_is 5 put m "$DIGITS/epoch-1/labels.txt" "$DIGITS/epoch-2/labels.txt"
	complains "two sources for 'labels.txt'"
	mkdir -p tree/a
	echo x >tree/a/b
	echo y >file
	mreg_is 5 put m tree file --as a
	complains "a"
	mreg_is 0 ls -q
	says_nothing
}

@test "put keeps empty files, empty directories, exec bits and links" {
	new_registry
	mkdir -p tree/empty tree/sub
	: >tree/nothing
	echo '#!/bin/sh' >tree/sub/run.sh
	chmod 755 tree/sub/run.sh
	ln -s sub/run.sh tree/run
	ln -s ../nothing tree/sub/up
	mreg put -q m tree
	mreg get -q m -o back
	same_tree tree back
}

@test "put keeps any byte in a name" {
	new_registry
	mkdir tree
	echo 1 >"tree/$(printf 'new\nline')"
	echo 2 >"tree/$(printf 'bad\377utf8')"
	echo 3 >'tree/back\slash "quoted" $x'
	echo 4 >'tree/ space '
	echo 5 >tree/ünï
	mreg put -q m tree
	mreg get -q m -o back
	same_tree tree back
	mreg_is 0 ls --json m:v0
	json 'lines | map(select(has("path_base64"))) | length == 1 and (.[0].path_base64 | @base64d | length) > 0'
}

@test "put follows an operand that is a link" {
	new_registry
	ln -s "$DIGITS/epoch-1" link
	ln -s "$DIGITS/epoch-1/labels.txt" file
	mreg put -q m link
	mreg put -q n file
	mreg_is 0 ls -q m:v0
	says config.json labels.txt metrics.json model.safetensors
	mreg_is 0 ls --json n:v0
	json '.kind == "file" and .path == "file"'
}

@test "put refuses a link that leaves the tree and names --dereference" {
	new_registry
	mkdir -p tree/sub
	echo out >outside
	ln -s ../../outside tree/sub/leak
	mreg_is 2 put m tree
	complains tree/sub/leak
	complains --dereference
	mreg_is 0 put m tree --dereference
	mreg_is 0 cat m sub/leak
	says out
	rm tree/sub/leak
	ln -s /etc/hostname tree/sub/absolute
	mreg_is 2 put m tree
	complains tree/sub/absolute
}

@test "put --dereference names a loop and a dangling link" {
	new_registry
	mkdir -p tree/sub
	ln -s .. tree/sub/loop
	mreg_is 10 put m tree --dereference
	complains tree/sub/loop
	rm tree/sub/loop
	ln -s nowhere tree/sub/dangling
	mreg_is 10 put m tree --dereference
	complains tree/sub/dangling
}

@test "put refuses devices, FIFOs and sockets by name" {
	new_registry
	mkdir tree
	mkfifo tree/pipe
	mreg_is 10 put m tree
	complains "'tree/pipe' is a FIFO"
	mreg_is 10 put m tree/pipe
	complains "is a FIFO"
	rm tree/pipe
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("tree/sock")'
	mreg_is 10 put m tree
	complains "'tree/sock' is a socket"
	mreg_is 10 put m /dev/null
	complains "is a device"
	mreg_is 0 ls -q
	says_nothing
}

@test "put names what it cannot read and stores nothing" {
	new_registry
	mreg_is 10 put m nowhere
	complains "'nowhere'"
	complains "No such file"
	mkdir -p tree/closed
	echo secret >tree/closed/file
	chmod 000 tree/closed/file
	run --separate-stderr -10 without_root_rights mreg put m tree
	complains "tree/closed/file"
	complains "Permission denied"
	says_nothing
	chmod 644 tree/closed/file
	chmod 000 tree/closed
	run --separate-stderr -10 without_root_rights mreg put m tree
	complains "tree/closed"
	chmod 755 tree/closed
	mreg_is 0 ls -q
	says_nothing
}

@test "put leaves .mreg out" {
	new_registry
	mkdir -p tree/.mreg
	echo x >tree/.mreg/format
	echo y >tree/file
	mreg put -q m tree
	mreg_is 0 ls -q m:v0
	says file
	mreg_is 0 put n .
	mreg_is 0 ls -q n:v0
	says tree/file
}

@test "put honours .mregignore, also in folders" {
	new_registry
	mkdir -p tree/logs tree/sub
	printf '*.tmp\n/logs/\n!keep.tmp\n' >tree/.mregignore
	printf 'local\n' >tree/sub/.mregignore
	touch tree/a.tmp tree/keep.tmp tree/logs/x tree/sub/local tree/sub/b.tmp tree/sub/stay tree/local
	mreg put -q m tree
	mreg_is 0 ls -q m:v0
	says .mregignore keep.tmp local sub/.mregignore sub/stay
}

@test "put --include and --exclude choose files" {
	new_registry
	mreg put -q m "$DIGITS/epoch-1" --include '*.json' --exclude 'metrics*'
	mreg_is 0 ls -q m:v0
	says config.json
}

@test "put of nothing needs --allow-empty" {
	new_registry
	mkdir empty
	mreg_is 2 put m empty
	complains --allow-empty
	mreg_is 0 put m empty --allow-empty
	says m:v0
	mreg get -q m -o back
	same_tree empty back
}

@test "put --expect is compare-and-set of the latest" {
	new_registry
	mreg_is 5 put m "$DIGITS/epoch-1" --expect v0
	complains "no version yet"
	mreg put -q m "$DIGITS/epoch-1"
	mreg_is 5 put m "$DIGITS/epoch-2" --expect v1
	complains "the latest of 'm' is v0"
	mreg_is 0 put m "$DIGITS/epoch-2" --expect v0
	says m:v1
	mreg_is 2 put m "$DIGITS/epoch-2" --expect best
}

@test "put -n decides and stores nothing" {
	digits_registry
	state >before
	mreg_is 0 put -n digits "$DIGITS/epoch-1/labels.txt"
	says digits:v5
	complains "dry run"
	mreg_is 0 put -n digits "$DIGITS/epoch-1"
	says digits:v0
	mreg_is 0 put -n fresh "$DIGITS/epoch-1"
	says fresh:v0
	diff before <(state)
	assert_equal "$(ls .mreg/tmp)" ""
}

@test "put refuses names that are not legal" {
	new_registry
	local name long
	long=$(printf 'x%.0s' {1..129})
	for name in '' . .hidden -- 'a b' a/b/c/d a//b /a 'ä' $'a\tb' $'a\nb' '..' "$long" r-abcdefghij; do
		mreg_is 2 put -- "$name" "$DIGITS/epoch-1"
		says_nothing
		[[ $stderr != *$'\t'* ]]
	done
	mreg_is 2 put m "$DIGITS/epoch-1" -a v3
	mreg_is 2 put m "$DIGITS/epoch-1" -a 'no good'
	mreg_is 0 ls -q
	says_nothing
}

@test "put refuses a name that differs only in case" {
	new_registry
	mreg put -q Model "$DIGITS/epoch-1"
	mreg_is 5 put model "$DIGITS/epoch-1"
	complains "'Model'"
	complains case
}

@test "put warns of paths that differ only in case" {
	new_registry
	mkdir tree
	echo a >tree/Readme
	echo b >tree/README
	mreg_is 0 put m tree
	complains "differ only in case"
	mreg get -q m -o back
	same_tree tree back
}

@test "put of a file over 4 GiB comes back" {
	new_registry
	truncate -s 4295000000 big
	printf tail | dd of=big bs=1 seek=4294999000 conv=notrunc status=none
	mreg put -q m big
	mreg_is 0 ls --json m:v0
	json '.size == 4295000000'
	mreg cat m big | cmp - big
}

@test "put stores what versions share only once" {
	new_registry
	head -c 3000000 /dev/urandom >big
	mreg put -q m big
	mreg_is 0 put --json other big --as copy
	json '.created == true and .stored < 2000'
	printf x >>big
	mreg_is 0 put --json m big
	json '.stored < 2200000'
}

@test "put reads an unchanged file only once" {
	new_registry
	mkdir tree
	for i in {1..50}; do echo "file $i" >"tree/$i"; done
	touch -d '2 hours ago' tree/*
	sleep_until_not_racy tree/50
	mreg put -q m tree
	run --separate-stderr -0 traced -e trace=openat -o trace mreg put -q m tree
	run grep -c 'tree/[0-9]' trace
	assert_equal "$output" 0
	echo changed >tree/7
	mreg_is 0 put m tree
	says m:v1
	mreg_is 0 cat m 7
	says changed
}

@test "a file whose bytes were swapped behind an old time stamp is not missed" {
	new_registry
	mkdir tree
	echo aaaa >tree/f
	touch -d '2 hours ago' tree/f
	mreg put -q m tree
	echo bbbb >tree/f
	touch -d '2 hours ago' tree/f
	mreg_is 0 put m tree
	says m:v1
}

@test "put names a file that changes while it is read" {
	new_registry
	head -c 60000000 /dev/zero >busy
	(while :; do printf x >>busy; done) &
	local writer=$!
	mreg_is 7 put m busy
	kill $writer
	complains "'busy' changes while it is read"
	says_nothing
	mreg_is 0 ls -q
	says_nothing
}

# A file is racy while its time stamp is as new as the clock's last step.
sleep_until_not_racy()
{
	local now
	while now=$(date +%s%N); ((now - $(stat -c %.9Z "$1" | tr -d .) < 50000000)); do :; done
}

@test "metadata with any key and with null is kept, also as a revision" {
	new_registry
	printf '{"a/b %%":1,"none":null,"%s":2}' "$(printf 'ä%.0s' {1..64})" >meta.json
	mreg put -q m "$DIGITS/epoch-1" -M none=1
	mreg_is 0 put -q m "$DIGITS/epoch-1" --meta-file meta.json
	mreg_is 0 show --json m:v0
	json '.metadata | .["a/b %"] == 1 and .none == null and has("none") and length == 3'
	mreg_is 0 history --json m:v0
	json 'lines | map(.kind) | contains(["meta a/b %", "meta none"])'
}

@test "put refuses what is called .mreg and is no registry, since no get would write it" {
	new_registry
	mkdir -p file link other/.MREG fine
	echo x >file/.mreg
	ln -s f link/.mreg && echo x >link/f
	echo x >other/.MREG/config
	echo x >fine/f
	mreg_is 2 put m file
	complains "file/.mreg"
	complains --exclude
	mreg_is 2 put m link
	mreg_is 2 put m other
	mreg_is 2 put m fine/f --as .mreg/config
	mreg_is 2 put m fine --as sub/.Mreg
	mreg_is 3 show m
	mreg_is 0 put m link --exclude .mreg
	mreg_is 0 ls -q m:v0
	says f
}

@test "put takes nothing out of a registry" {
	new_registry
	ln -s .mreg/objects alias
	mreg_is 6 put m .mreg
	complains "inside a registry"
	mreg_is 6 put m .mreg/config
	mreg_is 6 put m alias
	mreg_is 3 show m
}

@test "put does not store what a killed get left behind" {
	new_registry
	mkdir -p a/sub b/sub
	echo 1 >a/sub/f
	echo 2 >b/sub/f
	mreg put -q m a
	mreg put -q m b
	mreg get -q m:v0 -o t
	run -137 env MREG_CRASH=get-staged mreg get m:v1 -o t
	assert_equal "$(find t -name '.mreg-get-*' | wc -l)" 1
	mreg_is 0 put m t
	says m:v0
	mkdir t/.mreg-get-mine && echo x >t/.mreg-get-mine/f
	mreg put -q n t
	mreg_is 0 ls -q n:v0
	says .mreg-get-mine/f sub/f
}

@test "put takes an empty directory from several operands" {
	new_registry
	mkdir -p a/x b/x c/x
	echo 1 >c/x/f
	mreg_is 0 put m a b
	mreg_is 0 ls -q m:v0
	says x
	mreg_is 0 put m a c
	mreg_is 0 ls -q m:v1
	says x/f
}

@test "put reads standard input for one operand only" {
	new_registry
	mreg_is 2 put m - --as a - --as b </dev/null
	complains "only once"
	mreg_is 2 put m - --as a --meta-file - </dev/null
	mreg_is 3 show m
}

@test "put and get of a tree deeper than there are descriptors" {
	new_registry
	mkdir -p "tree$(printf '/d%.0s' {1..300})"
	echo x >"tree$(printf '/d%.0s' {1..300})/f"
	run --separate-stderr -0 bash -c 'ulimit -n 100 && mreg put m tree && mreg get m -o t && mreg get m -o t && mreg verify -q m t'
	same_tree tree t
}

@test "a tree of many folders is walked by several threads, and is the same tree" {
	local i
	new_registry
	mkdir tree
	for i in {01..40}; do
		mkdir -p "tree/$i/deep/er"
		echo "$i" | tee "tree/$i/file" "tree/$i/deep/er/file" >"tree/$i/left.out"
	done
	printf '*.out\n' >tree/.mregignore
	printf '!left.out\n' >tree/07/.mregignore
	mkdir tree/20/empty
	mreg put -q m tree
	(cd tree && find . -mindepth 1 \( -type f -o -empty \) ! -name left.out -printf '%P\n' && echo 07/left.out) | sort >want
	mreg ls m:v0 -q | sed 's/^m:v0 *//' | sort >have
	diff want have
	mkfifo tree/33/pipe
	mreg_is 10 put m tree
	says_nothing
	complains 33/pipe
	rm tree/33/pipe
	ln -s .. tree/12/loop
	mreg_is 10 put m tree --dereference
	complains 'leads back'
}
