#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# External references: files of a version whose bytes stay where they are.

load lib

setup_file()
{
	mkdir "$BATS_FILE_TMPDIR/served"
	mkfifo "$BATS_FILE_TMPDIR/port"
	python3 "$MREG_SRCDIR/t/tools/serve.py" "$BATS_FILE_TMPDIR/served" >"$BATS_FILE_TMPDIR/port" 2>"$BATS_FILE_TMPDIR/server.log" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/pid"
	read -r PORT <"$BATS_FILE_TMPDIR/port"
	export PORT
}

teardown_file()
{
	kill "$(<"$BATS_FILE_TMPDIR/pid")" || :
}

setup()
{
	sandbox
	export no_proxy='*'
	new_registry
	served=$BATS_FILE_TMPDIR/served
	requests=$BATS_FILE_TMPDIR/requests
	web=http://127.0.0.1:$PORT
	rm -rf "${served:?}"/*
	: >"$requests"
	echo weights >"$served/w.bin"
	digest=$(digest_of "$served/w.bin")
	mkdir there
	echo local >there/l.bin
	here=file://$PWD/there
}

teardown()
{
	[ -z "${getter-}" ] || kill -9 "$getter" 2>/dev/null || :
}

digest_of()
{
	sha256sum <"$1" | cut -d' ' -f1
}

nobody_asked()
{
	assert_equal "$(cat "$requests")" ""
}

# Of the target, and of what a get makes beside it.
nothing_of()
{
	assert_not_exists "$1"
	assert_equal "$(find . -name '.mreg-get*')" ""
	assert_equal "$(ls -A .mreg/tmp)" ""
}

@test "put --ref records a file without its bytes" {
	mreg_is 0 put m --ref "$here/l.bin"
	says m:v0
	no_complaint
	mreg_is 0 ls --json m:v0
	json '.path == "l.bin" and .kind == "ref" and .size == 6 and .target == "'"$here"'/l.bin" and .digest == "'"$(digest_of there/l.bin)"'"'
	mreg_is 0 ls m:v0
	assert_line --regexp "ref +l.bin +$here/l.bin"
	run grep -c . <(grep -a local .mreg/objects/*.pack)
	assert_output 0
	mreg_is 0 du --json
	json 'lines | .[0].logical == 0 and .[0].unique < 1000'
	mreg_is 0 fsck
}

@test "put --ref keeps the permission to execute" {
	chmod +x there/l.bin
	mreg put -q m --ref "$here/l.bin" >/dev/null
	mreg get -q m -o o >/dev/null
	assert_file_executable o/l.bin
}

@test "--as, --digest and --size belong to the --ref before them, --as to the PATH when that is nearer" {
	echo a >a && echo b >b
	mreg_is 0 put m --ref s3://x/one --as 1 --digest "SHA256:${digest^^}" --size 8 a --as A --ref s3://x/two b --as B --ref "$web/w.bin" --size 9 --as d/3
	nobody_asked
	mreg_is 0 ls --json m:v0
	json 'lines | map([.path, .kind, .size]) == [["1","ref",8],["A","file",2],["B","file",2],["d/3","ref",9],["two","ref",null]]'
	json "lines | .[0].digest == \"$digest\" and .[3].digest == null and .[4].target == \"s3://x/two\""
}

@test "put does not ask the network, and notes that nothing is known of the bytes" {
	mreg_is 0 put m --ref "$web/w.bin" --ref https://host.invalid/x --digest "$digest"
	says m:v0
	nobody_asked
	complains "'$web/w.bin' is recorded without a digest"
	[[ $stderr != *host.invalid* ]]
}

@test "a file that is not there is an error, unless its digest is given" {
	mreg_is 10 put m --ref "$here/none"
	says_nothing
	complains "No such file or directory"
	complains "--digest"
	mreg_is 10 put m --ref "$here"
	complains "no regular file"
	mreg_is 0 put m --ref "$here/none" --digest "$digest"
	mreg_is 7 get m -o o
	complains "there is no such file"
	nothing_of o
}

@test "a file must have the size and digest that are given" {
	mreg_is 7 put m --ref "$here/l.bin" --size 5
	complains "has 6 bytes, and --size says 5"
	mreg_is 7 put m --ref "$here/l.bin" --digest "$digest"
	complains "not what --digest says"
	mreg_is 0 put m --ref "$here/l.bin" --size 6 --digest "$(digest_of there/l.bin)"
}

@test "a version is the same when URI, digest and size are" {
	mreg_is 0 put m --ref s3://b/k --digest "$digest"
	mreg_is 0 put m --ref s3://b/k --digest "$digest"
	says m:v0
	mreg_is 0 put m --ref s3://b/k --digest "$digest" --size 8
	says m:v1
	mreg_is 0 put m --ref 's3://b/k?v=2' --digest "$digest"
	says m:v2
	echo other >there/l.bin
	mreg_is 0 put m --ref "$here/l.bin"
	echo another >there/l.bin
	mreg_is 0 put m --ref "$here/l.bin"
	says m:v4
}

@test "put refuses what is no URI, and what cannot be stored" {
	local uri
	for uri in model.bin /abs/file --output=x -o '' s3: file://host/x file:x "file:///x%00" http:/// "s3://a"$'\e' "$(printf 's3://%04096d' 0)"; do
		mreg_is 2 put m --ref "$uri"
		says_nothing
		complains "invalid URI"
		[[ $stderr != *$'\e'* ]]
	done
	for uri in s3://bucket/dir/ https://host file:///../.. https://h/a%2Fb; do
		mreg_is 2 put m --ref "$uri"
		complains "does not end in a file name"
		complains "--as PATH"
	done
	mreg_is 2 put m --ref s3://b/k --as ../k
	mreg_is 2 put m --ref s3://b/k --as .mreg/format
	mreg_is 2 put m --digest "$digest" --ref s3://b/k
	complains "--digest says more of a --ref"
	mreg_is 2 put m --ref s3://b/k --digest 12
	mreg_is 2 put m --ref s3://b/k --size 1k
	mreg_is 2 put m --ref s3://b/k --size 1 --size 1
	mreg_is 2 put m --ref s3://b/k --as a --as b
	mreg_is 5 put m there --ref s3://b/l.bin
	mreg_is 5 put m --ref s3://b/x --ref s3://c/x
	mreg_is 2 put m
	complains "a PATH, or --ref URI"
	mreg_is 0 ls
	says_nothing
}

@test "a credential in a URI is warned of and not repeated" {
	mreg_is 0 put -q m --ref 'https://me:hunter2@host/x'
	complains "user part"
	[[ $stderr != *hunter2* ]]
	mreg_is 0 put -q m --ref 's3://b/x?versionId=1&X-Amz-Signature=hunter2'
	complains "'X-Amz-Signature' in its query"
	[[ $stderr != *hunter2* ]]
	mreg_is 0 put -q m --ref 'https://host/x?version=1'
	no_complaint
	mreg_is 8 get m:v0 --offline
	[[ $stderr != *hunter2* ]]
}

@test "put -n records nothing" {
	mreg_is 0 put -n m --ref "$here/l.bin"
	says m:v0
	mreg_is 0 ls
	says_nothing
}

@test "get fetches references and checks them, and the directory is the version" {
	echo stored >s
	mreg put -q m s --ref "$here/l.bin" --ref "$web/w.bin" --as d/w.bin --digest "$digest" --ref "$web/moved" --digest "$digest" --size 8 >/dev/null
	mreg_is 0 get m -o o --stamp stamp
	says o
	no_complaint
	assert_equal "$(cat o/s o/l.bin o/d/w.bin o/moved)" "$(printf 'stored\nlocal\nweights\nweights')"
	assert_equal "$(find o -type f | wc -l)" 4
	assert_equal "$(cat stamp)" "$(mreg resolve m)"
	mreg_is 0 verify m o
	says "o is m:v0"
	mreg_is 0 status o
	says m:v0
	mreg_is 0 status --json o
	json '.ref == "m:v0" and .nearest == null'
	echo changed >o/d/w.bin
	mreg_is 1 verify -q m o
	says d/w.bin
	mreg_is 1 status o
	assert_line --regexp 'modified +d/w.bin'
	mreg_is 0 get --json m -o p
	json '.written == 4 and .bytes == 21'
}

@test "get does not fetch what is there" {
	mreg put -q m --ref "$web/w.bin" --digest "$digest" >/dev/null
	mreg get -q m -o o >/dev/null
	: >"$requests"
	mreg_is 0 get --json m -o o
	json '.unchanged == 1 and .written == 0'
	nobody_asked
	mreg_is 0 get m -o o --offline
	echo mine >o/w.bin
	mreg_is 6 get m -o o
	complains w.bin
	nobody_asked
	mreg_is 8 get m -o o --force --offline
	assert_equal "$(cat o/w.bin)" mine
	mreg_is 0 get m -o o --force
	assert_equal "$(cat o/w.bin)" weights
}

@test "a get of the next version fetches what changed, and removes what went" {
	mreg put -q m --ref "$here/l.bin" --ref "$web/w.bin" --digest "$digest" >/dev/null
	mreg get -q m -o o >/dev/null
	echo newer >there/l.bin
	mreg put -q m --ref "$here/l.bin" >/dev/null
	mreg_is 0 get --json m -o o
	json '.written == 1 and .removed == 1'
	assert_equal "$(cat o/l.bin)" newer
	assert_equal "$(ls o)" l.bin
}

@test "what is not what it was is 7, and nothing of the target is made" {
	mreg put -q m --ref "$web/w.bin" --digest "$digest" >/dev/null
	mreg put -q n --ref "$here/l.bin" >/dev/null
	mreg get -q n -o old >/dev/null
	echo Weights >"$served/w.bin"
	mreg_is 7 get m -o o
	says_nothing
	complains "its SHA-256 is"
	nothing_of o
	mreg_is 7 get m -o p/q/o
	assert_not_exists p/q/o
	echo longer >there/l.bin
	mreg_is 7 get n -o o
	complains "it has more than the 6 bytes"
	rm "$served/w.bin"
	mreg_is 7 get m -o o
	complains "HTTP 404"
	nothing_of o
	mreg put -q n there/l.bin --ref "$web/w.bin" --digest "$digest" >/dev/null
	mreg_is 7 get n -o old
	assert_equal "$(cat old/l.bin)" local
	assert_equal "$(ls -A old)" l.bin
	nothing_of o
}

@test "what cannot be reached is 8, and nothing of the target is made" {
	local path
	for path in broken forbidden cut loop to-file to-ftp; do
		mreg put -q "m-$path" --ref "$web/$path" >/dev/null
		mreg_is 8 get "m-$path" -o o
		says_nothing
		complains "cannot fetch '$path' from '$web/$path'"
		nothing_of o
	done
	mreg put -q closed --ref http://127.0.0.1:1/x >/dev/null
	mreg_is 8 get closed -o o
	complains "ailed to connect"
	nothing_of o
}

@test "a FIFO, a device or a directory behind file: is 7 and never waited for" {
	local make
	mreg_is 10 put m --ref file:///dev/zero --digest "$digest"
	mreg put -q m --ref "$here/later" --digest "$digest" >/dev/null
	for make in mkfifo mkdir 'ln -s /dev/zero'; do
		$make there/later
		mreg_is 7 get m -o o
		complains "no regular file"
		nothing_of o
		mreg_is 7 verify m --refs
		rm -r there/later
	done
}

@test "the user's curl settings have no say, nor is the URI an option" {
	printf 'output = pwned\nproto = =file\n' >"$HOME/.curlrc"
	mkdir "$served/-o"
	echo dashed >"$served/-o/--proto=file"
	echo spaced >"$served/{a b}"
	mreg put -q m --ref "$web/-o/--proto=file" --ref "$web/{a b}" >/dev/null
	mreg_is 0 get m -o o
	assert_equal "$(cat 'o/--proto=file' 'o/{a b}')" "$(printf 'dashed\nspaced')"
	assert_equal "$(ls)" "$(printf 'o\nthere')"
}

@test "without a digest get warns, and leaves alone what is there" {
	mreg put -q m --ref "$web/w.bin" >/dev/null
	mreg_is 0 get -q m -o o
	complains "the version knows no digest to check it with"
	: >"$requests"
	mreg_is 0 get m -o o
	complains "'w.bin' was left as it is"
	nobody_asked
	mreg_is 0 verify m o
	mreg_is 0 status o
	says m:v0
	echo moved >"$served/w.bin"
	mreg_is 0 get m -o o --force
	assert_equal "$(cat o/w.bin)" moved
}

@test "a file of another version is not taken for a reference of unknown digest" {
	mreg put -q m there/l.bin >/dev/null
	mreg put -q m --ref "$web/w.bin" --as l.bin >/dev/null
	mreg get -q m:v0 -o o >/dev/null
	mreg_is 0 get m:v1 -o o
	assert_equal "$(cat o/l.bin)" weights
}

@test "without a digest a known size is checked" {
	mreg put -q m --ref "$web/w.bin" --size 8 >/dev/null
	mreg_is 0 get m -o o
	mreg put -q m --ref "$web/w.bin" --size 9 >/dev/null
	mreg_is 7 get m -o p
	complains "it has 8 bytes, and the version says 9"
}

@test "get names the helper that an unknown scheme needs, and fetches nothing else" {
	mreg put -q m --ref "$web/w.bin" --digest "$digest" --ref s3://b/zzz --digest "$digest" >/dev/null
	mreg_is 8 get m -o o
	complains "mreg-remote-s3 is missing"
	nobody_asked
	nothing_of o
	mreg_is 8 get -n m -o o
	mreg_is 0 get m -o o --exclude zzz
	assert_equal "$(ls o)" w.bin
}

@test "get --offline reads file: and refuses the network" {
	mreg put -q m --ref "$here/l.bin" >/dev/null
	mreg put -q n --ref "$web/w.bin" --digest "$digest" >/dev/null
	mreg_is 0 get m --offline
	mreg_is 8 get n --offline
	complains "--offline forbids the network"
	nothing_of n
	nobody_asked
}

@test "without curl http is 8 and says what to install" {
	mreg put -q m --ref "$web/w.bin" --digest "$digest" >/dev/null
	run --separate-stderr -8 env PATH="$BATS_TEST_TMPDIR/bin" mreg get m -o o
	complains "cannot run 'curl'"
	complains "install it"
	nothing_of o
}

@test "cat fetches, and writes nothing before all is checked" {
	mreg put -q m --ref "$web/w.bin" --digest "$digest" --ref "$here/l.bin" >/dev/null
	mreg_is 0 cat m w.bin
	says weights
	mreg_is 0 cat m l.bin
	says local
	mreg_is 0 cat --json m l.bin
	json '.kind == "ref"'
	head -c 1000000 /dev/zero >"$served/w.bin"
	mreg_is 7 cat m w.bin
	says_nothing
	echo Local >there/l.bin
	mreg_is 7 cat m l.bin
	says_nothing
	assert_equal "$(ls -A .mreg/tmp)" ""
}

@test "verify leaves references alone, verify --refs asks all of them" {
	echo stored >s
	mreg put -q m s --ref "$here/l.bin" --ref "$web/w.bin" --digest "$digest" --size 8 >/dev/null
	mreg_is 0 verify m
	says "m:v0 is sound: 1 file, 7 B"
	complains "2 external references were not looked at"
	nobody_asked
	mreg_is 0 verify m --refs
	says "m:v0 is sound: 1 file, 7 B; 2 of 2 external references as they were"
	no_complaint
	mreg_is 0 verify --json m --refs
	json '.ok and .files == 1 and .references == 2 and .references_checked == 2 and .problems == []'
	mreg_is 2 verify m there --refs
}

@test "verify --refs names what drifted and what is gone, status 7" {
	mreg put -q m --ref "$here/l.bin" --ref "$web/w.bin" --digest "$digest" --ref "$web/w.bin" --as n --size 8 --ref "$web/w.bin" --as e >/dev/null
	mreg_is 0 verify -q m --refs
	echo LOCAL >there/l.bin
	echo Weights! >"$served/w.bin"
	mreg_is 7 verify m --refs
	assert_line --regexp '^drifted +l.bin  its SHA-256 is'
	assert_line --regexp '^drifted +w.bin  its SHA-256 is'
	assert_line --regexp '^drifted +n  it has more than the 8 bytes'
	complains "3 external references of 'm:v0' are not what they were"
	rm "$served/w.bin" there/l.bin
	mreg_is 7 verify --json m --refs
	json '.ok == false and (.problems | map(.kind) == ["gone", "gone", "gone", "gone"])'
	mreg put -q gone --ref "$web/closed-for-good" >/dev/null
	mreg_is 7 verify gone --refs
}

@test "verify --refs without a digest asks for the size alone, where the server tells it" {
	mreg put -q m --ref "$web/w.bin" --size 8 >/dev/null
	mreg_is 0 verify m --refs
	assert_equal "$(cat "$requests")" "HEAD /w.bin"
	mreg put -q n --ref "$web/get-only" --size 10 --ref "$web/without-length" --size 10 --ref "$web/moved" --size 8 >/dev/null
	mreg_is 0 verify n --refs
	mreg put -q n --ref "$web/get-only" --size 9 --ref "$web/without-length" --size 11 --ref "$web/moved" --size 3 >/dev/null
	mreg_is 7 verify -q n --refs
	says get-only moved without-length
}

@test "verify --refs is 8 when nobody can say, and 7 when something is known to be wrong" {
	mreg put -q m --ref "$web/broken" --ref s3://b/k >/dev/null
	mreg_is 8 verify m --refs
	assert_line --regexp '^unreachable +broken'
	assert_line --regexp '^unchecked +k  .*mreg-remote-s3 is missing'
	complains "2 external references of 'm:v0' could not be checked"
	mreg_is 8 verify --json m --refs
	json '.references_checked == 0 and .ok == false'
	mreg put -q m --ref "$web/broken" --ref "$web/nothing" >/dev/null
	mreg_is 7 verify m --refs
}

@test "a registered model gives the references of the versions that are linked into it" {
	mreg_is 0 put m --ref "$here/l.bin" --link models:staging
	mreg_is 0 get models:staging -o o
	assert_equal "$(cat o/l.bin)" local
	mreg_is 0 verify models:staging o
	mreg_is 0 verify models:staging --refs
	mreg_is 0 status o
	assert_line models:v0
	assert_line m:v0
}

@test "a put of a directory that was got makes plain files" {
	mreg put -q m --ref "$here/l.bin" >/dev/null
	mreg get -q m -o o >/dev/null
	mreg_is 0 put m o
	says m:v1
	mreg_is 0 ls --json m:v1
	json '.kind == "file"'
	rm there/l.bin
	mreg_is 0 cat m l.bin
	says local
}

@test "a signal ends the get, its curl, and what it has made" {
	mkfifo "$BATS_FILE_TMPDIR/pipe"
	mreg put -q m --ref "$web/hang/pipe" --digest "$digest" >/dev/null
	mreg get m -o o >out 2>err 3>&- &
	getter=$!
	exec 4<"$BATS_FILE_TMPDIR/pipe"
	read -r answer <&4
	assert_equal "$answer" waits
	kill -TERM "$getter"
	wait "$getter" || result=$?
	assert_equal "$result" 143
	read -r answer <&4
	assert_equal "$answer" gone
	rm out err
	nothing_of o
}
