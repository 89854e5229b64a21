#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mreg resolve: what a reference means.

load lib

setup()
{
	sandbox
	digits_registry
	mreg alias -q digits:v2 best
}

@test "resolve prints the digest" {
	local digest
	mreg_is 0 resolve digits:v2
	digest=$output
	[[ $digest =~ ^[0-9a-f]{64}$ ]]
	mreg_is 0 resolve digits:best
	says "$digest"
	mreg_is 0 resolve "digits@${digest:0:12}"
	says "$digest"
	mreg_is 0 resolve "digits@${digest^^}"
	says "$digest"
}

@test "the digest is the SHA-256 of the manifest, and the same on every machine" {
	mreg_is 0 resolve digits:v2
	says "$(manifest_of "$DIGITS/epoch-3" | sha256sum | cut -d' ' -f1)"
}

# mreg-manifest(5), by other tools
manifest_of()
{
	echo "mreg-manifest 1"
	(cd "$1" && for f in *; do echo "file 0644 $(stat -c %s "$f") $(sha256sum "$f" | cut -d' ' -f1) $f"; done)
}

@test "resolve --name prints the version" {
	mreg_is 0 resolve --name digits:best
	says digits:v2
	mreg_is 0 resolve --name digits
	says digits:v4
	mreg_is 0 resolve --name digits:latest
	says digits:v4
}

@test "resolve --json tells all of it" {
	mreg_is 0 resolve --json digits:best
	json '.format == 1 and .ref == "digits:v2" and .number == 2 and .type == "model" and (.version | length) == 64 and .digest != .version'
}

@test "resolve of what is not there" {
	mreg_is 3 resolve digit
	complains "Did you mean 'digits'"
	says_nothing
	mreg_is 3 resolve Digits
	complains "Did you mean 'digits'"
	mreg_is 4 resolve digits:v5
	mreg_is 4 resolve digits:beste
	complains "Did you mean 'digits:best'"
	mreg_is 4 resolve digits@ffffffff
}

@test "resolve of what is no reference is 2" {
	local ref
	for ref in '' : digits: :v1 digits:v1:v2 digits@ digits@12 digits@xyzxyzxyz digits:.hidden 'a@b c' $'digits:\e[31m' a/b/c/d; do
		mreg_is 2 resolve "$ref"
		says_nothing
		[[ $stderr != *$'\e'* ]]
	done
	mreg_is 2 resolve
	mreg_is 2 resolve digits:v0 digits:v1
}

@test "a digest prefix of several contents is refused, of equal contents it is not" {
	# two contents whose manifests' digests begin with the same eight digits
	printf 38779 | mreg put -q m - --as f
	printf 108235 | mreg put -q m - --as f
	mreg_is 2 resolve m@78a90a28
	complains "ambiguous"
	complains "more digits"
	mreg_is 0 resolve --name "m@$(mreg resolve m:v0)"
	says m:v0
	printf 38779 | mreg put -q m - --as f --new-version
	mreg_is 0 resolve --name "m@$(mreg resolve m:v0)"
	says m:v2
}
