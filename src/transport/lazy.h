/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are read but are not here, fetched from the remote that has them: the registry's object source. */
#ifndef MREG_TRANSPORT_LAZY_H
#define MREG_TRANSPORT_LAZY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/report.h"
#include "registry/absent.h"
#include "registry/config.h"

struct connection;
struct lazy;
/* No connection is made before something is needed; then it stays until lazy_free(), or another remote is needed.  config and report are borrowed. */
struct lazy *lazy_new(const struct config *config, struct report *report, bool is_offline);
void lazy_free(struct lazy *l);
/* A connection to this remote (as marks of absent versions name it) that is open already: l's from here on.  NULL: there is none. */
void lazy_adopt(struct lazy *l, struct connection *c, const char *remote);
/* Good until lazy_free().  Whatever is wrong with a remote's name or URL is ERR_REMOTE: the user has not given it. */
struct object_source *lazy_source(struct lazy *l);

#endif
