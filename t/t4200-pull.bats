#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Push, pull and clone over a path: what comes, what is refused, what settles it.
# shellcheck disable=SC2154

load lib

setup()
{
	sandbox
	unset MREG_SEED # registries that were made alike would be the same one
}

# A hub with five versions, and clones of it: a, b.
team()
{
	mkdir hub
	(cd hub && digits_registry && mreg alias digits:v2 best >/dev/null)
	mreg clone -q hub a >/dev/null
	mreg clone -q hub b >/dev/null
}

same_state()
{
	diff <(mreg --registry "$1" ls --json) <(mreg --registry "$2" ls --json)
	local name
	for name in $(mreg --registry "$1" ls -q); do
		diff <(mreg --registry "$1" ls "$name" --json | jq 'del(.absent)') <(mreg --registry "$2" ls "$name" --json | jq 'del(.absent)')
	done
}

@test "clone makes a registry with everything, byte for byte" {
	team
	same_state hub a
	run -0 --separate-stderr mreg --registry a fsck
	run -0 --separate-stderr mreg --registry a get -q digits:best -o out
	same_tree out "$DIGITS/epoch-3"
	mreg --registry a history digits --json | jq -r .why >why.a
	mreg --registry hub history digits --json | jq -r .why >why.hub
	diff why.a why.hub
}

@test "clone prints its directory, and names it after the far one" {
	mkdir -p x/models.mreg
	(cd x/models.mreg && digits_registry)
	mreg_is 0 clone x/models.mreg
	says models
	mreg_is 0 --registry models remote ls -q
	says origin
}

@test "clone --json says what came" {
	mkdir hub
	(cd hub && digits_registry)
	mreg_is 0 clone hub a --json
	json '.format == 1 and .path == "a" and .objects > 5 and .bytes > 100000 and .absent == 0'
}

@test "clone refuses a directory that is something else, and leaves it alone" {
	mkdir hub full
	(cd hub && new_registry)
	echo mine >full/file
	mreg_is 5 clone hub full
	complains "'full' exists and is not an empty directory"
	assert_equal "$(ls -A full)" file
	mreg_is 8 clone nowhere x
	complains nowhere
	assert_not_exists x
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

@test "clone --metadata-only has everything but files, which come when they are read" {
	mkdir hub
	(cd hub && digits_registry)
	mreg clone -q --metadata-only hub a >/dev/null
	cd a
	same_state ../hub .
	mreg_is 0 fsck
	assert [ "$(du -s .mreg/objects | cut -f1)" -lt 100 ]
	mreg_is 0 get -q digits:v3 -o out
	same_tree out "$DIGITS/epoch-4"
	mv ../hub ../gone
	mreg_is 0 get -q digits:v3 -o again
	mreg_is 8 get -q digits:v1 -o other
	assert_not_exists other
	mreg_is 8 cat digits:v1 config.json
	mreg_is 0 show digits:v1
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

@test "a name that is no remote is answered with what there is" {
	team
	cd a
	mreg_is 2 pull orgin
	complains origin
	mreg_is 2 --registry ../hub push
	complains "remote add"
}
