#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg fsck: everything is read and checked, and what is wrong is named.

load lib

@test "fsck of a sound registry says so in one line" {
	digits_registry
	mreg alias -q digits:v1 best >number
	mreg_is 0 fsck
	[[ $output == "sound: 6 journal lines, 5 versions, 12 files, "*" objects in 5 packs, "*"iB" ]]
	no_complaint
}

@test "fsck -q of a sound registry says nothing" {
	digits_registry
	mreg_is 0 fsck -q
	says_nothing
	no_complaint
}

@test "fsck --json counts" {
	digits_registry
	mreg_is 0 fsck --json
	json '.format == 1 and .ok == true and .lines == 5 and .versions == 5 and .files == 12 and .packs == 5 and .problems == []'
	json '.objects > 20 and .bytes > 500000'
	no_complaint
}

@test "fsck of an empty registry is sound" {
	new_registry
	mreg_is 0 fsck
	says "sound: 0 journal lines, 0 versions, 0 files, 0 objects in 0 packs, 0 B"
	mreg_is 0 fsck --json
	json '.ok == true and .versions == 0'
}

@test "fsck takes no operand and needs a registry" {
	mreg_is 10 fsck
	complains "no registry here"
	says_nothing
	new_registry
	mreg_is 2 fsck digits
	says_nothing
	mreg_is 2 fsck --repair
	says_nothing
}

@test "fsck changes nothing" {
	digits_registry
	find .mreg -type f ! -name lock ! -name lock.mdb -exec sha256sum {} + | sort >before
	mreg_is 0 fsck
	find .mreg -type f ! -name lock ! -name lock.mdb -exec sha256sum {} + | sort >after
	diff before after
}

@test "fsck reads files of many chunks, in many folders, and tells which one is damaged" {
	local i
	new_registry
	mkdir -p tree/{a,b,c}
	python3 - <<'PY'
import random
random.seed(1)
for name, size in ("a/large", 9000000), ("b/large", 5000000), ("c/edge", 65536), ("c/over", 65537), ("c/empty", 0):
    open("tree/" + name, "wb").write(random.randbytes(size))
PY
	mreg put -q big tree >number
	for i in {1..300}; do echo "$i" >"tree/a/$i"; done
	mreg put -q big tree >number
	mreg_is 0 fsck --json
	json '.ok == true and .versions == 2 and .files == 305 and .bytes > 14000000'
	damage "$(largest_pack)" 3000000
	mreg_is 7 fsck --json
	json '[.problems[] | select(.kind == "file")] | length == 1 and .[0].refs == ["big:v0","big:v1"] and (.[0].message | test("large"))'
	json '[.problems[] | select(.kind == "object")] | length == 1'
}

@test "fsck exits with 7, lists on stdout, and ends stderr with the error" {
	digits_registry
	damage "$(largest_pack)" 5000
	mreg_is 7 fsck
	[[ $output == *"object: "*"damaged: "* ]]
	assert_equal "${stderr%%$'\n'*}" "mreg: 2 problems found"
	mreg_is 7 fsck -q
	assert_equal "${#lines[@]}" 2
	assert_equal "${stderr%%$'\n'*}" "mreg: 2 problems found"
	mreg_is 7 fsck --json
	json '.ok == false and (.problems | length) == 2'
	json_error '.error.code == "integrity" and .error.status == 7 and .error.message == "2 problems found"'
	mreg_is 7 fsck --template '{kind}'
	assert_equal "$(sort <<<"$output")" "file
object"
}

@test "fsck names a pack problem" {
	digits_registry
	damage "$(largest_pack)" 9
	mreg_is 7 fsck --json
	json '[.problems[].kind] | index("pack") != null'
}

@test "fsck names a version whose object is missing" {
	digits_registry
	mreg put -q single "$DIGITS/epoch-1" >number
	# the last pack holds nothing but the version itself
	rm "$(find .mreg/objects -name '*.pack' -size -4k)"
	mreg_is 7 fsck --json
	json '.problems | length == 1 and .[0].kind == "version" and .[0].refs == ["single:v0"]'
	mreg_is 0 get digits -o t
	same_tree "$DIGITS/epoch-5" t
}

@test "fsck names a damaged journal, a torn one, and one that lost lines" {
	digits_registry
	cp .mreg/journal whole
	damage .mreg/journal 50
	mreg_is 7 fsck --json
	json '.problems[0].kind == "journal" and (.problems[0].message | test("line 1 at offset 0"))'
	{ cat whole && printf torn; } >.mreg/journal
	mreg_is 7 fsck --json
	json '.problems | length == 1 and .[0].kind == "journal" and (.[0].message | test("torn"))'
	head -3 whole >.mreg/journal
	mreg_is 7 fsck --json
	json '.ok == false'
	cp whole .mreg/journal
	mreg_is 0 fsck -q
}

@test "fsck names an index that says something else than the journal" {
	digits_registry
	mreg alias -q digits:v1 best >number
	head -c 8192 /dev/zero >.mreg/index/data.mdb
	mreg_is 7 fsck --json
	json '[.problems[].kind] == ["index"]'
	mreg_is 0 fsck --rebuild-index
	mreg_is 0 fsck -q
}

@test "fsck catches up with an index that is merely behind" {
	digits_registry
	run --separate-stderr -137 env MREG_CRASH=journal-after-sync mreg alias digits:v1 best
	mreg_is 0 fsck --json
	json '.ok == true and .lines == 6'
}

@test "fsck --rebuild-index says what it did, on stderr" {
	digits_registry
	mreg_is 0 fsck --rebuild-index
	says_nothing
	complains "the index was made anew from the journal"
	mreg_is 0 fsck --rebuild-index -q
	says_nothing
	no_complaint
	mreg_is 0 fsck --rebuild-index --json
	json '. == {"format":1,"rebuilt":true}'
	mreg_is 0 ls -q digits
	assert_equal "${#lines[@]}" 5
}

@test "fsck --rebuild-index sets a torn end aside" {
	digits_registry
	printf torn >>.mreg/journal
	mreg_is 0 fsck --rebuild-index
	complains "was not finished"
	assert_equal "$(cat .mreg/journal.torn-6)" torn
	mreg_is 0 fsck -q
	says_nothing
}

@test "fsck works while a put runs" {
	digits_registry
	mkfifo pipe
	mreg put other - --as file <pipe >put.out 2>put.err 3>&- &
	local putter=$!
	exec 7>pipe
	# more than a pipe holds: when all is written, much has been read
	cat "$DIGITS/epoch-1/model.safetensors" >&7
	mreg_is 0 fsck --json
	json '.ok == true and .versions == 5'
	mreg_is 0 fsck --rebuild-index -q
	exec 7>&-
	wait "$putter"
	assert_equal "$(cat put.out put.err)" other:v0
	mreg_is 0 fsck --json
	json '.ok == true and .versions == 6'
}

@test "fsck and rebuilds beside twenty puts all succeed" {
	local i
	new_registry
	(
		for i in {1..20}; do
			echo "$i" >"file-$i"
			mreg put -q m "file-$i" --as file || exit
		done
	) >puts 2>&1 3>&- &
	local putter=$!
	while kill -0 "$putter" 2>/dev/null; do
		mreg_is 0 fsck -q
		says_nothing
		mreg_is 0 fsck -q --rebuild-index
		says_nothing
		mreg_is 0 ls -q
	done
	wait "$putter"
	assert_equal "$(cat puts)" "$(printf 'm:v%d\n' {0..19})"
	mreg_is 0 fsck -q
	says_nothing
}

@test "what fsck found damaged is stored anew by the next put of it" {
	digits_registry
	mkdir copy
	cp "$DIGITS"/epoch-1/* copy
	damage "$(largest_pack)" 5000
	mreg_is 7 fsck
	complains "put them again"
	assert_exists .mreg/damaged
	for epoch in 1 2 3 4 5; do
		mreg_is 0 put -q digits "$DIGITS/epoch-$epoch"
		says "digits:v$((epoch - 1))"
	done
	for epoch in 1 2 3 4 5; do
		mreg_is 0 verify -q "digits:v$((epoch - 1))"
	done
	# the damaged copy is still there, and said to be; but nothing depends on it
	mreg_is 7 fsck --json
	json '.problems | map(.kind) | unique == ["object"]'
	json '.problems | all(.refs == [])'
	assert_not_exists .mreg/damaged
	mreg_is 0 put --json m copy
	json '.stored < 3000'
}

@test "fsck names a version once, however many of its files are hit" {
	new_registry
	mkdir tree
	head -c 100000 /dev/urandom >tree/a
	cp tree/a tree/b
	cp tree/a tree/c
	mreg put -q m tree
	damage "$(largest_pack)" 1000
	mreg_is 7 fsck --json
	json '.problems[] | select(.kind == "file") | .refs == ["m:v0"]'
}

@test "fsck -n changes nothing" {
	digits_registry
	damage "$(largest_pack)" 5000
	mreg_is 7 fsck -n
	assert_not_exists .mreg/damaged
	mreg_is 0 fsck --rebuild-index -n
	complains "the index stays as it is"
	says_nothing
}
