#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Copying a registry that is in use by rsync.

load lib

setup()
{
	sandbox
	mkdir src
	cd src || return
	digits_registry
	mreg alias -q digits:v3 best
	cd .. || return
	unset MREG_NOW MREG_SEED
}

teardown()
{
	[ -z "${child-}" ] || kill "$child" 2>/dev/null || :
}

# Versions, one after the other, until there is a file `enough`; packs are merged now and then.
put_in_a_loop()
{
	local i=0
	until [ -e enough ]; do
		head -c 100000 /dev/urandom >"noise"
		echo $((i++)) >counter
		mreg -C src put -q "loop" "$PWD/noise" "$PWD/counter" >/dev/null
		[ "$i" -lt 3 ] || : >going
	done
}

begin_putting()
{
	put_in_a_loop 3>&- &
	child=$!
	until [ -e going ]; do
		kill -0 "$child"
	done
}

end_putting()
{
	: >enough
	wait "$child"
	child=
}

journal_of()
{
	mkdir -p dst/.mreg
	rsync -a src/.mreg/journal dst/.mreg/
}

rest_of()
{
	local status=24
	while [ $status = 24 ]; do
		status=0
		rsync -a --exclude=/journal --exclude='/index/*' --exclude='/tmp/*' --exclude='/quarantine/*' src/.mreg/ dst/.mreg/ || status=$?
	done
	return $status
}

# A remote shell that stays here.
fake_ssh()
{
	printf '#!/bin/sh\nshift\nexec sh -c "$*"\n' >fake-ssh
	chmod +x fake-ssh
}

# Every version that the copy has can be got, and is what the original has.
is_whole_copy()
{
	local ref
	mreg_is 0 -C "$1" fsck
	no_complaint
	for ref in $(mreg -C "$1" ls -q loop) digits:best; do
		mreg -C "$1" verify -q "$ref"
		assert_equal "$(mreg -C "$1" resolve "$ref")" "$(mreg -C src resolve "$ref")"
	done
}

@test "the journal first and then the rest: complete, whatever is put meanwhile" {
	begin_putting
	journal_of
	rest_of
	is_whole_copy dst
	local before
	before=$(mreg -C dst ls -q loop | wc -l)
	[ "$before" -ge 3 ]
	journal_of
	rest_of
	end_putting
	is_whole_copy dst
	[ "$(mreg -C dst ls -q loop | wc -l)" -ge "$before" ]
}

@test "in the other order what is incomplete is named, and nothing else suffers" {
	mkdir -p dst/.mreg
	rest_of
	mreg -C src put -q late "$DIGITS/epoch-1/labels.txt" /etc/hostname
	mreg -C src put -q other "$DIGITS/epoch-2"
	journal_of
	mreg_is 7 -C dst fsck
	assert_line '    hits late:v0'
	assert_line '    hits other:v0'
	refute_line --partial digits:v
	complains "copy objects/ once more"
	mreg_is 7 -C dst get late -o "$PWD/late"
	says_nothing
	complains "is missing"
	complains "In a copy of a registry: copy objects/ once more."
	assert_not_exists late
	mreg_is 7 -C dst verify late
	complains "copy objects/ once more"
	mreg_is 7 -C dst cat late hostname
	mreg init -q elsewhere
	mreg_is 7 -C dst push "$PWD/elsewhere"
	says_nothing
	complains "is not complete here"
	complains "copy objects/ once more"
	mreg_is 0 -C elsewhere ls -q
	says_nothing
	mreg_is 0 -C dst get -q digits:best -o "$PWD/best"
	same_tree best "$DIGITS/epoch-4"
	mreg_is 0 -C dst ls -q
	says digits late other
	rsync -a src/.mreg/objects/ dst/.mreg/objects/
	mreg_is 0 -C dst fsck
	no_complaint
	mreg_is 0 -C dst get -q late -o "$PWD/late"
}

@test "some packs of a version are there and others are not" {
	local pack
	journal_of
	rest_of
	for pack in src/.mreg/objects/*.pack; do
		rm "dst/.mreg/objects/${pack##*/}"
		mreg_is 7 -C dst fsck
		assert_line --partial '    hits digits:v'
		complains "copy objects/ once more"
		rest_of
		mreg_is 0 -C dst fsck
	done
}

@test "an index that was copied along is made again" {
	rsync -a src/.mreg dst/
	mreg_is 0 -C dst ls -q digits
	says digits:v4 digits:v3 digits:v2 digits:v1 digits:v0
	no_complaint
	mreg_is 0 -C dst fsck
	# of another time than the journal
	mreg -C src rm -q digits:v0
	mreg -C src put -q new "$DIGITS/epoch-1"
	rm dst/.mreg/index/*
	rsync -a src/.mreg/index dst/.mreg/
	mreg_is 0 -C dst ls -q
	says digits
	mreg_is 0 -C dst ls -q digits
	says digits:v4 digits:v3 digits:v2 digits:v1 digits:v0
	mreg_is 0 -C dst fsck
	# under a running original
	mreg -C src put -q newer "$DIGITS/epoch-2"
	rsync -a src/.mreg dst/
	mreg_is 0 -C dst ls -q
	says digits new newer
	mreg_is 0 -C dst fsck
}

@test "a torn end of a journal that was copied while it was written" {
	journal_of
	rest_of
	head -c -100 src/.mreg/journal >dst/.mreg/journal
	mreg_is 0 -C dst ls -q digits
	mreg_is 7 -C dst fsck
	assert_line --partial 'torn'
	journal_of
	is_whole_copy dst
}

@test "mreg-rsync copies a registry in use, and brings the copy up to date" {
	begin_putting
	run --separate-stderr -0 "$MREG_SRCDIR/contrib/mreg-rsync" src "copies/dst"
	says_nothing
	# packs that are merged just then vanish, and it goes round once more
	assert_equal "$(grep -vE '^(file has vanished|rsync warning: some files vanished)' <<<"$stderr")" ""
	is_whole_copy copies/dst
	run --separate-stderr -0 "$MREG_SRCDIR/contrib/mreg-rsync" src copies/dst
	end_putting
	is_whole_copy copies/dst
	run -0 "$MREG_SRCDIR/contrib/mreg-rsync" src/ copies/dst/
	assert_equal "$(mreg -C copies/dst ls -q loop)" "$(mreg -C src ls -q loop)"
	cmp src/.mreg/journal copies/dst/.mreg/journal
}

@test "mreg-rsync goes both ways through a remote shell" {
	fake_ssh
	run --separate-stderr -0 "$MREG_SRCDIR/contrib/mreg-rsync" src "far:$PWD/dst" -e "$PWD/fake-ssh"
	no_complaint
	is_whole_copy dst
	mreg -C src put -q more "$DIGITS/epoch-1"
	run --separate-stderr -0 "$MREG_SRCDIR/contrib/mreg-rsync" src "far:$PWD/dst" -e "$PWD/fake-ssh"
	is_whole_copy dst
	run --separate-stderr -0 "$MREG_SRCDIR/contrib/mreg-rsync" "far:$PWD/src" back -e "$PWD/fake-ssh"
	no_complaint
	is_whole_copy back
	run --separate-stderr -2 "$MREG_SRCDIR/contrib/mreg-rsync" far:a far:b
	complains "has to be here"
}

@test "mreg-rsync copies over nothing but a copy" {
	mreg init -q other
	run --separate-stderr -1 "$MREG_SRCDIR/contrib/mreg-rsync" src other
	complains "'other' is another registry than 'src'"
	mreg_is 0 -C other ls -q
	says_nothing
	run -0 "$MREG_SRCDIR/contrib/mreg-rsync" src dst
	mreg -C dst put -q mine "$DIGITS/epoch-1"
	mreg -C src put -q ours "$DIGITS/epoch-2"
	cp dst/.mreg/journal before
	run --separate-stderr -1 "$MREG_SRCDIR/contrib/mreg-rsync" src dst
	complains "'dst' has changes that 'src' does not have"
	run --separate-stderr -1 "$MREG_SRCDIR/contrib/mreg-rsync" -n src dst
	cmp before dst/.mreg/journal
	run --separate-stderr -1 "$MREG_SRCDIR/contrib/mreg-rsync" nowhere new
	complains "there is no registry in 'nowhere'"
	assert_not_exists new
	run --separate-stderr -2 "$MREG_SRCDIR/contrib/mreg-rsync" src
	complains "usage: mreg-rsync"
}
