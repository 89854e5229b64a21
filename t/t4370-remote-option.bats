#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --remote: another registry is read, with or without one of one's own.
# shellcheck disable=SC2154

load lib

setup()
{
	sandbox
	unset MREG_SEED # registries that were made alike would be the same one
	mkdir hub here
	(cd hub && digits_registry && mreg alias digits:v2 best >/dev/null && mreg link digits:v1 reader >/dev/null)
	cd here || return
	CACHE=$HOME/.cache/mreg/remotes
}

hub()
{
	mreg --registry ../hub "$@"
}

@test "every verb that reads answers as over there" {
	local verb
	for verb in "ls" "ls digits" "ls digits:v2" "show digits" "show digits:best --checksums" "log digits" "resolve digits:best" "resolve --name reader" \
		"search alias=best" "cat digits:v3 config.json"; do
		# shellcheck disable=SC2086
		mreg_is 0 $verb --remote ../hub -q
		# shellcheck disable=SC2086
		diff <(printf '%s\n' "$output") <(hub $verb -q)
		no_complaint
	done
	[ -z "$(ls -A)" ]
}

@test "get writes the files, and makes no registry" {
	mreg_is 0 get digits:best --remote ../hub
	says digits
	same_tree digits "$DIGITS/epoch-3"
	[ "$(ls -A)" = digits ]
	mreg_is 0 get -q reader --remote ../hub -o model --stamp stamp
	same_tree model "$DIGITS/epoch-2"
	[ "$(cat stamp)" = "$(hub resolve digits:v1)" ]
}

@test "how much was fetched is told when it is much" {
	head -c 1500000 /dev/urandom >../big
	hub put -q big ../big >/dev/null
	mreg_is 0 get big --remote ../hub
	says big
	complains "1.43 MiB, came from '${PWD%/*}/hub'"
	mreg_is 0 get big --remote ../hub -o again
	no_complaint
	mreg_is 0 cat digits:v0 config.json --remote ../hub
	no_complaint
}

@test "the next get brings what has changed over there" {
	mreg get -q digits:best --remote ../hub -o out
	hub alias -q digits:v4 best >/dev/null
	mreg_is 0 get -q digits:best --remote ../hub -o out
	same_tree out "$DIGITS/epoch-5"
	hub rm -q digits:v0
	mreg_is 4 get digits:v0 --remote ../hub -o old
	complains "'digits:v0' was removed"
	hub rm -r -q reader
	mreg_is 3 show reader --remote ../hub
}

@test "what is not there is 3 or 4, what cannot be reached 8" {
	mreg_is 3 get nowhere --remote ../hub
	complains "there is no artifact or model 'nowhere'"
	mreg_is 4 resolve digits:nowhere --remote ../hub
	complains "hint: Its aliases are: best (v2)."
	mreg_is 3 cat digits nowhere --remote ../hub
	mreg_is 0 get -q digits:best --remote ../hub -o out
	mv ../hub ../away
	mreg_is 8 get digits:best --remote ../hub -o again
	mreg_is 8 resolve digits --remote ../hub
	mreg_is 8 ls --remote "$PWD/../hub"
	mreg_is 2 ls --remote hub
	complains "no remote 'hub'"
	mreg_is 8 get digits:best --fallback digits:v0 --remote "$PWD/../hub"
	mreg_is 2 get digits --remote ../away --offline
	[ ! -e again ]
}

@test "a remote's name is that of the registry here" {
	new_registry
	mreg remote add team ../hub >/dev/null
	mreg put -q digits "$DIGITS/epoch-5" >/dev/null
	mreg_is 0 resolve digits --remote team --name
	says digits:v4
	mreg_is 0 resolve digits --name
	says digits:v0
	mreg_is 0 ls -q
	says digits
}

@test "--fallback and --wait ask over there" {
	mreg_is 0 get -q nowhere:best --fallback digits:nowhere --fallback digits:v0 --remote ../hub -o out
	same_tree out "$DIGITS/epoch-1"
	mreg_is 4 get digits:soon --wait 1s --remote ../hub
	complains "note: 'digits:soon' is not there yet: waiting for it"
	(sleep 0.1 && hub alias -q digits:v3 soon >/dev/null) &
	mreg_is 0 get -q digits:soon --wait 60s --remote ../hub -o soon
	same_tree soon "$DIGITS/epoch-4"
	wait
}

@test "the cache is the user's own, and may be deleted" {
	mreg get -q digits --remote ../hub -o out
	[ "$(find "$CACHE" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
	[ "$(stat -c %a "$CACHE")" = 700 ]
	[ "$(stat -c %a "$CACHE"/*)" = 700 ]
	mreg_is 0 get -q digits --remote ../here/../hub -o again
	mreg_is 0 get -q digits --remote "$(realpath ../hub)" -o again
	[ "$(find "$CACHE" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
	rm -r "$CACHE"
	mreg_is 0 get -q digits --remote ../hub -o third
	same_tree third "$DIGITS/epoch-5"
}

@test "a cache that is damaged is made anew" {
	mreg get -q digits --remote ../hub -o out
	hub alias -q digits:v1 best >/dev/null
	mreg resolve -q digits --remote ../hub >/dev/null # a second line in its journal
	damage "$(echo "$CACHE"/*/.mreg/journal)" 100
	rm -rf "$CACHE"/*/.mreg/index
	mreg_is 0 get -q digits --remote ../hub -o again
	same_tree again "$DIGITS/epoch-5"
	printf 'x\n' >"$(echo "$CACHE"/*/.mreg/format)"
	mreg_is 0 resolve digits --remote ../hub
	rm "$CACHE"/*/.mreg/objects/*.pack
	mreg_is 7 get -q digits --remote ../hub -o third
	complains "hint: What was kept of '../hub' is thrown away: ask again."
	mreg_is 0 get -q digits --remote ../hub -o third
	same_tree third "$DIGITS/epoch-5"
}

@test "another registry in the same place is another registry" {
	mreg resolve -q digits --remote ../hub >/dev/null
	mv ../hub ../old
	mkdir ../hub
	(cd ../hub && new_registry && mreg put -q digits "$DIGITS/epoch-1" >/dev/null)
	mreg_is 0 resolve --name digits --remote ../hub
	says digits:v0
	mreg_is 0 get -q digits --remote ../hub -o out
	same_tree out "$DIGITS/epoch-1"
}

@test "without a place for a cache a temporary one is used" {
	mkdir ../tmp
	TMPDIR=$PWD/../tmp XDG_CACHE_HOME=/proc/nowhere mreg_is 0 get -q digits --remote ../hub -o out
	same_tree out "$DIGITS/epoch-5"
	[ -z "$(ls -A ../tmp)" ]
	TMPDIR=$PWD/../tmp XDG_CACHE_HOME=/proc/nowhere mreg_is 4 get -q digits:nowhere --remote ../hub -o out
	[ -z "$(ls -A ../tmp)" ]
}

@test "a wrong place leaves nothing in the cache" {
	mkdir ../empty
	mreg_is 8 ls --remote ../empty
	[ -z "$(ls -A "$CACHE")" ]
}

@test "the bytes in the cache are limited by cache.size" {
	head -c 3000000 /dev/urandom >../large
	hub put -q large ../large >/dev/null
	mreg get -q large --remote ../hub -o out
	(($(du -sb "$CACHE" | cut -f1) > 2900000))
	mreg -c cache.size=1M resolve -q digits --remote ../hub >/dev/null
	(($(du -sb "$CACHE" | cut -f1) < 2900000))
	mreg_is 0 -c cache.size=1M get large --remote ../hub -o again
	same_tree out again
	(($(du -sb "$CACHE" | cut -f1) > 2900000))
	mreg_is 2 config cache.size much
	complains "must be a size such as 20G or 512M"
}

@test "several at once share a cache" {
	local i
	for i in 1 2 3 4; do
		mreg get -q digits:best --remote ../hub -o "out$i" &
	done
	wait
	for i in 1 2 3 4; do
		same_tree "out$i" "$DIGITS/epoch-3"
	done
	[ "$(find "$CACHE" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
}

@test "all of it goes through one connection" {
	mkdir -p ../bin
	cat >../bin/ssh <<-'END'
		#!/bin/sh
		echo once >>"$COUNT"
		shift
		exec sh -c "$*"
	END
	chmod +x ../bin/ssh
	PATH=$(realpath ../bin):$PATH
	export COUNT=$PWD/../count PATH
	mreg_is 0 get -q digits:v0 digits:v1 --remote "there:$(realpath ../hub)" -o out
	same_tree out/digits-v1 "$DIGITS/epoch-2"
	[ "$(wc -l <../count)" = 1 ]
	mreg_is 0 get -q digits:v0 --remote "there:$(realpath ../hub)" -o again
	[ "$(wc -l <../count)" = 2 ]
}

@test "a title is found, too" {
	hub create -q 'Handwritten digits' --artifact >/dev/null
	hub put -q Handwritten-digits "$DIGITS/epoch-1" >/dev/null
	mreg_is 0 resolve --name 'Handwritten digits' --remote ../hub
	says Handwritten-digits:v0
}
