/* SPDX-License-Identifier: Apache-2.0 */
/* Named places at which a test can end the process as a power cut would. */
#ifndef MREG_BASE_CRASH_H
#define MREG_BASE_CRASH_H

/* Every name stands in crash-points.def; a name that does not is a BUG. */
void crash_point(const char *name);
/* "NAME" or "NAME:N" (the N-th time it is passed, from 1): SIGKILL there.  main calls it with MREG_CRASH; NULL: never. */
void crash_arm(const char *spec);

#endif
