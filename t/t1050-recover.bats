#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/recover.py: a second reader of the formats, that restores versions without mreg.

load lib

setup()
{
	sandbox
	digits_registry
	mreg alias -q digits:v1 best >number
	# beside plain files: large ones, empty ones, links, exec bits, folders and any byte in a name
	mkdir -p odd/empty odd/sub
	: >odd/nothing
	echo '#!/bin/sh' >odd/sub/run
	chmod 755 odd/sub/run
	ln -s sub/run odd/run
	echo 1 >"odd/$(printf 'new\nline \\ \377')"
	python3 -c 'import random; random.seed(7); print(random.randbytes(6000000).hex())' >odd/large
	mreg put -q odd odd -a best >number
}

# numbers DIR: files whose chunks are stored as byte planes of every kind, with odd tails.
numbers()
{
	python3 - "$1" <<-'EOF'
		import random, struct, sys
		random.seed(8)
		float32 = [struct.pack("<f", random.gauss(0, 0.03)) for _ in range(50000)]
		half = [struct.pack("<e", random.gauss(0, 0.03)) for _ in range(50000)]
		files = {"fp32": float32, "bf16": [f[2:] for f in float32], "fp16": half,
		         "int32": [struct.pack("<i", random.randrange(-3, 70000)) for _ in range(50000)],
		         "int64": [struct.pack("<q", random.randrange(50000)) for _ in range(50000)]}
		for name, values in files.items():
		    with open(sys.argv[1] + "/" + name, "wb") as f:
		        f.write(b"".join(values) + b"x")
	EOF
}

# recover_is STATUS ARG…: with no index to lean on.
recover_is()
{
	local status_wanted=$1
	shift
	run --separate-stderr "-$status_wanted" python3 "$MREG_SRCDIR/contrib/recover.py" "$@"
}

only_packs_and_journal()
{
	rm -r .mreg/index .mreg/config .mreg/lock .mreg/tmp .mreg/hooks
	rm -f .mreg/objects/multi-pack
}

@test "recover restores every version byte for byte from packs and journal alone" {
	local n
	only_packs_and_journal
	for n in 1 2 3 4 5; do
		recover_is 0 . restore "digits:v$((n - 1))" "t$n"
		says "t$n: 4 of 4 entries restored"
		no_complaint
		same_tree "$DIGITS/epoch-$n" "t$n"
	done
	recover_is 0 .mreg restore odd:best odd-back
	no_complaint
	same_tree odd odd-back
	assert_not_exists .mreg/index
}

@test "recover joins byte planes of every kind" {
	mkdir weights
	numbers weights
	mreg put -q weights weights >number
	only_packs_and_journal
	recover_is 0 . restore weights back
	no_complaint
	same_tree weights back
}

@test "recover takes a bare name, an alias, a number and a digest" {
	local digest
	digest=$(mreg resolve digits:v2)
	only_packs_and_journal
	recover_is 0 . restore digits latest
	same_tree "$DIGITS/epoch-5" latest
	recover_is 0 . restore digits:best best
	same_tree "$DIGITS/epoch-2" best
	recover_is 0 . restore "digits@${digest:0:12}" at
	same_tree "$DIGITS/epoch-3" at
	recover_is 0 . restore "${digest:0:8}" by-digest
	same_tree "$DIGITS/epoch-3" by-digest
}

@test "recover agrees with mreg on numbers, digests and aliases" {
	local i
	mreg put -q digits "$DIGITS/epoch-1" -a best -a same >number
	for i in 0 1 2 3 4; do
		mreg resolve "digits:v$i" >>digests
	done
	recover_is 0 . list
	no_complaint
	assert_equal "$(sed -n '/^digits/,/^odd/p' <<<"$output" | grep -o 'digest [0-9a-f]*' | head -5 | cut -d' ' -f2)" "$(cat digests)"
	grep -q '^  v0 .* best same$' <<<"$output"
	grep -q '^digits  artifact of type model$' <<<"$output"
}

@test "recover checks everything" {
	only_packs_and_journal
	recover_is 0 . check
	[[ $output == "6 packs, "*" 7 journal lines, 6 versions: all is well" ]]
	no_complaint
}

@test "recover finds versions when the journal is gone" {
	local digest
	digest=$(mreg resolve digits:v2)
	rm .mreg/journal
	recover_is 1 . list --scan
	[[ $output == *"not in the journal  digest $digest "*" put as digits at 2026-01-02T03:04:05Z"* ]]
	assert_equal "$(grep -c 'put as digits' <<<"$output")" 5
	assert_equal "$(grep -c 'put as odd' <<<"$output")" 1
	complains journal
	recover_is 1 . restore "$digest" back
	same_tree "$DIGITS/epoch-3" back
}

@test "recover reads past a damaged line" {
	damage .mreg/journal $(($(head -1 .mreg/journal | wc -c) + 100))
	recover_is 1 . list
	complains "journal: offset"
	[[ $output == *"  v0 "* && $output == *"  v2 "* && $output != *"  v1 "* ]]
	recover_is 1 . restore digits:v3 back
	same_tree "$DIGITS/epoch-4" back
}

@test "recover leaves a torn end out" {
	printf 'half a line' >>.mreg/journal
	recover_is 0 . list
	complains "torn"
	recover_is 0 . restore digits back
	same_tree "$DIGITS/epoch-5" back
}

@test "recover refuses damaged bytes, names the file, and restores the rest" {
	damage "$(largest_pack)" 100000
	recover_is 1 . restore odd back
	complains "large: "
	says "back: 5 of 6 entries restored"
	assert_not_exists back/large
	assert_equal "$(cat back/sub/run)" '#!/bin/sh'
	recover_is 1 . check
	complains "odd:v0"
	recover_is 0 . restore digits fine
	same_tree "$DIGITS/epoch-5" fine
}

@test "recover scans the records of a pack whose table or trailer is damaged" {
	local packs pack
	packs=$(echo .mreg/objects/*.pack)
	for pack in $packs; do
		damage "$pack" $(($(stat -c %s "$pack") - 20))
	done
	mreg_is 7 get digits -o t
	recover_is 1 . restore digits:v0 first
	complains "its records are scanned instead"
	same_tree "$DIGITS/epoch-1" first
	recover_is 1 . restore odd odd-back
	same_tree odd odd-back
}

@test "recover never writes over anything" {
	mkdir full
	echo mine >full/file
	recover_is 2 . restore digits full
	says_nothing
	complains "no empty directory"
	assert_equal "$(ls full)" file
	recover_is 2 . restore digits .mreg/objects/new
	assert_not_exists .mreg/objects/new
	recover_is 2 . restore digits
	recover_is 2 nowhere list
	recover_is 1 . restore unknown t
	complains "names no version"
}

@test "recover changes nothing in the registry" {
	find .mreg -type f -exec sha256sum {} + | sort >before
	recover_is 0 . list --scan
	recover_is 0 . check
	recover_is 0 . restore digits t
	find .mreg -type f -exec sha256sum {} + | sort >after
	diff before after
}
