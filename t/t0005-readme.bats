#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What README says can be typed can be typed, and answers as it says.

load lib
load sshd

teardown()
{
	sshd_stop
}

# The machine that README calls models.example, set up with the two commands that it has for that.
hub()
{
	local line hub=$BATS_TEST_TMPDIR/hub
	ssh_files
	printf 'Host models.example\n\tHostName 127.0.0.1\n' >>"$SSH_DIR/config"
	sshd_start
	while IFS= read -r line; do
		line=${line//\/srv\/models/"$hub"}
		line=${line/'~/.ssh/authorized_keys'/'"$SSH_DIR/authorized_keys"'}
		eval "${line/'ssh-ed25519 AAAA... ann@laptop'/"$(cat "$SSH_DIR/user.pub")"}"
	done < <(grep -E "^    (mreg init /srv|echo 'command=)" "$MREG_SRCDIR/README")
	[ -d "$hub/vision/.mreg" ]
	[ "$(wc -l <"$SSH_DIR/authorized_keys")" = 1 ]
}

# Runs what stands in $command; in $wanted "..." matches anything.
check()
{
	local pattern
	[ -n "$command" ] || return 0
	# the commands of a tour stand in one shell
	eval "$command" >"$BATS_TEST_TMPDIR/actual" 2>&1 </dev/null || { echo "status $? of: $command" && cat "$BATS_TEST_TMPDIR/actual" && return 1; }
	printf -v pattern %q "$wanted"
	pattern=$(sed 's/[][*?\\(){}|!+@^]/\\&/g' <<<"$wanted" | sed 's/\.\.\./*/g')
	# shellcheck disable=SC2053
	if [[ $(cat "$BATS_TEST_TMPDIR/actual") != $pattern ]]; then
		printf 'typed: %s\nREADME says:\n%s\nit was:\n%s\n' "$command" "$wanted" "$(cat "$BATS_TEST_TMPDIR/actual")"
		return 1
	fi
	count=$((count + 1))
	command=
}

# The commands of FILE, which stand as "    $ COMMAND", perhaps with more lines as "    > LINE", and what they print below.
type_all()
{
	local line command='' wanted=''
	count=0
	while IFS= read -r line <&8; do
		case $line in
		'    $ '*)
			check || return
			command=${line#'    $ '} wanted=''
			;;
		'    > '*) command+=$'\n'${line#'    > '} ;;
		'    '*) wanted+=${wanted:+$'\n'}${line#'    '} ;;
		*)
			check || return
			command=''
			;;
		esac
	done 8<"$1"
	check
}

@test "the tour of README can be typed as it stands" {
	cp -r "$DIGITS" digits
	chmod -R u+w digits
	unset MREG_SEED # two registries that were made alike would be one and the same
	hub
	type_all "$MREG_SRCDIR/README"
	((count >= 40))
}

@test "README that promises something else is found out" {
	cp -r "$DIGITS" digits
	printf 'Like this:\n\n    $ mreg init\n    .../.mreg\n    $ mreg put digits digits/epoch-1\n    digits:v0\n\n' >right
	type_all right
	assert_equal "$count" 2
	rm -r .mreg
	sed 's/digits:v0/digits:v1/' right >wrong
	run type_all wrong
	assert_failure
	assert_output --partial 'typed: mreg put digits digits/epoch-1'
	rm -r .mreg
	printf '    $ mreg init\n    .../.mreg\n    and more\n' >wrong
	run type_all wrong
	assert_failure
	printf '    $ mreg ls nothing\n' >wrong
	run type_all wrong
	assert_failure
	assert_output --partial 'status 3 of: mreg ls nothing'
}

@test "README begins with the two commands that set everything up" {
	run sed -n 3,4p "$MREG_SRCDIR/README"
	assert_line --index 0 --regexp '^    ./bootstrap demo '
	assert_line --index 1 --regexp '^    ./bootstrap check '
}

@test "what README names is there" {
	local name
	while read -r name; do
		[ -e "$MREG_SRCDIR/$name" ] || { echo "there is no $name" && return 1; }
	done < <(grep -oE '\b(man|contrib|src|t)/[A-Za-z0-9./-]+' "$MREG_SRCDIR/README" | grep -v -e VERB | sed 's/[.]$//' | sort -u)
}

@test "the demo runs to its end" {
	run --separate-stderr -0 env TMPDIR="$PWD" "$MREG_SRCDIR/contrib/demo" "$MREG_BINARY"
	[[ $output == *"mreg verify"* || $stderr == *"mreg verify"* ]]
}
