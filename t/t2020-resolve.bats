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

# m:best was v0 on January 4, v1 on 5, nothing on 7, v0 on 9; m has v0 since 3, v1 since 5.
past()
{
	echo 1 >f
	MREG_NOW=2026-01-03T12:00:00Z mreg put -q m f
	MREG_NOW=2026-01-04T12:00:00Z mreg alias -q m:v0 best
	echo 2 >f
	MREG_NOW=2026-01-05T12:00:00Z mreg put -q m f -a best
	MREG_NOW=2026-01-07T12:00:00Z mreg alias -q -d m:best
	MREG_NOW=2026-01-09T12:00:00Z mreg alias -q m:v0 best
}

@test "resolve --at tells what an alias meant then" {
	past
	mreg_is 0 resolve --name m:best --at 2026-01-04T12:00:00Z
	says m:v0
	mreg_is 0 resolve --name m:best --at 2026-01-05T11:59:59Z
	says m:v0
	mreg_is 0 resolve --name m:best --at 2026-01-06
	says m:v1
	mreg_is 0 resolve --name m:best --at 2026-01-10
	says m:v0
	mreg_is 0 resolve --json m:best --at 2026-01-06
	json '.ref == "m:v1" and .at == "2026-01-06T00:00:00Z" and .removed == false and .type == "model"'
	json '.digest == "'"$(mreg resolve m:v1)"'"'
	mreg_is 0 resolve m:best --at 2026-01-06
	says "$(mreg resolve m:v1)"
	MREG_NOW=2026-01-08T13:00:00Z mreg_is 0 resolve --name m:best --at 2d
	says m:v1
	no_complaint
}

@test "resolve --at of an alias that was not set then is 4 and says when it was" {
	past
	mreg_is 4 resolve m:best --at 2026-01-04
	says_nothing
	complains "'m:best' was not set at 2026-01-04T00:00:00Z"
	complains "It was first set at 2026-01-04T12:00:00Z."
	mreg_is 4 resolve m:best --at 2026-01-08
	complains "'mreg history m --alias best' tells when it was."
	mreg_is 4 resolve m:nosuch --at 2026-01-08
	complains "'m' has no alias 'nosuch'"
	mreg_is 4 resolve m:BEST --at 2026-01-06
}

@test "resolve --at knows the versions that there were then" {
	past
	mreg_is 0 resolve --name m --at 2026-01-05
	says m:v0
	mreg_is 0 resolve --name m:latest --at 2026-01-06
	says m:v1
	mreg_is 0 resolve --name m:v1 --at 2026-01-06
	says m:v1
	mreg_is 4 resolve m:v1 --at 2026-01-05
	complains "'m:v1' was not there yet at 2026-01-05T00:00:00Z"
	complains "It came at 2026-01-05T12:00:00Z."
	mreg_is 4 resolve m --at 2026-01-03
	complains "'m' had no version at 2026-01-03T00:00:00Z"
	complains "Its first came at 2026-01-03T12:00:00Z."
	mreg_is 4 resolve m:v7 --at 2026-01-06
	complains "'m' has no version v7"
	mreg_is 0 resolve --name "m@$(mreg resolve m:v1)" --at 2026-01-06
	says m:v1
	mreg_is 4 resolve "m@$(mreg resolve m:v1)" --at 2026-01-05
	mreg_is 3 resolve nowhere --at 2026-01-05
	mreg_is 2 resolve m --at yesterday-ish
	complains "is no time"
}

@test "resolve --at finds what was removed since, under the name that the collection has now" {
	past
	MREG_NOW=2026-01-10T00:00:00Z mreg link -q m:v0 r -a production
	MREG_NOW=2026-01-11T00:00:00Z mreg link -q m:v1 r -a production
	MREG_NOW=2026-01-12T00:00:00Z mreg unlink -q r:v0
	MREG_NOW=2026-01-13T00:00:00Z mreg link -q m:v0 r -a production
	MREG_NOW=2026-01-14T00:00:00Z mreg rename -q r s
	mreg_is 0 resolve --json s:production --at 2026-01-10
	json '.ref == "s:v0" and .removed and .digest == "'"$(mreg resolve m:v0)"'"'
	mreg_is 0 resolve --json s:production --at 2026-01-13
	json '.ref == "s:v2" and .removed == false'
	mreg_is 0 resolve --name s --at 2026-01-12
	says s:v1
	mreg_is 0 resolve --name s:v0 --at 2026-01-11
	says s:v0
	mreg_is 4 resolve s:v0 --at 2026-01-12
	complains "'s:v0' was removed at 2026-01-12T00:00:00Z"
	mreg_is 0 resolve --name "s@$(mreg resolve m:v0)" --at 2026-01-11
	says s:v0
	mreg_is 3 resolve r:production --at 2026-01-10
	complains "'s'"
}
