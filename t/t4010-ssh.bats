#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Sharing through ssh, with OpenSSH's own server on loopback: with and without a forced command, and when it does not work.

load lib
load sshd

setup_file()
{
	ssh_files
	sshd_start
}

teardown_file()
{
	sshd_stop
}

# The server's far user is not the tester, and random numbers are not alike on both sides.
setup()
{
	sandbox
	unset MREG_SEED
	rm -rf "$FAR/reg" "$FAR/shared"
	ssh_may
}

teardown()
{
	[ -n "$BATS_TEST_COMPLETED" ] || tail -5 "$SSH_DIR/log" | sed 's/^/sshd: /'
}

# A registry at the far side.
far_registry()
{
	mreg init -q "$1" >/dev/null
	mreg --registry "$1" put -q digits "$DIGITS/epoch-1" >/dev/null
	mreg --registry "$1" put -q digits "$DIGITS/epoch-2" -a best >/dev/null
}

# forced OPTIONS: the user's key may run nothing but serve below $FAR/shared.
forced()
{
	ssh_may "command=\"mreg serve --root $FAR/shared $*\",restrict"
}

# ref_of REGISTRY REF: which version that is.
ref_of()
{
	mreg --registry "$1" resolve --json "$2" | jq -r .ref
}

by_of_last_line()
{
	tail -1 "$1/.mreg/journal" | jq -r .by
}

# --- what works

@test "clone, pull and push go through ssh" {
	far_registry "$FAR/reg"
	mreg_is 0 clone 'box:~/reg' a
	same_tree "$DIGITS/epoch-2" "$(mreg --registry a get -q digits:best -o out)"
	mreg --registry a put -q digits "$DIGITS/epoch-3" -a best >/dev/null
	mreg_is 0 --registry a push
	assert_equal "$(ref_of "$FAR/reg" digits:best)" digits:v2
	mreg_is 0 --registry "$FAR/reg" fsck -q
	mreg --registry "$FAR/reg" put -q digits "$DIGITS/epoch-4" >/dev/null
	mreg_is 0 --registry a pull
	assert_equal "$(ref_of a digits)" digits:v3
	mreg_is 0 --registry a fsck -q
}

@test "a far registry may be written in every way that ssh knows" {
	local url n=0
	far_registry "$FAR/reg"
	ssh_may "command=\"cd '$FAR' && eval \\\"\$SSH_ORIGINAL_COMMAND\\\"\""
	for url in box:reg "box:$FAR/reg" 'box:~/reg' box:reg/.mreg "$(id -un)@box:reg" "ssh://127.0.0.1:$SSH_PORT$FAR/reg" "ssh://box/~/reg"; do
		mreg_is 0 clone -q "$url" "clone$((n += 1))"
		assert_equal "$(ref_of "clone$n" digits:best)" digits:v1
	done
}

@test "a path with quotes, blanks and dollars is that path, and runs nothing" {
	local name="it's a \"reg\" \$(touch pwned) \`touch pwned\` ; touch pwned & ü"
	far_registry "$FAR/reg/$name"
	mreg_is 0 clone -q "box:~/reg/$name" a
	assert_equal "$(ref_of a digits:best)" digits:v1
	[ ! -e "$FAR/pwned" ] && [ ! -e pwned ]
	forced
	far_registry "$FAR/shared/$name"
	mreg_is 0 clone -q "box:$name" b
	[ ! -e "$FAR/pwned" ] && [ ! -e pwned ]
}

@test "MREG_SSH may have options, and a path with blanks" {
	far_registry "$FAR/reg"
	mkdir 'with blanks'
	cp "$SSH_DIR/config" 'with blanks/config'
	MREG_SSH="ssh -F 'with blanks/config' -o ConnectTimeout=20" mreg_is 0 clone -q 'box:~/reg' a
	unset MREG_SSH
	mreg_is 0 -c "core.sshCommand=ssh -F 'with blanks/config'" --registry a pull -q
}

# --- a forced command

@test "a forced command shares what lies below its root, under a name of its own" {
	far_registry "$FAR/shared/vision"
	forced --user ann
	mreg_is 0 clone -q box:vision a
	mreg --registry a put -q digits "$DIGITS/epoch-3" >/dev/null
	mreg_is 0 --registry a push
	assert_equal "$(by_of_last_line "$FAR/shared/vision")" ann
	mreg_is 0 --registry a history digits --json
	json 'lines | .[0].user == "tester"'
	mreg_is 0 clone -q box:/vision b
	mreg_is 0 clone -q 'box:~/vision' c
	mreg_is 0 clone -q "ssh://127.0.0.1:$SSH_PORT/vision" d
}

@test "a key that may only read pulls, and is refused a push" {
	far_registry "$FAR/shared/vision"
	forced --read-only
	mreg_is 0 clone -q box:vision a
	mreg --registry a put -q digits "$DIGITS/epoch-3" >/dev/null
	cp "$FAR/shared/vision/.mreg/journal" before
	mreg_is 6 --registry a push
	complains "'origin'"
	complains "can only be read from here"
	cmp before "$FAR/shared/vision/.mreg/journal"
}

@test "nothing outside of the root can be had through a forced command" {
	local path
	far_registry "$FAR/reg"
	far_registry "$FAR/shared/vision"
	ln -s "$FAR/reg" "$FAR/shared/link"
	forced
	new_registry
	# shellcheck disable=SC2088
	for path in ../reg "$FAR/reg" link vision/../../reg '~/../reg' ..; do
		mreg_is 8 pull "box:$path"
		complains "there is no registry '$path' that is served"
	done
	run --separate-stderr -6 $MREG_SSH box cat /etc/passwd
	says_nothing
	complains "is not run here"
	run --separate-stderr -2 $MREG_SSH box
	complains "there is no shell for you here"
}

# --- what does not

@test "a key that the far side does not know is named as that" {
	far_registry "$FAR/reg"
	new_registry
	ssh-keygen -q -t ed25519 -N '' -f other
	sed "s:IdentityFile .*:IdentityFile $PWD/other:" "$SSH_DIR/config" >config
	MREG_SSH="ssh -F config" mreg_is 8 pull box:reg
	says_nothing
	complains "cannot connect to 'box:reg': 'box' does not let us in: permission denied"
	complains "hint: Check the user's name"
}

@test "a host whose key is not known, or is another, is not trusted" {
	new_registry
	sed "s:UserKnownHostsFile .*:UserKnownHostsFile $PWD/none:" "$SSH_DIR/config" >config
	MREG_SSH="ssh -F config" mreg_is 8 pull box:reg
	complains "the host key of 'box' is not known here"
	complains "compare the key"
	sed "s: ssh-ed25519 .*: $(cut -d' ' -f1,2 "$SSH_DIR/user.pub"):" "$SSH_DIR/known_hosts" >none
	MREG_SSH="ssh -F config" mreg_is 8 pull box:reg
	complains "the host key of 'box' is not the one that was known"
}

@test "a host that nobody knows, and one that refuses, are told apart" {
	new_registry
	mreg_is 8 pull nobody-knows-this-host.invalid:reg
	complains "no host 'nobody-knows-this-host.invalid' is known"
	mreg_is 8 pull ssh://127.0.0.1:1/reg
	complains "'127.0.0.1' refuses connections on port 1"
	sed '/HostName/a Port 1' "$SSH_DIR/config" >config
	MREG_SSH="ssh -F config" mreg_is 8 pull box:reg
	complains "'box' refuses connections on port 1"
}

@test "a far side without mreg, and one without a registry there, are told apart" {
	new_registry
	mreg_is 8 pull box:nowhere
	complains "'box:nowhere': "
	complains "no registry"
	ssh_may 'command="exec no-such-program"'
	mreg_is 8 pull box:reg
	complains "cannot connect to 'box:reg': there is no mreg on 'box'"
	complains "'ssh box mreg --version'"
}

@test "a far shell that prints something is shown" {
	new_registry
	far_registry "$FAR/reg"
	ssh_may 'command="printf \"\\033[1mWelcome to box\\n\"; exec mreg serve ~/reg"'
	mreg_is 8 pull box:reg
	complains "something else than mreg answered: '\\x1b[1mWelcome to box'"
	ssh_may 'command="echo Welcome >&2; exec mreg serve ~/reg"'
	mreg_is 0 pull box:reg
	complains "note: 'box:reg': Welcome"
	mreg_is 0 pull -q box:reg
	no_complaint
}

@test "a connection that is cut ends in status 8, and changes nothing" {
	new_registry
	far_registry "$FAR/reg"
	ssh_may 'command="mreg serve ~/reg | dd bs=1 count=3000 status=none"'
	state >before
	mreg_is 8 pull box:reg
	complains "has ended the connection"
	state | diff before -
	ssh_may
	mreg_is 0 pull -q 'box:~/reg'
	mreg_is 0 fsck -q
}
