#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Transfers with a peer that lies (t/tools/peer.py): each ends with a status of its own, a clear message, and nothing changed.
# shellcheck disable=SC2154

load lib
load faults

@test "an honest peer is believed" {
	here
	liar none
	mreg_is 0 pull -q
	says evil evil:v0
	mreg_is 0 fsck
	mreg_is 0 push -q
}

@test "a pull from who sends wrong objects is 7" {
	here
	lies pull 7 wrong-hash wrong-crc huge-record huge-stored bomb bomb-inside no-codec
}

@test "a pull of manifests that lead out of the target, or are none, is 7" {
	here
	lies pull 7 dotdot absolute through-link raw-control twice device size-2-63 other-manifest bad-version wrong-count
}

@test "a pull from who sends objects that were not asked for, or lacks what it named, is 8" {
	here
	lies pull 8 wrong-kind wrong-id twice-object surprise long-object missing-manifest missing-version
}

@test "a pull of names with control bytes is 8" {
	here
	lies pull 8 control-name slash-name empty-name control-alias control-key control-tag control-user scope-name scope-cid
}

@test "a pull of changes that were not asked for, are none, or do not travel is 8" {
	here
	lies pull 8 outside local-key unknown-key bad-value number-2-53 deep not-canonical huge-size wrong-end
}

@test "a pull of changes whose parents are missing is 7, of what cannot be true 5" {
	here
	lies pull 7 no-parents
	lies pull 5 alias-of-none two-names
}

@test "a pull of what is no frame, no message, or no mreg is 8" {
	here
	lies pull 8 long-frame no-frame dirty-frame garbage no-json garbage-line version-9 endless-line empty-line noise \
		escape-hello bad-registry huge-seq version-0 kind escape-error escape-note
	liar local-error
	mreg_is 8 pull
	complains "'origin': no space left on device"
}

@test "an interrupt ends a pull from who never stops to say that it is alive" {
	here
	liar alive
	status=0
	timeout 20 mreg pull >/dev/null 2>&1 || status=$?
	[ "$status" -eq 130 ]
}

@test "a push to who answers what it was not asked, or asks what it may not, is 8" {
	here
	lies push 8 other-heads few-heads many-known wants-all wants-half wants-kind escape-diverged bad-result escape-error
	liar local-error
	mreg_is 8 push
}

@test "a drop that is answered with nonsense is 8, and drops nothing" {
	here
	liar held
	mreg_is 8 drop ours:v0
	says_nothing
	[[ $stderr != *$'\033'* ]]
	diff ../before <(references)
	mreg_is 0 verify ours:v0
}

@test "a file that the other side lacks is no lie, and is absent" {
	here
	liar missing-chunk
	mreg_is 0 pull
	complains "does not have all files of 1 version"
	mreg_is 0 fsck
	liar none
	mreg_is 0 pull -q origin evil
	mreg_is 0 verify evil
}

@test "a pull after all the lies brings what is true" {
	hub
	here
	lies pull 7 wrong-hash bomb
	lies pull 8 surprise
	mreg remote set-url origin ../hub
	mreg_is 0 pull -q
	same_versions ../hub .
}

@test "a push of lies changes nothing, and is told what is wrong" {
	local lie answer
	here
	while read -r answer lie; do
		rm -rf .mreg/quarantine/*
		run --separate-stderr -0 python3 -SE "$PEER" push "$lie" mreg "$PWD"
		echo "$lie: $output, $stderr"
		[[ $output == "$answer: "* ]]
		no_complaint
		[[ $output != *$'\033'* ]]
		diff ../before <(references)
	done <<-'END'
		integrity wrong-hash
		integrity wrong-crc
		remote wrong-kind
		remote wrong-id
		integrity missing-chunk
		integrity missing-manifest
		integrity missing-version
		integrity huge-record
		integrity bomb
		integrity bomb-inside
		integrity size-2-63
		integrity dotdot
		integrity absolute
		integrity through-link
		integrity raw-control
		integrity other-manifest
		integrity bad-version
		integrity no-parents
		remote local-key
		remote unknown-key
		remote control-name
		remote control-alias
		remote control-key
		remote slash-name
		conflict alias-of-none
		conflict two-names
		remote deep
		remote not-canonical
		remote twice-object
		remote surprise
		remote long-object
		remote long-frame
		remote no-frame
		remote garbage
		remote wrong-end
		remote version-9
		remote escape-hello
		remote escape-user
		no-collection patterns
	END
	run --separate-stderr -0 python3 -SE "$PEER" push none mreg "$PWD"
	says 'RESULT []'
	mreg_is 0 fsck
}

# The peer is no child of mreg, so that its memory is not counted.
memory_with()
{
	local lie=$1 verb=$2
	rm -f up down
	mkfifo up down
	python3 "$PEER" serve "$lie" <up >down 3>&- &
	child=$!
	printf '#!/bin/sh\nexec 5>"%s/up" 6<"%s/down"\ncat <&6 &\ncat >&5\n' "$PWD" "$PWD" >relay
	chmod +x relay
	MREG_SSH=$PWD/relay run --separate-stderr python3 "$PEER" measure kib mreg "$verb"
	kill "$child" 2>/dev/null || :
	wait "$child" || :
	child=
	echo "$lie: $status, $(cat kib) KiB"
	[ "$(cat kib)" -lt $((96 * 1024)) ]
}

@test "whoever sends a million entries, a bomb or an endless line, gets less than 96 MiB" {
	! grep -q __asan_init "$MREG_BINARY" || skip "a sanitizer takes more"
	here
	memory_with million pull
	assert_equal "$status" 0
	memory_with bomb pull
	memory_with bomb-inside pull
	memory_with endless-line pull
	memory_with long-frame pull
	mreg_is 0 ls -q evil
	says evil:v0
}
