#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Drafts: a new version from an old one, whose files nobody touches, prepared by as many processes as like.

load lib

setup()
{
	sandbox
	new_registry
	mkdir -p old/sub more
	head -c 2000000 /dev/urandom >old/large
	echo config >old/config
	echo s >old/sub/s
	echo t >old/sub/t
	mreg put -q m old -a best >number
	echo new >more/new
	echo other >more/other
}

# paths ID: what a commit would put.
paths()
{
	mreg draft ls -q "$1" | tr '\n' ' '
}

# drafted COMMAND…: as state(), and the drafts.
drafted()
{
	state
	cat .mreg/drafts/* 2>/dev/null || :
}

# --- from the beginning to the end

@test "a draft of a version, with files added and taken out, becomes the next version" {
	mreg_is 0 draft new m
	no_complaint
	id=$output
	[[ $id =~ ^d-[a-z0-9]{10}$ ]]
	mreg_is 0 draft add "$id" more
	says_nothing
	no_complaint
	mreg_is 0 draft rm "$id" sub/t
	says_nothing
	no_complaint
	mreg_is 0 draft commit "$id" -m "with more" -M lr=0.5 --metric acc=0.9 --tag good -a candidate --link model:staging
	says m:v1
	no_complaint
	cp -r old want && cp more/* want && rm want/sub/t
	mreg get -q m:v1 -o got
	same_tree want got
	mreg_is 0 show --json model:staging
	json '.description == "with more" and .metadata == {"lr": 0.5} and .metrics == {"acc": 0.9} and .tags == ["good"]'
	mreg_is 0 resolve m:candidate
	says "$(mreg resolve m:v1)"
	mreg_is 0 draft ls
	says_nothing
	assert_equal "$(ls -A .mreg/drafts)" ""
	mreg_is 0 fsck -q
	says_nothing
}

@test "a draft begins as the version that is named, and a name alone is its latest" {
	mreg put -q m more >number
	mreg_is 0 draft new --json m:best
	json '(.id | test("^d-")) and .name == "m" and .base == "m:v0" and .user == "tester" and .opened == "2026-01-02T03:04:05Z"'
	assert_equal "$(paths "$(jq -r .id <<<"$output")")" "config large sub/s sub/t "
	mreg_is 0 draft new m
	assert_equal "$(paths "$output")" "new other "
}

@test "a draft of a name without versions begins with nothing, and makes the artifact" {
	mreg_is 0 draft new fresh
	id=$output
	mreg_is 2 draft commit "$id"
	complains "there is nothing to put"
	mreg_is 0 draft add "$id" more
	mreg_is 0 draft commit "$id" --type dataset
	says fresh:v0
	mreg_is 0 ls -q fresh:v0
	says new other
}

@test "a draft of a registered model's version is put into the artifact that it is from" {
	mreg link -q m:v0 model -a prod >number
	mreg_is 0 draft new model:prod
	id=$output
	mreg draft add -q "$id" more/new
	mreg_is 0 draft commit "$id" --link model
	says m:v1
	mreg_is 0 resolve --name model:v1
	says model:v1
}

@test "an artifact that was renamed gets the version under its new name" {
	id=$(mreg draft new m)
	mreg draft add -q "$id" more
	mreg rename -q m n >number
	mreg_is 0 draft ls --json
	json '.name == "n" and .base == "n:v0"'
	mreg_is 0 draft commit "$id"
	says n:v1
}

@test "a draft that comes to the content of a live version makes no new one" {
	id=$(mreg draft new m)
	mreg_is 1 draft commit "$id" --fail-if-unchanged
	says_nothing
	mreg_is 0 draft commit "$id" -a same
	says m:v0
	complains "no new version was made"
	mreg_is 3 draft commit "$id"
	mreg_is 0 resolve m:same
	says "$(mreg resolve m:v0)"
}

@test "commit --expect refuses when somebody else has put meanwhile, and the draft stays" {
	id=$(mreg draft new m)
	mreg draft add -q "$id" more
	mreg put -q m more >number
	mreg_is 5 draft commit "$id" --expect v0
	says_nothing
	complains "not v0 as expected"
	mreg_is 0 draft commit "$id" --expect v1
	says m:v2
}

@test "a commit that is not better keeps the draft" {
	mreg put -q m more --metric loss=1 --best-by loss:min >number
	id=$(mreg draft new m)
	mreg draft add -q "$id" old/config
	mreg_is 0 draft commit "$id" --metric loss=2 --only-if-better loss:min
	says m:v1
	complains "is not better"
	mreg_is 0 draft commit "$id" --metric loss=0.5 --only-if-better loss:min
	says m:v2
}

# --- add and rm

@test "put's ways of reading files are add's" {
	mkdir -p tree/deep
	echo 1 >tree/a.bin
	echo 2 >tree/a.txt
	ln -s ../a.txt tree/deep/link
	ln -s ../../../outside tree/leaves
	id=$(mreg draft new fresh)
	mreg_is 2 draft add "$id" tree
	complains "points out of the directory"
	assert_equal "$(paths "$id")" ""
	mreg_is 0 draft add "$id" tree --as below --exclude leaves --include '*.txt' --include deep
	assert_equal "$(paths "$id")" "below/a.txt below/deep/link "
	mreg_is 0 draft add "$id" tree/a.bin --as model.bin
	echo streamed | mreg draft add -q "$id" - --as stream
	assert_equal "$(paths "$id")" "below/a.txt below/deep/link model.bin stream "
	rm tree/leaves
	mreg_is 0 draft add "$id" tree --dereference --as sub
	assert_equal "$(paths "$id")" "below/a.txt below/deep/link model.bin stream sub/a.bin sub/a.txt sub/deep/link "
}

@test "the last add of a path counts, and what was taken out can be added again" {
	id=$(mreg draft new m)
	mreg draft add -q "$id" more/new --as config
	mreg draft add -q "$id" more/other --as config
	mreg draft rm -q "$id" large
	mreg draft add -q "$id" more/new --as large
	mreg draft commit -q "$id" >number
	mreg_is 0 cat m:v1 config
	says other
	mreg_is 0 cat m:v1 large
	says new
}

@test "rm takes a path, a folder or a pattern, and what matches nothing changes nothing" {
	id=$(mreg draft new m)
	mreg draft add -q "$id" old/config --as deep/config
	drafted >../before
	mreg_is 3 draft rm "$id" config nowhere
	says_nothing
	complains "there is no 'nowhere' in the draft"
	diff ../before <(drafted)
	mreg_is 0 draft rm "$id" config
	assert_equal "$(paths "$id")" "deep/config large sub/s sub/t "
	mreg_is 0 draft rm --json "$id" sub/ '*fig'
	json '.id == "'"$id"'" and .removed == ["deep/config", "sub/s", "sub/t"]'
	assert_equal "$(paths "$id")" "large "
}

@test "a file that would be a folder, too, is refused" {
	id=$(mreg draft new m)
	drafted >../before
	mreg_is 5 draft add "$id" more/new --as config/new
	complains "a file and a folder"
	mreg_is 5 draft add "$id" more/new --as sub
	complains "a file and a folder"
	diff <(grep -v pack ../before) <(drafted | grep -v pack)
	mreg draft rm -q "$id" sub
	mreg_is 0 draft add "$id" more/new --as sub
	assert_equal "$(paths "$id")" "config large sub "
}

@test "a reference to a file elsewhere, and what is in an archive, can be added" {
	command -v bsdtar >/dev/null || skip "no bsdtar"
	bsdtar -cf more.tar more
	id=$(mreg draft new m)
	mreg_is 0 draft add "$id" --ref https://example.org/data.bin --size 7
	mreg_is 0 draft add "$id" more.tar --unpack
	mreg_is 2 draft add "$id"
	complains "an operand is missing"
	assert_equal "$(paths "$id")" "config data.bin large more/new more/other sub/s sub/t "
	mreg_is 0 draft commit "$id"
	says m:v1
}

@test "a version that an open draft was made from is not removed in passing, and one that was removed can still be committed" {
	id=$(mreg draft new m)
	mreg put -q m more >number
	mreg alias -q -d m:best
	mreg_is 0 put m more/new --keep-last 1
	complains "1 older version was removed"
	mreg_is 0 ls -q m
	assert_line m:v0
	mreg rm -q m:v0
	mreg_is 0 draft ls --json
	json '.base == "m:v0" and .files == 4'
	mreg_is 0 draft commit "$id"
	says m:v3
	mreg_is 0 verify m:v3
}

@test "gc leaves what open drafts need, and takes it when they are given up" {
	id=$(mreg draft new m)
	mreg draft add -q "$id" more
	mreg alias -q -d m:best
	mreg rm -q m:v0
	mreg_is 0 gc --grace 0 --yes
	mreg_is 0 draft commit "$id"
	says m:v1
	mreg_is 0 verify m:v1
	mreg gc -q --grace 0 --yes >collected
	id=$(mreg draft new m)
	head -c 100000 /dev/urandom >given-up
	mreg draft add -q "$id" given-up
	mreg_is 0 gc --grace 0 --yes --json
	json '.objects == 0'
	mreg draft abort -q "$id"
	mreg_is 0 gc --grace 0 --yes --json
	json '.objects > 0'
	mreg_is 0 fsck -q
}

@test "gc collects nothing as long as a draft is damaged" {
	id=$(mreg draft new m)
	mreg draft add -q "$id" more
	damage ".mreg/drafts/$id" 40
	mreg alias -q -d m:best
	mreg rm -q m:v0
	mreg_is 7 gc --grace 0 --yes
	complains "the draft '$id' is damaged"
	mreg_is 0 restore m:v0
	mreg_is 0 verify m:v0
}

# --- what there is

@test "ls shows each draft with what it would put, and the files of one with what was done to them" {
	first=$(mreg draft new m)
	second=$(MREG_NOW=2026-01-02T04:00:00Z mreg draft new fresh)
	mreg draft add -q "$first" more/new --as config
	mreg draft add -q "$first" more/new
	mreg draft rm -q "$first" sub/s
	mreg_is 0 draft ls --json
	json 'lines | length == 2'
	json 'lines | map(select(.id == "'"$first"'")) | .[0] | .base == "m:v0" and .files == 4 and .size == 2000010'
	json 'lines | map(select(.id == "'"$second"'")) | .[0] | .base == null and .name == "fresh" and .files == 0 and .size == 0'
	mreg_is 0 draft ls "$first" --template '{change}:{path}'
	says modified:config :large added:new deleted:sub/s :sub/t
	mreg_is 0 draft ls -q "$first"
	says config large new sub/t
	mreg_is 0 status
	assert_line --partial "$first, from m:v0 by tester"
	assert_line --partial "$second, of fresh by tester"
	mreg_is 0 status --json
	json '.drafts | map(.base) | sort == [null, "m:v0"]'
}

@test "an id may be cut short as long as it means one draft" {
	id=$(mreg draft new m)
	mreg_is 0 draft ls -q "${id:0:4}"
	mreg_is 3 draft ls d-
	mreg_is 3 draft ls "${id}x"
	mreg_is 3 draft ls ../format
	for letter in {a..z} {0..9}; do
		touch ".mreg/drafts/${id:0:3}${letter}00000000"
	done
	mreg_is 2 draft ls "${id:0:3}"
	complains "drafts begin with '${id:0:3}'"
}

@test "abort gives a draft up, and what is gone is 3" {
	id=$(mreg draft new m)
	mreg draft add -q "$id" more
	mreg_is 0 draft abort "$id"
	says_nothing
	no_complaint
	for verb in "add $id more" "rm $id config" "commit $id" "ls $id" "abort $id"; do
		# shellcheck disable=SC2086
		mreg_is 3 draft $verb
		says_nothing
		complains "there is no draft '$id'"
	done
	mreg_is 0 ls -q m
	says m:v0
}

@test "what has no sense for a part of draft is refused" {
	id=$(mreg draft new m)
	drafted >../before
	mreg_is 2 draft nowhere
	complains "none of new, add, rm, commit, ls, abort"
	mreg_is 2 draft add "$id"
	mreg_is 2 draft commit "$id" more
	mreg_is 2 draft commit "$id" --include x
	complains "'draft commit' takes no --include"
	mreg_is 2 draft add "$id" more -m why
	complains "'draft add' takes no --message"
	mreg_is 2 draft ls -n
	mreg_is 3 draft new nowhere:v1
	mreg_is 4 draft new m:nowhere
	mreg_is 2 draft new 'no good'
	mreg_is 5 draft new M
	mreg_is 10 draft add "$id" nowhere
	mreg_is 2 draft add "$id" more --exclude '*'
	complains "there is nothing to add"
	diff ../before <(drafted)
}

@test "a dry run changes nothing" {
	id=$(mreg draft new m)
	drafted >../before
	mreg_is 0 draft new -n m
	says_nothing
	complains "dry run"
	mreg_is 0 draft add -n "$id" more
	complains "dry run"
	mreg_is 5 draft add -n "$id" more/new --as config/new
	mreg_is 0 draft rm -n --json "$id" sub
	json '.removed == ["sub/s", "sub/t"]'
	mreg_is 0 draft commit -n "$id" --new-version
	says m:v1
	mreg_is 0 draft abort -n "$id"
	diff ../before <(drafted)
	assert_equal "$(ls -A .mreg/tmp)" ""
}

# --- what is not touched

# bytes_of TRACE: how many were read from packs.
bytes_of()
{
	sed -nE 's/.*objects\/.* = ([0-9]+)$/\1/p' "$1"* | awk '{ sum += $1 } END { print sum + 0 }'
}

@test "files that stay as they are are not read" {
	local command
	id=$(mreg draft new m)
	for command in "new m" "add $id more" "rm $id config" "ls $id" "commit $id"; do
		# shellcheck disable=SC2086
		traced -ff -o trace -y -e trace=pread64,read,readv,preadv,copy_file_range,sendfile mreg draft -q $command >/dev/null
		[ "$(bytes_of trace)" -lt 200000 ]
		rm trace*
	done
	mreg_is 0 verify m:v1
}

@test "a damaged file that stays as it is does not stand in the way" {
	# the bytes of large are most of the pack
	damage "$(largest_pack)" 1000000
	mreg_is 7 verify m:v0
	id=$(mreg draft new m)
	mreg draft add -q "$id" more
	mreg draft rm -q "$id" config
	mreg_is 0 draft commit "$id"
	says m:v1
	no_complaint
	mreg_is 0 cat m:v1 new
}

@test "add reads a file that the registry has read already by its stat alone" {
	settle old
	mreg put -q m old >number
	id=$(mreg draft new fresh)
	traced -f -o trace -e trace=openat,open mreg draft add -q "$id" old >/dev/null
	run ! grep -F 'old/large"' trace
	mreg_is 0 draft commit "$id"
	says fresh:v0
}

# --- many at once

@test "eight processes add to one draft at the same time, and one commits" {
	local i
	id=$(mreg draft new m)
	for i in 1 2 3 4 5 6 7 8; do
		head -c 100000 /dev/urandom >"file-$i"
		mreg draft add "$id" "file-$i" 8>&- >"said-$i" 2>&1 &
	done
	wait
	cat said-* >said
	assert_file_empty said
	mreg_is 0 draft commit "$id"
	says m:v1
	for i in 1 2 3 4 5 6 7 8; do
		mreg cat m:v1 "file-$i" | cmp - "file-$i"
	done
	mreg_is 0 fsck -q
	says_nothing
}

@test "what was added while another commits is in the version, or was refused" {
	local i
	id=$(mreg draft new m)
	for i in 1 2 3 4 5 6; do
		echo "$i" >"file-$i"
		{ mreg draft add "$id" "file-$i" 2>/dev/null && echo "file-$i" >"added-$i" || echo $? >"refused-$i"; } 8>&- &
	done
	mreg_is 0 draft commit --new-version "$id"
	says m:v1
	wait
	mreg_is 0 ls -q m:v1
	diff <(grep '^file' <<<"$output" || :) <(cat added-* 2>/dev/null || :)
	[ "$(cat refused-* 2>/dev/null | sort -u)" = 3 ] || [ ! -e refused-1 ]
	assert_equal "$(ls -A .mreg/drafts)" ""
}

@test "a draft of a thousand files that are added one folder at a time" {
	local i
	mkdir -p many
	for i in {0..9}; do
		mkdir "many/$i"
		for n in {0..99}; do
			echo "$i $n" >"many/$i/$n"
		done
	done
	id=$(mreg draft new m)
	for i in {0..9}; do
		mreg draft add -q "$id" "many/$i" --as "many/$i"
	done
	mreg draft rm -q "$id" 'many/3' 'many/*/7'
	mreg_is 0 draft ls --json
	json '.files == 895'
	mreg_is 0 draft commit "$id"
	says m:v1
	rm -rf many/3 many/?/7
	mreg get -q m:v1 -o got
	same_tree many got/many
}

# --- what goes wrong

@test "an add that is killed leaves the draft as it was, or has happened" {
	local point
	id=$(mreg draft new m)
	paths "$id" >before
	for point in pack-half-written pack-before-rename pack-after-dir-sync draft-before-line draft-half-line draft-before-sync draft-after-sync; do
		echo "$point" >"$point"
		run --separate-stderr -137 env MREG_CRASH="$point" mreg draft add "$id" "$point"
		paths "$id" >after
		case $point in
		draft-before-sync | draft-after-sync) grep -q "$point" after ;;
		*) diff before after ;;
		esac
		mreg_is 0 draft add "$id" "$point"
		no_complaint
		grep -q "$point" <(paths "$id")
		paths "$id" >before
	done
	mreg_is 0 draft commit "$id"
	says m:v1
	mreg_is 0 fsck -q
	says_nothing
}

@test "a commit that is killed before the draft is gone can be said again" {
	id=$(mreg draft new m)
	mreg draft add -q "$id" more
	run --separate-stderr -137 env MREG_CRASH=draft-committed mreg draft commit "$id"
	mreg_is 0 ls -q m
	assert_line m:v1
	mreg_is 0 draft commit "$id"
	says m:v1
	complains "no new version was made"
	mreg_is 0 draft ls
	says_nothing
}

@test "a draft that is damaged is named, hides no other, and can be given up" {
	local sound
	id=$(mreg draft new m)
	mreg draft add -q "$id" more
	sound=$(mreg draft new m)
	damage ".mreg/drafts/$id" 40
	for verb in "add $id more" "rm $id config" "commit $id" "ls $id"; do
		# shellcheck disable=SC2086
		mreg_is 7 draft $verb
		says_nothing
		complains "the draft '$id' is damaged"
		complains "mreg draft abort $id"
	done
	mreg_is 7 draft ls -q
	says "$sound"
	mreg_is 0 status --json
	json '.drafts | map(.id) == ["'"$sound"'"]'
	complains "the draft '$id' is damaged"
	mreg_is 7 fsck --json
	json '.ok == false and (.problems | length) == 1 and .problems[0].kind == "draft"'
	mreg_is 0 draft abort "$id"
	mreg_is 0 fsck -q
}

@test "a draft whose added bytes are lost is not committed, and fsck names it" {
	id=$(mreg draft new m)
	find .mreg/objects -name '*.pack' | sort >packs
	head -c 300000 /dev/urandom >lost
	mreg draft add -q "$id" lost
	rm -f "$(find .mreg/objects -name '*.pack' -size +256k | sort | comm -23 - packs)" .mreg/objects/multi-pack
	mreg_is 7 draft commit "$id"
	complains "the bytes of 'lost' are not in the registry"
	mreg_is 7 fsck -q
	assert_line --partial "the draft '$id' cannot be committed"
	mreg_is 0 ls -q m
	says m:v0
	mreg draft add -q "$id" lost
	mreg_is 0 draft commit "$id"
	says m:v1
}

@test "a copy of a registry has its drafts" {
	id=$(mreg draft new m)
	mreg draft add -q "$id" more
	cp -r . ../copy
	cd ../copy
	mreg_is 0 draft commit "$id"
	says m:v1
	mreg_is 0 verify m:v1
}

@test "a draft is adopted by nobody while another holds it" {
	id=$(mreg draft new m)
	exec 7<>".mreg/drafts/$id"
	python3 - <<-'EOF' 7>&7
		import fcntl, struct
		fcntl.fcntl(7, 37, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 1, 0))
	EOF
	mreg_is 9 -c core.lockTimeout=50ms draft add "$id" more
	complains "held by another process"
	mreg_is 9 -c core.lockTimeout=50ms draft commit "$id"
	mreg_is 9 -c core.lockTimeout=50ms draft abort "$id"
	exec 7>&-
	mreg_is 0 draft commit "$id"
}

@test "who shares a registry adds to the drafts of others" {
	(mkdir ../shared && cd ../shared && mreg init -q --shared >/dev/null && umask 077 && mreg draft new m >../id)
	assert_equal "$(stat -c %a "../shared/.mreg/drafts/$(cat ../id)")" 660
}

@test "a registry that cannot be written has its drafts shown, and nothing else" {
	id=$(mreg draft new m)
	chmod -R a-w .mreg
	run --separate-stderr -0 without_root_rights mreg draft ls -q
	says "$id"
	run --separate-stderr -10 without_root_rights mreg draft add "$id" more
	run --separate-stderr -10 without_root_rights mreg draft new m
	chmod -R u+w .mreg
}

# One that only put knows would be taken here, and do nothing.
@test "draft ls takes none of put's options" {
	local line count=0
	local -a words
	while read -r line; do
		read -ra words <<<"${line#-?, }"
		case ${words[1]-} in
		METRIC:* | SHA256 | BYTES) continue ;; # these need another option, which is refused
		KEY=*) words[1]=k=1 ;;
		N) words[1]=1 ;;
		vN) words[1]=v1 ;;
		URI) words[1]=file:///nowhere ;;
		FILE) echo '{"k":1}' >meta.json && words[1]=meta.json ;;
		[A-Z]*) words[1]=x ;;
		*) words=("${words[0]}") ;;
		esac
		mreg_is 2 draft ls "${words[@]}"
		complains "--"
		says_nothing
		count=$((count + 1))
	done < <(mreg put -h | sed -n '/^Options:/,/^Options of/p' | grep -o -E '^ +(-., )?--[a-z-]+( [A-Za-z][^ ]*)?' | sed 's/^ *//')
	((count > 20))
}
