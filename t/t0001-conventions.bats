#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What holds for every verb and every file.  A rule that is not tested here is no rule.

load lib

setup()
{
	sandbox
	SRC=$MREG_SRCDIR/src
}

# What was printed is wrong; nothing printed is right.
nothing_wrong()
{
	run --separate-stderr -0 "$@"
	says_nothing
	no_complaint
}

verbs()
{
	sed -n 's/^COMMAND([a-z_]*, "\(.*\)")$/\1/p' "$SRC/cmd/commands.def"
}

page_of()
{
	printf '%s/man/mreg-%s.1\n' "$MREG_SRCDIR" "$1"
}

# A page as text without bold and underline, each paragraph on one line.
rendered()
{
	mandoc -T utf8 -O width=1000 "$1" | sed 's/.\x08//g'
}

# section PAGE HEADING
section()
{
	rendered "$1" | awk -v heading="$2" '/^[A-Z]/ { inside = $0 == heading; next } inside'
}

# Program text alone, in a tree of its own: no comments, and strings emptied.
setup_file()
{
	local file
	(
		cd "$MREG_SRCDIR/src" || return
		find . -name '*.[ch]' | while read -r file; do
			mkdir -p "$BATS_FILE_TMPDIR/code/${file%/*}"
			sed -zE 's:/\*[^*]*\*+([^/*][^*]*\*+)*/::g; s:"([^"\\\n]|\\.)*":"":g' "$file" >"$BATS_FILE_TMPDIR/code/$file"
		done
	)
}

sources()
{
	find "$SRC" -name '*.[ch]' | sort
}

# found WHERE-ALLOWED REGEX: lines that match it in other files than those (paths in src, separated by blanks).
found()
{
	(cd "$BATS_FILE_TMPDIR/code" && grep -rE -e "$2" .) | sed 's:^\./::' | sort | while IFS= read -r line; do
		[[ " $1 " == *" ${line%%:*} "* ]] || printf '%s\n' "$line"
	done
}

# Each file that is allowed to do it does it: the list can only shrink.
still_needed()
{
	local file
	for file in $1; do
		grep -q -E -e "$2" "$BATS_FILE_TMPDIR/code/$file" || printf '%s no longer uses %s: take it off the list\n' "$file" "$2"
	done
}

only_in()
{
	nothing_wrong found "$1" "$2"
	nothing_wrong still_needed "$1" "$2"
}

# --- verbs

@test "the list of verbs is sorted, and mreg help --list is that list" {
	verbs >want
	LC_ALL=C sort -c want
	mreg_is 0 help --list
	says "$(cat want)"
	no_complaint
}

@test "every verb has its source, its page and its test" {
	local verb
	parts_missing()
	{
		for verb in $(verbs); do
			[ -f "$SRC/cmd/$verb.c" ] || echo "src/cmd/$verb.c is missing"
			[ -f "$(page_of "$verb")" ] || echo "man/mreg-$verb.1 is missing"
			compgen -G "$MREG_SRCDIR/t/t[0-9][0-9][0-9][0-9]-$verb.bats" >/dev/null || echo "t/tNNNN-$verb.bats is missing"
		done
	}
	nothing_wrong parts_missing
}

@test "every verb prints its usage outside of a registry, on stdout alone" {
	local verb
	for verb in $(verbs); do
		mreg_is 0 "$verb" -h
		no_complaint
		[[ $output == "usage: mreg $verb"* ]]
		says "$(mreg "$verb" --help)"
	done
}

@test "the SYNOPSIS of every page is the usage that -h prints" {
	local verb
	for verb in $(verbs); do
		assert_equal "usage: $(section "$(page_of "$verb")" SYNOPSIS | xargs -d '\n' -n 1 | sed 's/^ *//; /^$/d')" "$(mreg "$verb" -h | head -1)"
	done
}

@test "the one-line description of every page is the one in mreg help" {
	local verb
	mreg help --json >all
	for verb in $(verbs); do
		assert_equal "$(section "$(page_of "$verb")" NAME | sed 's/^ *//; /^$/d')" \
			"mreg-$verb – $(jq -r --arg verb "$verb" 'select(.verb == $verb).summary' all)"
	done
}

# "-a, --alias ALIAS", one a line.
options_in_help()
{
	awk '/^[A-Z].*:$/ { inside = $0 == heading } inside && /^ +-/' heading="$2" <(mreg "$1" -h) | sed -E 's/^ +//; s/  .*//'
}

@test "the OPTIONS of every page are those that -h lists, in the same order" {
	local verb
	for verb in $(verbs); do
		assert_equal "$(echo "$verb" && section "$(page_of "$verb")" OPTIONS | grep -E '^ {5}-' | sed -E 's/^ +//; s/  .*//')" \
			"$(echo "$verb" && options_in_help "$verb" Options:)"
	done
}

@test "the options of every verb are those of mreg(1)" {
	words_with_dashes()
	{
		grep -o -E -e '(^|[ ,])--?[a-z][a-z-]*' | tr -d ' ,' | sort -u
	}
	section "$MREG_SRCDIR/man/mreg.1" OPTIONS | grep -E '^ {5}-[^C]' | sed -E 's/^ +//; s/  .*//; s/=/ /' | words_with_dashes >page
	{ options_in_help put 'Options of every verb:' && echo ' -c --version'; } | words_with_dashes >help
	diff page help
	mreg_is 0 --list-options
	diff <(grep -v -x -e -C page) <(printf '%s\n' "${lines[@]}" | grep -v -x -e -C | sort -u)
}

@test "every page has the sections that a reader expects" {
	local verb heading
	sections_missing()
	{
		for verb in $(verbs); do
			for heading in NAME SYNOPSIS DESCRIPTION OPTIONS OUTPUT 'EXIT STATUS' EXAMPLES 'SEE ALSO' HISTORY; do
				grep -q -x -e ".Sh $heading" "$(page_of "$verb")" || echo "mreg-$verb(1) has no $heading"
			done
		done
	}
	nothing_wrong sections_missing
}

@test "mreg(1) names every verb, with its description" {
	local verb
	verbs_missing()
	{
		section "$MREG_SRCDIR/man/mreg.1" DESCRIPTION >description
		for verb in $(verbs); do
			grep -A1 -E "^ *mreg-$verb\(1\)" description | tr -s ' \n' ' ' |
				grep -q -F "mreg-$verb(1) $(mreg help --template '{summary}' "$verb")" || echo "mreg-$verb is not in mreg(1)"
		done
	}
	nothing_wrong verbs_missing
}

@test "mreg-json(5) has the records of every verb" {
	local verb
	records_missing()
	{
		for verb in $(verbs); do
			grep -q -E -e "^\.Ss $verb\$|^\.Ql $verb( |\$)" "$MREG_SRCDIR/man/mreg-json.5" || echo "mreg-json(5) has no record of $verb"
		done
	}
	nothing_wrong records_missing
}

@test "mreg-json(5) has every code of a failure, with its status" {
	sed -nE 's/^\t\[ERR_[A-Z_]+\] = \{ "([a-z-]+)", ([0-9]+) \},$/\1 \2/p' "$SRC/base/error.c" | grep -v -E '^(none|quiet) ' | sort >want
	[ -s want ]
	sed -nE 's/^\.It ([a-z-]+) Ta ([0-9]+).*/\1 \2/p' "$MREG_SRCDIR/man/mreg-json.5" | sort >got
	diff want got
}

@test "every page is clean for mandoc" {
	complaints_of_mandoc()
	{
		# what depends on the pages that are installed here, on a taste for short lines, or on a list of usual headings
		mandoc -T lint -W style "$MREG_SRCDIR"/man/*.[1-9] 2>stderr |
			grep -v -e 'referenced manual not found' -e 'text line longer than 80 bytes' -e 'possible typo in section name' || :
		grep -v 'outdated mandoc.db' stderr || :
	}
	nothing_wrong complaints_of_mandoc
}

@test "every page that a page refers to as mreg's is there" {
	local name number
	pages_missing()
	{
		sed -nE 's/^\.Xr (mreg[^ ]*) ([1-9]).*/\1 \2/p' "$MREG_SRCDIR"/man/* | sort -u | while read -r name number; do
			[ -f "$MREG_SRCDIR/man/$name.$number" ] || echo "$name($number)"
		done
	}
	nothing_wrong pages_missing
}

# --- files

@test "every file begins with its licence, and every C file says what it is for" {
	heads_wrong()
	{
		cd "$MREG_SRCDIR" || return
		find src t man contrib -type f ! -path '*/data/*' ! -path '*/corpus/*' ! -path '*/__pycache__/*' | \
			grep -E '\.([ch1-9]|def|bats|bash|zsh|fish|py)$|/(demo|bench|mreg-rsync|run-program|walkthrough)$|^contrib/hooks/' |
			sort | xargs awk '
			function judge() {
				if (file && !licensed)
					print file ": no licence in its first lines"
			}
			FNR == 1 { judge(); file = FILENAME; licensed = 0 }
			FNR <= 3 && /SPDX-License-Identifier: Apache-2\.0/ { licensed = 1 }
			FNR == 2 && FILENAME ~ /\.[ch]$/ && !/^\/\* [^ ].*\. \*\/$/ { print FILENAME ": line 2 is not a comment of one sentence" }
			FNR > 3 { nextfile }
			END { judge() }'
	}
	nothing_wrong heads_wrong
}

@test "every C file includes config.h first, then its own header" {
	local file own
	includes_wrong()
	{
		for file in $(sources); do
			own=${file#"$SRC"/}
			own=${own%.c}.h
			if [[ $file == *.c ]]; then
				grep -m 1 '^#include' "$file" | grep -q -x '#include <config.h>' || echo "${file#"$SRC"/} does not include <config.h> first"
				if [ -f "$SRC/$own" ]; then
					grep '^#include' "$file" | sed -n 2p | grep -q -x "#include \"$own\"" || echo "${file#"$SRC"/} does not include $own second"
				fi
			elif grep -q '^#include [<"]config\.h[">]' "$file"; then
				echo "${file#"$SRC"/} includes config.h"
			fi
		done
	}
	nothing_wrong includes_wrong
}

@test "every header compiles alone" {
	local header flags
	headers_broken()
	{
		flags=$(pkg-config --cflags jansson)
		# shellcheck disable=SC2086
		for header in $(sources | grep '\.h$'); do
			${CC:-cc} -std=gnu11 -Wall -Werror -Wno-unused-function -fsyntax-only -include config.h -I"$MREG_BUILDDIR" -I"$SRC" \
				$flags -x c "$header" 2>&1
		done
	}
	nothing_wrong headers_broken
}

@test "no source file is longer than 600 lines" {
	files_too_long()
	{
		sources | xargs wc -l | awk '$1 > 600 && $2 != "total"'
	}
	nothing_wrong files_too_long
}

@test "nothing is left to be done in the sources" {
	promises()
	{
		cd "$MREG_SRCDIR" && grep -rnE --include='*.[ch]' --include='*.bash' --include='*.bats' '\b(TO''DO|FIX''ME|X''XX|HA''CK)([: ]|$)' src t || :
	}
	nothing_wrong promises
}

@test "there is no goto" {
	only_in "" '\bgoto\b'
}

@test "the environment is read in base/env.c alone" {
	only_in base/env.c '\b(secure_)?getenv\b'
}

@test "only ui/ writes to standard output, and few others to standard error" {
	local ui
	ui=$(cd "$SRC" && echo ui/*.[ch])
	# an attribute is called printf, too
	nothing_wrong found "$ui base/cleanup.h" '\b(v?f?printf|v?dprintf|f?puts|f?putc|putchar|fwrite|perror|psignal|stdout|stderr)\b *[(,;)]'
	# serve speaks on it, and nothing else of the process does then
	nothing_wrong found "$ui base/process.c transport/serve.c" '\bSTDOUT_FILENO\b'
	# out of memory, a bug, a fault in the mapped index; main looks whether it is open; a child is given one
	nothing_wrong found "$ui base/error.c base/mem.c base/process.c main.c store/kv-fault.c transport/serve.c" '\bSTDERR_FILENO\b'
	nothing_wrong still_needed "base/error.c base/mem.c base/process.c main.c store/kv-fault.c transport/serve.c" '\bSTDERR_FILENO\b'
}

@test "the process is ended in main.c, the allocator, at a bug and at a fault in the index, and nowhere else" {
	only_in "base/error.c base/mem.c main.c store/kv-fault.c" '\b(_?_?exit|_Exit|quick_exit|abort)\b *\('
	only_in "base/crash.c transport/peer.c" '\bSIGKILL\b'
}

@test "each library is included by one file" {
	includers()
	{
		(cd "$SRC" && grep -rlE "^#include <$1" .) | sort
	}
	assert_equal "$(includers archive)" ./store/archive-source.c
	assert_equal "$(includers jansson)" ./format/json.h
	assert_equal "$(includers libdeflate)" ./codec/deflate.c
	assert_equal "$(includers lmdb)" ./store/kv.c
	assert_equal "$(includers nettle)" ./base/digest.c
	assert_equal "$(includers zlib)" ./codec/deflate.c
}

@test "the points in crash-points.def are those in the sources, each once in the list" {
	sed -nE 's/^CRASH_POINT\("(.*)"\)$/\1/p' "$SRC/base/crash-points.def" | sort >listed
	[ -s listed ]
	diff listed <(grep -rhoE 'crash_point\("[^"]*"\)' "$SRC" | sed -E 's/.*"(.*)".*/\1/' | sort -u)
}

@test "crash_point and no other name is used to pass a crash point" {
	only_in "base/crash.c base/crash.h" 'crash_point\([^"]'
}

@test "Makefile.am lists every file" {
	local file
	files_forgotten()
	{
		cd "$MREG_SRCDIR" || return
		tr -s ' \t\\' '\n' <Makefile.am | sort -u >"$BATS_TEST_TMPDIR/listed"
		find src man contrib t -type f ! -path 't/data/*' ! -path 't/fuzz/corpus/*' |
			grep -E '\.([ch1-9]|def|bats|bash|zsh|fish|py|txt)$|/(README|demo|bench|mreg-rsync|run-program|walkthrough)$|^contrib/hooks/' | sort | while read -r file; do
			# programs are listed by their names
			[[ $file != t/unit/test-*.c && $file != t/fuzz/fuzz-*.c ]] || file=${file%.c}
			grep -q -x -F -e "$file" "$BATS_TEST_TMPDIR/listed" || echo "Makefile.am does not list $file"
		done
	}
	nothing_wrong files_forgotten
}

@test "the lists of Makefile.am are sorted, one word a line" {
	lists_unsorted()
	{
		awk '
			/^[A-Za-z_]+ \+?= \\$/ && !/^AM_/ { list = $1; last = ""; next }
			list == "" { next }
			NF > 2 || (NF == 2 && $2 != "\\") { print list ": more than one word in: " $0 }
			last >= $1 { print list ": " $1 " after " last }
			{ last = $1 }
			$NF != "\\" { list = "" }' "$MREG_SRCDIR/Makefile.am"
	}
	export LC_ALL=C
	nothing_wrong lists_unsorted
}

@test "tests do not sleep or skip" {
	local file
	tests_wrong()
	{
		cd "$MREG_SRCDIR/t" && grep -nE '^[[:space:]]*(sleep|skip)( |$)|[;&|] *sleep ' ./*.bats ./*.bash || :
	}
	nothing_wrong tests_wrong
}

@test "every test file is named tNNNN-topic, and no two tests of a file have one name" {
	names_wrong()
	{
		cd "$MREG_SRCDIR/t" || return
		find . -maxdepth 1 -name '*.bats' | grep -v -E '^\./t[0-9]{4}-[a-z0-9-]+\.bats$'
		grep -H '^@test ' ./*.bats | sort | uniq -d
	}
	nothing_wrong names_wrong
}

@test "shell files are clean for shellcheck" {
	# bats sets output and stderr
	complaints_of_shellcheck()
	{
		cd "$MREG_SRCDIR" || return
		shellcheck -x -S warning -e SC2154 -f gcc .ci/run bootstrap contrib/completion/mreg.bash contrib/demo contrib/hooks/* \
			contrib/mreg-rsync t/gc-stress.bash t/lib.bash t/run-program t/sshd.bash t/walkthrough t/*.bats || :
	}
	nothing_wrong complaints_of_shellcheck
}
