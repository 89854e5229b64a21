#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Completion in real shells, and what mreg offers them.

load lib

setup()
{
	sandbox
	digits_registry
	mreg alias -q digits:v1 best
	mreg link -q digits:v2 reader:production
}

# offers WORD… = CANDIDATE…: what mreg offers for the last of the words; meanings are left out.
offers()
{
	local -a words=()
	while [ "$1" != = ]; do
		words+=("$1")
		shift
	done
	shift
	run --separate-stderr -0 mreg completion --complete -- "${words[@]}"
	assert_equal "$(cut -f 1 <<<"$output")" "$(printf '%s\n' "$@")"
	no_complaint
}

# typed SHELL LINE WORD…: after LINE and a tab these words stand on the line.
typed()
{
	local shell=$1 line=$2
	shift 2
	run --separate-stderr -0 "$MREG_SRCDIR/t/tools/complete-in-shell.py" "$shell" "$line"
	says "$@"
	no_complaint
}

@test "bash completes what is typed" {
	touch labels.txt
	typed bash 'mreg resol' resolve
	typed bash 'mreg get digits:be' get digits:best
	typed bash 'mreg -C . promote digits:v0 prod' -C . promote digits:v0 production
	typed bash 'mreg get digits:v3 --fallb' get digits:v3 --fallback
	typed bash 'mreg put digits ./lab' put digits ./labels.txt
	typed bash 'mreg nothing lab' nothing labels.txt
}

@test "zsh completes what is typed" {
	touch labels.txt
	typed zsh 'mreg get digits:be' get digits:best
	typed zsh 'mreg draft abo' draft abort
	typed zsh 'mreg put digits ./lab' put digits ./labels.txt
}

@test "what a run is called is a word, never a command" {
	# shellcheck disable=SC2016
	for name in 'a$(touch made)b' 'c;touch made;' "f'g" 'h"i`touch made`' 'some name'; do
		mreg run start -q --name "$name" --no-git >/dev/null
	done
	for shell in bash zsh; do
		# shellcheck disable=SC2016
		typed $shell 'mreg run show a' run show 'a$(touch made)b'
		typed $shell 'mreg run show c' run show 'c;touch made;'
		typed $shell 'mreg run show f' run show "f'g"
		# shellcheck disable=SC2016
		typed $shell 'mreg run show h' run show 'h"i`touch made`'
		typed $shell 'mreg run show s' run show 'some name'
	done
	typed bash 'mreg run show "a"' run show a
	assert_not_exist made
}

# fished LINE: what fish offers
fished()
{
	# shellcheck disable=SC2016
	run --separate-stderr -0 fish --no-config -c 'mreg completion fish | source; complete -C "$argv[1]"' "$1"
}

@test "fish completes what is typed, and says what it means" {
	touch labels.txt
	fished 'mreg resol'
	says "resolve	print the digest of the version a reference means"
	fished 'mreg get digits:b'
	says "digits:best	v1"
	fished 'mreg get digits:v3 --fallb'
	says "--fallback	get this when REF is not there"
	fished 'mreg put digits ./lab'
	says ./labels.txt
	fished 'mreg promote digits:v1 p'
	says production
	no_complaint
}

@test "verbs, options and the words of verbs" {
	offers pro = promote protect
	offers help pro = promote protect
	offers --regis = --registry
	offers get --ex = --exact --exclude
	offers get digits --js = --json
	offers draft '' = abort add commit ls new rm
	offers bundle '' = create ls verify
	offers hook '' = ls run
	offers remote s = set-url
	offers ttl digits '' = inherit never
	offers completion '' = bash fish zsh
	offers --color a = always auto
	offers run st = start
	offers nowhere '' = ''
}

@test "names, and after a colon aliases and versions" {
	offers show '' = digits reader
	offers get digits:v = digits:v0 digits:v1 digits:v2 digits:v3 digits:v4
	offers get digits:b = digits:best
	offers diff digits:v0 d = digits
	offers get reader: = reader:production reader:v0
	offers unlink reader:p = reader:production
	offers link digits:v0 r = reader
	offers get nowhere: = ''
	offers get digits:v0 -o '' = ''
	offers create '' = ''
	offers put digits '' = ''
	offers watch digits -- mreg '' = ''
	offers watch d = digits
}

@test "stages, as they are configured, remotes, types, drafts, hooks" {
	offers promote digits:v0 '' = archived development production staging
	offers promote digits:v0 staging --drop-from p = production
	mreg config stage.list 'red green'
	offers promote digits:v0 '' = green red
	mreg remote add origin host:reg
	offers pull '' = origin
	offers pull origin '' = digits reader
	offers get digits --remote o = origin
	offers remote rm '' = origin
	offers put x -t '' = model
	id=$(mreg draft new digits)
	offers draft commit '' = "$id"
	offers draft add "$id" '' = ''
	printf '#!/bin/sh\n' >.mreg/hooks/post-put
	offers hook run '' = post-put
	offers hook run post-put d = digits
}

@test "runs, by id and by name, with what they are" {
	id=$(mreg run start -q --name first --job-type train --no-git)
	run --separate-stderr -0 mreg completion --complete -- run finish ''
	says "first	train" "$id	train, first"
	offers run log r- = "$id"
	offers put digits file --run r = "$id"
	mreg run finish -q "$id" >/dev/null
	offers run outputs 'fi' = first
}

@test "of runs, what the sub-verb can do something with" {
	open=$(mreg run start -q --name open --job-type train --no-git)
	ended=$(mreg run start -q --name ended --job-type evaluate --no-git)
	echo 'print(1)' >train.py
	mreg run log -q "$ended" loss=1 acc=2
	mreg run finish -q "$ended" >/dev/null
	code=$(mreg run start -q --name code --no-git --code train.py)
	offers run finish '' = code open "$(printf '%s\n' "$open" "$code" | sort | head -1)" "$(printf '%s\n' "$open" "$code" | sort | tail -1)"
	offers run cat code co = code/train.py
	offers run show ended --metric '' = acc loss
	offers run start -t '' = evaluate run train
	offers run ls --state f = failed finished
	offers tag 'en' = ended
	offers meta co = code
	offers lineage 'en' = ended
}

@test "a sub-verb is offered its own options" {
	offers run ls --s = --search --sort --state
	offers run finish --s = --status
	offers run start --st = ''
	offers run --st = --state --status --step
	run --separate-stderr -0 mreg completion --complete -- run finish --stat
	says "--status	the exit status of the program"
	offers draft add --js = --json
	offers hook run --js = --json
}

@test "what was removed is offered to be brought back" {
	mreg rm -q digits:v0
	mreg put -q gone "$DIGITS/epoch-1" >/dev/null
	mreg rm -q -r gone
	run=$(mreg run start -q --no-git)
	offers restore g = gone
	offers restore digits: = digits:v0
	offers restore "${run:0:4}" = ''
}

@test "a program is completed behind run exec --" {
	mkdir bin
	printf '#!/bin/sh\n' >bin/trainer-of-mine
	chmod +x bin/trainer-of-mine
	PATH=$PWD/bin:$PATH
	typed bash 'mreg run exec -- trainer-of' run exec -- trainer-of-mine
	typed zsh 'mreg run exec --name a -- trainer-of' run exec --name a -- trainer-of-mine
	fished 'mreg watch digits -- trainer-of'
	[[ $output == trainer-of-mine* ]]
	typed bash 'mreg put digits -- lab' put digits -- lab
}

@test "the registry is the one that the line names" {
	mkdir away
	cd away
	mreg init -q >/dev/null
	mreg create -q other
	offers show '' = other
	offers -C .. show '' = digits reader
	offers --registry .. show '' = digits reader
	offers show --registry=.. d = digits
	offers -C nowhere show '' = other
}

@test "names of others do no harm" {
	printf '[remote "evil"]\n\turl = "host:a\033[31mb"\n' >>.mreg/config
	run --separate-stderr -0 mreg completion --complete -- pull ''
	[[ $output != *$'\033'* ]]
	no_complaint
}

@test "where there is no registry, or a damaged one, there is less, and never an error" {
	(cd / && offers show '' = '' && offers pro = promote protect)
	export MREG_DIR=/nowhere
	offers show '' = ''
	unset MREG_DIR
	printf 'broken' >.mreg/config
	offers show '' = ''
	rm .mreg/config
	damage .mreg/journal 100
	rm -r .mreg/index/*
	offers show '' = ''
	mreg_is 2 completion --complete
	mreg_is 2 completion bash fish
}
