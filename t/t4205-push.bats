#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pushes over a path: what arrives, what is refused, and what happens when several push.
# shellcheck disable=SC2154

load lib
load sharing

setup()
{
	sharing_sandbox
}

@test "push hands over what the far side lacks, once" {
	team
	cd a
	mreg put -q digits "$DIGITS/epoch-2" --new-version -a next >/dev/null
	mreg_is 0 push
	assert_line --partial "digits:v5"
	assert_line --partial "digits:next"
	same_state . ../hub
	mreg_is 0 --registry ../hub fsck
	mreg_is 0 push
	says_nothing
	complains "has everything already"
}

@test "push --dry-run sends nothing" {
	team
	cd a
	mreg alias digits:v4 best >/dev/null
	(cd ../hub && state) >../before
	mreg_is 0 push --dry-run
	assert_line --partial "digits:best"
	(cd ../hub && state) | diff ../before -
}

@test "a push that comes second is refused, names what diverged, and changes nothing" {
	team
	(cd a && mreg alias digits:v0 best >/dev/null && mreg push -q >/dev/null)
	(cd hub && state) >before
	cd b
	mreg alias digits:v1 best >/dev/null
	mreg_is 5 push
	complains "digits:best"
	complains "mreg pull"
	(cd ../hub && state) | diff ../before -
	state >../mine
	mreg_is 5 pull
	complains "digits:best"
	complains "--theirs"
	state | diff ../mine -
}

@test "an alias that was moved away and back has changed all the same" {
	team
	(cd a && mreg alias digits:v0 best >/dev/null && mreg alias digits:v2 best >/dev/null && mreg push -q >/dev/null)
	cd b
	mreg alias digits:v1 best >/dev/null
	mreg_is 5 push
}

@test "the same change made on both sides is no conflict" {
	team
	(cd a && mreg alias digits:v0 best >/dev/null && mreg push -q >/dev/null)
	cd b
	mreg alias digits:v0 best >/dev/null
	mreg_is 0 push
	mreg_is 0 pull
	mreg alias digits:v3 best >/dev/null
	mreg_is 0 push
	(cd ../a && mreg pull -q >/dev/null)
	mreg_is 0 --registry ../a resolve --name digits:best
	says digits:v3
}

@test "two who put at once: --renumber moves the one that nobody has seen" {
	team
	(cd a && mreg put -q digits "$DIGITS/epoch-1" --new-version -m from-a >/dev/null && mreg push -q >/dev/null)
	cd b
	mreg put -q digits "$DIGITS/epoch-2" --new-version -m from-b -a mine >/dev/null
	mreg_is 5 push
	complains digits:v5
	mreg_is 0 push --renumber
	assert_output --partial "v5"
	assert_output --partial "v6"
	mreg_is 0 resolve --name digits:mine
	says digits:v6
	same_state . ../hub
	(cd ../a && mreg pull -q >/dev/null)
	same_state . ../a
	mreg_is 0 fsck
}

@test "--renumber leaves alone what somebody has seen" {
	team
	cd b
	mreg put -q digits "$DIGITS/epoch-2" --new-version >/dev/null
	mreg clone -q . ../c >/dev/null
	(cd ../a && mreg put -q digits "$DIGITS/epoch-1" --new-version >/dev/null && mreg push -q >/dev/null)
	mreg_is 5 push --renumber
	complains digits:v5
	mreg_is 0 pull --theirs
	mreg_is 0 push
	same_state . ../hub
}

@test "a push of what is not complete here is refused" {
	team
	cd a
	mreg put -q new "$DIGITS/epoch-1" -M one=1 >/dev/null
	head -c 100000 /dev/urandom >noise
	mreg put -q noise noise >/dev/null
	find .mreg/objects -name '*.pack' -newer noise -delete
	(cd ../hub && state) >../before
	mreg_is 7 push
	(cd ../hub && state) | diff ../before -
}

@test "protected aliases do not move by a push without --override -m" {
	team
	(cd hub && mreg protect digits:best)
	cd a
	mreg pull -q >/dev/null
	mreg alias digits:v0 best --override -m "trust me" >/dev/null
	mreg_is 6 push
	complains best
	mreg_is 0 push --override -m "trust me"
	mreg_is 0 --registry ../hub resolve --name digits:best
	says digits:v0
	cd ../b
	mreg_is 0 pull
}

@test "receive.denyDeletes refuses removals" {
	team
	mreg --registry hub config receive.denyDeletes true
	cd a
	mreg rm digits:v0
	mreg_is 6 push
	mreg_is 0 --registry ../hub resolve digits:v0
}

@test "eight clones push at once: all arrive, every number means one version" {
	mkdir hub
	(cd hub && new_registry && mreg put -q m "$DIGITS/epoch-1/config.json" >/dev/null)
	local i
	for i in 1 2 3 4 5 6 7 8; do
		mreg clone -q hub "c$i" >/dev/null
		echo "$i" >"f$i"
		mreg --registry "c$i" put -q m "f$i" --as f >/dev/null
	done
	for i in 1 2 3 4 5 6 7 8; do
		mreg --registry "c$i" push -q --renumber >"out$i" 2>&1 &
	done
	wait
	mreg_is 0 --registry hub ls m -q
	assert_equal "${#lines[@]}" 9
	for i in 1 2 3 4 5 6 7 8; do
		mreg --registry "c$i" pull -q >/dev/null
		same_state "c$i" hub
	done
	mreg_is 0 --registry hub fsck
}

@test "what a far side that was put back from a copy has lost is pushed again, whatever it has got since" {
	team
	cp -a hub copy
	cd a
	mreg put -q digits "$DIGITS/epoch-2" --new-version >/dev/null
	mreg push -q >/dev/null
	rm -r ../hub
	mv ../copy ../hub
	local i
	for i in 1 2 3 4; do
		mreg --registry ../hub note -q digits:v0 -m "note $i" >/dev/null
	done
	mreg alias -q digits:v5 next >/dev/null
	mreg_is 0 push
	assert_line --partial "digits:v5"
	assert_line --partial "digits:next"
	mreg pull -q --allow-rewind >/dev/null
	same_state . ../hub
	mreg_is 0 --registry ../hub fsck
}

pending()
{
	jq '.pending | length' .mreg/remotes/origin
}

@test "what may have arrived counts as handed out until it is known, whatever else is refused or pushed" {
	team
	cd a
	mreg put -q digits "$DIGITS/epoch-2" --new-version >/dev/null
	MREG_CRASH=journal-after-sync mreg_is 8 push
	local sent
	sent=$(pending)
	((sent > 0))
	mreg --registry ../hub protect -q digits:best >/dev/null
	mreg alias -q digits:v5 best >/dev/null
	mreg_is 6 push
	[ "$(pending)" -eq "$sent" ]
	mreg put -q other "$DIGITS/epoch-1" >/dev/null
	mreg_is 0 push origin other
	[ "$(pending)" -eq "$sent" ]
	mreg_is 0 push --override -m "it is better"
	[ "$(pending)" -eq 0 ]
	same_state . ../hub
}
