#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Damage to packs, journal and index is found and named, and the rest stays usable.

load lib

# Three artifacts that share nothing: m, n and o, of one version and one pack each; $pack is that of m.
three_packs()
{
	new_registry
	mkdir m n o
	cp "$DIGITS/epoch-1/model.safetensors" m/weights
	cp "$DIGITS/epoch-2/model.safetensors" n/weights
	cp "$DIGITS/epoch-3/model.safetensors" o/weights
	mreg put -q m m -a best >number
	pack=$(echo .mreg/objects/*.pack)
	mreg put -q n n -m second >number
	mreg put -q o o -M lr=0.1 >number
}

# All that a user can ask about references.
answers()
{
	local name
	mreg ls --json
	mreg history --json
	for name in m n o; do
		mreg ls --json "$name"
		mreg alias --json "$name"
		mreg history --json "$name"
		mreg log --json "$name"
		mreg show --json "$name"
		mreg resolve --json "$name"
	done
}

# Where the table of a pack begins.
table_of()
{
	od -An -tu8 -j $(($(stat -c %s "$1") - 64)) -N 8 "$1" | tr -d ' '
}

# gets NAME…: these can be had byte for byte.
gets()
{
	local name
	for name; do
		rm -rf "got-$name"
		mreg_is 0 get -q "$name" -o "got-$name"
		no_complaint
		same_tree "$name" "got-$name"
	done
}

get_is_7()
{
	mreg_is 7 get "$1" -o "got-$1"
	says_nothing
	complains damaged
	assert_not_exists "got-$1"
}

# fsck finds fault with m:v0, and with nothing else.
fsck_names_m()
{
	mreg_is 7 fsck
	[[ $output == *"hits m:v0"* ]]
	[[ $output != *"hits n:"* && $output != *"hits o:"* ]]
	complains found
	mreg_is 7 fsck --json
	json '.ok == false and ([.problems[].refs[]] | unique) == ["m:v0"]'
}

@test "a damaged header of a pack" {
	three_packs
	damage "$pack" 20
	fsck_names_m
	[[ $output == *"header"* ]]
	get_is_7 m
	gets n o
}

@test "a damaged head of a record is found; its object is read by the table" {
	three_packs
	damage "$pack" 40
	mreg_is 7 fsck
	[[ $output == *"${pack##*/}"*"the head of the record is damaged"* ]]
	complains found
	gets m n o
}

@test "a damaged payload" {
	three_packs
	damage "$pack" 5000
	fsck_names_m
	[[ $output == *"${pack##*/}"*"wrong checksum"* ]]
	get_is_7 m
	complains weights
	gets n o
	mreg_is 7 cat m weights
	mreg_is 7 verify m
	mreg_is 0 verify n
	mreg_is 0 ls -q m:v0
	says weights
}

@test "a damaged table of a pack, wherever it is hit" {
	local table at
	three_packs
	table=$(table_of "$pack")
	cp "$pack" sound
	# the fan-out, an id, a cell
	for at in $((table + 1020)) $((table + 1024 + 5)) $(($(stat -c %s "$pack") - 64 - 32)); do
		damage "$pack" "$at"
		mreg_is 7 fsck
		[[ $output == *"${pack##*/}"* ]]
		complains found
		gets n o
		cp -f sound "$pack"
	done
	mreg_is 0 fsck -q
	gets m
}

@test "a damaged trailer of a pack" {
	three_packs
	damage "$pack" $(($(stat -c %s "$pack") - 20))
	fsck_names_m
	[[ $output == *"trailer"* ]]
	get_is_7 m
	gets n o
}

@test "a pack that was cut short" {
	local size
	three_packs
	size=$(stat -c %s "$pack")
	chmod u+w "$pack"
	for size in $((size - 1)) $((size / 2)) 33 1 0; do
		truncate -s "$size" "$pack"
		fsck_names_m
		[[ $output == *"${pack##*/}"* ]]
		mreg_is 7 get m -o t
		assert_not_exists t
		gets n o
	done
}

@test "a missing pack: put of the lost content brings the bytes back" {
	three_packs
	rm "$pack"
	fsck_names_m
	mreg_is 7 get m -o t
	says_nothing
	complains missing
	assert_not_exists t
	gets n o
	mreg_is 0 put again m
	says again:v0
	mreg_is 0 get again -o t
	same_tree m t
	gets n o
}

@test "a file in objects/ that is no pack is named" {
	three_packs
	echo what >.mreg/objects/notes.txt
	mreg_is 7 fsck -q
	[[ $output == *notes.txt* ]]
	gets m n o
}

@test "a damaged table over many packs is passed over" {
	local i at
	new_registry
	: >.mreg/objects/retired # so that packs are not merged
	for i in {1..70}; do
		echo "$i" >file
		mreg put -q m file >number
	done
	assert_exists .mreg/objects/multi-pack
	cp .mreg/objects/multi-pack sound
	for at in 3 9 30 100 700 1500 3000; do
		damage .mreg/objects/multi-pack "$at"
		mreg_is 0 cat m:v0 file
		says 1
		no_complaint
		mreg_is 0 cat m:v19 file
		says 20
		cp sound .mreg/objects/multi-pack
	done
	: >.mreg/objects/multi-pack
	mreg_is 0 put m file --as other
	says m:v70
	mreg_is 0 cat m:v3 file
	says 4
	rm .mreg/objects/multi-pack
	mreg_is 0 cat m:v3 file
	says 4
}

@test "a damaged line in the middle of the journal is found; what the index knows stays usable" {
	three_packs
	damage .mreg/journal $(($(head -1 .mreg/journal | wc -c) + 100))
	mreg_is 7 fsck
	[[ $output == *"journal"*"is damaged: line 2 at offset"* ]]
	complains found
	mreg_is 7 fsck --json
	json '.problems[0].kind == "journal" and .lines == 1'
	gets m n o
	mreg_is 0 put m n
	says m:v1
	mreg_is 0 resolve --name m
	says m:v1
	mreg_is 7 history
	complains damaged
}

@test "without an index a damaged journal is 7, and never an empty registry" {
	local verb
	three_packs
	damage .mreg/journal $(($(head -1 .mreg/journal | wc -c) + 100))
	cp .mreg/journal journal
	rm -r .mreg/index
	for verb in 'ls -q' 'get -q o -o t' 'resolve o' 'history' 'put p m' 'fsck --rebuild-index' 'fsck'; do
		# shellcheck disable=SC2086
		mreg_is 7 $verb
		[[ $output$stderr == *"is damaged: line 2 at offset"* ]]
	done
	assert_not_exists t
	cmp journal .mreg/journal
}

@test "a rebuild over a damaged journal keeps the index that there is" {
	three_packs
	answers >before
	damage .mreg/journal $(($(head -1 .mreg/journal | wc -c) + 100))
	mreg_is 7 fsck --rebuild-index
	complains "is damaged: line 2"
	mreg_is 0 resolve --name m:best
	says m:v0
	gets m n o
}

@test "a line that was taken out of the journal is damage" {
	three_packs
	sed -i 2d .mreg/journal
	mreg_is 7 fsck -q
	[[ $output == *"it has another number"* ]]
	mreg_is 7 ls
	says_nothing
}

# ---- the index

# The index is damaged in some way, has been found out (or not), and is made anew.
rebuild_gives()
{
	mreg_is 0 fsck --rebuild-index
	complains "made anew"
	answers >after
	diff "$1" after
	mreg_is 0 fsck -q
	says_nothing
	gets m n o
}

@test "garbage for an index is 7, says what to do, and a rebuild gives the same answers" {
	three_packs
	answers >before
	head -c 30000 "$DIGITS/epoch-1/model.safetensors" | tail -c 16384 >.mreg/index/data.mdb
	mreg_is 7 ls
	says_nothing
	complains "index is damaged"
	complains "mreg fsck --rebuild-index"
	mreg_is 7 put m n
	mreg_is 7 fsck --json
	json '[.problems[].kind] == ["index"]'
	json_error '.error.code == "integrity" and .error.status == 7'
	rebuild_gives before
}

@test "an index that was cut short" {
	local size
	three_packs
	answers >before
	for size in 1 100 4096 8192 9000; do
		truncate -s "$size" .mreg/index/data.mdb
		mreg_is 7 ls
		says_nothing
		complains "mreg fsck --rebuild-index"
		rebuild_gives before
	done
}

@test "an index whose pages are damaged never crashes and never lies" {
	local at
	three_packs
	answers >before
	cp -r .mreg whole
	for ((at = 16; at < $(stat -c %s .mreg/index/data.mdb); at += 1021)); do
		damage .mreg/index/data.mdb "$at"
		run --separate-stderr mreg ls --json
		[ "$status" = 0 ] || [ "$status" = 7 ]
		if [ "$status" = 0 ]; then
			assert_equal "$output" "$(head -3 before)"
		fi
		run --separate-stderr mreg fsck -q
		[ "$status" = 0 ] || [ "$status" = 7 ]
		damage .mreg/index/data.mdb "$at"
	done
	rebuild_gives before
}

@test "an empty file or a missing directory is made anew without a word" {
	three_packs
	answers >before
	: >.mreg/index/data.mdb
	answers >after 2>complaints
	diff before after
	rm -r .mreg/index
	answers >after 2>>complaints
	diff before after
	assert_equal "$(cat complaints)" ""
	gets m n o
}

@test "an index copied from elsewhere is made anew, not trusted" {
	three_packs
	answers >before
	mkdir other
	mreg init -q other
	mreg --registry other put -q strange "$DIGITS/epoch-4" >number
	cp other/.mreg/index/data.mdb .mreg/index/data.mdb
	answers >after 2>complaints
	diff before after
	cp --remove-destination other/.mreg/index/* .mreg/index
	answers >after 2>>complaints
	diff before after
	assert_equal "$(cat complaints)" ""
	rebuild_gives before
}

@test "an older index put back is made anew or brought up to date" {
	three_packs
	cp -r .mreg/index old
	mreg alias -q o first
	answers >before
	rm -r .mreg/index
	cp -r old .mreg/index
	answers >after
	diff before after
	mreg_is 0 fsck -q
	says_nothing
}

@test "an index of another schema is made anew without a word" {
	three_packs
	answers >before
	# the state row: CRC-32 of what follows, length of the key, the key M, and 84 bytes: the schema, the registry's id, …
	python3 - <<'PY'
import re, struct, zlib
path = ".mreg/index/data.mdb"
data = bytearray(open(path, "rb").read())
ident = bytes.fromhex(re.search(r"id (\w+)", open(".mreg/format").read())[1])
rows = [found.start() for found in re.finditer(re.escape(b"\1\0M") + b".{4}" + re.escape(ident), data, re.DOTALL)]
assert rows
for at in rows:
    data[at + 3:at + 7] = struct.pack("<I", 99)
    data[at - 4:at] = struct.pack("<I", zlib.crc32(data[at:at + 3 + 84]))
open(path, "r+b").write(data)
PY
	local inode
	inode=$(stat -c %i .mreg/index/data.mdb)
	answers >after 2>complaints
	diff before after
	assert_equal "$(cat complaints)" ""
	assert_not_equal "$(stat -c %i .mreg/index/data.mdb)" "$inode"
	rebuild_gives before
}

@test "a rebuild of a sound index changes no answer" {
	three_packs
	mreg alias -q m:v0 one two three
	mreg put -q m n -a two >number
	mreg alias -q -d m:three
	mreg put -q m m -m "said later" -M lr=0.5 >number
	answers >before
	mreg_is 0 fsck --rebuild-index --json
	json '.rebuilt == true'
	complains "made anew"
	answers >after
	diff before after
	mreg_is 0 fsck -q
	says_nothing
}

# ---- other registries

@test "a registry of a newer format is 10 and asks for a newer mreg" {
	local verb
	three_packs
	sed -i 's/^version .*/version 99/' .mreg/format
	for verb in 'ls' 'put m n' 'get m' 'fsck' 'fsck --rebuild-index' 'history' 'alias m:v0 new'; do
		# shellcheck disable=SC2086
		mreg_is 10 $verb
		says_nothing
		complains "layout version 99"
		complains "Use a newer mreg"
	done
	mreg_is 10 ls --json
	json_error '.error.code == "newer-format" and .error.status == 10'
	# nothing but the number can be relied on
	printf 'mreg registry\nversion 99\nwhatever\n' >.mreg/format
	mreg_is 10 ls
	complains "layout version 99"
}

@test "a format file that is none is damage" {
	local text
	three_packs
	for text in '' x 'mreg registry\nversion x\n' 'mreg registry\nversion 0\n' 'mreg registry\nversion 0\nid 12\n'; do
		# shellcheck disable=SC2059
		printf "$text" >.mreg/format
		mreg_is 7 ls
		says_nothing
	done
}

@test "a copy by cp -r works, and is a registry of its own" {
	three_packs
	answers >before
	cp -r . ../copy
	cd ../copy
	answers >after 2>complaints
	diff before after
	assert_equal "$(cat complaints)" ""
	mreg_is 0 fsck -q
	says_nothing
	mreg_is 0 put m n
	says m:v1
	cd ../work
	mreg_is 0 resolve --name m
	says m:v0
	answers >after
	diff before after
}

@test "a live registry is copied in two steps, the journal first" {
	three_packs
	answers >before
	mkdir -p ../copy/.mreg
	cp .mreg/journal ../copy/.mreg
	# meanwhile
	mreg put -q m n -a best >number
	(cd .mreg && find . -mindepth 1 -maxdepth 1 ! -name journal ! -name index ! -name tmp ! -name quarantine -exec cp -a {} "$OLDPWD/../copy/.mreg" \;)
	cd ../copy
	mkdir m n o
	cp ../work/m/* m && cp ../work/n/* n && cp ../work/o/* o
	answers >after 2>complaints
	diff ../work/before after
	assert_equal "$(cat complaints)" ""
	mreg_is 0 fsck -q
	says_nothing
	gets m n o
	mreg_is 0 put m n
	says m:v1
}

@test "a copy whose packs are missing is incomplete, and says so until they come" {
	three_packs
	cp -r . ../copy
	cd ../copy
	chmod u+w "$pack"
	mv "$pack" ../pack
	fsck_names_m
	mreg_is 7 get m -o t
	complains missing
	gets n o
	mv ../pack "$pack"
	mreg_is 0 fsck -q
	says_nothing
	gets m
}
