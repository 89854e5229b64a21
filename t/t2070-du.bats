#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg du: what takes how much, and that nothing of the registry's size is left unsaid.

load lib

# The parts of $output (JSON) add up to its total, and the total is what du(1) says, within 1 %.
is_whole()
{
	local real
	real=$(du -s --block-size=1 .mreg | cut -f1)
	json 'lines | (map(select(.kind != "total").stored) | add) == .[-1].stored'
	json "lines | .[-1].stored - $real | fabs < $real / 100"
}

noise()
{
	openssl enc -aes-128-ctr -K "$(printf '%032x' "$2")" -iv 00 -in /dev/zero 2>/dev/null | head -c "$1"
}

# Raw bytes of FILE…, together.
bytes_of()
{
	cat "$@" | wc -c
}

@test "du tells of one artifact, and what all else takes" {
	digits_registry
	mreg_is 0 du
	assert_line --index 0 --regexp '^NAME +VERSIONS +LOGICAL +UNIQUE +STORED$'
	assert_line --index 1 --regexp '^digits +5 +1\.3 MiB +1\.[0-9]+ MiB +[0-9.]+ [KM]iB$'
	assert_line --regexp '^\(packs\) +[0-9.]+ KiB$'
	assert_line --regexp '^\(journal\) +[0-9.]+ KiB$'
	assert_line --regexp '^\(index\) +[0-9.]+ KiB$'
	assert_line --regexp '^\(total\) +5 +1\.3 MiB +1\.[0-9]+ MiB +[0-9.]+ [KM]iB$'
	refute_line --partial '(retired)'
	refute_line --partial '(shared)'
	refute_line --partial '(unreferenced)'
	no_complaint
}

@test "du --json has every part, in one order" {
	digits_registry
	mreg_is 0 du --json
	json 'lines | map(.kind) == ["artifact", "shared", "unreferenced", "packs", "retired", "journal", "index", "other", "total"]'
	json 'lines | map(.name)[1:] == ["(shared)", "(unreferenced)", "(packs)", "(retired)", "(journal)", "(index)", "(other)", "(total)"]'
	json "lines | .[0] | .name == \"digits\" and .type == \"model\" and .versions == 5 and .logical == $(bytes_of "$DIGITS"/*/*)"
	json 'lines | .[1].stored == 0 and .[2].stored == 0 and .[4].stored == 0'
	json 'lines | .[-1] | .saved == .logical - .stored and .logical > .unique / 2'
	json 'lines | .[0].logical == .[-1].logical and .[0].unique == .[-1].unique'
	no_complaint
}

@test "the sum of du is the size of .mreg: real checkpoints" {
	digits_registry
	mreg_is 0 du --json
	is_whole
	mreg_is 0 du --json --by type
	is_whole
}

@test "the sum of du is the size of .mreg: random bytes in files of all sizes" {
	local i
	new_registry
	mkdir tree
	noise 5000000 1 >tree/large
	noise 70000 2 >tree/middle
	noise 3 3 >tree/small
	: >tree/none
	mreg put -q noise tree
	head -c 4000000 tree/large >tree/half
	mreg put -q noise tree
	mreg_is 0 du --json
	is_whole
	json 'lines | .[0].logical == 2 * 5070003 + 4000000'
	# what is noise can be stored once, and that is all
	json 'lines | .[-1] | .deduplicated > 8000000 and .compressed < 10000 and .stored < 5500000'
	for i in {1..40}; do
		echo "$i" >one
		mreg put -q "many$((i % 7))" one >number
	done
	assert_exists .mreg/objects/retired
	mreg_is 0 du --json
	is_whole
	json 'lines | length == 16'
	json 'lines | .[] | select(.kind == "unreferenced").stored == 0'
}

@test "du of an empty registry" {
	new_registry
	mreg_is 0 du
	assert_line --index 0 --regexp '^NAME +VERSIONS +LOGICAL +UNIQUE +STORED$'
	assert_line --regexp '^\(total\) +0 +0 B +0 B +[0-9.]+ KiB$'
	refute_line --partial 'than the files'
	mreg_is 0 du --json
	is_whole
	json 'lines | .[-1] | .versions == 0 and .logical == 0 and .saved == -.stored'
	mreg_is 0 du -q
	says_nothing
	no_complaint
}

@test "du tells what two artifacts share from what each has alone" {
	new_registry
	noise 300000 1 >both
	noise 200000 2 >mine
	noise 100 3 >yours
	mreg put -q a both mine
	mreg put -q b both yours
	mreg_is 0 du --json
	is_whole
	json 'lines | map(select(.kind == "artifact").name) == ["a", "b"]'
	json 'lines | map(select(.kind == "artifact").logical) == [500000, 300100]'
	json 'lines | .[0].unique | . >= 200000 and . < 201500'
	json 'lines | .[1].unique | . >= 100 and . < 1500'
	json 'lines | .[] | select(.kind == "shared") | .unique >= 300000 and .unique < 301000 and .stored >= 300000 and .stored < 302500'
	json 'lines | .[-1] | .logical == 800100 and .deduplicated == 300000'
}

@test "what an artifact has alone in several versions is not shared" {
	new_registry
	noise 300000 1 >one
	mreg put -q a one
	mreg put -q a one --new-version
	noise 100 2 >two
	mreg put -q a one two
	mreg_is 0 du --json
	is_whole
	json 'lines | .[0] | .versions == 3 and .logical == 900100 and .unique < 303000'
	json 'lines | .[1].stored == 0 and .[2].stored == 0'
	json 'lines | .[-1].deduplicated == 600000'
}

@test "du --by type puts artifacts of a type together" {
	new_registry
	noise 300000 1 >weights
	noise 200000 2 >table
	mreg put -q a weights
	mreg put -q b weights table
	mreg put -q c table --type dataset
	mreg_is 0 du --json --by type
	is_whole
	json 'lines | map(select(.kind == "type") | [.name, .type, .versions, .logical]) == [["dataset", "dataset", 1, 200000], ["model", "model", 2, 800000]]'
	json 'lines | .[1].unique | . >= 300000 and . < 303000'
	json 'lines | .[0].unique < 1000'
	json 'lines | .[] | select(.kind == "shared").unique | . >= 200000 and . < 201000'
	mreg_is 0 du -q --by type
	says dataset model
	mreg_is 0 du -q --by name
	says a b c
	mreg_is 0 du -q
	says a b c
}

@test "a list of very many files is not left out" {
	local i
	new_registry
	mkdir tree
	for i in {1..1200}; do
		echo "$i" >"tree/a-file-with-rather-a-long-name-$i"
	done
	mreg put -q many tree
	mreg cat many:v0 a-file-with-rather-a-long-name-7 >seven
	assert_equal "$(cat seven)" 7
	mreg_is 0 du --json
	is_whole
	json 'lines | .[] | select(.kind == "unreferenced").stored == 0'
	json "lines | .[-1] | .deduplicated == 0 and .logical == $(bytes_of tree/*)"
}

@test "what a put that was killed has left behind is unreferenced" {
	digits_registry
	noise 500000 1 >large
	run env MREG_CRASH=pack-after-dir-sync mreg put lost large
	assert_equal "$status" 137
	mreg_is 0 du --json
	is_whole
	json 'lines | .[] | select(.kind == "unreferenced") | .unique >= 500000 and .stored >= 500000'
	json 'lines | map(select(.kind == "artifact").name) == ["digits"]'
	mreg put -q found large
	mreg_is 0 du --json
	is_whole
	json 'lines | .[] | select(.kind == "unreferenced") | .stored < 1500'
	json 'lines | .[1] | .name == "found" and .unique >= 500000'
}

@test "packs that others have replaced are retired, and other files are not overlooked" {
	local pack
	digits_registry
	mreg du --json >before
	pack=$(largest_pack)
	mkdir -p .mreg/objects/retired/merged-20260102
	cp "$pack" .mreg/objects/retired/merged-20260102
	mreg_is 0 du --json
	is_whole
	json "lines | .[] | select(.kind == \"retired\").stored >= $(stat -c %s "$pack")"
	diff <(jq -s '.[0]' before) <(jq -s '.[0]' <<<"$output")
	echo mine >.mreg/objects/README
	echo torn >.mreg/journal.torn-7
	mreg_is 0 du --json
	is_whole
	jq -s 'map({ (.kind): .stored }) | add | [.journal, .other]' before >parts
	json "lines | map({ (.kind): .stored }) | add | .journal >= $(jq '.[0]' parts) and .other >= $(jq '.[1]' parts)"
}

@test "a pack that takes fewer blocks than it has bytes is not counted for more" {
	local pack
	new_registry
	noise 3000000 1 >a
	mreg put -q a a
	pack=$(largest_pack)
	cp "$pack" kept
	dd if=/dev/zero of=kept bs=4096 seek=100 count=300 conv=notrunc status=none
	cp --sparse=always kept sparse
	chmod u+w "$pack"
	mv sparse "$pack"
	assert [ "$(du --block-size=1 "$pack" | cut -f1)" -lt 2000000 ]
	mreg_is 0 du --json
	is_whole
	json 'lines | .[0] | .stored < 2000000 and .unique >= 3000000'
}

@test "objects/ may lie on another disk" {
	digits_registry
	mreg du --json >before
	mv .mreg/objects elsewhere
	ln -s ../elsewhere .mreg/objects
	mreg_is 0 du --json
	json 'lines | (map(select(.kind != "total").stored) | add) == .[-1].stored'
	diff <(jq -c 'select(.kind == "packs" or .kind == "artifact")' before) <(jq -c 'select(.kind == "packs" or .kind == "artifact")' <<<"$output")
}

@test "du --sort and --limit choose artifacts, and the total stays that of all" {
	new_registry
	noise 1000 1 >a && noise 300000 2 >b && noise 20000 3 >c
	mreg put -q a a && mreg put -q b b && mreg put -q c c && mreg put -q c a
	mreg_is 0 du -q --sort -stored
	says b c a
	mreg_is 0 du -q --sort stored -n 2
	says a c
	mreg_is 0 du -q --sort -versions -n 1
	says c
	mreg_is 0 du -q -n 2
	says a b
	mreg_is 0 du --sort -stored -n 1
	assert_line --index 1 --regexp '^b +1 '
	refute_line --regexp '^[ac] '
	assert_line --regexp '^\(total\) +4 +'
	mreg_is 0 du --json -n 0
	json 'lines | .[0].kind == "shared" and .[-1].versions == 4'
}

@test "du --template is filled in for every row" {
	digits_registry
	mreg_is 0 du --template '{kind} {name} {versions}'
	says 'artifact digits 5' 'shared (shared) ' 'unreferenced (unreferenced) ' 'packs (packs) ' 'retired (retired) ' 'journal (journal) ' \
		'index (index) ' 'other (other) ' 'total (total) 5'
	mreg du -qz >out
	assert_equal "$(tr '\0' '|' <out)" 'digits|'
}

@test "du says what was saved" {
	new_registry
	noise 100 9 >tiny
	mreg put -q tiny tiny
	mreg_is 0 du
	assert_line --regexp '^[0-9]+ times as large as the files$'
	noise 2000000 1 >one
	mreg put -q a one
	mreg_is 0 du
	assert_line --regexp '^[0-9.]+ % larger than the files: 0.0 % saved by storing once, 0.0 % by compression, [0-9.]+ % added by all else$'
	mreg put -q b one
	mreg_is 0 du
	assert_line --regexp '^4[0-9.]+ % smaller than the files: 50.0 % saved by storing once, '
	yes 'a line of a table' | head -c 3000000 >text
	mreg put -q c text
	mreg_is 0 du --json
	json 'lines | .[-1].compressed > 100000'
}

@test "du refuses values and operands that mean nothing" {
	digits_registry
	mreg_is 2 du --by nam
	says_nothing
	complains "'--by' takes name or type, not 'nam'"
	complains "Did you mean 'name'"
	mreg_is 2 du --by ''
	mreg_is 2 du --by
	mreg_is 2 du --sort size
	complains "there is no column 'size'"
	says_nothing
	mreg_is 2 du -n few
	mreg_is 2 du digits
	cd /
	mreg_is 10 du
	says_nothing
}

@test "du changes nothing, and needs no right to" {
	digits_registry
	find .mreg -type f ! -name lock ! -name lock.mdb -exec sha256sum {} + | sort >before
	mreg_is 0 du
	find .mreg -type f ! -name lock ! -name lock.mdb -exec sha256sum {} + | sort >after
	diff before after
	chmod -R a-w .mreg
	run --separate-stderr -0 without_root_rights mreg du -q
	says digits
	chmod -R u+w .mreg
}

@test "du tells what is damaged and all the rest" {
	local id
	digits_registry
	mreg put -q other "$DIGITS/epoch-1/labels.txt"
	id=$(mreg resolve digits:v4)
	# shellcheck disable=SC2046
	damage $(record_of "$id")
	mreg_is 7 du
	assert_line --regexp '^digits +5 '
	assert_line --regexp '^other +1 '
	assert_line --regexp '^\(total\) +6 '
	complains "'digits:v4': cannot read the manifest"
	complains "mreg fsck"
	mreg_is 7 du --json
	is_whole
	json 'lines | .[0].damaged == true and (.[1] | has("damaged") | not) and .[0].versions == 5'
	json_error '.error.code == "integrity"'
}

@test "du tells of a pack that is missing or cannot be used, and all the rest" {
	local pack
	digits_registry
	pack=$(largest_pack)
	mv "$pack" kept
	mreg_is 7 du --json
	is_whole
	complains "is missing"
	head -c 5000 kept >"$pack"
	mreg_is 7 du --json
	is_whole
	mreg_is 7 du -q
	says digits
}
