#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg prune: what may go, by criteria.

load lib

setup()
{
	local i
	sandbox
	new_registry
	for i in 0 1 2 3 4 5; do
		echo "$i" >f
		MREG_NOW=@$((1700000000 + i * 86400)) mreg put -q m f --metric "loss=0.$((9 - i))" >/dev/null
	done
	export MREG_NOW=@$((1700000000 + 6 * 86400))
}

pruned()
{
	mreg_is 0 prune -q "$@"
	assert_equal "$output" "$(printf 'm:v%s\n' "${wanted[@]}")"
}

@test "prune without a criterion is refused" {
	mreg_is 2 prune
	complains "what is to be pruned is not said"
	mreg_is 2 prune m --yes
	mreg_is 0 ls -q m
}

@test "prune lists, with bytes and reasons, and removes with --yes" {
	mreg_is 0 prune --keep-last 4
	[[ $output == *"m:v0"*"2 B"*"m:v1"*"2 B"* ]]
	complains "2 versions would be removed, of 4 B in all; --yes does it"
	mreg_is 0 ls -q m -n 1 --sort number
	says m:v0
	mreg_is 0 prune --keep-last 4 --yes --json -m spring
	json 'lines | map(.ref) == ["m:v0", "m:v1"] and all(.[]; .removed and .size == 2)'
	mreg_is 0 ls -q m
	says "$(printf 'm:v%s\n' 5 4 3 2)"
	[ "$(wc -l <.mreg/journal)" = 7 ]
	mreg_is 0 prune --keep-last 4 --yes
	complains "there is nothing to prune"
	[ "$(wc -l <.mreg/journal)" = 7 ]
}

@test "prune -n removes nothing, even with --yes" {
	state >../before
	mreg_is 0 prune -n --keep-last 1 --yes
	diff ../before <(state)
}

@test "prune --older-than and the --keep options" {
	wanted=(0 1 2)
	pruned --older-than 4d
	wanted=(0 1)
	pruned --older-than 4d --keep-last 4
	wanted=(0 1 2 3)
	pruned --keep-best loss:min:2
	wanted=(2 3 4 5)
	pruned --keep-best loss:max:2
	wanted=(2 3)
	pruned --keep-best loss:max:2 --keep-last 2
}

@test "prune --keep-best by a metric that an artifact has not removes none of it" {
	mreg_is 0 prune --keep-best los:min:2
	complains "there is nothing to prune"
	mreg_is 2 prune m --keep-best los:min:2 --yes
	complains "no version of 'm' has a metric 'los' by which to keep the best"
	mreg_is 0 ls -q m
	assert_equal "${#lines[@]}" 6
}

@test "prune --keep-best counts ties to the older, and nan to none" {
	mreg meta -q m:v0 --metric loss=nan
	mreg meta -q m:v2 --metric loss=0.4
	wanted=(0 1 3 4)
	pruned --keep-best loss:min:2
}

@test "prune spares what is aliased, linked, tagged keep, or never to expire" {
	mreg alias -q m:v0 best
	mreg link -q m:v1 prod
	mreg tag -q m:v2 keep
	mreg ttl -q m:v3 never
	wanted=(4 5)
	pruned --unused
	pruned --older-than 1s
	mreg_is 0 prune --unused --yes
	mreg_is 0 ls -q m
	says "$(printf 'm:v%s\n' 3 2 1 0)"
}

@test "prune --expired, which an alias or a link suspends" {
	mreg ttl -q m 4d
	mreg ttl -q m:v5 1h
	mreg alias -q m:v1 best
	wanted=(0 2 5)
	pruned --expired
	mreg alias -q -d m:best
	wanted=(0 1 2 5)
	pruned --expired
	wanted=(0 1)
	pruned --expired --older-than 5d
}

@test "prune of named artifacts touches no other" {
	echo other >f
	mreg put -q n f
	mreg link -q n prod
	mreg_is 0 prune -q n m m --keep-last 5
	says m:v0
	mreg_is 3 prune nowhere --unused
	mreg_is 5 prune prod --unused
	complains "'prod' is a registered model"
	mreg_is 2 prune m:v1 --unused
	mreg_is 2 prune --keep-best loss --unused
	mreg_is 2 prune --keep-best loss:min --unused
	mreg_is 2 prune --older-than soon
}

@test "put --keep-last removes older versions in the same transaction, but for what is held" {
	mreg alias -q m:v0 best
	mreg tag -q m:v1 keep
	echo 6 >f
	mreg_is 0 put m f --keep-last 2 --json
	json '.ref == "m:v6" and .removed == 3'
	complains "3 older versions were removed"
	mreg_is 0 ls -q m
	says "$(printf 'm:v%s\n' 6 5 1 0)"
	[ "$(wc -l <.mreg/journal)" = 9 ]
	mreg_is 2 put m f --keep-last 0
	mreg_is 0 restore -q m:v3
}

@test "put --keep-last keeps the version that it prints, also an old one of the same content" {
	local i
	mreg config -q gc.auto 0s
	unset MREG_NOW
	for i in 0 1 2 3 4; do
		echo "content $i" >f
		mreg put -q n f
	done
	echo "content 0" >f
	mreg_is 0 put n f --keep-last 2 --json
	json '.ref == "n:v0" and .created == false and .removed == 2'
	mreg_is 0 ls -q n
	says "$(printf 'n:v%s\n' 4 3 0)"
	mreg_is 0 cat n:v0 f
	says "content 0"
}

@test "put --keep-last with gc.auto keeps the disk from filling" {
	local i
	mreg config -q gc.auto 0s
	unset MREG_NOW
	for i in 1 2 3 4 5 6; do
		head -c 1000000 /dev/urandom >f
		mreg put -q m f --keep-last 2
	done
	[ "$(du -sk .mreg/objects | cut -f1)" -lt 3500 ]
	mreg_is 0 ls -q m
	says "$(printf 'm:v%s\n' 11 10)"
	mreg_is 0 fsck
}
