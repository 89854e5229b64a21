#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Slow: what is done to very many versions at once takes time in proportion to them.

load lib

setup()
{
	sandbox
	new_registry
	"$MREG_BUILDDIR/t/tools/many-versions" . digits 20000
}

@test "20,000 versions are removed, restored and pruned within seconds" {
	mreg ls --json digits >../before
	SECONDS=0
	mreg_is 0 rm -r digits --with-aliases --unlink
	mreg_is 0 restore -q digits
	echo "# $SECONDS s" >&3
	((SECONDS < 60))
	mreg ls --json digits | diff ../before -
	mreg_is 0 prune digits --unused --keep-last 10 --yes
	((SECONDS < 120))
	mreg_is 0 fsck
}
