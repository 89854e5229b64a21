# SPDX-License-Identifier: Apache-2.0
# gc --grace 0 in a loop beside those who put, get and remove, for t5062 and t9040.
# shellcheck shell=bash

WRITERS="a b c"

# What an equal put gave again may be removed already.
remove()
{
	mreg rm -q "$@" >removed 2>not-removed || :
}

# writes NAME: puts content of which some was removed before, so that a gc may just be about to take it; every version is got back at once.
writes()
{
	local name=$1 i=0 version
	mkdir "in-$name"
	while ((SECONDS < end)); do
		printf '%s' "$((i % 4))" >"in-$name/small"
		head -c "$((200000 + i % 4 * 50000))" base >"in-$name/large"
		((i % 3)) || seq "$RANDOM" "$((RANDOM + 20000))" >"in-$name/new"
		version=$(mreg put -q "$name" "in-$name" -M "i=$i") || return
		mreg get -q "$version" -o "out-$name" >got || return
		diff -r "in-$name" "out-$name" || return
		rm -r "out-$name"
		echo "$version" >>"versions-$name"
		i=$((i + 1))
		((i > 4 && i % 2)) && remove "$(sed -n "$((i / 2))p" "versions-$name")"
	done
	return 0
}

# Only what readers hold may be in its way.
collects()
{
	local status
	while ((SECONDS < end)); do
		status=0
		mreg gc --grace 0 --yes -q >>collected 2>gc-errors || status=$?
		[ "$status" = 0 ] || [ "$status" = 9 ] || return
		echo "$status" >>statuses
	done
}

# stress SECONDS
stress()
{
	local name pids=()
	unset MREG_NOW MREG_SEED
	new_registry
	seq 1 100000 | head -c 400000 >base
	end=$((SECONDS + $1))
	for name in $WRITERS; do
		writes "$name" 2>"errors-$name" &
		pids+=($!)
	done
	collects &
	pids+=($!)
	for name in "${pids[@]}"; do
		wait "$name" || { cat errors-* gc-errors && return 1; }
	done
	for name in $WRITERS; do
		assert_file_not_empty "versions-$name"
		assert_file_empty "errors-$name"
	done
	grep -q 0 statuses
	mreg_is 0 fsck -q
	says_nothing
	no_complaint
	mreg_is 0 gc --grace 0 --yes -q
	mreg_is 0 gc --grace 0
	says "nothing to collect"
	assert_equal "$(find .mreg/objects/retired -type f)" ""
	mreg_is 0 fsck -q
	says_nothing
	assert_file_not_empty collected
}
