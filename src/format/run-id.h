/* SPDX-License-Identifier: Apache-2.0 */
/* The id of a run: "r-" and ten of [a-z0-9]. */
#ifndef MREG_FORMAT_RUN_ID_H
#define MREG_FORMAT_RUN_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_ID_LEN 12

struct run_id {
	char text[RUN_ID_LEN + 1];
};

bool run_id_is(const char *text, size_t len);
/* The beginning of one: "r-" and up to ten of [a-z0-9], at least one. */
bool run_id_is_prefix(const char *text, size_t len);
/* From eight random bytes. */
void run_id_make(const uint8_t random[8], struct run_id *out);

#endif
