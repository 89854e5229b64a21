#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --json: whatever a program reads on stdout is JSON, whatever the verb and whatever comes of it.

load lib

setup()
{
	sandbox
	digits_registry
	mreg alias -q digits:v1 best
	mreg get -q digits:v2 -o same
	mreg get -q digits:v2 -o changed
	echo edited >changed/labels.txt
	rm changed/config.json
	mkdir tree
	echo x >tree/file
	ln -s file tree/link
	mkdir tree/empty
	echo y >"tree/$(printf 'bad\377name')"
	mreg put -q tree tree
	printf 'id,x\n1,2\n' >rows.csv
	mreg put -q rows rows.csv
	printf 'id,x\n1,3\n2,4\n' >rows.csv
	mreg put -q rows rows.csv --metric acc=0.5 --tag small
	MREG_SEED=team mreg clone -q . ../team >/dev/null # else it would have the id of this one
	mreg --registry ../team create team >/dev/null
	printf '#!/bin/sh\n' >.mreg/hooks/post-put
	cp .mreg/hooks/post-put .mreg/hooks/pre-promote
	chmod +x .mreg/hooks/*
}

# Command lines that end with 0, in this order; every verb in every form in which it prints something.
done_well()
{
	cat <<-'END'
		alias digits
		alias digits:v1 fresh other -m why
		alias digits:v1 fresh
		alias -n digits:v2 best
		alias -d digits:fresh
		bundle create -n digits.bundle digits:v1
		bundle create digits.bundle digits:v1
		bundle create --force digits.bundle --all
		bundle ls digits.bundle
		bundle verify digits.bundle
		cat digits:v0 labels.txt
		clone . ../fresh
		completion bash
		completion fish
		completion zsh
		config user.name
		config core.pager cat
		config team.name red
		config -l
		config --unset core.pager
		create reader --title Reads
		create reader --if-absent
		create -n other --artifact
		diff digits:v1 digits:best
		diff digits:v1 digits:v1 labels.txt
		diff rows rows --rows id
		draft new digits
		draft new -n digits:v1
		draft add "$(mreg draft ls -q)" tree --as tree
		draft rm "$(mreg draft ls -q)" labels.txt
		draft ls
		draft ls "$(mreg draft ls -q)"
		status
		draft commit "$(mreg draft ls -q)" -m drafted
		draft abort "$(mreg draft new digits)"
		du
		du --by type
		fsck
		fsck -n
		fsck --rebuild-index
		gc
		gc --grace 0
		gc --yes
		get digits:v1 -o fresh
		get digits:v1 -o fresh
		get -n digits:v0 -o fresh
		get digits:v0 tree -o many
		help
		help put
		history
		history digits
		history digits:best
		history digits:v1
		history digits --alias best
		hook ls
		hook run post-put digits
		hook run -n pre-promote digits:best
		init new
		init -n newer
		lineage digits:best --up --depth 2
		lineage digits --explode --format json
		lineage --common digits:v0 digits:v0
		link digits:v1 reader
		link -n digits:v2 reader:production -a other
		link reader:v0 digit-reader
		log digits
		log tree
		log digits -n 1
		log rows --metric acc
		ls
		ls digits
		ls digits -n 2 --sort number
		ls rows --tag small
		ls digits:v0
		ls tree:v0
		ls --removed tree
		rm -r tree
		ls --removed
		restore tree
		meta digits:v1 accuracy=0.93 --metric test.accuracy=nan
		meta digits:v1
		meta reader --title "Reads digits"
		meta reader
		meta -d digits:v1 accuracy
		note digits:v1 -m noted
		note digits:v1
		note reader
		promote digits:v1 staging
		promote digits:v2 production
		promote digits:v3 production --archive-previous --drop-from staging -m why
		protect digits:production
		protect digits:candidate --require-reason
		protect digits
		protect -d digits:production digits:candidate
		pull ../team
		push -n ../team
		push ../team
		drop -n --remote ../team digits:v2
		drop --remote ../team digits:v3 -m why
		fsck --repair-from ../team
		show digits:v3
		ls digits
		ls --remote ../team
		show digits:v0 --remote ../team
		get digits:v0 --remote ../team -o elsewhere
		cat digits:v0 labels.txt --remote ../team
		put digits "$DIGITS/epoch-1"
		put digits "$DIGITS/epoch-1" -m again -M lr=0.5
		put -n digits "$DIGITS/epoch-1/labels.txt"
		put far --ref "file://$DIGITS/epoch-1/labels.txt" --ref s3://bucket/k --digest 0000000000000000000000000000000000000000000000000000000000000000 --size 1
		put m "$DIGITS/epoch-2" -a best -M 'deep={"a":[1,null]}'
		remote add elsewhere ../far
		remote add -n other host:far
		remote set-url elsewhere host:far
		remote ls
		remote rm elsewhere
		rename tree trees
		rename trees tree
		report
		report digits reader --metric acc:min --top 2 --title T --search 'size > 1'
		report -o ../report.html
		resolve digits:best
		resolve --name digits
		resolve digits:best --at 2026-02-01
		rollback digits:production
		run start -n
		run start --name first -t train -m why
		run log first loss=1 acc=nan
		run log -n first loss=1
		run finish -n first
		run finish first --status 1 -m why
		run cat first points
		run replay -n first
		search
		search 'alias = best' --sort -created
		search --artifacts
		show digits
		show digits:v1
		show digits:v1 --provenance
		show m:best
		show reader
		show reader:v0
		status
		status same
		tag digits:v1 keep other
		tag digits:v1
		tag -d digits:v1 other
		unlink reader:v0
		verify digits
		verify far
		verify --refs digits
		get far --offline --exclude k -o far
		verify digits:v2 same
		version
		watch digits:best --now --once -- true
		prune --keep-last 3
		prune digits --keep-last 4 --yes
		rm digits:v1 --with-aliases --unlink
		restore digits:v1
		rm -r tree
		restore tree
		ttl digits 30d
		ttl digits
		ttl digits:v2
		run start --name edges --no-git
		use digits:v2 --name base --run edges
		use -n ./tree --run edges
		put digits "$DIGITS/epoch-1" --run edges
		run inputs edges
		run outputs edges
		run ls
		run ls --job-type run --sort created -n 1
		run show edges
		run show first --metric loss
		show edges
		search --runs
		search --runs 'inputs = digits' --columns id,config.lr
		search 'consumed_by.name = edges'
		tag edges fine
		tag edges
		note edges -m noted
		note edges
		meta edges reviewed=true
		meta edges
		history "$(mreg run inputs edges --template {run})"
		run rm -n -f edges
		run rm -f edges
		alias digits:v1 best
	END
}

# STATUS CODE and a command line that ends so.
done_badly()
{
	cat <<-'END'
		3 no-collection alias nowhere
		2 invalid alias digits:v1 v7
		5 conflict alias digits:v2 best --expect v0
		3 no-path cat digits:v0 nowhere
		2 usage completion tcsh
		1 no config core.editor
		7 integrity bundle verify rows.csv
		3 no-collection run rm nobody
		3 no-collection run outputs nobody
		2 usage use digits
		3 no-collection use digits --run nobody
		2 invalid config core.lockTimeout soon
		5 conflict create digits
		1 no diff digits:v0 tree
		1 no diff --stat digits:v0 digits:v1
		1 no diff digits:v0 digits:v1 config.json metrics.json
		1 no diff rows:v0 rows:v1 --rows id
		3 no-path diff digits digits nowhere
		3 no-collection draft commit d-nowhere
		2 usage draft nowhere
		2 usage drop digits
		2 usage du --by size
		2 usage fsck digits
		7 integrity -C damaged fsck
		2 usage gc --grace soon
		2 usage gc digits
		4 no-reference get digits:nowhere
		6 policy get digits:v3 -o changed
		2 usage help nowhere
		2 usage hook run post-putt digits
		3 no-collection history nowhere
		4 no-reference history digits --alias nowhere
		5 conflict clone . tree
		5 conflict init
		5 conflict link digits:v1 tree
		3 no-collection log nowhere
		2 invalid log digits --metric acc
		3 no-collection ls nowhere
		4 no-reference ls digits:v77
		2 usage ls --sort nowhere digits
		2 invalid meta digits:v1 loss=nan
		4 no-reference meta -d digits:v1 nowhere
		10 local note digits:v1 -F nowhere
		2 usage promote digits:v1 prod
		4 no-reference protect -d digits:best
		10 local put digits nowhere
		1 no put digits --fail-if-unchanged "$DIGITS/epoch-1"
		2 usage prune
		2 usage pull nowhere
		2 usage drop digits --remote .
		6 policy drop digits:v0 --remote .
		8 remote drop digits:v0 --remote ../nowhere
		8 remote ls --remote ../nowhere
		3 no-collection show nowhere --remote ../team
		4 no-reference resolve digits:nowhere --remote ../team
		2 usage push nowhere
		2 usage serve
		2 invalid put 'no good' tree
		5 conflict put digits tree --type dataset
		3 no-collection remote rm nowhere
		2 invalid remote add nowhere http://far/reg
		5 conflict rename digits tree
		1 no lineage --common digits:v0 rows
		1 no lineage --assert-same-input dataset digits:v0 digits:v1
		2 usage lineage digits --format svg
		3 no-collection lineage r-0000000000
		3 no-collection report nowhere
		2 usage report --metric acc
		2 usage report --format html
		6 policy report -o .mreg/report.html
		4 no-reference resolve digits:v9
		4 no-reference restore digits:v2
		6 policy rm digits:v1
		2 usage run nowhere
		2 usage run exec
		2 usage run replay first
		2 usage run ls nowhere
		2 usage run ls --state gone
		2 invalid run ls --search 'name ='
		3 no-collection run show nobody
		2 invalid run show "$(mreg run start)" --metric nothing
		2 invalid search 'run.nothing = 1'
		3 no-collection get "$(mreg run ls -q -n 1)"
		2 usage ttl "$(mreg run ls -q -n 1)" 3d
		2 usage run log loss=1
		2 invalid run log "$(mreg run start)" loss=high
		3 no-collection run finish r-nowhere00
		3 no-collection run cat r-nowhere00 points
		3 no-path run cat "$(mreg run start)" nothing
		3 no-collection run exec --use nowhere:v1 -- true
		10 local run start --config nowhere
		2 usage ttl digits soon
		4 no-reference resolve digits:best --at 1970-01-02
		4 no-reference rollback digits:production
		2 invalid search 'name ='
		2 usage search --sort nowhere
		1 no search --exit-code 'name = nothing'
		3 no-collection show nowhere
		3 no-collection show nowhere --provenance
		10 no-registry -C / status
		1 no status changed
		4 no-reference tag -d digits:v1 nowhere
		5 conflict unlink digits:v1
		1 no verify digits:v2 changed
		7 integrity -C damaged verify digits:v0
		2 usage version now
		2 usage watch digits
		2 usage nowhere
		2 usage
		2 usage --nowhere
		2 usage put
		2 usage ls --json=1
		10 no-registry --registry tree ls
	END
}

# run_line WORDS: as the shell reads them, with --json behind, but for what is a program's after --.
run_line()
{
	local program=
	[[ $1 != *' -- '* ]] || program=" -- ${1#* -- }"
	eval "set -- ${1%% -- *} --json$program"
	run --separate-stderr mreg "$@"
}

each_line_is_an_object()
{
	local line
	[[ $output == "" ]] && return
	while IFS= read -r line; do
		[[ $line == '{"format":1,'* ]] || { printf 'of %s on stdout: %s\n' "$1" "$line" && return 1; }
		jq -e 'type == "object"' <<<"$line" >/dev/null || return
	done <<<"$output"
}

# Members of objects in $output, at any depth; not those of metadata and metrics, whose names are the user's, nor the aliases of a collection.
members()
{
	jq -r 'walk(if type == "object" then del(.metadata, .metrics) else . end) | if (.aliases | type) == "object" then .aliases = [] else . end | .. | objects | keys[]' <<<"$output" | sort -u
}

# documented VERB: the words that mreg-json(5) explains in the parts that are of VERB.
documented()
{
	awk -v verb="$1" '
		function flush() { if (is_of) printf "%s", words; words = ""; is_of = 0 }
		/^\.S[sh] / { flush(); is_of = $0 == ".Ss " verb }
		$0 == ".Ql " verb || index($0, ".Ql " verb " ") == 1 { is_of = 1 }
		/^\.(It )?Cm / { sub(/^\.(It )?Cm /, ""); gsub(/[,.;:()]/, " "); n = split($0, part, " "); for (i = 1; i <= n; i++) words = words part[i] "\n" }
		END { flush() }' "$MREG_SRCDIR/man/mreg-json.5" | sort -u
}

@test "every verb with --json prints objects that begin with the format, and nothing else on stdout" {
	local line
	while IFS= read -r line <&8; do
		run_line "$line"
		assert_equal "$status of $line" "0 of $line"
		[ -n "$output" ] || { echo "nothing on stdout: $line" && return 1; }
		each_line_is_an_object "$line"
	done 8< <(done_well)
}

@test "no verb has been forgotten here" {
	local verb
	for verb in $(mreg help --list); do
		[ "$verb" = serve ] || done_well | grep -q "^$verb\b" || { echo "done_well lacks $verb" && return 1; }
		done_badly | grep -qE "^[0-9]+ [a-z-]+ (-C [a-z/]+ )?$verb\b" || { echo "done_badly lacks $verb" && return 1; }
	done
}

@test "every member of every record is in mreg-json(5)" {
	local line verb
	while IFS= read -r line <&8; do
		run_line "$line"
		verb=${line%% *}
		members >members
		# said once for all verbs
		comm -23 members <({ documented "$verb" && printf 'format\npath_base64\n'; } | sort -u) >missing
		[ ! -s missing ] || { echo "mreg-json(5) does not have, of 'mreg $line':" && cat missing && return 1; }
	done 8< <(done_well && done_badly | sed -n 's/^1 no diff/diff/p')
}

@test "every failure with --json ends stderr with one object that has code and status" {
	local wanted code line
	cp -r . ../damaged && mv ../damaged damaged
	(cd damaged && damage "$(largest_pack)" 3000)
	while read -r wanted code line <&8; do
		run_line "$line"
		assert_equal "$status of $line" "$wanted of $line"
		each_line_is_an_object "$line"
		[[ ${stderr##*$'\n'} == '{"format":1,"error":{'* ]] || { printf 'of %s on stderr: %s\n' "$line" "$stderr" && return 1; }
		json_error '.error | .code == "'"$code"'" and .status == '"$wanted"' and (.message | length > 0) and has("hint")'
		json_error '[.format, (.error | keys_unsorted)] == [1, ["code", "status", "message", "hint"]]'
		assert_equal "$(grep -c '"error":' <<<"$stderr")" 1
	done 8< <(done_badly)
}

@test "without --json a failure is text" {
	mreg_is 4 get digits:nowhere
	says_nothing
	assert_equal "${stderr_lines[0]}" "mreg: cannot get 'digits:nowhere': 'digits' has no alias 'nowhere'"
	[[ ${stderr_lines[1]} == "hint: "* ]]
}

@test "notes go to stderr, also with --json" {
	mreg_is 0 put --json digits "$DIGITS/epoch-1"
	json '.created == false'
	complains "no new version was made"
	assert_equal "${#lines[@]}" 1
	mreg_is 0 put --json -q digits "$DIGITS/epoch-1"
	json '.created == false'
	no_complaint
}

@test "progress never reaches stdout" {
	mreg_is 0 put --json --progress digits "$DIGITS/epoch-1/labels.txt"
	json '.ref == "digits:v5"'
	mreg_is 0 get --json --progress digits:v5 -o out
	json '.path == "out"'
}

@test "--json is the same on a terminal, without colour or pager" {
	local line
	export TERM=xterm MREG_PAGER='sed s/^/paged:/'
	for line in ls 'ls digits' 'show digits:v1' status help; do
		run script -qefc "mreg $line --json --color=always" /dev/null </dev/null
		assert_equal "${output//$'\r'/}" "$(eval "mreg $line --json")"
	done
}

@test "text that is not UTF-8, and control characters, are legal JSON" {
	mreg put -q odd tree -m "$(printf 'a\tb\033[31m"\\')" -M "k=$(printf 'x\ny')"
	mreg_is 0 show --json odd:v0
	[[ $output != *$'\033'* && $output != *$'\t'* ]]
	json '.description == "a\tb\u001b[31m\"\\" and .metadata.k == "x\ny"'
	mreg_is 0 ls --json odd:v0
	run -0 jq -rj 'select(has("path_base64")).path_base64 | @base64d | length' <<<"$output"
	mreg_is 0 ls --json odd:v0
	assert_equal "$(jq -r 'select(has("path_base64")).path_base64' <<<"$output" | base64 -d | od -An -c | tr -d ' \n')" 'bad377name'
}

@test "references of --json and -q are complete and work as input" {
	mreg ls --json digits | jq -r .ref >refs
	diff refs <(mreg ls -q digits)
	while read -r ref <&8; do
		mreg_is 0 resolve --json "$ref"
		json '.ref == "'"$ref"'"'
	done 8<refs
	mreg_is 0 ls --json
	json 'lines | map(.latest) == ["digits:v4", "rows:v1", "tree:v0"]'
	mreg_is 0 alias --json digits
	json '.ref == "digits:best" and .version == "digits:v1"'
}

@test "times in JSON are UTC whatever the zone is" {
	TZ=Asia/Kolkata mreg_is 0 show --json digits:v1
	json '.created == "2026-01-02T03:04:05Z"'
	TZ=Asia/Kolkata mreg_is 0 history --json digits:best
	json '.time == "2026-01-02T03:04:05Z"'
	no_complaint
}

@test "integers of 64 bits are exact" {
	mreg put -q big tree -M n=9223372036854775807 -M m=-9223372036854775808
	mreg_is 0 show --json big:v0
	[[ $output == *'"n":9223372036854775807'* && $output == *'"m":-9223372036854775808'* ]]
}
