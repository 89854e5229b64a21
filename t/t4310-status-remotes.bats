#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg status: how a registry stands to its remotes, as far as was last seen.

load lib

setup()
{
	sandbox
	digits_registry
	mreg put -q dice "$DIGITS/epoch-1"
	mreg remote add origin hub:models
}

# saw SEEN FAR-SEQ CURSOR…: what a pull or a push of long ago has left.  A cursor is "PATTERNS|SEQ|SENT": patterns with commas, none for all.
saw()
{
	python3 - "$@" <<-'EOF2'
		import hashlib, json, sys

		def text(value):
		    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

		sums = ["0" * 64] + [json.loads(line)["sum"] for line in open(".mreg/journal")]
		cursors = []
		for word in sys.argv[3:]:
		    patterns, seq, sent = word.split("|")
		    cursors.append({"patterns": [p for p in patterns.split(",") if p], "seq": int(seq), "sum": "0" * 64,
		                    "sent": int(sent), "sent-sum": sums[int(sent)]})
		line = text({"cursors": cursors, "far-seq": int(sys.argv[2]), "format": 1, "pending": [], "registry": None,
		             "seen": sys.argv[1], "url": hashlib.sha256(b"hub:models").hexdigest()})
		open(".mreg/remotes/origin", "w").write('%s,"sum":"%s"}\n' % (line[:-1], hashlib.sha256(line.encode()).hexdigest()))
	EOF2
}

# The only remote's line.
remote_is()
{
	mreg_is 0 status
	no_complaint
	assert_line --index 3 --regexp "^remote: +origin \(hub:models\), $1\$"
	assert_equal "${#lines[@]}" 4
}

@test "a remote that was never asked" {
	remote_is 'never asked'
	mreg_is 0 status --json
	json '.remotes == [{"name":"origin","url":"hub:models","seen":null,"lacks":null,"ahead":null}]'
	mreg_is 0 status -q
	says "$PWD/.mreg"
}

@test "what came after the last push is lacking, and versions are told apart" {
	saw 2026-01-02T01:04:05Z 9 '|9|6'
	remote_is 'seen 2h ago, lacks nothing'
	mreg alias -q digits:v1 best
	mreg tag -q digits:v1 good
	mreg put -q digits "$DIGITS/epoch-1/labels.txt"
	remote_is 'seen 2h ago, lacks 3 changes, 1 of them version'
	mreg_is 0 status --json
	json '.remotes[0] | .seen == "2026-01-02T01:04:05Z" and .lacks == {"changes":3,"versions":1,"more":false} and .ahead == false'
	mreg link -q digits:v1 reader
	mreg_is 0 status --template '{remotes.0.name}'
	remote_is 'seen 2h ago, lacks 5 changes, 2 of them versions'
}

@test "what it had and we did not pull" {
	saw 2026-01-02T01:04:05Z 12 '|9|6'
	remote_is 'seen 2h ago, lacks nothing, has changes that were not pulled'
	mreg_is 0 status --json
	json '.remotes[0].ahead'
}

@test "where only patterns were pushed, only what they select counts" {
	saw 2026-01-02T01:04:05Z 9 'dice|9|6'
	mreg alias -q digits:v1 best
	remote_is 'seen 2h ago, lacks nothing'
	mreg alias -q dice:v0 best
	remote_is 'seen 2h ago, lacks 1 change'
	mreg_is 0 rm -q -r dice --with-aliases
	remote_is 'seen 2h ago, lacks .*'
	saw 2026-01-02T01:04:05Z 9 'nowhere|9|6'
	remote_is 'seen 2h ago, lacks nothing'
}

@test "a push of a pattern after one of all" {
	mreg alias -q digits:v1 best
	mreg alias -q dice:v0 best
	saw 2026-01-02T01:04:05Z 9 '|9|6' 'dice|9|8'
	remote_is 'seen 2h ago, lacks 1 change'
	saw 2026-01-02T01:04:05Z 9 '|9|6' 'dice|9|8' 'digits|9|7'
	remote_is 'seen 2h ago, lacks nothing'
}

@test "a journal that is not the one that was pushed lacks all" {
	saw 2026-01-02T01:04:05Z 9 '|9|6'
	sed -i 's/"sent-sum":"......../"sent-sum":"00000000/' .mreg/remotes/origin
	remote_is 'never asked'
	mreg alias -q digits:v1 best
	saw 2026-01-02T01:04:05Z 9 '|9|7'
	head -n -1 .mreg/journal >shorter
	cp shorter .mreg/journal
	mreg_is 0 fsck --rebuild-index
	mreg_is 0 status
	assert_line --partial 'lacks 8 changes, 6 of them versions'
}

@test "a remote that moved was never asked there" {
	saw 2026-01-02T01:04:05Z 9 '|9|6'
	mreg remote set-url origin hub:other
	mreg_is 0 status
	assert_line --partial 'origin (hub:other), never asked'
}

@test "what is damaged counts as not known, and a URL cannot upset a terminal" {
	saw 2026-01-02T01:04:05Z 9 '|9|6'
	echo '{' >.mreg/remotes/origin
	remote_is 'never asked'
	printf '[remote "evil"]\n\turl = "/a\033[31mb"\n' >>.mreg/config
	mreg_is 0 status
	[[ $output != *$'\033'* ]]
}

@test "status asks nobody" {
	saw 2026-01-02T01:04:05Z 9 '|9|6'
	MREG_SSH=$PWD/none traced -qq -e trace=network,execve -o trace mreg status >/dev/null
	run ! grep -E 'connect|execve.*(ssh|none)' trace
}

# status_is FOLDER TEXT: what is told of the one remote, after "seen just now, ".
status_is()
{
	run -0 mreg -C "$1" status --json
	run -0 mreg -C "$1" status
	assert_line --regexp "^remote: .*, seen just now, $2\$"
}

@test "pushes and pulls keep it up to date" {
	unset MREG_SEED
	mreg remote rm origin
	mreg init -q ../far
	mreg remote add origin ../far
	mreg push -q
	status_is . 'lacks nothing'
	mreg alias -q digits:v1 best
	status_is . 'lacks 1 change'
	mreg push -q
	status_is . 'lacks nothing'
	mreg clone -q ../far ../other
	status_is ../other 'lacks nothing'
	mreg -C ../other put -q digits "$DIGITS/epoch-1/labels.txt"
	status_is ../other 'lacks 1 change, 1 of them version'
	mreg -C ../other push -q
	status_is ../other 'lacks nothing'
	status_is . 'lacks nothing'
	mreg alias -q dice:v0 best
	mreg push -q
	status_is . 'lacks nothing, has changes that were not pulled'
	mreg pull -q
	status_is . 'lacks nothing'
	mreg alias -q dice:v0 other
	mreg alias -q digits:v0 other
	mreg push -q origin dice
	status_is . 'lacks 1 change'
}

@test "the records of runs are no versions that are lacking" {
	saw 2026-01-02T01:04:05Z 9 '|9|6'
	one=$(mreg run start)
	MREG_RUN=$one mreg put -q digits "$DIGITS/epoch-1/labels.txt"
	mreg run finish -q "$one"
	mreg run rm -f "$(mreg run start)"
	mreg_is 0 status --json
	json '.remotes[0].lacks | .versions == 1 and .changes > 5'
}
