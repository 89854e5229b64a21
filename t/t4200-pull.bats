#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pulls over a path: what comes, what has diverged, and what settles it.
# shellcheck disable=SC2154

load lib
load sharing

setup()
{
	sharing_sandbox
}

@test "pull says what is new, a line each, and then that nothing is" {
	team
	(cd hub && mreg put -q digits "$DIGITS/epoch-1" --new-version >/dev/null && mreg alias digits:v5 best >/dev/null)
	cd a
	mreg_is 0 pull
	assert_line --partial "digits:v5"
	assert_line --partial "digits:best"
	same_state ../hub .
	mreg_is 0 pull
	says_nothing
	complains "nothing new"
	mreg_is 0 pull -q
	says_nothing
	no_complaint
}

@test "pull --json has an object for each reference" {
	team
	(cd hub && mreg alias digits:v4 best >/dev/null)
	cd a
	mreg_is 0 pull --json
	json 'lines | length == 1'
	json '.format == 1 and .ref == "digits:best" and .kind == "alias" and .from == "v2" and .to == "v4"'
}

@test "pull --dry-run says what would come and changes nothing" {
	team
	(cd hub && mreg put -q digits "$DIGITS/epoch-1" --new-version >/dev/null)
	cd a
	state >../before
	mreg_is 0 pull --dry-run
	assert_line --partial "digits:v5"
	state | diff ../before -
	mreg_is 0 pull
	assert_line --partial "digits:v5"
}

@test "what one pushes the other pulls" {
	team
	(cd a && mreg put -q digits "$DIGITS/epoch-2" --new-version -m six >/dev/null && mreg push -q >/dev/null)
	(cd b && mreg pull -q >/dev/null)
	same_state a b
	(cd b && mreg tag digits:v5 good && mreg note digits:v5 -m "better than five" && mreg push -q >/dev/null)
	(cd a && mreg pull -q >/dev/null)
	mreg_is 0 --registry a show digits:v5 --json
	json '.tags == ["good"] and .description == "better than five"'
}

@test "pull --theirs takes what is there, pull --ours keeps what is here" {
	team
	(cd a && mreg alias digits:v0 best >/dev/null && mreg push -q >/dev/null)
	cp -a b c
	(cd b && mreg alias digits:v1 best >/dev/null && mreg pull -q --theirs >/dev/null)
	mreg_is 0 --registry b resolve --name digits:best
	says digits:v0
	(cd c && mreg alias digits:v1 best >/dev/null && mreg pull -q --ours digits:best >/dev/null && mreg push -q >/dev/null)
	mreg_is 0 --registry hub resolve --name digits:best
	says digits:v1
}

@test "what has diverged is told with what it is on either side" {
	team
	(cd a && mreg alias digits:v0 best && mreg alias digits:v0 next && mreg note digits -m theirs && mreg put digits "$DIGITS/epoch-4" --new-version &&
		mreg push -q) >/dev/null
	cd b
	mreg alias -q digits:v1 best >/dev/null
	mreg alias -q digits:v1 next >/dev/null
	mreg note digits -m ours >/dev/null
	mreg put -q digits "$DIGITS/epoch-5" --new-version >/dev/null
	mreg_is 5 pull
	says_nothing
	complains "note: 'digits:best' is v1 here, v0 there"
	complains "note: 'digits:next' is v1 here, v0 there"
	complains "note: the note of 'digits' is ours here, theirs there"
	mreg_is 5 pull -q
	no_note=$(grep -c '^note' <<<"$stderr" || true)
	[ "$no_note" = 0 ]
	mreg alias -q -d digits:next >/dev/null
	mreg_is 5 pull
	complains "note: 'digits:next' is removed here, v0 there"
}

@test "two collections of one name: rename one, or --renumber joins them" {
	mkdir hub
	(cd hub && new_registry)
	mreg clone -q hub a >/dev/null
	mreg clone -q hub b >/dev/null
	(cd a && mreg put -q m "$DIGITS/epoch-1" >/dev/null && mreg push -q >/dev/null)
	mreg clone -q hub c >/dev/null
	(cd b && mreg put -q m "$DIGITS/epoch-2" >/dev/null)
	(cd c && mreg put -q m "$DIGITS/epoch-3" >/dev/null)
	cd b
	mreg_is 5 push
	mreg_is 5 pull
	complains "'m'"
	mreg rename m other >/dev/null
	mreg_is 0 pull
	mreg_is 0 push
	same_state . ../hub
	cd ../c
	mreg_is 0 pull --renumber
	mreg_is 0 ls m -q
	says m:v1 m:v0
	mreg_is 0 push
}

@test "a removal arrives, is printed, and restore undoes it" {
	team
	(cd a && mreg rm digits:v0 && mreg push -q >/dev/null)
	cd b
	mreg_is 0 pull
	assert_line --partial "digits:v0"
	assert_line --partial removed
	mreg_is 4 resolve digits:v0
	mreg_is 0 restore digits:v0
	mreg_is 0 verify digits:v0
}

@test "our alias on a version that the far side removed is a conflict, which --theirs settles" {
	team
	(cd a && mreg rm digits:v0 && mreg push -q >/dev/null)
	cd b
	mreg alias digits:v0 keep >/dev/null
	mreg_is 5 pull
	mreg_is 0 resolve --name digits:keep
	says digits:v0
	mreg_is 0 pull --theirs
	mreg_is 4 resolve digits:keep
	mreg_is 0 push
	same_state . ../hub
}

@test "a rename travels" {
	team
	(cd a && mreg rename digits numbers >/dev/null && mreg push -q >/dev/null)
	cd b
	mreg_is 0 pull
	mreg_is 0 ls -q
	says numbers
	mreg_is 3 show digits
	complains numbers
}

@test "models, links and their aliases travel" {
	team
	cd a
	mreg link digits:v3 zoo -a production >/dev/null
	mreg push -q >/dev/null
	cd ../b
	mreg pull -q >/dev/null
	mreg_is 0 resolve --name zoo:production
	says zoo:v0
	mreg_is 0 get -q zoo:production -o out
	same_tree out "$DIGITS/epoch-4"
}

@test "a pattern brings one collection and no other" {
	mkdir hub
	(cd hub && digits_registry && mreg put -q vision/eyes "$DIGITS/epoch-1" >/dev/null && mreg put -q other "$DIGITS/epoch-2" >/dev/null)
	mreg init -q a >/dev/null
	cd a
	mreg remote add origin ../hub
	mreg_is 0 pull origin 'vision/*'
	mreg_is 0 ls -q
	says vision/eyes
	mreg_is 3 pull origin nothing
	complains nothing
	mreg_is 0 pull origin digits:v1
	mreg_is 0 ls digits -q
	says digits:v4 digits:v3 digits:v2 digits:v1 digits:v0
	mv ../hub ../gone
	mreg_is 0 get -q digits:v1 -o one
	same_tree one "$DIGITS/epoch-2"
	mreg_is 8 get -q digits:v2 -o two
	assert_not_exists two
}

@test "of an artifact that a model links to, the linked versions come; nothing can be put into it" {
	mkdir hub
	(cd hub && digits_registry && mreg link digits:v3 zoo -a production >/dev/null && mreg tag digits:v3 good)
	mreg init -q a >/dev/null
	cd a
	mreg_is 0 pull ../hub zoo
	mreg_is 0 get -q zoo:production -o out
	same_tree out "$DIGITS/epoch-4"
	mreg_is 0 ls digits -q
	says digits:v3
	mreg_is 5 put digits "$DIGITS/epoch-5"
	complains "pull"
	mreg_is 0 pull ../hub digits
	mreg_is 0 put -q digits "$DIGITS/epoch-1" --new-version
	says digits:v5
}

@test "a far history that does not go on from what was seen is refused" {
	team
	cp -a hub old
	(cd hub && mreg alias digits:v0 best >/dev/null)
	(cd a && mreg pull -q >/dev/null)
	rm -rf hub && mv old hub
	(cd hub && mreg alias digits:v4 other >/dev/null)
	cd a
	mreg_is 5 pull
	complains "--allow-rewind"
	mreg_is 0 pull --allow-rewind
	mreg_is 0 resolve --name digits:other
	says digits:v4
	mreg_is 0 push
	same_state . ../hub
}

@test "a name that is no remote is answered with what there is" {
	team
	cd a
	mreg_is 2 pull orgin
	complains origin
	mreg_is 2 --registry ../hub push
	complains "remote add"
}
