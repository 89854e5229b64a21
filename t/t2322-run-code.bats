#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is recorded of the code that a run ran.

load lib

setup()
{
	sandbox
	new_registry
	git config --global init.defaultBranch main
	git config --global user.name tester
	git config --global user.email tester@example.org
	git config --global protocol.file.allow always
	mkdir repository
	cd repository || return
	git init -q
	printf '%s\n' one two three >train.py
	git add train.py
	git commit -q -m first
}

# code_is FILTER: what a run that is begun here records of the code.
code_is()
{
	id=$(mreg run exec -q --id-file "$BATS_TEST_TMPDIR/id" -- true && cat "$BATS_TEST_TMPDIR/id")
	mreg_is 0 run show --json "$id"
	output=$(jq .code <<<"$output")
	json "$1"
}

@test "the commit, the branch and the root of the repository" {
	mkdir -p deep/er
	cd deep/er
	code_is ".commit == \"$(git rev-parse HEAD)\" and .branch == \"main\" and .dirty == false and .root == \"${PWD%/deep/er}\""
	json 'has("remote") or has("untracked") | not'
	mreg_is 3 run cat "$id" code.diff
	complains "run '$id' has no file 'code.diff'"
	git checkout -q --detach
	code_is 'has("branch") | not'
}

@test "what was changed since the commit is kept, and git can apply it" {
	printf '%s\n' one 2 three >train.py
	head -c 3000 /dev/urandom >weights
	git add weights
	mkdir deep
	cd deep
	code_is '.dirty == true'
	cd ..
	mreg run cat "$id" code.diff >../code.diff
	cp -r . ../wanted
	git stash -q
	git apply ../code.diff
	cmp train.py ../wanted/train.py
	cmp weights ../wanted/weights
}

@test "how people like their diffs does not matter" {
	git config diff.noprefix true
	git config diff.mnemonicPrefix true
	git config color.diff always
	git config diff.context 0
	git config diff.orderFile /nowhere
	git config diff.relative true
	printf '%s\n' one 2 three >train.py
	mkdir deep
	cd deep
	code_is '.dirty == true'
	cd ..
	mreg run cat "$id" code.diff >../code.diff
	git checkout -q train.py
	git apply ../code.diff
	assert_equal "$(sed -n 2p train.py)" 2
}

@test "files that git does not track are named, not kept" {
	touch new $'odd\nname'
	printf 'out/\n' >.gitignore
	mkdir out data
	touch out/x data/a data/b
	code_is '.untracked == [".gitignore", "data/", "new", "odd\\nname"] and .untracked_count == 4 and .dirty == false'
}

@test "no password of a remote is recorded" {
	git remote add origin https://me:s3cret@example.org/a.git
	code_is '.remote == "https://example.org/a.git"'
	git remote set-url origin git@example.org:a.git
	code_is '.remote == "git@example.org:a.git"'
	git remote set-url origin "ext::sh -c 'touch ran s3cret'"
	code_is 'has("remote") | not'
	! grep -r s3cret ../.mreg/journal
}

@test "a repository without a commit" {
	mkdir ../empty
	cd ../empty
	git init -q
	touch file
	git add file
	code_is '.branch == "main" and .dirty == true and (has("commit") | not)'
}

@test "outside of a repository, without git, and on request nothing is recorded" {
	cd ..
	code_is '. == null'
	cd repository
	mreg_is 0 run exec -q --no-git --id-file ../id -- true
	mreg_is 0 run show --json "$(<../id)"
	json '.code == null'
	mkdir ../programs
	ln -s "$(type -P mreg)" "$(type -P true)" ../programs/
	run --separate-stderr -0 env PATH="$PWD/../programs" mreg run exec -q --id-file ../id -- true
	no_complaint
	mreg_is 0 run show --json "$(<../id)"
	json '.code == null'
	cd .git
	code_is '. == null'
}

@test "a repository that git does not trust is said to be one" {
	[ "$(id -u)" = 0 ] || return 0
	chown -R 12345 .
	code_is '. == null'
	mreg_is 0 run exec -- true
	complains "warning: git does not trust the repository"
	git config --global --add safe.directory "$PWD"
	code_is '.branch == "main"'
}

@test "a hostile repository runs nothing" {
	cat >"$BATS_TEST_TMPDIR/evil" <<-'EOS'
		#!/bin/sh
		echo "$0 $*" >>"$EVIDENCE"
		cat
	EOS
	chmod +x "$BATS_TEST_TMPDIR/evil"
	export EVIDENCE=$BATS_TEST_TMPDIR/evidence
	evil=$BATS_TEST_TMPDIR/evil
	echo a >file.x
	echo b >file.y
	printf '*.x filter=evil diff=evil\n*.y filter=ev=il\n*.py diff=evil\n' >.gitattributes
	git add .
	git commit -q -m hostile
	git config core.fsmonitor "$evil"
	git config core.hooksPath "${evil%/*}"
	git config core.pager "$evil"
	git config core.sshCommand "$evil"
	git config core.editor "$evil"
	git config diff.external "$evil"
	git config diff.evil.command "$evil"
	git config diff.evil.textconv "$evil"
	git config filter.evil.clean "$evil"
	git config filter.evil.smudge "$evil"
	git config filter.evil.process "$evil"
	git config filter.evil.required true
	git config remote.origin.url "ext::$evil %S"
	git config remote.origin.promisor true
	git config remote.origin.uploadpack "$evil"
	git config extensions.partialClone origin
	git config protocol.ext.allow always
	git config alias.diff "!$evil"
	ln -s "$evil" "${evil%/*}/post-index-change"
	printf 'changed\n' >>file.x
	printf 'changed\n' >>train.py
	rm -f "$EVIDENCE"
	code_is '.dirty == true'
	mreg run cat "$id" code.diff >../code.diff
	grep -q '^+changed$' ../code.diff
	[ ! -e "$EVIDENCE" ]
	# an object that is missing is not fetched
	rm -f ".git/objects/$(git rev-parse HEAD:train.py | sed 's:^..:&/:')"
	rm -f "$EVIDENCE"
	mreg_is 0 run exec -- true
	complains "warning: git cannot tell what was changed"
	[ ! -e "$EVIDENCE" ]
	# a filter that cannot be switched off by its name
	git config 'filter.ev=il.clean' "$evil"
	printf 'changed\n' >>file.y
	rm -f "$EVIDENCE"
	mreg_is 0 run exec -- true
	complains "warning: git cannot tell what was changed"
	[ ! -e "$EVIDENCE" ]
}

@test "filters of the user's own configuration are his to run" {
	git config --global filter.upper.clean 'tr a-z A-Z'
	echo '*.u filter=upper' >.gitattributes
	echo text >file.u
	git add .
	git commit -q -m filtered
	touch -d '2001-01-01' file.u
	code_is '.dirty == false'
}

@test "changes of more than 64 MiB are left out with a warning" {
	head -c 70000000 /dev/zero | tr '\0' x | fold -w 4096 >>train.py
	mreg_is 0 run exec --id-file ../id -- true
	complains "is not recorded: it is over 64 MiB"
	mreg_is 0 run show --json "$(<../id)"
	json '.code.dirty == true and .files == []'
}
