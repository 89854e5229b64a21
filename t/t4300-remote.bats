#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg remote: names for other registries.

load lib

setup()
{
	sandbox
	new_registry
}

@test "a remote is added, listed, moved and removed" {
	mreg_is 0 remote add origin models@hub:/srv/models
	says_nothing
	no_complaint
	mreg_is 0 remote add team ../team
	mreg_is 0 remote ls
	assert_line --index 0 --regexp '^NAME +SEEN +URL$'
	assert_line --index 1 --regexp '^origin +models@hub:/srv/models$'
	assert_line --index 2 --regexp '^team +\.\./team$'
	mreg_is 0 remote -q
	says origin team
	mreg_is 0 remote set-url origin ssh://models@hub:2222/srv/models
	says_nothing
	no_complaint
	mreg_is 0 remote --template '{name} {url}'
	says 'origin ssh://models@hub:2222/srv/models' 'team ../team'
	mreg_is 0 remote rm team
	says_nothing
	no_complaint
	mreg_is 0 remote -q
	says origin
}

@test "remotes are configuration, and rm removes the whole section and nothing else" {
	printf '[core]\n\tentity = us # ours\n' >>.mreg/config
	cp .mreg/config before
	mreg remote add origin /srv/models
	run -0 mreg config remote.origin.url
	says /srv/models
	mreg config remote.origin.other thing
	mreg_is 0 remote rm origin
	diff before .mreg/config
	mreg_is 0 config remote.lab.url host:lab
	no_complaint
	mreg_is 0 remote -q
	says lab
}

@test "remote --json" {
	mreg_is 0 remote add --json origin ../far
	json '. == {"format":1,"name":"origin","url":"../far"}'
	mreg_is 0 remote --json
	json '.name == "origin" and .url == "../far" and .location == "'"$PWD"'/../far" and .origin == "file:'"$PWD"'/.mreg/config"'
	json '.seen == null and .registry == null'
	mreg_is 0 remote set-url --json origin host:far
	json '.url == "host:far"'
	mreg_is 0 remote rm --json origin
	json '. == {"format":1,"name":"origin","url":null}'
	mreg_is 0 remote --json
	says_nothing
}

@test "remote -n decides and changes nothing" {
	mreg remote add origin /srv/models
	cp .mreg/config before
	mreg_is 0 remote -n add team /srv/team
	mreg_is 0 remote set-url -n origin /srv/team
	mreg_is 0 remote rm -n origin
	mreg_is 5 remote add -n origin /srv/team
	mreg_is 3 remote rm -n nowhere
	diff before .mreg/config
}

@test "a name that is taken, and one that is none" {
	mreg remote add origin /srv/models
	mreg_is 5 remote add origin /srv/other
	says_nothing
	complains "there is a remote 'origin' already"
	complains "'mreg remote set-url origin URL'"
	mreg_is 3 remote rm orgin
	says_nothing
	complains "no remote 'orgin'"
	complains "Did you mean 'origin'?"
	mreg_is 3 remote set-url team /srv/team
	complains "no remote 'team'"
}

@test "names that are no names, and URLs that are none" {
	local url
	for name in '' . .. -x ../x a/b "a b" a:b "$(printf 'e\033[31mvil')"; do
		mreg_is 2 remote add -- "$name" /srv/models
		says_nothing
		[[ $stderr != *$'\033'* ]]
	done
	for url in '' http://hub/reg -oProxyCommand=x:/reg ssh://-oProxyCommand=x/reg ssh://hub:0/reg ssh://hub:99999/reg "-x@hub:reg" \
		file://hub/reg "$(printf 'hub:/\033[31mreg')"; do
		mreg_is 2 remote add -- origin "$url"
		says_nothing
		[[ $stderr != *$'\033'* ]]
	done
	mreg_is 0 remote -q
	says_nothing
	mreg_is 2 config remote.origin.url http://hub/reg
	mreg_is 2 config remote.../x.url /srv/models
}

@test "a file name of a state is never taken from somebody's hands unseen" {
	printf '[remote "../../evil"]\n\turl = /srv/models\n' >>.mreg/config
	mreg_is 2 remote ls
	says_nothing
	complains "a remote in file:$PWD/.mreg/config"
}

@test "a remote of the user's configuration is one of every registry" {
	mreg config --user remote.hub.url hub:models
	mreg_is 0 remote -q
	says hub
	mreg_is 6 remote rm hub
	complains "remote 'hub' is not of this registry's configuration: it is from file:$HOME/.config/mreg/config"
	mreg_is 0 remote set-url hub /srv/models
	mreg_is 0 remote --template '{name} {url}'
	says 'hub /srv/models'
	mreg_is 0 remote rm hub
	mreg_is 0 remote --template '{name} {url}'
	says 'hub hub:models'
}

@test "a URL with blanks and quotes is kept" {
	mreg remote add origin "$PWD/a \"b\" #c; \\d'e"
	mreg_is 0 remote --template '{url}'
	says "$PWD/a \"b\" #c; \\d'e"
}

@test "a collection where the remote should stand is told from a typo" {
	mreg remote add origin box:reg
	mreg_is 2 push digits
	complains "no remote 'digits'"
	complains "hint: The remotes are: origin. Collections come after one of them"
	mreg_is 2 push orign
	complains "hint: Did you mean 'origin'?"
}

@test "what else is on the line is told" {
	mreg_is 2 remote add origin
	complains "'remote add' takes other operands"
	mreg_is 2 remote list
	mreg_is 2 remote rm a b
	mreg_is 2 remote ls x
}

@test "remote rm forgets what was seen" {
	mreg remote add origin /srv/models
	echo damaged >.mreg/remotes/origin
	mreg_is 0 remote ls
	mreg_is 0 remote rm origin
	assert_not_exists .mreg/remotes/origin
}

@test "somebody else's registry, and none" {
	mreg_is 10 -C / remote ls
	complains "no registry"
	chmod a-w .mreg .mreg/config
	run -10 without_root_rights mreg remote add origin /srv/models
	chmod u+w .mreg
}
