#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg bundle: collections in one file, made, checked, looked into, and taken over elsewhere.

load lib

setup()
{
	sandbox
	digits_registry
	mreg alias -q digits:v1 best
	head -c 300000 /dev/urandom >noise
	mreg put -q other noise
	mreg link -q digits:v2 reader -a production
}

# edited CODE: bundle `all`, changed by t/tools/edit-bundle.py into `edited`.
edited()
{
	[ -f all ] || mreg bundle create -q all --all
	python3 "$MREG_SRCDIR/t/tools/edit-bundle.py" all edited "$1"
}

# refuses_edited TEXT: verify and clone say so, and nothing has come of it.
refuses_edited()
{
	mreg_is 7 bundle verify edited
	says_nothing
	complains "$1"
	run --separate-stderr mreg clone edited there
	[ "$status" = 7 ] || [ "$status" = 8 ]
	[ ! -e there ] || [ "$(mreg -C there ls)" = "" ]
	rm -rf there
}

@test "bundle create, verify, ls of everything" {
	mreg_is 0 bundle create all --all
	says all
	no_complaint
	mreg_is 0 bundle verify all
	assert_output --regexp '^all is sound: 3 collections, 7 versions \(7 with files\), [0-9.]+ [KM]iB$'
	no_complaint
	mreg_is 0 bundle ls -q all
	says digits:v0 digits:v1 digits:v2 digits:v3 digits:v4 other:v0 reader:v0
	mreg_is 0 bundle ls --json all
	json 'lines | map(select(.ref == "digits:v1"))[0] | .aliases == ["best"] and .kind == "artifact" and .holds == "files" and .files == 4'
	json 'lines | map(select(.ref == "reader:v0"))[0] | .aliases == ["production", "latest"] and .kind == "model"'
	run find . -maxdepth 1 -name '.mreg-bundle*'
	assert_output ''
}

@test "verify and ls of a bundle need no registry" {
	mreg bundle create -q ../all --all
	cd ..
	mreg_is 0 bundle verify -q all
	says_nothing
	mreg_is 0 bundle ls -q all
	mreg_is 10 bundle create more --all
	complains "mreg init"
}

@test "one version: its files, and the metadata of the others" {
	mreg_is 0 bundle create one digits:best
	mreg_is 0 bundle ls --json one
	json 'lines | map(select(.holds == "files").ref) == ["digits:v1"]'
	json 'lines | length == 5'
	mreg_is 0 bundle verify --json one
	json '.ok and .problem == null and .collections == 1 and .versions == 5 and .with_files == 1'
	mreg_is 0 clone -q one there
	cd there
	mreg_is 0 get -q digits:best -o t
	mreg_is 0 verify digits:best t
	mreg_is 0 log -q digits
	says digits:v4 digits:v3 digits:v2 digits:v1 digits:v0
}

@test "a model: its links, and no more of the artifacts" {
	mreg_is 0 bundle create model reader
	mreg_is 0 bundle ls -q model
	says reader:v0
	mreg_is 0 bundle verify -q model
	mreg_is 0 clone -q model there
	cd there
	mreg_is 0 get -q reader:production -o t
	mreg_is 0 ls -q digits
	says digits:v2
	mreg_is 0 fsck
	mreg_is 5 put digits ../noise
	complains pull
}

@test "patterns of names, with a version or without" {
	mreg_is 0 bundle create some 'd*:v3' 'o*'
	mreg_is 0 bundle ls --json some
	json 'lines | map(select(.holds == "files").ref) == ["digits:v3", "other:v0"]'
	mreg_is 4 bundle create none '*:nowhere'
	says_nothing
	mreg_is 3 bundle create none 'x*'
	mreg_is 4 bundle create none digits:v9
	mreg_is 2 bundle create none 'digits:'
	assert_not_exists none
}

@test "what is there already is replaced only with --force, and never by half" {
	echo precious >file
	mreg_is 6 bundle create file digits
	complains --force
	assert_equal "$(cat file)" precious
	mreg_is 0 bundle create --force file digits
	mreg_is 0 bundle verify -q file
	mkdir folder
	mreg_is 10 bundle create --force folder digits
	mreg_is 6 bundle create .mreg/b digits
	damage "$(largest_pack)" 5000
	cp file before
	mreg_is 7 bundle create --force file --all
	cmp file before
	run find . -maxdepth 1 -name '.mreg-bundle*'
	assert_output ''
}

@test "--dry-run counts, and writes nothing" {
	local before
	before=$(state)
	mreg_is 0 bundle create -n --json b digits:v1
	json '.versions == 5 and .with_files == 1 and .objects > 5'
	assert_not_exists b
	assert_equal "$(state)" "$before"
}

@test "the journal notes what was handed out, once" {
	mreg bundle create -q b digits
	tail -1 .mreg/journal | jq -e '.offered | length == 1 and .[0].collection != ""' >/dev/null
	mreg bundle create -q c --all
	tail -1 .mreg/journal | jq -e '.offered[0].collection == ""' >/dev/null
	cp .mreg/journal before
	mreg bundle create -q d other
	cmp before .mreg/journal
}

@test "a registry that cannot be written to is bundled all the same" {
	chmod -R a-w .mreg
	run --separate-stderr -0 without_root_rights mreg bundle create all --all
	complains "does not remember"
	chmod -R u+w .mreg
	mreg_is 0 bundle verify -q all
}

@test "what is removed is in it as removed" {
	mreg rm -q digits:v0
	mreg bundle create -q all --all
	mreg_is 0 bundle ls -q all
	refute_line digits:v0
	mreg clone -q all there
	mreg_is 4 -C there resolve digits:v0
	complains "v0"
}

@test "files that are elsewhere cannot be bundled" {
	mreg clone -q --metadata-only . there
	cd there
	mreg_is 8 bundle create b digits
	complains "files of 'digits:v0' are not here"
	assert_not_exists b
}

@test "pull from a bundle, and from a newer one" {
	mreg bundle create -q one digits:v0
	mreg clone -q one there
	mreg put -q digits noise
	mreg bundle create -q two digits
	mreg_is 0 -C there pull "$PWD/two"
	mreg_is 0 -C there get -q digits:v5 -o t
	cmp noise there/t/noise
	mreg_is 0 -C there pull "$PWD/two"
	mreg_is 0 -C there fsck
}

@test "pull of a part of a bundle" {
	mreg bundle create -q all --all
	mkdir there
	mreg init -q there >/dev/null
	mreg_is 0 -C there pull "$PWD/all" reader
	mreg_is 0 -C there ls -q
	says digits reader
	mreg_is 0 -C there ls -q digits
	says digits:v2
	mreg_is 0 -C there get -q reader:production -o t
	mreg_is 3 -C there pull "$PWD/all" nowhere
	mreg_is 0 -C there pull "$PWD/all" digits:v4
	mreg_is 0 -C there ls -q digits
	says digits:v4 digits:v3 digits:v2 digits:v1 digits:v0
	mreg_is 0 -C there fsck
}

@test "nothing can be pushed into a bundle" {
	mreg bundle create -q b digits
	cp b before
	run --separate-stderr mreg push "$PWD/b"
	[ "$status" = 8 ] || [ "$status" = 6 ]
	cmp b before
}

@test "a bundle that is cut, or of which a byte is wrong, is refused" {
	local at size
	mreg bundle create -q all --all
	size=$(stat -c %s all)
	for at in 0 31 1000 $((size / 2)) $((size - 1)); do
		head -c "$at" all >short
		mreg_is 7 bundle verify short
		says_nothing
		cp all flipped
		damage flipped "$at"
		mreg_is 7 bundle verify flipped
		mreg_is 7 bundle verify --json flipped
		json '.ok == false and .path == "flipped" and (.problem | length) > 0'
		json_error '.error.status == 7'
	done
	head -c $((size / 2)) all >short
	run --separate-stderr mreg clone short there
	[ "$status" = 7 ] || [ "$status" = 8 ]
	assert_not_exists there
}

@test "a bundle that is damaged inside gives nothing, and says what is damaged" {
	local at
	mreg bundle create -q all --all
	at=$(($(stat -c %s all) / 2))
	cp all flipped
	damage flipped "$at"
	mreg_is 8 clone -q flipped there
	complains "bundle '$PWD/flipped' is damaged: "
	mreg init -q here >/dev/null
	mreg_is 8 -C here pull -q ../flipped
	mreg_is 0 -C here ls
	says_nothing
	mreg_is 0 -C here pull -q ../all
	mreg_is 0 -C here fsck
}

@test "what is no bundle is said to be none" {
	mreg_is 7 bundle verify noise
	complains "is no bundle"
	mreg_is 7 bundle ls "$(largest_pack)"
	complains "a pack of a registry"
	mreg_is 10 bundle verify nowhere
	mreg_is 7 bundle ls .
	mkfifo pipe
	mreg_is 7 bundle verify pipe
}

@test "a bundle in objects/ is damage" {
	mreg bundle create -q all --all
	cp all ".mreg/objects/$(tail -c 64 all | head -c 48 | tail -c 32 | od -An -v -tx1 | tr -d ' \n').pack"
	mreg_is 7 fsck
	assert_line --partial "of the table is impossible"
}

@test "hostile: a chunk that is not what its id says" {
	edited 'r = [r for r in records if r.kind == 1][0]; set_raw(r, b"x" * 100, own_id=False)'
	refuses_edited damaged
}

@test "hostile: a chunk is missing" {
	edited '
import hashlib
file = hashlib.sha256(open("noise", "rb").read()).digest()
first = next(raw(r)[:32] for r in records if r.kind == 2 and r.file == file)
records.remove(next(r for r in records if r.id == first))'
	mreg_is 7 bundle verify edited
	complains "is not in the bundle"
	mreg_is 0 clone edited there
	mreg_is 0 -C there fsck
	assert_line --regexp '^absent: '
	mreg_is 8 -C there get other -o t
}

@test "hostile: a recipe that names a file it does not make" {
	edited 'r = [r for r in records if r.kind == 2][0]; r.file = bytes(32)'
	mreg_is 7 bundle verify edited
	edited 'a, b = [r for r in records if r.kind == 2][:2]; a.file, b.file = b.file, a.file'
	refuses_edited "is not what a bundle has to be"
}

@test "hostile: a header that promises what is not there" {
	edited 'header["count"] += 1'
	mreg_is 7 bundle verify edited
	complains "changes where its header says"
	edited 'header["scope"]["00" * 16] = "ghost"'
	mreg_is 7 bundle verify edited
	complains "nothing is said of the collection 'ghost'"
	edited 'header["versions"] = [dict(digest="00" * 32, version="00" * 32, files=1, size=1, ref="ghost:v0")]'
	mreg_is 7 bundle verify edited
	complains "ghost:v0"
}

@test "hostile: names that a terminal would obey, unknown members, a newer format" {
	edited 'k = list(header["scope"])[0]; header["scope"][k] = "a\x1b[2Jb"'
	refuses_edited header
	edited 'header["user"] = "\x1b]0;owned\x07"'
	refuses_edited header
	edited 'header["more"] = 1'
	refuses_edited canonical
	edited 'header["format"] = 2'
	mreg_is 10 bundle ls edited
	complains "newer format"
}

@test "hostile: two headers, or none" {
	edited 'r = Record(kind=7, file=b""); set_raw(r, b"{}"); more = [r]'
	refuses_edited "several headers"
}

@test "hostile: changes that are none, of others, without their parents, or twice" {
	edited 'changes.append("{}\n")'
	mreg_is 7 bundle verify edited
	edited 'changes[:] = changes + [changes[0]]; header["count"] += 1'
	mreg_is 7 bundle verify edited
	complains twice
	edited 'c = json.loads(changes[0]); c["parents"] = ["00" * 32]; changes[0] = canonical(c).decode() + "\n"'
	mreg_is 7 bundle verify edited
	complains "without its parent"
	edited 'c = json.loads(changes[0]); c["key"] = "coll/" + "00" * 16; changes.append(canonical(c).decode() + "\n"); header["count"] += 1'
	mreg_is 7 bundle verify edited
	complains "the header does not name"
	edited 'c = json.loads(changes[0]); c["key"] = "absent/" + "00" * 32; changes.append(canonical(c).decode() + "\n"); header["count"] += 1'
	refuses_edited absent
	edited 'changes[-1] = changes[-1][:-1]'
	refuses_edited "does not end"
}

@test "bundle is wrong use without what it needs" {
	mreg_is 2 bundle
	mreg_is 2 bundle create b
	complains --all
	mreg_is 2 bundle create b --all digits
	mreg_is 2 bundle burn b
	complains "create FILE"
	mreg_is 2 bundle verify --force b
	mreg_is 2 bundle ls a b
	assert_not_exists b
}
