#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg config: reads and writes configuration.

load lib

@test "config sets a key in the registry's file and reads it back" {
	new_registry
	mreg_is 0 config core.pager 'less -S'
	says_nothing
	no_complaint
	mreg_is 0 config core.pager
	says 'less -S'
	mreg_is 0 config CORE.Pager
	says 'less -S'
	grep -q 'less -S' .mreg/config
	run grep -c pager "$HOME/.config/mreg/config"
	assert_output 0
}

@test "config --user writes the user's own file, without a registry too" {
	rm -r "$HOME/.config"
	mreg_is 0 config --user user.name 'Ann Lee'
	says_nothing
	mreg_is 0 config user.name
	says 'Ann Lee'
	assert_exists "$HOME/.config/mreg/config"
	export XDG_CONFIG_HOME=$PWD/xdg
	mreg_is 1 config user.name
	says_nothing
	mreg_is 0 config --user user.name Ben
	assert_exists xdg/mreg/config
	mreg_is 0 config user.name
	says Ben
}

@test "config without a registry refuses to write to one, and reads the user's" {
	mreg_is 10 config core.pager cat
	says_nothing
	complains "no registry here"
	complains "mreg config --user"
	mreg_is 0 config user.name
	says tester
	mreg_is 0 config -l
	assert_line --index 1 --regexp '^user.name +tester$'
}

@test "the order is -c, environment, registry, user" {
	new_registry
	mreg config --user core.pager of-user
	mreg_is 0 config core.pager
	says of-user
	mreg config core.pager of-registry
	mreg_is 0 config core.pager
	says of-registry
	MREG_PAGER=of-environment mreg_is 0 config core.pager
	says of-environment
	MREG_PAGER=of-environment mreg_is 0 -c core.pager=of-command config core.pager
	says of-command
	mreg_is 0 config --user core.pager
	says of-user
}

@test "config of a key that is not set is 1, in silence" {
	new_registry
	mreg_is 1 config core.pager
	says_nothing
	no_complaint
	mreg_is 1 config --json core.pager
	says_nothing
	json_error '.error.code == "no" and .error.message == "'"'core.pager'"' is not set"'
}

@test "config --unset removes the key, and is 1 when it is not there" {
	new_registry
	mreg config core.pager cat
	mreg_is 0 config --unset core.pager
	says_nothing
	no_complaint
	mreg_is 1 config core.pager
	mreg_is 1 config --unset core.pager
	says_nothing
	complains "'core.pager' is not set in "
	mreg_is 1 config --user --unset core.pager
	complains ".config/mreg/config'"
	mreg_is 2 config --unset core.pager cat
	says_nothing
	complains "'--unset' takes no value: 'cat'"
}

@test "config keeps comments and order of what a person wrote" {
	new_registry
	printf '# mine\n[core]\n\tpager = more ; why not\n\n; more\n[user]\n\tname = x\n' >.mreg/config
	mreg config user.name y
	mreg config core.lockTimeout 5s
	assert_equal "$(grep -v -i locktimeout .mreg/config)" "$(printf '# mine\n[core]\n\tpager = more ; why not\n\n; more\n[user]\n\tname = y\n')"
	mreg_is 0 config core.pager
	says more
	mreg_is 0 config core.locktimeout
	says 5s
}

@test "config keeps any text of one line, and more" {
	new_registry
	local value
	for value in '  blanks  ' 'a # b ; c' 'say "hi"' 'back\slash' $'tab\there' $'two\nlines' '' ünï; do
		mreg_is 0 config -q my.key "$value"
		says_nothing
		run --separate-stderr -0 bash -c 'mreg config my.key && echo end'
		assert_equal "$output" "$value
end"
	done
}

@test "config keeps subsections apart" {
	new_registry
	mreg config -q 'remote.One.url' a
	mreg config -q 'remote.one.url' b
	mreg_is 0 config REMOTE.One.URL
	says a
	mreg_is 0 config remote.one.url
	says b
}

@test "config notes a key that mreg does not read, and keeps it" {
	new_registry
	mreg_is 0 config team.name red
	says_nothing
	complains "note: mreg itself reads no key 'team.name'"
	mreg_is 0 config team.name
	says red
}

@test "config refuses what is no key" {
	new_registry
	local key
	for key in pager core. .pager 'co re.pager' 'core.pa ger' 'core.pa_ger' $'core.a\nb' ''; do
		mreg_is 2 config "$key" value
		says_nothing
		mreg_is 2 config "$key"
		says_nothing
	done
	mreg_is 2 config
	says_nothing
	complains "no key was given"
	complains "usage: mreg config"
}

@test "config refuses a value that the key does not take, and changes nothing" {
	new_registry
	cp .mreg/config before
	mreg_is 2 config core.lockTimeout soon
	says_nothing
	complains "'core.lockTimeout' must be a duration such as 500ms, 10s or 5m, not 'soon'"
	mreg_is 2 config user.name $'a\033[31mb'
	complains "without control characters"
	[[ $stderr != *$'\033'* ]]
	mreg_is 2 config user.name ''
	cmp before .mreg/config
}

@test "config -n checks and writes nothing" {
	new_registry
	cp .mreg/config before
	mreg_is 0 config -n core.lockTimeout 5s
	says_nothing
	mreg_is 2 config -n core.lockTimeout soon
	mreg_is 0 config -n --unset core.lockTimeout
	cmp before .mreg/config
}

@test "config -l lists all, and --show-origin where it is from" {
	new_registry
	mreg config core.lockTimeout 5s
	MREG_PAGER='cat' mreg_is 0 -c user.name=ann config -l --show-origin
	no_complaint
	assert_line --index 0 --regexp '^KEY +VALUE +ORIGIN$'
	assert_line --index 1 --regexp "^user.name +tester +file:$HOME/.config/mreg/config\$"
	assert_line --index 2 --regexp "^core.locktimeout +5s +file:$PWD/.mreg/config\$"
	assert_line --index 3 --regexp '^core.pager +cat +environment:MREG_PAGER$'
	assert_line --index 4 --regexp '^user.name +ann +command line$'
	assert_equal "${#lines[@]}" 5
	mreg_is 0 config -lq
	says user.name core.locktimeout
	mreg_is 0 config --user -lq
	says user.name
	mreg_is 0 config --show-origin user.name
	says "tester  file:$HOME/.config/mreg/config"
	mreg_is 2 config -l user.name
	says_nothing
}

@test "config --json has key, value and origin" {
	new_registry
	mreg_is 0 config --json core.lockTimeout 5s
	json '.format == 1 and .key == "core.lockTimeout" and .value == "5s" and (.origin | test("^file:.*/.mreg/config$"))'
	mreg_is 0 config --json core.lockTimeout
	json '.key == "core.locktimeout" and .value == "5s"'
	mreg_is 0 config --json -l
	json 'lines | length == 2 and all(.[]; .format == 1 and has("key") and has("value") and has("origin"))'
	mreg_is 0 config --json --unset core.lockTimeout
	json '.value == null'
	no_complaint
}

@test "a configuration that cannot be read is named with its line" {
	new_registry
	printf '[core]\n\tpager = cat\n[user\n' >.mreg/config
	mreg_is 2 ls
	says_nothing
	complains "cannot read the configuration"
	complains ".mreg/config"
	complains 3
	mreg_is 0 init elsewhere
	mreg_is 0 version
}

@test "a wrong value in a file is said by the verb that needs it" {
	new_registry
	printf '[core]\n\tlockTimeout = soon\n' >.mreg/config
	mreg_is 2 ls
	says_nothing
	complains "'core.locktimeout' must be a duration"
	complains "'soon'"
	complains "$PWD/.mreg/config"
	mreg_is 0 config core.lockTimeout 5s
	mreg_is 0 ls
}

@test "a user's configuration may be a link, and stays one" {
	rm -r "$HOME/.config/mreg"
	mkdir -p dotfiles "$HOME/.config/mreg"
	ln -s "$PWD/dotfiles/mreg" "$HOME/.config/mreg/config"
	printf '[user]\n\tname = ann\n' >dotfiles/mreg
	mreg_is 0 config --user user.name ben
	assert_link_exists "$HOME/.config/mreg/config"
	grep -q ben dotfiles/mreg
}

@test "the configuration of somebody else's registry names no program, until safe.directory lists it" {
	digits_registry
	mreg config core.pager 'sed s/^/theirs:/'
	# one's own counts; only root can give a file away, and trusts root alone
	mreg_is 0 config core.pager
	says 'sed s/^/theirs:/'
	if [ "$(id -u)" = 0 ]; then
		chown -R nobody .mreg
		mreg_is 1 config core.pager
		says_nothing
	fi
	mreg config --user safe.directory "$PWD"
	mreg_is 0 config core.pager
	says 'sed s/^/theirs:/'
	mreg config --user safe.directory '*'
	mreg_is 0 config core.pager
	says 'sed s/^/theirs:/'
}

@test "config --add keeps the values that a key has" {
	local mine=$HOME/.config/mreg/config
	mreg_is 0 config --user --add safe.directory /one
	no_complaint
	mreg config -q --user --add safe.directory /two
	mreg_is 0 config -l --user --json
	json 'lines | [.[] | select(.key == "safe.directory").value] == ["/one", "/two"]'
	mreg config --user --unset safe.directory
	mreg_is 1 config --user safe.directory
	mreg_is 2 config --user --add safe.directory
	complains "'--add' takes a key and a value"
	new_registry
	mreg_is 0 config safe.directory /one
	complains "note: 'safe.directory' counts only in your own configuration: --user"
	grep -q tester "$mine"
}

@test "many writers of one configuration lose nothing" {
	local i pids=()
	new_registry
	for i in {1..12}; do
		mreg config -q "my.key$i" "$i" >"out-$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in {1..12}; do
		wait "${pids[i - 1]}"
		assert_equal "$(cat "out-$i")" ""
	done
	for i in {1..12}; do
		assert_equal "$(mreg config "my.key$i")" "$i"
	done
}
