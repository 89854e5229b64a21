/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata as a user gives it: key=value words and JSON files, typed. */
#ifndef MREG_REGISTRY_METADATA_H
#define MREG_REGISTRY_METADATA_H

#include <stdbool.h>

#include "base/error.h"
#include "format/json.h"

#define METADATA_KEY_MAX 128

/*
 * "key=value" into the object: value is JSON where it reads as JSON (42, true, [1,2], {"a":1}, "quoted"), a number also where it is written .5, 1. or +1, else a
 * string as it stands.  Integers are exact to 64 bits.  ERR_INVALID naming the key: no '=', an empty or over-long key or one with control bytes, NaN or infinity, a number beyond the range, invalid UTF-8.
 */
int metadata_add_word(json_t *object, const char *word, struct error *err) MUST_CHECK;
/* "key=NUMBER", the number being nan, inf or -inf perhaps, which are kept as those strings.  ERR_INVALID as above. */
int metadata_add_metric(json_t *object, const char *word, struct error *err) MUST_CHECK;
/* A metric as a number; false when it is none. */
bool metadata_metric_value(const json_t *metric, double *out);
/* What is not finite is one of those words. */
json_t *metadata_metric_json(double value);
/* Members of the JSON object in a file ("-": stdin). */
int metadata_add_file(json_t *object, const char *path, struct error *err) MUST_CHECK;

#endif
