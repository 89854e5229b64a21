#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg get: versions become directories.

load lib

setup()
{
	sandbox
	digits_registry
}

@test "get writes the version byte for byte and prints the path alone" {
	mreg_is 0 get digits:v2
	says digits
	no_complaint
	same_tree "$DIGITS/epoch-3" digits
}

@test "get -o prints the path as it was given" {
	mreg_is 0 get digits:v0 -o ./some/where/
	says ./some/where/
	same_tree "$DIGITS/epoch-1" some/where
}

@test "get of a bare name is the latest, of an alias what it names" {
	mreg alias -q digits:v1 best
	mreg get -q digits -o latest
	mreg get -q digits:best -o best
	mreg get -q digits:LATEST -o again
	same_tree "$DIGITS/epoch-5" latest
	same_tree "$DIGITS/epoch-2" best
	same_tree "$DIGITS/epoch-5" again
}

@test "get by digest prefix" {
	local digest
	digest=$(mreg resolve digits:v3)
	mreg get -q "digits@${digest:0:8}" -o here
	same_tree "$DIGITS/epoch-4" here
	mreg_is 2 get digits@123
	mreg_is 4 get digits@00000000
}

@test "get of several references writes NAME-vN each" {
	mreg_is 0 get digits:v0 digits:v1 -o out
	says out/digits-v0 out/digits-v1
	same_tree "$DIGITS/epoch-2" out/digits-v1
	run --separate-stderr -0 bash -c 'mreg ls -q digits | head -2 | mreg get - -o piped'
	says piped/digits-v4 piped/digits-v3
}

@test "get of several with one wrong name writes none" {
	mreg_is 4 get digits:v0 digits:v9 -o out
	says_nothing
	assert_not_exists out
	assert_not_exists digits
}

@test "get --json tells what was written" {
	mreg_is 0 get --json digits:v0 -o out
	json '.format == 1 and .ref == "digits:v0" and .path == "out" and .written == 4 and .unchanged == 0 and .removed == 0'
	mreg_is 0 get --json digits:v0 -o out
	json '.written == 0 and .unchanged == 4 and .bytes == 0'
}

@test "get of an unknown name is 3 with the nearest, of an unknown alias 4 with those there are" {
	mreg alias -q digits:v1 best
	mreg_is 3 get digts
	complains "Did you mean 'digits'"
	says_nothing
	mreg_is 4 get digits:bset
	complains "digits:best"
	mreg_is 4 get digits:v17
	complains "The latest is v4"
	assert_not_exists digits
	assert_not_exists digts
}

@test "get into its own directory replaces, removes and leaves the rest alone" {
	mkdir a b
	echo one >a/same && echo old >a/changes && echo gone >a/goes && mkdir a/dir && echo x >a/dir/file
	echo one >b/same && echo new >b/changes && echo fresh >b/comes
	mreg put -q m a
	mreg put -q m b
	mreg get -q m:v0 -o t
	echo mine >t/mine
	touch -d 2001-01-01 t/same
	mreg_is 0 get --json m:v1 -o t
	json '.written == 2 and .removed == 2 and .unchanged == 1'
	assert_equal "$(stat -c %Y t/same)" "$(date -d 2001-01-01 +%s)"
	assert_equal "$(cat t/mine)" mine
	rm t/mine
	same_tree b t
	mreg get -q m:v0 -o t
	same_tree a t
}

@test "get refuses to overwrite a foreign or modified file, naming it, and changes nothing" {
	mreg get -q digits:v0 -o t
	echo edited >t/labels.txt
	cp -r t before
	mreg_is 6 get digits:v1 -o t
	complains labels.txt
	complains --force
	same_tree before t
	mreg_is 0 get digits:v1 -o t --force
	same_tree "$DIGITS/epoch-2" t
}

@test "get keeps foreign files, --exact removes them" {
	mkdir -p t/sub
	echo mine >t/sub/mine
	mreg get -q digits:v0 -o t
	assert_exists t/sub/mine
	mreg_is 0 get --json digits:v0 -o t --exact
	json '.removed == 1'
	same_tree "$DIGITS/epoch-1" t
}

@test "get never writes through a link that was there" {
	mkdir outside t
	mkdir -p src/sub && echo x >src/sub/file
	mreg put -q m src
	ln -s ../outside t/sub
	mreg_is 6 get m -o t
	complains sub
	assert_equal "$(ls outside)" ""
	mreg_is 0 get m -o t --force
	assert_equal "$(ls outside)" ""
	same_tree src t
	rm -r t/sub && mkdir t/sub
	echo victim >victim
	ln -s ../../victim t/sub/file
	mreg_is 6 get m -o t
	mreg_is 0 get m -o t --force
	assert_equal "$(cat victim)" victim
	same_tree src t
}

@test "a folder in the way of a file, and a file in the way of a folder" {
	mkdir a b
	mkdir a/x && echo 1 >a/x/y
	echo 2 >b/x
	mreg put -q m a
	mreg put -q m b
	mreg get -q m:v0 -o t
	mreg get -q m:v1 -o t
	same_tree b t
	mreg get -q m:v0 -o t
	same_tree a t
	echo foreign >t/x/z
	mreg_is 6 get m:v1 -o t
	complains x/z
	mreg_is 0 get m:v1 -o t --force
	same_tree b t
}

@test "get restores the exec bit both ways" {
	mkdir a && echo x >a/f
	mreg put -q m a
	chmod +x a/f
	mreg put -q m a
	mreg get -q m:v0 -o t
	assert [ ! -x t/f ]
	mreg get -q m:v1 -o t
	assert_file_executable t/f
	mreg get -q m:v0 -o t
	assert [ ! -x t/f ]
}

@test "get into the registry's own directory leaves .mreg alone" {
	cp -r .mreg/objects ../before
	touch foreign
	mreg_is 0 get digits:v0 -o . --exact
	mreg_is 0 fsck
	assert_not_exists foreign
	assert_exists labels.txt
	diff -r ../before .mreg/objects
}

@test "get --include and --exclude" {
	mreg get -q digits:v0 -o t --include '*.json' --exclude config.json
	assert_equal "$(ls t)" metrics.json
	mreg get -q digits:v1 -o t --include '*.txt'
	assert_equal "$(ls t)" "labels.txt
metrics.json"
	mreg_is 0 get digits:v1 -o none --include '*.jsn'
	complains "note: no file of 'digits:v1' is wanted by --include and --exclude"
}

@test "get --stamp writes the digest only when it moved" {
	mreg get -q digits:v0 -o t --stamp stamp
	assert_equal "$(cat stamp)" "$(mreg resolve digits:v0)"
	touch -d 2001-01-01 stamp
	mreg get -q digits:v0 -o t --stamp stamp
	assert_equal "$(stat -c %Y stamp)" "$(date -d 2001-01-01 +%s)"
	mreg get -q digits:v1 -o t --stamp stamp
	assert_equal "$(cat stamp)" "$(mreg resolve digits:v1)"
	mreg_is 2 get digits:v0 digits:v1 --stamp stamp
}

@test "get onto a file is refused" {
	echo x >file
	mreg_is 6 get digits -o file
	complains "no directory"
	assert_equal "$(cat file)" x
}

@test "get of damaged bytes is 7 and creates no target" {
	damage "$(largest_pack)" 5000
	mreg_is 7 get digits:v0 -o t
	complains damaged
	assert_not_exists t
	assert_equal "$(find . -maxdepth 1 -name '*mreg-get*')" ""
}

@test "get of damaged bytes into a directory changes nothing in it" {
	mreg get -q digits:v1 -o t
	cp -r t before
	damage "$(largest_pack)" 5000
	mreg_is 7 get digits:v0 -o t
	same_tree before t
}

@test "get honours the umask" {
	umask 077
	mreg get -q digits -o t
	assert_equal "$(stat -c %a t/labels.txt)" 600
	assert_equal "$(stat -c %a t)" 700
}

@test "get - writes NAME-vN even for one reference" {
	run --separate-stderr -0 bash -c 'echo digits:v1 | mreg get -'
	says digits-v1
	no_complaint
}

# Runs mreg, which is to end with 5, on a file system that seems to fold case.
folding()
{
	"${CC:-cc}" -shared -fPIC -o "$BATS_TEST_TMPDIR/fold.so" "$MREG_SRCDIR/t/tools/fold-case.c" -ldl
	run --separate-stderr -5 env "ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-}" "LD_PRELOAD=$BATS_TEST_TMPDIR/fold.so" mreg "$@"
}

@test "get refuses names that differ only in case where the file system folds case, and writes nothing" {
	mkdir tree
	echo a >tree/Readme
	echo b >tree/README
	mreg put -q m tree
	folding get m -o t
	says_nothing
	complains "'README' and 'Readme' differ only in case"
	assert_not_exists t
	mkdir t && echo x >t/x
	folding get m -o t
	assert_equal "$(ls -A t)" x
}

@test "get --stamp that cannot be written is 10 before anything is written" {
	mreg_is 10 get digits:v0 -o t --stamp nowhere/stamp
	complains nowhere/stamp
	assert_not_exists t
	mkdir stamp
	mreg_is 10 get digits:v0 -o t --stamp stamp
	assert_not_exists t
}

@test "get -n tells what would be done and does nothing" {
	mreg_is 0 get -n digits:v0 -o t
	says t
	complains "dry run: nothing was written; 4 would be written, 0 removed, 0 stay"
	assert_not_exists t
	mreg get -q digits:v0 -o t
	touch -d 2001-01-01 t/*
	cp -a t before
	mreg_is 0 get -n --json digits:v1 -o t --stamp stamp
	json '.written == 2 and .unchanged == 2 and .removed == 0'
	assert_not_exists stamp
	echo x >t/mine
	mreg_is 0 get -n --json digits:v1 -o t --exact
	json '.removed == 1'
	complains "'mine' would be removed"
	rm t/mine
	same_tree before t
	echo edited >t/metrics.json
	mreg_is 6 get -n digits:v1 -o t
}

@test "get writes nothing into a registry, whatever its options" {
	find .mreg -type f ! -path '*/index/*' ! -name lock -exec sha256sum {} + | sort >../before
	ln -s .mreg link
	mreg_is 6 get digits -o .mreg --exact --force
	complains "inside a registry"
	mreg_is 6 get digits -o .mreg/objects/new
	mreg_is 6 get digits -o link --exact
	mreg_is 6 get digits -o link/new
	find .mreg -type f ! -path '*/index/*' ! -name lock -exec sha256sum {} + | sort | diff ../before -
	assert_not_exists .mreg/objects/new
	mreg_is 0 fsck
	mreg_is 2 get digits -o ''
}

@test "a FIFO or a socket in the way is foreign" {
	mkdir -p a/sub a/empty t
	echo x >a/f && echo y >a/sub/g
	mreg put -q m a
	mkfifo t/f t/sub t/empty t/free
	mreg_is 6 get m -o t
	complains "'empty', 'f', 'sub'"
	assert_equal "$(find t -type p | wc -l)" 4
	mreg_is 0 get m -o t --force
	assert [ -p t/free ]
	mreg_is 0 get m -o t --exact
	same_tree a t
}

@test "what --include and --exclude leave out is foreign when it is in the way" {
	mkdir -p a/sub t/f
	echo x >a/f && echo y >a/sub/g
	mreg put -q m a
	echo mine >t/sub
	echo mine >t/f/mine
	cp -r t before
	mreg_is 6 get m -o t --include sub/g
	complains "'sub'"
	mreg_is 6 get m -o t --include f
	complains "'f/mine'"
	mreg_is 6 get m -o t --exclude sub --exclude mine
	same_tree before t
	mreg_is 0 get m -o t --include sub/g --force
	assert_equal "$(cat t/sub/g t/f/mine)" "y
mine"
	mreg_is 0 get m -o t --force
	same_tree a t
}

@test "a registry or a directory that cannot be read stays, and is refused in the way" {
	mkdir -p a/sub t/closed t/f
	echo x >a/f && echo y >a/sub/g
	mreg put -q m a
	mreg init -q t/f
	chmod 0 t/closed
	run --separate-stderr -6 without_root_rights mreg get m -o t --force
	complains "t/f/.mreg"
	assert_equal "$(cd t && printf '%s ' *)" "closed f "
	rm -r t/f && mkdir t/sub && chmod 0 t/sub
	run --separate-stderr -6 without_root_rights mreg get m -o t --force
	complains "t/sub"
	assert_not_exists t/f
	chmod 755 t/sub
	run --separate-stderr -0 without_root_rights mreg get m -o t
	assert_equal "$(cat t/f t/sub/g)" "x
y"
	run --separate-stderr -10 without_root_rights mreg get m -o t --exact
	complains t/closed
	chmod 755 t/closed
}

@test "get into a directory that may not be written says so, and the next finishes" {
	mkdir -p a/sub b/sub
	echo 1 >a/sub/f && echo 2 >b/sub/f
	mreg put -q m a
	mreg put -q m b
	mreg get -q m:v0 -o t
	chmod 555 t/sub
	run --separate-stderr -10 without_root_rights mreg get m:v1 -o t
	complains "cannot write 'sub/f': Permission denied"
	same_tree a t
	chmod 755 t/sub
	mreg_is 0 get m:v1 -o t
	same_tree b t
	chmod 555 t
	run --separate-stderr -10 without_root_rights mreg get m:v0 -o t
	complains "cannot make a directory in 't': Permission denied"
	chmod 755 t
	same_tree b t
}

@test "get --stamp inside the new target" {
	mreg_is 0 get digits:v0 -o out/t --stamp out/t/stamp
	assert_equal "$(cat out/t/stamp)" "$(mreg resolve digits:v0)"
}
