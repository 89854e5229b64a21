/* SPDX-License-Identifier: Apache-2.0 */
/* The run that made a version, and what it made it from. */
#ifndef MREG_REGISTRY_PRODUCER_H
#define MREG_REGISTRY_PRODUCER_H

#include "base/error.h"
#include "base/strvec.h"
#include "registry/run.h"

/* The run in which the version was put; of one that was put in none, a run that came to the same content later: 1, 0, -1. */
int producer_find(struct view *v, const struct oid *version, struct run *out, struct error *err) MUST_CHECK;
/* What that run used, by what it is called now ("data:v3"): sorted, each once.  Nothing when there is no such run. */
int producer_inputs(struct view *v, const struct oid *version, struct strvec *out, struct error *err) MUST_CHECK;

#endif
