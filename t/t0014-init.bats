#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg init: a directory becomes a registry.

load lib

@test "init makes a registry here and prints its path" {
	mreg_is 0 init
	says "$PWD/.mreg"
	no_complaint
	mreg_is 0 ls
	says_nothing
	mreg_is 0 fsck -q
	says_nothing
}

@test "init DIR makes the directory, and those above it" {
	mreg_is 0 init some/where/new
	says "$PWD/some/where/new/.mreg"
	no_complaint
	mreg_is 0 -C some/where/new ls
	says_nothing
	mreg_is 10 ls
}

@test "init makes what mreg-registry(5) lists, and nothing else" {
	mreg init -q
	assert_equal "$(ls -A .mreg | tr '\n' ' ')" "config drafts format hooks index journal lock objects quarantine remotes runs tmp "
	assert_equal "$(stat -c %s .mreg/journal)" 0
}

@test "init where a registry is already is 5 and changes nothing" {
	digits_registry
	state >before
	mreg_is 5 init
	says_nothing
	complains "is a registry already"
	mreg_is 5 init -n
	says_nothing
	complains "exists already"
	mreg_is 5 init --shared
	diff before <(state)
}

@test "a registry below another one is legal, and they do not mix" {
	digits_registry
	mkdir inner
	cd inner
	mreg_is 0 init
	says "$PWD/.mreg"
	mreg_is 0 ls -q
	says_nothing
	cd ..
	mreg_is 0 ls -q
	says digits
}

@test "init goes where --registry or MREG_DIR says" {
	mreg_is 0 --registry one init
	says "$PWD/one/.mreg"
	mreg_is 0 init --registry two/.mreg
	says "$PWD/two/.mreg"
	MREG_DIR=three mreg_is 0 init
	says "$PWD/three/.mreg"
	MREG_DIR=three mreg_is 0 init four
	says "$PWD/four/.mreg"
	mreg_is 2 init five --registry six
	says_nothing
	complains "both say where"
	mreg_is 2 init ''
	says_nothing
	complains "empty"
	assert_equal "$(ls | tr '\n' ' ')" "four one three two "
}

@test "init -n says what would be made and makes nothing" {
	mreg_is 0 init -n
	says "$PWD/.mreg"
	mreg_is 0 init -n some/new
	says "$PWD/some/new/.mreg"
	mreg_is 0 init -n --json
	json '.created == false'
	assert_equal "$(ls -A)" ""
}

@test "init --json tells the path" {
	mreg_is 0 init --json
	json '.format == 1 and .created == true and .path == "'"$PWD"'/.mreg"'
	no_complaint
}

@test "init of a path that is not UTF-8 has its bytes in --json" {
	mkdir "$(printf 'bad\377')"
	mreg_is 0 init --json "$(printf 'bad\377')"
	json '(.path_base64 | @base64d | test("/.mreg$")) and (.path | test("xff"; "i"))'
}

@test "init follows the umask" {
	umask 077
	mreg init -q
	assert_equal "$(find .mreg -perm /077)" ""
	umask 022
	mreg init -q open
	assert_equal "$(find open/.mreg ! -perm -u=r,g=r,o=r)" ""
	assert_equal "$(find open/.mreg -perm /022)" ""
}

@test "init --shared lets the group write, whatever the umask is" {
	umask 077
	mreg_is 0 init --shared
	says "$PWD/.mreg"
	assert_equal "$(find .mreg -type d ! -perm 2775)" ""
	assert_equal "$(find .mreg -type f ! -name format ! -perm 664)" ""
	assert_equal "$(stat -c %a .mreg/format)" 644
}

@test "what is put into a shared registry can be read and written by the group" {
	umask 077
	mreg init -q --shared
	mreg put -q m "$DIGITS/epoch-1" -a best
	mreg config core.lockTimeout 5s
	assert_equal "$(find .mreg -type d ! -perm -2770)" ""
	assert_equal "$(find .mreg -type f ! -perm -g=r)" ""
	assert_equal "$(find .mreg -type f ! -perm -g=w ! -name format ! -name '*.pack' ! -path '*/objects/*')" ""
}

@test "init where nothing can be made is 10 and leaves nothing" {
	echo file >file
	mreg_is 10 init file
	says_nothing
	complains "'file"
	mreg_is 10 init file/below
	says_nothing
	mreg_is 10 init /proc/nowhere
	says_nothing
	complains "/proc/nowhere"
	assert_equal "$(ls -A)" file
}

@test "init finishes what an earlier one, cut short, began" {
	run --separate-stderr -137 env MREG_CRASH=init-before-format mreg init
	says_nothing
	mreg_is 10 ls
	complains "no registry here"
	mreg_is 0 init
	says "$PWD/.mreg"
	mreg_is 0 put m "$DIGITS/epoch-1"
	says m:v0
	no_complaint
}

@test "two inits at once make one registry" {
	local status=0 other=0
	mreg init >one 2>&1 3>&- &
	mreg init >two 2>&1 3>&- || status=$?
	wait $! || other=$?
	assert_equal $((status + other)) 5
	mreg_is 0 fsck -q
	says_nothing
}

@test "registries of one seed have one id, others have others" {
	MREG_SEED=a mreg init -q one
	MREG_SEED=a mreg init -q two
	MREG_SEED=b mreg init -q three
	cmp one/.mreg/format two/.mreg/format
	run cmp -s one/.mreg/format three/.mreg/format
	assert_failure 1
	unset MREG_SEED
	mreg init -q four
	mreg init -q five
	run cmp -s four/.mreg/format five/.mreg/format
	assert_failure 1
}

@test "a registry that lost its format file is not made into another one" {
	digits_registry
	mv .mreg/format ../format
	mreg_is 7 ls
	complains "no file 'format'"
	says_nothing
	mreg_is 5 init
	complains "has lost its file 'format'"
	mv ../format .mreg/format
	mreg_is 0 fsck
}

@test "a registry that may not be looked into is said to be so" {
	digits_registry
	chmod 000 .mreg
	run --separate-stderr -10 without_root_rights mreg ls
	chmod 755 .mreg
	complains "Permission denied"
	says_nothing
}

@test "no registry is made inside of another one's .mreg" {
	new_registry
	state >before
	for dir in .mreg .mreg/new "$PWD/.mreg/objects"; do
		mreg_is 2 init "$dir"
		says_nothing
		complains "inside of a registry"
		mreg_is 2 init -n "$dir"
	done
	mreg_is 2 -C .mreg init x
	diff before <(state)
}
