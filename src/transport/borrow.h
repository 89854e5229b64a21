/* SPDX-License-Identifier: Apache-2.0 */
/* Reading another registry without one of one's own: what is known of it lies in the user's cache. */
#ifndef MREG_TRANSPORT_BORROW_H
#define MREG_TRANSPORT_BORROW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/report.h"
#include "base/strvec.h"
#include "registry/config.h"
#include "registry/registry.h"
#include "registry/remote.h"

/*
 * $XDG_CACHE_HOME/mreg/remotes/HASH (else ~/.cache/mreg/…), HASH being the first 32 hex digits of the SHA-256 of the remote's URL: a registry with version
 * objects and manifests of the other one, all versions absent, and whatever bytes were fetched by the way.  Nobody's work is in it: it is made
 * when it is needed, also by several processes at once, and anew when something is wrong with it.  Where no cache can be written there is a temporary
 * one.  Of the bytes, what is more than cache.size is let go of in borrow_close(), but for versions that this command has fetched in full.
 */
struct borrow;
/* config, report and remote are borrowed until borrow_close().  ERR_LOCAL when there is no place even for a temporary one. */
struct borrow *borrow_open(const struct remote *remote, const struct config *config, const char *verb, struct report *report, struct error *err) MUST_CHECK;
/* Good until the next borrow_update(), which may replace it. */
struct registry *borrow_registry(struct borrow *b);
/*
 * Brings it up to date: the collections of these names, which need not be complete; none: all that there are.  The object source stays the registry's.  ERR_NO_COLLECTION: one of them is not
 * there; ERR_REMOTE: then nothing may be answered.  Ends the snapshot.
 */
int borrow_update(struct borrow *b, const struct strvec *names, struct error *err) MUST_CHECK;
struct connection;
/* The connection of the last borrow_update(), for what is fetched after it; NULL: there is none.  The caller's from then on. */
struct connection *borrow_take_connection(struct borrow *b);
/* What is kept is damaged: borrow_close() throws it away, so that the next command finds it whole. */
void borrow_distrust(struct borrow *b);
void borrow_close(struct borrow *b);

#endif
