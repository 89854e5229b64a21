/* SPDX-License-Identifier: Apache-2.0 */
/* A registry on this machine of which everything is wanted: its packs are cloned as files, and sent by nobody. */
#ifndef MREG_TRANSPORT_LOCAL_PACKS_H
#define MREG_TRANSPORT_LOCAL_PACKS_H

#include "base/error.h"
#include "transport/fetch.h"

/*
 * Before fetch_versions(): puts copies of the packs of the registry at far_path (the directory that holds .mreg, or .mreg) into the quarantine of f, where the fetch verifies what it
 * needs before it asks for the rest.  Blocks are shared where the file system can; a pack is never linked, since its owner could still write to it.  The far
 * registry's gc waits meanwhile.  What cannot be opened, read or copied is left to the protocol.  ERR_INTERRUPTED, or what is wrong with this registry.
 */
int local_packs_adopt(struct fetch *f, const char *far_path, struct error *err) MUST_CHECK;

#endif
