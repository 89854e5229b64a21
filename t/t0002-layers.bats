#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A folder of src is a layer, and includes only what t/layers.txt allows.

load lib

# layer_violations SRC: one line for each include that is not allowed.
layer_violations()
{
	(cd "$1" && grep -rHoE --include='*.[ch]' '^#[[:space:]]*include[[:space:]]*"[^"]*"' .) | sort | awk -F '"' '
		FNR == NR && /^#/ { next }
		FNR == NR { split($0, rule, ":"); allowed[rule[1]] = " " rule[1] rule[2] " "; next }
		{
			file = $1
			sub(/^\.\//, "", file)
			sub(/:#.*/, "", file)
			folder = file
			sub(/\/.*/, "", folder)
			of = $2
			if (!sub(/\/.*/, "", of))
				print "src/" file " must name the folder of " $2
			else if (!(folder in allowed))
				print "t/layers.txt does not have " folder
			else if (index(allowed[folder], " " of " ") == 0)
				print "src/" file " must not include " of "/: " $2
		}' "$MREG_SRCDIR/t/layers.txt" -
}

@test "no file includes what its layer may not" {
	run --separate-stderr -0 layer_violations "$MREG_SRCDIR/src"
	says_nothing
	no_complaint
	[ "$(grep -rhc '#include "' "$MREG_SRCDIR/src" | awk '{ n += $1 } END { print n }')" -gt 300 ]
}

@test "a violation is found and named" {
	cp -r "$MREG_SRCDIR/src" src
	chmod -R u+w src
	printf '#include "store/store.h"\n' >>src/ui/out.c
	printf '# include\t"codec/codec.h"\n' >>src/cmd/put.c
	printf '#include "opt.h"\n' >>src/ui/opt-help.c
	printf '#include "registry/registry.h"\n' >>src/main.c
	mkdir src/attic
	printf '#include "base/mem.h"\n' >src/attic/old.c
	run --separate-stderr -0 layer_violations src
	says 't/layers.txt does not have attic' \
		'src/cmd/put.c must not include codec/: codec/codec.h' \
		'src/main.c must not include registry/: registry/registry.h' \
		'src/ui/opt-help.c must name the folder of opt.h' \
		'src/ui/out.c must not include store/: store/store.h'
	no_complaint
}

@test "no layer includes one that includes it" {
	cycles()
	{
		sed -nE 's/^([a-z]+): *(.*)$/\1 \2/p' "$MREG_SRCDIR/t/layers.txt" | awk '{ for (i = 2; i <= NF; i++) print $i, $1 }' | tsort
	}
	run --separate-stderr -0 cycles
	no_complaint
}
