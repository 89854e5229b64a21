#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg serve, spoken to by hand; and mreg, answered by what is no mreg.

load lib

FRAMES=$MREG_SRCDIR/t/tools/frames.py
HELLO='H {"program":"by hand","protocol":1}'
PUSH='P {"absent":[],"dry_run":false,"override":false,"present":[],"shallow":[],"user":"Ann","why":""}'
ALL='L {"collections":[],"patterns":[]}'
NOWHERE=0000000000000000000000000000000000000000000000000000000000000000

# asks STATUS WORD…: says hello and these to `mreg serve $SERVE`; what it answers is $output.
asks()
{
	local wanted=$1
	shift
	asking()
	{
		"$FRAMES" send "$HELLO" "$@" | mreg serve "${SERVE[@]}" | "$FRAMES" show
		return "${PIPESTATUS[1]}"
	}
	run --separate-stderr "-$wanted" asking "$@"
}

setup()
{
	sandbox
	SERVE=(.)
}

# answers SPEC…: what stands in place of ssh from here on: frames.py answer.
answers()
{
	printf '%s\n' '#!/bin/sh' "exec '$FRAMES' answer$([ $# = 0 ] || printf " '%s'" "$@")" >far
	chmod +x far
	export MREG_SSH=$PWD/far
}

# The server's hello, for answers().
far_hello()
{
	printf 'H {"kind":"registry","program":"x","protocol":1,"read_only":false,"registry":"0123456789abcdef0123456789abcdef","seq":1,"sum":"%s"}' "$NOWHERE"
}

# --- what it says

@test "a server says which versions of the protocol it speaks, and what it serves" {
	digits_registry
	asks 0
	no_complaint
	assert_equal "${lines[0]}" "mreg-protocol 1 1"
	output=${lines[1]#H }
	json '.kind == "registry" and .protocol == 1 and .read_only == false and .seq == 5 and (.registry | length) == 32 and (.program | startswith("mreg "))'
	SERVE=(--read-only .)
	asks 0
	output=${lines[1]#H }
	json '.read_only'
}

@test "a server lists the changes of what was asked for, and notes that it did" {
	digits_registry
	mreg put -q other "$DIGITS/epoch-1" --new-version >/dev/null
	asks 0 'L {"collections":[],"patterns":["other"]}'
	no_complaint
	assert_equal "$(grep -c '^S ' <<<"$output")" 1
	assert_equal "$(grep '^S ' <<<"$output" | cut -c3- | jq -r '.collections[].name')" other
	grep -v '^[mHSE]' <<<"$output" | sed 's/^C //' | jq -e -s 'length > 1 and all(.[]; .key)'
	assert_equal "$(tail -1 <<<"$output" | cut -c3- | jq -c '[.was_since, .changes > 1]')" '[false,true]'
	tail -1 .mreg/journal | jq -e '.offered | length == 1'
	cp .mreg/journal before
	asks 0 'L {"collections":[],"patterns":["other"]}'
	cmp .mreg/journal before
}

@test "what was asked for by its id comes as it lies in a pack, or is named as lacking" {
	local version
	digits_registry
	version=$(mreg resolve --json digits:v0 | jq -r .digest)
	asks 0 "W 3:$version 4:$NOWHERE"
	grep -q -E '^O [0-9]+$' <<<"$output"
	[[ ${lines[-1]} == "N 04$NOWHERE" ]]
}

@test "a registry that cannot be written is served, with a note that it is not noted" {
	digits_registry
	chmod -R a-w .mreg
	asking() { "$FRAMES" send "$HELLO" "$ALL" | without_root_rights mreg serve . | "$FRAMES" show; }
	run --separate-stderr -0 asking
	grep '^T ' <<<"$output" | cut -c3- | jq -e '.message | startswith("it is not noted there")'
	tail -1 <<<"$output" | grep -q '^E '
	chmod -R u+w .mreg
}

# --- what it refuses

@test "a request that fails ends the connection with its reason, which is not told twice" {
	digits_registry
	asks 3 'L {"collections":[],"patterns":["nothing"]}' "$ALL"
	output=${lines[-1]#X }
	json '.code == "no-collection"'
	no_complaint
	asks 8 "$HELLO"
	output=${lines[-1]#X }
	json ".message == \"'hello' is no request\""
	asks 8 'L {"collections":["../x"]}'
	output=${lines[-1]#X }
	json '.code == "remote"'
}

@test "a push is refused where only reading is allowed" {
	digits_registry
	cp .mreg/journal before
	SERVE=(--read-only .)
	asks 6 "$PUSH" 'E {"changes":0,"seq":0,"sum":"'$NOWHERE'","was_since":false}'
	output=${lines[-1]#X }
	json '.code == "policy"'
	cmp .mreg/journal before
}

@test "what is not the protocol ends the connection, whatever length it claims" {
	local word
	digits_registry
	for word in '=\x00\x00\x00\x00q\x00\x00\x00' 'H#4294967295' '=GET / HTTP/1.1\r\n' 'W#33000' '=\x02\x00\x00\x00L\x00\x00\x01{}' 'L#100'; do
		asks 8 "$word"
	done
}

@test "another version of the protocol is refused" {
	new_registry
	HELLO='H {"program":"later","protocol":2}' asks 8
	output=${lines[-1]#X }
	json '.message | startswith("version 2 of the protocol is not spoken here")'
}

@test "a client that goes away is no reason to crash" {
	digits_registry
	# shellcheck disable=SC2317
	leaving()
	{
		"$FRAMES" send "$HELLO" "$ALL" "$ALL" | mreg serve . | true
		return "${PIPESTATUS[1]}"
	}
	run --separate-stderr -8 leaving
	complains "the client has ended the connection"
	mreg_is 0 fsck -q
}

@test "a client that is silent for too long is given up" {
	new_registry
	mkfifo pipe
	run --separate-stderr -8 bash -c 'mreg -c serve.idleTimeout=1s serve . <>pipe >said'
	assert_equal "$(head -1 said)" "mreg-protocol 1 1"
	grep -q -a 'has been silent for 1 s' said
}

@test "a path that is no registry is answered in the protocol" {
	SERVE=(nowhere)
	asks 10
	assert_equal "${lines[0]}" "mreg-protocol 1 1"
	output=${lines[1]#X }
	json '.code == "no-registry"'
	no_complaint
}

@test "serve needs a path or a root, and speaks to no terminal" {
	new_registry
	mreg_is 2 serve
	complains "PATH, or --root DIR"
	mreg_is 2 serve --root . .
	mreg_is 2 serve --user "$(printf 'a\033b')" .
	run script -qec "mreg serve ." /dev/null
	[[ $output == *"not to a terminal"* ]]
}

@test "a path may begin with the home directory, as ssh hands it on" {
	mreg init -q "$HOME/reg" >/dev/null
	# shellcheck disable=SC2088
	SERVE=("~/reg")
	asks 0
	[[ ${lines[1]} == H* ]]
}

@test "hooks of a server see nothing of its client's environment" {
	new_registry
	mreg init -q there >/dev/null
	mkdir -p there/.mreg/hooks
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nenv >"%s/seen"\n' "$PWD" >there/.mreg/hooks/pre-receive
	chmod +x there/.mreg/hooks/pre-receive
	mreg put -q digits "$DIGITS/epoch-1" >/dev/null
	LD_LIBRARY_PATH=/evil SECRET=1 MREG_EDITOR=evil mreg push there >/dev/null
	[ -s seen ]
	grep -q '^PATH=' seen
	run ! grep -E '^(LD_LIBRARY_PATH|SECRET|MREG_EDITOR)=' seen
}

# --- a forced command

# forced COMMAND: says hello to what a forced command makes of it.
forced()
{
	forcing() { "$FRAMES" send "$HELLO" | SSH_ORIGINAL_COMMAND=$1 mreg serve --root "$PWD/shared" | "$FRAMES" show; }
	run --separate-stderr -0 forcing "$1"
}

@test "below a root every way to write a path leads below it" {
	local path
	mreg init -q shared/team >/dev/null
	# shellcheck disable=SC2088
	for path in team /team '~/team' ./team 'x/../team' //team/ team/.mreg; do
		[ "$path" != 'x/../team' ] || mkdir shared/x
		forced "mreg serve '$path'"
		[[ ${lines[1]} == H* ]] || { echo "$path: $output"; return 1; }
	done
	forced 'mreg serve team'
	[[ ${lines[1]} == H* ]]
}

@test "nothing outside of the root is served, nor told whether it is there" {
	local path
	mreg init -q secret >/dev/null
	mreg init -q shared-too >/dev/null
	mreg init -q shared/team >/dev/null
	ln -s "$PWD/secret" shared/link
	ln -s ../.. shared/up
	mkdir shared/inside
	ln -s "$PWD/secret/.mreg" shared/inside/.mreg
	for path in .. ../secret ../shared-too "$PWD/secret" link link/.mreg up/work/secret inside team/../../secret nowhere /etc '' ' '; do
		forced "mreg serve '$path'"
		assert_equal "$(cut -c3- <<<"${lines[1]}" | jq -c '[.code, .message]')" "[\"no-registry\",\"there is no registry '$path' that is served\"]"
	done
}

@test "nothing but mreg serve is run for a forced command" {
	local command
	mreg init -q shared/team >/dev/null
	for command in 'ls' 'mreg' 'mreg serve' 'mreg serve team --root /' "mreg serve 'team" 'mreg serve --root / team' 'mreg pull team' '/bin/mreg serve team' \
		'mreg serve team;touch pwned' 'mreg serve $(touch pwned)' 'mreg serve team & touch pwned' $'mreg serve team\ntouch pwned'; do
		SSH_ORIGINAL_COMMAND=$command mreg_is 6 serve --root shared
		says_nothing
		complains "is not run here"
	done
	# shellcheck disable=SC2016
	for command in 'mreg serve $(id)' 'mreg serve `id`' 'mreg serve "$HOME"'; do
		forced "$command"
		[[ ${lines[1]} == X* ]]
	done
	[ ! -e pwned ]
	mreg_is 2 serve --root shared
	complains "there is no shell for you here"
	complains "only serves registries"
}

# --- who answers in place of mreg

@test "what answers but is no mreg is shown by its first line, without its escapes" {
	new_registry
	answers '=Welcome\x1b[31m to box\nmore\n'
	mreg_is 8 pull box:x
	complains "something else than mreg answered: 'Welcome\\x1b[31m to box'"
	complains "hint: If the far shell prints that"
	[[ $stderr != *$'\e'* ]]
	answers
	mreg_is 8 pull box:x
	complains "cannot connect to 'box:x': '$PWD/far' ended with status 0"
	printf '#!/bin/sh\nhead -c 100000 /dev/zero\n' >far
	mreg_is 8 pull box:x
	complains "something else than mreg answered"
}

@test "a server that speaks only later versions is named with both" {
	new_registry
	answers '=mreg-protocol 2 3\n'
	mreg_is 8 pull box:x
	complains "it speaks versions 2 to 3 of the protocol, this mreg version 1"
	complains "hint: Install a newer mreg here."
}

@test "a server whose frames are wrong is refused, and changes nothing" {
	local word
	digits_registry
	state >before
	for word in 'H#4294967295' 'Q {}' '=\x00\x00\x00\x00H\x00\x00\x01' 'H {}' 'E {"changes":0}' 'H#100'; do
		answers '=mreg-protocol 1 1\n' . "$word"
		mreg_is 8 pull box:x
		complains "'box:x'"
	done
	for word in 'S {"collections":[{"cid":"../../../etc","name":"x","shallow":false}]}' 'S#8388609' 'C {}' 'O*100 x' 'R {}' \
		'E {"changes":5,"seq":1,"sum":"'$NOWHERE'","was_since":false}' 'T {"message":"\u001b[2J","warning":true}'; do
		answers '=mreg-protocol 1 1\n' . "$(far_hello)" "$word"
		mreg_is 8 pull box:x
		complains "'box:x'"
		[[ $stderr != *$'\e'* ]]
	done
	state | diff before -
}

@test "a server's error keeps its code only where it is about what was asked" {
	local code
	new_registry
	for code in no-collection:3 conflict:5 policy:6 usage:2 disk-full:8 lock-timeout:8 integrity:8 local:8 nonsense:8; do
		answers '=mreg-protocol 1 1\n' . "$(far_hello)" 'X {"code":"'"${code%:*}"'","hint":"Do that.","message":"it is so"}'
		mreg_is "${code#*:}" pull box:x
		complains "'box:x': it is so"
		complains "hint: Do that."
	done
}

@test "a server's notes are told with its name, and a flood of them is not" {
	new_registry
	local notes=()
	for _ in {1..250}; do
		notes+=('T {"message":"look out","warning":true}')
	done
	answers '=mreg-protocol 1 1\n' . "$(far_hello)" "${notes[@]}"
	mreg_is 8 pull box:x
	assert_equal "$(grep -c "'box:x': look out" <<<"$stderr")" 200
}

# --- how ssh is called

# ssh in the tests below writes down its words, one a line, and fails.
records_ssh()
{
	printf '#!/bin/sh\nprintf "<%%s>\\n" "$@" >"%s/words"\nexit 255\n' "$PWD" >far
	chmod +x far
	export MREG_SSH=$PWD/far
}

@test "ssh gets port, host and one command, whose path is quoted for a shell" {
	new_registry
	records_ssh
	mreg_is 8 pull "ssh://ann@box:2222/srv/it's \"a\" \$(reg)"
	assert_equal "$(cat words)" "$(printf '<%s>\n' -p 2222 ann@box "mreg serve '/srv/it'\\''s \"a\" \$(reg)'")"
	mreg_is 8 pull "box:~/reg"
	assert_equal "$(cat words)" "$(printf '<%s>\n' box "mreg serve '~/reg'")"
	mreg_is 8 pull "[::1]:reg"
	assert_equal "$(cat words)" "$(printf '<%s>\n' ::1 "mreg serve 'reg'")"
}

@test "MREG_SSH and core.sshCommand are split without a shell" {
	new_registry
	records_ssh
	MREG_SSH="$PWD/far -o 'Some Thing=x' \$(touch pwned) ; touch" mreg_is 8 pull box:x
	assert_equal "$(cat words)" "$(printf '<%s>\n' -o 'Some Thing=x' '$(touch' 'pwned)' ';' touch box "mreg serve 'x'")"
	[ ! -e pwned ]
	unset MREG_SSH
	mreg_is 8 -c "core.sshCommand=$PWD/far -4" pull box:x
	assert_equal "$(head -1 words)" "<-4>"
	mreg config core.sshCommand "$PWD/far -6"
	mreg_is 8 pull box:x
	assert_equal "$(head -1 words)" "<-6>"
	MREG_SSH="'open" mreg_is 2 pull box:x
	complains "a quote is not closed"
}

@test "a program that is not there is named" {
	new_registry
	MREG_SSH=/no/such/ssh mreg_is 8 pull box:x
	complains "cannot connect to 'box:x': cannot run '/no/such/ssh': No such file or directory"
	complains "hint: Install OpenSSH"
}

@test "no host, user or port becomes an option of ssh" {
	local url
	new_registry
	records_ssh
	for url in '-oProxyCommand=touch pwned:x' 'ssh://-oProxyCommand=touch/x' 'ssh://box:-1/x' '-l@box:x' 'box name:x' 'box$(touch pwned):x'; do
		mreg_is 2 pull -- "$url"
		[ ! -e words ]
	done
	[ ! -e pwned ]
}

@test "somebody else's registry does not name the program that is run" {
	mreg init -q theirs >/dev/null
	records_ssh
	unset MREG_SSH
	mreg config --help >/dev/null
	printf '[core]\n\tsshCommand = %s/far\n' "$PWD" >>theirs/.mreg/config
	if [ "$(id -u)" = 0 ]; then
		chown -R 12345 theirs
		mreg_is 8 -C theirs pull ssh://127.0.0.1:1/x
		[ ! -e words ]
	else
		mreg_is 8 -C theirs pull box:x
		[ -e words ]
	fi
}
