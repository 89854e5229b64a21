#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What people read stays within their terminal, and is plain where there is none.

load lib

setup()
{
	sandbox
	digits_registry
	local long='a rather long description that nobody reads to its end, since it is so very long that it could fill two lines'
	mreg put -q digits "$DIGITS/epoch-1/labels.txt" -m "$long" -a alias-that-is-long -a another-alias --tag tag-that-is-long --tag another-tag \
		--metric val_loss=0.25 --metric acc=0.5 -M text="$long" >/dev/null
	mreg put -q "$(printf 'n%.0s' {1..70})" "$DIGITS/epoch-1" -m "$long" >/dev/null
	mreg put -q wide "$DIGITS/epoch-2" -m "$(printf '日本語%.0s' {1..30})" --metric acc=0.25 >/dev/null
	mreg link -q digits:v5 reader -a production -m "$long" >/dev/null
	mreg link -q digits:v1 reader -a production -m "$long" >/dev/null
	mreg note -q digits -m "$long $long"
}

# in_terminal COLUMNS ARG…: mreg with a terminal of that width.
in_terminal()
{
	run --separate-stderr -0 "$MREG_SRCDIR/t/tools/in-terminal.py" "$1" mreg --no-pager "${@:2}"
}

# Every list and card, but for digests and names that cannot be cut and still be used.
looked_at()
{
	cat <<-'END'
		ls
		ls digits
		ls digits --columns ref,aliases,tags,description,metrics.acc,created,metadata.text
		ls digits:v0
		ls wide
		log digits
		log digits --metric acc
		log wide
		show digits
		search
		search --sort -metrics.acc
		search --columns ref,description,metadata.text,digest
		history
		history digits
		history reader --alias production
		status
		diff digits:v0 digits:v1
		du
		alias digits
		tag digits:v5
		prune --keep-last 1
	END
}

@test "no line is wider than the terminal" {
	local line words columns
	while read -r line <&8; do
		read -r -a words <<<"$line"
		for columns in 60 100; do
			run --separate-stderr "$MREG_SRCDIR/t/tools/in-terminal.py" "$columns" mreg --no-pager "${words[@]}"
			[[ $status = [01] ]] || { echo "$line: $status $stderr" && return 1; }
			printf '%s\n' "$output" >out
			python3 - "$columns" out <<-'END' || { echo "of $line" && return 1; }
				import sys, unicodedata
				def width(line):
				    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
				wide = [l for l in open(sys.argv[2], encoding="utf-8").read().splitlines() if width(l) > int(sys.argv[1])]
				sys.exit("\n".join(wide) if wide else 0)
			END
		done
	done 8< <(looked_at)
}

@test "the widest texts are cut first, and references stay whole" {
	in_terminal 60 ls digits
	assert_line --regexp '^digits:v5  alias.*…  [0-9a-f]{12} +[0-9.]+ B  just now  a.*…$'
	in_terminal 80 ls digits
	assert_line --regexp '^digits:v5  alias.*…  [0-9a-f]{12} +[0-9.]+ B  just now  a rather.*…$'
	assert_line --regexp '^digits:v0 +[0-9a-f]{12} +266 KiB  just now  epoch 1$'
	in_terminal 100 ls digits
	assert_line --regexp '^digits:v5  alias-that-is-long, .*a rather long .*…$'
	in_terminal 60 ls
	assert_line --regexp '^n{29}… '
	assert_line --regexp '^digits  '
	in_terminal 200 ls
	assert_line --regexp '^n{70} '
}

@test "long texts of cards and of the log are folded between words" {
	in_terminal 60 show digits
	assert_line --regexp '^note: +a rather long description that nobody reads to$'
	assert_line --regexp '^ {14}its end, since it is so very long that it$'
	in_terminal 60 log digits -n 1
	assert_line '    a rather long description that nobody reads to its end,'
	assert_line '    since it is so very long that it could fill two lines'
}

@test "where there is no terminal nothing is cut, folded or coloured" {
	local line words
	mreg_is 0 ls digits
	assert_line --regexp 'alias-that-is-long, another-alias .* could fill two lines$'
	mreg_is 0 log digits -n 1
	assert_line --regexp '^    a rather .* two lines$'
	while read -r line <&8; do
		read -r -a words <<<"$line"
		run --separate-stderr mreg "${words[@]}"
		[[ $output != *$'\033'* && $output != *…* ]] || { echo "$line" && return 1; }
	done 8< <(looked_at)
}

@test "on a narrow terminal run ls leaves out what is needed least, not what comes last" {
	run=$(mreg run start --no-git --name the-training-of-the-digits -t hyperparameter-search)
	echo x >f
	MREG_RUN=$run mreg put -q made f >/dev/null
	in_terminal 60 run ls
	[[ ${lines[0]} =~ ^ID\ +NAME\ +STATE\ +AGE\ +OUTPUTS ]]
	[[ ${lines[1]} =~ running\ +just\ now\ +made:v0 ]]
	in_terminal 60 run ls --columns id,duration
	[[ ${lines[0]} =~ ^ID\ +DURATION ]]
	in_terminal 100 run ls
	[[ ${lines[0]} =~ JOB\ TYPE\ +STATE\ +AGE\ +DURATION\ +OUTPUTS ]]
}
