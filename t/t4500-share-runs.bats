#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Runs pushed, pulled, cloned and bundled: what they used and made, their points, what is said of them.
# shellcheck disable=SC2154

load lib
load sharing

setup()
{
	sharing_sandbox
}

# In the registry here: a run `one` that used data:v0 and made digits:v0, with 20,000 points, and its id in $one.
trained()
{
	echo 1 >a.csv
	one=$(mreg run start -t train --name one --no-git -M lr=0.1)
	mreg use -q ./a.csv --name data --run one >/dev/null
	seq 20000 -1 1 | sed 's/.*/{"loss":&.5}/' | mreg run log -q one -
	mreg put -q digits "$DIGITS/epoch-1" --run one >/dev/null
	mreg run finish -q one >/dev/null
	rm a.csv
}

# What both say of every run, and that nothing is wrong in the second.
same_runs()
{
	local verb
	for verb in inputs outputs; do
		diff <(mreg --registry "$1" run "$verb" "$one" --json | sort) <(mreg --registry "$2" run "$verb" "$one" --json | sort)
	done
	diff <(points "$1") <(points "$2")
	mreg --registry "$2" fsck -q
}

points()
{
	mreg --registry "$1" run cat "$one" points
}

@test "a clone has the runs, with all their points" {
	mkdir hub
	cd hub
	new_registry
	trained
	cd ..
	mreg_is 0 clone hub a
	assert_equal "$(points a | wc -l)" 20000
	same_runs hub a
	mreg_is 0 --registry a show digits:v0 --json
	json '.metrics.loss == 1.5'
	mreg_is 0 --registry a gc --grace 0 --yes
	same_runs hub a
}

@test "a pull tells of a run in one line, and of nothing else that is its own" {
	team
	(cd hub && trained && mreg run outputs -q one >../made)
	one=$(mreg --registry hub run outputs one --template '{run}')
	cd a
	mreg_is 0 pull
	assert_equal "$(grep -c "$one" <<<"$output")" 1
	assert_line --regexp "$one .*new"
	assert_line --partial "data:v0"
	same_runs ../hub .
	(cd ../hub && mreg use -q digits:v1 --run "$one" && mreg put -q digits "$DIGITS/epoch-1" --new-version --run "$one") >/dev/null
	mreg_is 0 pull --json
	json 'lines | map(select(.kind == "run")) | length == 1 and .[0].what == "changed" and .[0].ref == "'"$one"'"'
	json 'lines | map(.kind) | index("input") == null and index("output") == null'
	same_runs ../hub .
	mreg_is 0 pull
	says_nothing
}

@test "a push tells of a run in one line, and brings it" {
	team
	cd a
	trained
	mreg_is 0 push
	assert_equal "$(grep -c "$one" <<<"$output")" 1
	same_runs . ../hub
	mreg_is 0 push
	says_nothing
	(cd ../b && mreg pull -q >/dev/null)
	same_runs . ../b
}

@test "a run is pushed while it runs, and its end comes later" {
	team
	cd a
	one=$(mreg run start --name one --no-git)
	mreg put -q digits "$DIGITS/epoch-1" --new-version --run one >/dev/null
	mreg push -q >/dev/null
	mreg_is 0 --registry ../hub run outputs "$one" -q
	says digits:v5
	mreg_is 5 --registry ../hub run rm "$one"
	mreg run log -q one acc=0.5
	mreg run finish -q one >/dev/null
	mreg_is 0 push
	assert_line --regexp "$one .*changed"
	same_runs . ../hub
}

@test "with patterns the runs that made the versions come, and those that only used them do not" {
	local other
	mkdir hub
	cd hub
	new_registry
	trained
	other=$(mreg run start --no-git)
	mreg use -q digits:v0 --run "$other" >/dev/null
	mreg put -q reports "$DIGITS/epoch-2" --run "$other" >/dev/null
	mkdir ../a
	cd ../a
	new_registry
	mreg_is 0 pull ../hub digits
	assert_line --partial "$one"
	refute_line --partial "$other"
	mreg_is 0 run outputs "$one" -q
	says digits:v0
	mreg_is 0 run inputs "$one"
	assert_line --regexp '^data:v0 .*removed$'
	mreg_is 0 fsck
	mreg_is 0 gc --grace 0 --yes
	assert_equal "$(points . | wc -l)" 20000
	mreg_is 0 pull ../hub reports data
	same_runs ../hub .
	mreg_is 0 run inputs "$other" -q
	says digits:v0
}

@test "a run can be pulled by its id" {
	mkdir hub
	(cd hub && new_registry && trained && mreg run outputs one --template '{run}' >../id)
	one=$(cat id)
	mkdir a
	cd a
	new_registry
	mreg_is 0 pull ../hub "$one"
	assert_equal "$(points . | wc -l)" 20000
	mreg_is 0 fsck
}

@test "a clone without files fetches those of a run when they are read" {
	mkdir hub
	(cd hub && new_registry && trained && mreg run outputs one --template '{run}' >../id)
	one=$(cat id)
	mreg clone -q --metadata-only hub a >/dev/null
	mreg_is 0 --registry a fsck
	mreg_is 0 --registry a run outputs "$one" -q
	says digits:v0
	assert_equal "$(points a | wc -l)" 20000
	mv hub gone
	assert_equal "$(points a | wc -l)" 20000
	mreg_is 0 --registry a fsck
}

@test "runs go through a bundle" {
	mkdir hub a
	(cd hub && new_registry && trained && mreg run outputs one --template '{run}' >../id && mreg bundle create -q ../b --all >/dev/null)
	one=$(cat id)
	cd a
	new_registry
	mreg_is 0 bundle verify ../b
	mreg_is 0 pull ../b
	same_runs ../hub .
	(cd ../hub && mreg bundle create -q ../some digits:v0 >/dev/null)
	mkdir ../c
	cd ../c
	new_registry
	mreg_is 0 pull ../some
	mreg_is 0 run outputs "$one" -q
	says digits:v0
	mreg_is 0 fsck
}

@test "two who say something of one run are told apart, and one of them wins" {
	team
	(cd hub && trained && mreg run outputs one --template '{run}' >../id)
	one=$(cat id)
	(cd a && mreg pull -q) >/dev/null
	(cd b && mreg pull -q) >/dev/null
	(cd a && mreg use -q digits:v1 --name train --run "$one" && mreg push -q) >/dev/null
	cd b
	mreg use -q digits:v2 --run "$one" >/dev/null
	mreg use -q digits:v1 --name test --run "$one" >/dev/null
	mreg_is 5 pull
	complains "the input of '$one' is digits:v1 as test here, digits:v1 as train there"
	mreg_is 0 pull --theirs "$one"
	mreg_is 0 run inputs "$one" --json
	json 'lines | map(select(.ref == "digits:v1"))[0].as == "train"'
	mreg_is 0 run inputs "$one" -q
	assert_equal "$(sort <<<"$output")" "$(printf '%s\n' data:v0 digits:v1 digits:v2)"
	mreg_is 0 push
	same_runs ../hub .
}

@test "of two ends of one run one is chosen, and none gets another number" {
	local side how
	team
	(cd hub && mreg run start --name one) >id
	one=$(cat id)
	for side in a b; do
		(cd $side && mreg pull -q && mreg run log "$one" loss=1 &&
			mreg run finish -q "$one" --status "$([ $side = a ] && echo 0 || echo 3)") >/dev/null
	done
	(cd a && mreg push -q) >/dev/null
	cp -R hub hub.before
	cp -R b b.before
	for how in theirs ours; do
		rm -rf hub b
		cp -R hub.before hub
		cp -R b.before b
		cd b
		mreg_is 5 pull
		mreg_is 5 pull --renumber
		mreg_is 0 pull "--$how" "$one"
		refute_output --partial renumbered
		mreg_is 0 run show "$one" --json
		json ".exit_status == $([ $how = theirs ] && echo 0 || echo 3)"
		mreg_is 0 push
		mreg_is 0 fsck
		cd ..
	done
	mreg_is 0 --registry hub run show "$one" --json
	json '.exit_status == 3'
}

@test "what is said of a run travels, and is settled as all that is said" {
	team
	(cd hub && trained && mreg run outputs one --template '{run}' >../id)
	one=$(cat id)
	(cd a && mreg pull -q && mreg tag "$one" good && mreg note "$one" -m first && mreg meta "$one" --metric f1=0.5 && mreg push -q) >/dev/null
	cd b
	mreg_is 0 pull
	assert_equal "$(grep -c "$one" <<<"$output")" 1
	mreg_is 0 note "$one"
	says first
	(cd ../a && mreg note "$one" -m 'from a' && mreg push -q) >/dev/null
	mreg note "$one" -m 'from b' >/dev/null
	mreg_is 5 pull
	complains "the note of '$one' is from b here, from a there"
	mreg_is 0 pull --ours
	mreg_is 0 note "$one"
	says "from b"
	mreg_is 0 push
	assert_line --regexp "$one .*changed"
	mreg_is 0 --registry ../hub tag "$one" -q
	says good
}

@test "a run can be pushed by its id" {
	mkdir hub a
	(cd hub && new_registry)
	cd a
	new_registry
	trained
	mreg put -q other "$DIGITS/epoch-2" >/dev/null
	mreg_is 0 push ../hub "$one"
	mreg_is 0 --registry ../hub ls -q
	says_nothing
	assert_equal "$(points ../hub | wc -l)" 20000
	mreg_is 0 --registry ../hub fsck
}

@test "a run that was removed on one side is removed on the other, and comes back from there" {
	team
	(cd hub && trained && mreg run outputs one --template '{run}' >../id)
	one=$(cat id)
	(cd a && mreg pull -q && mreg run rm -q "$one") >/dev/null
	cd a
	mreg_is 0 push
	assert_line --regexp "$one .*removed"
	mreg_is 3 --registry ../hub run outputs "$one"
	mreg_is 0 --registry ../hub restore "$one"
	mreg_is 0 pull
	assert_line --regexp "$one .*restored"
	same_runs ../hub .
}

@test "where an artifact began travels with it" {
	team
	(cd hub && mreg put -q tuned "$DIGITS/epoch-2" --from digits:v0 >/dev/null)
	cd a
	mreg_is 0 pull --json
	json 'lines | map(select(.kind == "from")) | length == 1 and .[0].ref == "tuned" and .[0].to == "digits:v0"'
	mreg_is 5 put tuned "$DIGITS/epoch-3" --from digits:v1
}

@test "the receiving side is asked about a run once" {
	team
	printf '#!/bin/sh\ncat >>%s/told\n' "$PWD" >hub/.mreg/hooks/pre-receive
	chmod +x hub/.mreg/hooks/pre-receive
	(cd a && trained && mreg push -q >/dev/null)
	jq -e '.changes | map(select(.kind == "run")) | length == 1' told
	jq -e '.changes | map(select(.kind == "version")) | map(.ref) | sort == ["data:v0", "digits:v5"]' told || jq -c '.changes[]' told
}

@test "a run that has what only collections have, or has no record, does not come" {
	local key value
	mkdir hub
	cd hub
	new_registry
	trained
	mreg bundle create -q ../all --all
	cd ..
	while read -r key value; do
		KEY=$key VALUE=$value python3 "$MREG_SRCDIR/t/tools/edit-bundle.py" all edited '
import os
run = next(c for c in (json.loads(c) for c in changes) if c["value"].get("kind") == "run")
version = next(c["value"]["version"] for c in map(json.loads, changes) if c["key"].startswith("version/" + run["key"][5:]))
run.update(key=os.environ["KEY"].replace("CID", run["key"][5:]), value=json.loads(os.environ["VALUE"].replace("ID", version)))
changes.append(canonical(run).decode() + "\n")
header["count"] += 1'
		mreg_is 5 clone edited there
		complains "what only collections have"
		rm -rf there
	done <<-'END'
		title/CID "Model"
		alias/CID/best {"alias":"best","version":"ID"}
		protect/CID/best {"alias":"best","reason":true}
	END
	python3 "$MREG_SRCDIR/t/tools/edit-bundle.py" all edited '
run = next(c["key"][5:] for c in map(json.loads, changes) if c["value"].get("kind") == "run")
changes = [c for c in changes if "version/" + run not in c]
header["count"] = len(changes)'
	mreg_is 5 clone edited there
	complains "would have no record"
	mkdir a
	cd a
	new_registry
	mreg_is 0 pull ../all
	run=$(python3 -SE -c 'import json,sys; print(next(c["key"][5:] for c in map(json.loads, sys.stdin) if c["key"].startswith("coll/") and c["value"]["kind"] == "run"))' \
		< <(python3 "$MREG_SRCDIR/t/tools/edit-bundle.py" ../all ../same 'print("".join(changes), end="")'))
	python3 "$MREG_SRCDIR/t/tools/edit-bundle.py" ../all ../later '
changes.append(canonical({"host": "h", "key": "title/'"$run"'", "parents": [], "time": "2026-01-02T03:04:05Z", "user": "u", "value": "Model", "verb": "meta"}).decode() + "\n")
header["count"] += 1'
	mreg_is 5 pull ../later
	complains "would have a title"
	mreg_is 3 show Model
}

@test "gc keeps the points of a run when another registry hands in a removed one of the same id" {
	local there here
	mkdir hub a
	cd hub
	new_registry
	there=$(mreg run start -q)
	mreg run finish -q "$there"
	mreg run rm -q "$there" >/dev/null
	mreg bundle create -q ../all --all
	cd ../a
	unset MREG_SEED
	new_registry
	here=$(mreg run start -q)
	mreg run log -q "$here" loss=1
	ID=$here python3 "$MREG_SRCDIR/t/tools/edit-bundle.py" ../all ../edited '
import hashlib, os
texts = [json.loads(c) for c in changes]
run = next(c for c in texts if c["value"] and c["value"].get("kind") == "run")
was = hashlib.sha256(canonical(run)).hexdigest()
run["value"]["name"] = os.environ["ID"]
now = hashlib.sha256(canonical(run)).hexdigest()
for c in texts:
    c["parents"] = [now if p == was else p for p in c["parents"]]
changes[:] = [canonical(c).decode() + "\n" for c in texts]'
	mreg_is 0 pull ../edited
	mreg_is 0 gc --grace 0 --yes
	mreg_is 0 run show "$here" --json
	json '.metrics == {loss: 1}'
}
