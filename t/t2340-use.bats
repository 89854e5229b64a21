#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What runs use: mreg use, and get inside a run.
# shellcheck disable=SC2154

load lib

setup()
{
	sandbox
	digits_registry
	mreg alias -q digits:v2 best
	mreg link -q digits:v1 approved
	one=$(mreg run start -t train --name one --no-git)
}

@test "use prints the version that an alias meant, and the run has it as an input" {
	mreg_is 0 use digits:best --run one --name base
	says digits:v2
	no_complaint
	mreg alias -q digits:v3 best
	mreg_is 0 run inputs one --json
	json '.run == "'"$one"'" and .ref == "digits:v2" and .as == "base" and .live'
	json '.digest == "'"$(mreg resolve digits:v2)"'"'
}

@test "use takes the run from MREG_RUN, and is wrong usage without one" {
	MREG_RUN=$one mreg_is 0 use digits
	says digits:v4
	mreg_is 2 use digits
	complains "there is no run"
	complains "mreg run exec"
	mreg_is 0 run inputs "$one" -q
	says digits:v4
}

@test "a run that is unknown here is refused, by every verb that changes something" {
	local before line
	before=$(state)
	export MREG_RUN=r-nowhere000
	while read -r line <&8; do
		# shellcheck disable=SC2086
		mreg_is 3 $line
		complains r-nowhere000
		complains "unset MREG_RUN"
	done 8<<-'END'
		use digits
		put digits work
		get digits:v1 -o out
		link digits:v3 approved
		alias digits:v3 best
		tag digits:v3 good
		promote digits:v3 staging
		rm digits:v4
		status
	END
	unset MREG_RUN
	assert_not_exists out
	mreg_is 3 put digits "$DIGITS/epoch-1" --run r-nowhere000
	assert_equal "$(state)" "$before"
	MREG_RUN=r-nowhere000 mreg_is 0 ls -q
	says approved digits
}

@test "a path is stored first, as a dataset of its base name" {
	mkdir -p "raw data"
	echo 1 >"raw data/a.csv"
	mreg_is 0 use "./raw data" --run one
	says raw-data:v0
	mreg_is 0 show raw-data:v0 --json
	json '.type == "dataset" and .metrics == {}'
	mreg_is 0 use --json "$PWD/raw data/" --run one
	json '.ref == "raw-data:v0" and .given == "path" and (.created | not) and .run == "'"$one"'"'
	mreg_is 0 use ./"raw data"/a.csv --name train --type table --run one --json
	json '.ref == "train:v0" and .as == "train" and .created'
	mreg_is 0 run outputs one
	mreg_is 0 run outputs one -q
	says_nothing
	mreg_is 0 run inputs one -q
	assert_equal "$(sort <<<"$output")" "$(printf '%s\n' raw-data:v0 train:v0)"
}

@test "a URI becomes an external reference" {
	mreg_is 0 use s3://bucket/data/images.tar --run one
	says images.tar:v0
	mreg_is 0 ls images.tar:v0 --json
	json '.path == "images.tar"'
	mreg_is 10 use file:///nowhere --run one
	mreg_is 2 use s3://bucket --run one
	complains "--name NAME"
}

@test "a link is used as what it was asked for, and holds the version that it leads to" {
	mreg_is 0 use approved --run one
	says approved:v0
	mreg_is 0 run inputs one -q
	says approved:v0
	mreg unlink -q approved:v0
	mreg_is 0 run inputs one -q
	says digits:v1
	mreg_is 0 prune digits --unused
	refute_output --partial "digits:v1 "
}

@test "use refuses what is of another type, and what is not there" {
	mreg_is 5 use digits:v1 --type dataset --run one
	complains "of type 'model'"
	mreg_is 4 use digits:v9 --run one
	mreg_is 3 use nothing --run one
	mreg_is 3 use digits --run nobody
	mreg_is 2 use digits --name 'a b' --run one
	mreg_is 10 use ./nowhere --run one
	mreg_is 0 run inputs one -q
	says_nothing
}

@test "use --dry-run declares nothing and stores nothing" {
	local before
	echo 1 >a.csv
	before=$(state)
	mreg_is 0 use -n digits --run one
	says digits:v4
	mreg_is 0 use -n ./a.csv --run one
	says a.csv:v0
	assert_equal "$(state)" "$before"
}

@test "what was declared is not declared again" {
	local before
	mreg use -q digits:v1 --run one --name a >/dev/null
	before=$(state)
	mreg_is 0 use digits:v1 --run one
	mreg_is 0 use digits:v1 --run one --name a
	MREG_RUN=$one mreg_is 0 get digits:v1 -o out
	assert_equal "$(state)" "$before"
	mreg_is 0 use digits:v1 --run one --name b
	mreg_is 0 run inputs one --json
	json '.as == "b"'
}

@test "get inside a run declares what it brings, all in one transaction" {
	local before
	before=$(wc -l <.mreg/journal)
	MREG_RUN=one mreg_is 0 get digits:v1 digits:best approved -o out
	assert_equal "$(wc -l <.mreg/journal)" "$((before + 1))"
	mreg_is 0 run inputs one -q
	assert_equal "$(sort <<<"$output")" "$(printf '%s\n' digits:v1 digits:v2)"
	mreg_is 0 history digits --json
	json 'lines | map(select(.verb == "get")) == []'
	mreg_is 0 history "$one" --json
	json 'lines | map(select(.kind == "input")) | length == 2 and all(.verb == "get" and .run == "'"$one"'")'
}

@test "a get that fails, and a dry run, declare nothing" {
	mkdir out
	echo mine >out/labels.txt
	MREG_RUN=one mreg_is 6 get digits:v1 -o out
	MREG_RUN=one mreg_is 0 get -n digits:v1 -o other
	mreg_is 0 run inputs one -q
	says_nothing
}

@test "get --remote tells of what is known here, and warns of the rest" {
	unset MREG_SEED
	mreg clone -q . ../hub >/dev/null
	mreg --registry ../hub put -q digits "$DIGITS/epoch-1" --new-version >/dev/null
	MREG_RUN=one mreg_is 0 get digits:v3 --remote ../hub -o three
	no_complaint
	MREG_RUN=one mreg_is 0 get digits:v5 --remote ../hub -o five
	complains "'digits:v5' is not known in this registry"
	mreg_is 0 run inputs one -q
	says digits:v3
	MREG_RUN=r-nowhere000 mreg_is 3 get digits:v3 --remote ../hub -o none
	assert_not_exists none
	cd "$BATS_TEST_TMPDIR"
	MREG_RUN=one mreg_is 10 get digits:v3 --remote "$PWD/hub" -o none
	assert_not_exists none
}

@test "the digest and the size of what a URI names are recorded" {
	digest=$(sha256sum "$DIGITS/epoch-1/labels.txt" | cut -d ' ' -f 1)
	mreg_is 0 use https://example.org/labels.txt --run one --digest "SHA256:$digest" --size 12
	says labels.txt:v0
	no_complaint
	mreg_is 0 ls --json labels.txt:v0
	[[ $output == *"$digest"* ]]
	mreg_is 2 use digits:v2 --run one --digest "$digest"
	complains '--digest is for a URI'
	mreg_is 2 use ./a.csv --run one --size 1
	complains '--size is for a URI'
	mreg_is 2 use https://example.org/labels.txt --run one --digest 12
	complains 'no SHA-256'
}
