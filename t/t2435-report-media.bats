#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# report --media: pictures of versions, and of what was made with them.

load lib

setup()
{
	sandbox
	new_registry
	mkdir -p p/sub
	printf '\211PNG\r\n\032\n0123456789' >p/a.png
	printf '\377\330\377\340 0123456789' >p/sub/b.jpg
	printf 'GIF89a0123456789' >p/c.gif
	printf 'RIFF0000WEBPVP8 ' >p/d.bin
}

# media [ARG…]: what is shown of the versions of p, the newest first.
media()
{
	mreg_is 0 report --json p "$@"
	run -0 jq -c '[.collections[0].versions[].media[] | [.ref, .path, .type, .size]]' <<<"$output"
}

@test "pictures are known by what is in them, whatever they are called" {
	mreg put -q p p >/dev/null
	media --media '**'
	says '[["p:v0","a.png","image/png",18],["p:v0","c.gif","image/gif",16],["p:v0","d.bin","image/webp",16],["p:v0","sub/b.jpg","image/jpeg",15]]'
	media
	says '[]'
}

@test "what only says that it is a picture is none" {
	rm -r p/*
	echo '<script>alert(1)</script>' >p/evil.png
	echo '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>' >p/evil.svg
	printf '\211PNG' >p/short.png
	: >p/empty.png
	printf 'RIFF0000WAVEfmt ' >p/sound.webp
	mreg put -q p p >/dev/null
	media --media '**'
	says '[]'
	no_complaint
}

@test "the pattern is as in get --include" {
	mreg put -q p p >/dev/null
	media --media '*.png'
	says '[["p:v0","a.png","image/png",18]]'
	media --media sub
	says '[["p:v0","sub/b.jpg","image/jpeg",15]]'
	media --media 'sub/*.png'
	says '[]'
}

@test "pictures are in the page itself" {
	mreg put -q p p >/dev/null
	mreg report -q --media '*.png' -o r.html >/dev/null
	grep -qF "data:image/png;base64,$(base64 -w0 p/a.png)" r.html
	mreg report -q -o r.html >/dev/null
	[ "$(grep -cF 'data:image' r.html)" = 0 ]
}

@test "a picture that is too large is left out with a note" {
	head -c $((2 * 1024 * 1024 - 18)) /dev/zero >>p/a.png
	mreg put -q p p >/dev/null
	printf x >>p/a.png
	mreg put -q p p >/dev/null
	mreg_is 0 report --json --media '*.png'
	complains 'note: 1 file was left out: a picture has at most 2 MiB, all together 32 MiB'
	json '[.collections[0].versions[].media[] | [.ref, .size]] == [["p:v0", 2097152]]'
	mreg_is 0 report --json -q --media '*.png'
	no_complaint
}

@test "all pictures together are bounded, and the newest versions come first" {
	mkdir many
	head -c $((2 * 1024 * 1024 - 18)) /dev/zero >>p/a.png
	for i in 1 2 3 4 5 6 7 8 9; do cp p/a.png "many/$i.png"; done
	mreg put -q p many >/dev/null
	echo >many/other
	mreg put -q p many >/dev/null
	mreg_is 0 report --json --media '*.png'
	complains '2 files were left out'
	json '[.collections[0].versions[] | [.number, (.media | length)]] == [[1, 9], [0, 7]]'
}

@test "a damaged picture is left out with a warning, and the rest is shown" {
	local pack offset
	head -c 100000 /dev/urandom >>p/a.png
	mreg put -q p p >/dev/null
	read -r pack offset < <(record_of "$(sha256sum <p/c.gif | cut -c1-64)")
	damage "$pack" "$offset"
	mreg_is 0 report --json --media '**'
	complains "warning: 1 picture is not in the report: 'p:v0': "
	json '[.collections[0].versions[].media[].path] == ["a.png", "d.bin", "sub/b.jpg"]'
}

@test "pictures that are elsewhere are fetched, and left out with a warning when they cannot be" {
	mreg put -q p p >/dev/null
	mreg clone -q --metadata-only . ../far >/dev/null
	cd ../far || return
	mreg_is 0 report --json --offline --media '*.*'
	complains "warning: 4 pictures are not in the report: 'p:v0': "
	mreg_is 0 report --json --offline --media '*.png'
	complains "warning: 1 picture is not in the report: 'p:v0': "
	json '.collections[0].versions[0].media == []'
	media --media '*.png'
	says '[["p:v0","a.png","image/png",18]]'
}

@test "pictures that are not asked for any more are left out for the same reason" {
	MREG_RUN=$(mreg run start -q --no-git)
	export MREG_RUN
	printf '%s\n' '{"loss":2}' '{"loss":1}' | mreg run log -q -
	mreg put -q p p >/dev/null
	mreg run finish -q >/dev/null
	unset MREG_RUN
	mreg clone -q --metadata-only . ../far >/dev/null
	cd ../far || return
	mreg_is 0 report --json --offline --media '*.png'
	complains "warning: the metrics of 1 run are not drawn in the report: 'r-"
	complains "warning: 1 picture is not in the report: 'r-"
}

@test "external references are not fetched for a report" {
	mreg put -q p --ref "file://$PWD/p/a.png" >/dev/null
	media --media '*.png'
	says '[]'
}
