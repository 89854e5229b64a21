/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a process number is: numbers are used again, and mean something only among those who number alike. */
#ifndef MREG_BASE_PROCESS_ID_H
#define MREG_BASE_PROCESS_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_ID_SPACE_LEN 8
#define PROCESS_ID_BOOT_MAX 36

/* 8 hex digits of the SHA-256 of the host's name and, where there are such, of the space that its numbers are of: containers may share a name. */
const char *process_id_space(void);
/* The kernel's name of what has run since the machine was started last: at most PROCESS_ID_BOOT_MAX of [0-9a-f-]; "" where it has none. */
const char *process_id_boot(void);
/* Nobody has the number, or one who has ended and waits for its parent to ask how, which in a container may be never. */
bool process_id_is_gone(pid_t pid);
/* When it began, in clock ticks since boot: the same number at another time has another. False where that cannot be told. */
bool process_id_ticks(pid_t pid, uint64_t *ticks);

#endif
