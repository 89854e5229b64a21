#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many small puts: few packs, nothing lost, whoever is at work beside.

load lib

# puts FIRST LAST [NAME]: as many versions, each of a file with that number.
puts()
{
	local i
	for ((i = $1; i <= $2; i++)); do
		echo "$i" >"file-${3-m}"
		mreg put -q "${3-m}" "file-${3-m}" --as file >"number-${3-m}" || return
	done
}

packs()
{
	find .mreg/objects -maxdepth 1 -name '*.pack' | wc -l
}

retired()
{
	find .mreg/objects/retired -name '*.pack' 2>/dev/null | wc -l
}

# reads FIRST LAST: these versions of m, in one go and from packs alone.
reads()
{
	local i
	for ((i = $1; i <= $2; i++)); do
		assert_equal "$(mreg cat "m:v$((i - 1))" file)" "$i"
	done
}

@test "a thousand puts leave few packs, and every version as it was" {
	local before
	new_registry
	puts 1 1000
	(($(packs) <= 45))
	(($(retired) >= 1000))
	mreg_is 0 fsck
	[[ $output == "sound: 1000 journal lines, 1000 versions, 1000 files, 3000 objects in "* ]]
	no_complaint
	mreg_is 0 verify m -q
	reads 1 3
	reads 15 18
	reads 255 257
	reads 998 1000
	mreg_is 0 get -q m:v499 -o t
	assert_equal "$(cat t/file)" 500
	assert_equal "$(ls -A .mreg/tmp)" ""
	# what is there already is found wherever it went
	echo 7 >file
	mreg_is 0 put --json m file
	json '.ref == "m:v6" and .stored == 0'
	# an index that was made anew learns of so many versions what it need not read twice
	mreg_is 0 ls m
	before=$output
	mreg_is 0 fsck -q --rebuild-index
	mreg_is 0 ls m
	assert_equal "$output" "$before"
	mreg_is 0 fsck -q
	rm .mreg/objects/*.pack
	rm -r .mreg/objects/retired
	mreg_is 0 ls m
	assert_equal "$output" "$before"
}

@test "packs that were merged are kept until the day after, and are then removed by a put" {
	new_registry
	MREG_NOW=2026-03-01T10:00:00Z puts 1 16
	assert_equal "$(ls .mreg/objects/retired)" merged-20260301
	assert_equal "$(retired)" 16
	MREG_NOW=2026-03-02T23:59:59Z puts 17 17
	assert_equal "$(retired)" 16
	MREG_NOW=2026-03-03T00:00:00Z puts 18 18
	assert_equal "$(ls .mreg/objects/retired)" ""
	mreg_is 0 fsck -q
	says_nothing
	reads 1 18
}

@test "puts at once merge each pack once, and lose nothing" {
	local name pids=()
	new_registry
	for name in a b c d; do
		puts 1 50 "$name" &
		pids+=($!)
	done
	for name in "${pids[@]}"; do
		wait "$name"
	done
	(($(packs) <= 45))
	mreg_is 0 fsck
	[[ $output == "sound: 200 journal lines, 200 versions, "* ]]
	for name in a b c d; do
		mreg_is 0 cat "$name:v49" file
		says 50
		mreg_is 0 verify -q "$name"
	done
}

@test "readers beside puts find everything at all times" {
	local pid i
	new_registry
	puts 1 40
	puts 41 120 &
	pid=$!
	for i in {1..40}; do
		assert_equal "$(mreg cat "m:v$((i - 1))" file)" "$i"
	done
	mreg_is 0 fsck -q
	says_nothing
	wait "$pid"
	mreg_is 0 fsck -q
	says_nothing
}

@test "a put whose small packs cannot be merged succeeds, and says so" {
	new_registry
	puts 1 15
	: >.mreg/objects/retired
	echo 16 >file
	mreg_is 0 put m file
	says m:v15
	complains "cannot merge small packs"
	mreg_is 0 put -q m file --as other
	no_complaint
	rm .mreg/objects/retired
	puts 18 18
	assert_equal "$(packs)" 1
	reads 1 15
}

@test "a put on a full disk that has no room for a merge succeeds" {
	new_registry
	puts 1 15
	echo 16 >file
	# the third fsync is that of the merged pack, after the put's own pack and objects/
	run --separate-stderr -0 traced -o log -e trace=fsync -e inject=fsync:error=ENOSPC:when=3 mreg put m file
	says m:v15
	complains "cannot merge small packs"
	assert_equal "$(packs)" 16
	assert_equal "$(ls -A .mreg/tmp)" ""
	mreg_is 0 fsck -q
	says_nothing
}

@test "a damaged pack is left out of a merge, and found by fsck as before" {
	new_registry
	puts 1 15
	damage "$(largest_pack)" 100
	puts 16 16
	assert_equal "$(packs)" 2
	mreg_is 7 fsck -q
	mreg_is 0 cat m:v15 file
	says 16
}

@test "a copy that has some packs among the retired ones only is readable, sound, and mends itself" {
	new_registry
	puts 1 16
	mkdir copy
	cp -r .mreg copy
	cd copy
	rm .mreg/objects/*.pack
	reads 1 16
	mreg_is 0 fsck
	complains "objects/retired"
	[[ $output == "sound: "* ]]
	mreg_is 0 verify -q m
	run --separate-stderr -0 python3 "$MREG_SRCDIR/contrib/recover.py" . check
	run --separate-stderr -0 python3 "$MREG_SRCDIR/contrib/recover.py" . restore m:v3 back
	assert_equal "$(cat back/file)" 4
	MREG_NOW=2026-01-05T00:00:00Z puts 17 17
	assert_equal "$(retired)" 0
	mreg_is 0 fsck
	no_complaint
	reads 1 17
}

@test "in a shared registry a member merges what another has put" {
	mreg init -q --shared >/dev/null
	(umask 077 && puts 1 16)
	assert_equal "$(stat -c %a .mreg/objects/retired .mreg/objects/retired/*/ | sort -u)" 2775
	[[ $(stat -c %A "$(largest_pack)") == -r?-r* ]]
}
