# SPDX-License-Identifier: Apache-2.0
# What every test file loads: a sandbox, and the words in which tests are written.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file

: "${MREG_SRCDIR:=$(cd "$BATS_TEST_DIRNAME/.." && pwd)}"
: "${MREG_BUILDDIR:=$MREG_SRCDIR/build}"
: "${MREG_BINARY:=$MREG_BUILDDIR/mreg}"
DIGITS=$MREG_SRCDIR/t/data/digits

# A home, a clock and random numbers of the test's own: what is printed is the same on every machine.
sandbox()
{
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p home bin work
	ln -sf "$MREG_BINARY" bin/mreg
	export HOME=$PWD/home PATH=$PWD/bin:$PATH TZ=UTC LC_ALL=C.UTF-8 TERM=dumb
	export MREG_NOW=2026-01-02T03:04:05Z MREG_SEED=$BATS_TEST_NUMBER
	unset MREG_DIR MREG_RUN MREG_CRASH MREG_PAGER MREG_EDITOR NO_COLOR XDG_CONFIG_HOME XDG_CACHE_HOME COLUMNS
	mkdir -p "$HOME/.config/mreg"
	printf '[user]\n\tname = tester\n' >"$HOME/.config/mreg/config"
	umask 022
	cd work || return
}

setup()
{
	sandbox
}

# A registry here, with nothing in it.
new_registry()
{
	mreg init -q >/dev/null
}

# Five versions of `digits`, v0 to v4, from real checkpoints.
digits_registry()
{
	local i
	new_registry
	for i in 1 2 3 4 5; do
		mreg put -q digits "$DIGITS/epoch-$i" -m "epoch $i" -M "epoch=$i" >/dev/null
	done
}

# mreg_is STATUS ARG…: runs mreg, keeps stdout in $output, stderr in $stderr, and checks the status.
mreg_is()
{
	local status_wanted=$1
	shift
	run --separate-stderr "-$status_wanted" mreg "$@"
}

# The result is these lines and nothing else.
says()
{
	assert_equal "$output" "$(printf '%s\n' "$@")"
}

says_nothing()
{
	assert_equal "$output" ""
}

# stderr has this text in it.
complains()
{
	if [[ $stderr != *"$1"* ]]; then
		printf 'wanted on stderr: %s\nstderr was: %s\n' "$1" "$stderr"
		return 1
	fi
}

no_complaint()
{
	assert_equal "$stderr" ""
}

# json FILTER: $output is JSON (or JSON Lines, as `jq -s` has them when the filter begins with "lines") for which the filter is true.
json()
{
	local filter=$1 slurp=
	if [[ $filter == lines* ]]; then
		slurp=-s
		filter=.${filter#lines}
	fi
	if ! jq -e $slurp "$filter" <<<"$output" >/dev/null; then
		printf 'not so: %s\nof: %s\n' "$1" "$output"
		return 1
	fi
}

# The last line of stderr is the JSON error object for which the filter is true.
json_error()
{
	local last=${stderr##*$'\n'}
	if ! jq -e "$1" <<<"$last" >/dev/null; then
		printf 'not so: %s\nof: %s\n' "$1" "$last"
		return 1
	fi
}

# Same names, same bytes, same kinds and same exec bits.
same_tree()
{
	diff -r --no-dereference "$1" "$2"
	diff <(cd "$1" && find . -printf '%y %P %l\n' | sort) <(cd "$2" && find . -printf '%y %P %l\n' | sort)
	diff <(cd "$1" && find . -type f -perm /100 | sort) <(cd "$2" && find . -type f -perm /100 | sort)
}

# What a registry says about itself, for "nothing has changed".
state()
{
	cat .mreg/journal
	mreg ls --json
	find .mreg/objects -name '*.pack' | sort
}

# Flips one byte of FILE at OFFSET.
damage()
{
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	chmod u+w "$1"
	# shellcheck disable=SC2059
	printf "\\x$(printf %x $((byte ^ 255)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# The only, or the largest, pack of a registry.
largest_pack()
{
	find .mreg/objects -name '*.pack' -printf '%s %p\n' | sort -n | tail -1 | cut -d' ' -f2
}

# Root reads and writes everything: takes that away, so that permissions count.
without_root_rights()
{
	if [ "$(id -u)" = 0 ]; then
		setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search "$@"
	else
		"$@"
	fi
}

# Pack and offset of the payload of the record with this id.
record_of()
{
	python3 - "$1" .mreg/objects/*.pack <<-'EOF'
		import sys
		head, payload = 32, 64
		for path in sys.argv[2:]:
		    data = open(path, "rb").read()
		    at = data.find(bytes.fromhex(sys.argv[1]))
		    if at >= head and data[at - head:at - head + 4] == b"mRec":
		        print(path, at - head + payload)
	EOF
}

# strace; the leak checker of a build with sanitizers cannot work under it.
traced()
{
	strace -f -E ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" "$@"
}

# settle DIR…: until all that was written below lies far enough in the past to be told from what is written now.
settle()
{
	local newest
	newest=$(find "$@" -type f -exec stat -c %.9Z {} + | sort -n | tail -1)
	until (($(date +%s%N) - ${newest/./} > 30000000)); do
		:
	done
}
