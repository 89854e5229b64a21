/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to another registry: `mreg serve` is started here, or there through ssh. */
#ifndef MREG_TRANSPORT_CONNECT_H
#define MREG_TRANSPORT_CONNECT_H

#include "base/error.h"
#include "base/report.h"
#include "registry/config.h"
#include "transport/connection.h"

/*
 * url: as remote_url_parse() has it; a path is that of a registry (the directory that holds .mreg, or .mreg) or of a bundle.  shown: what
 * messages call it (a remote's name, or the URL).  A path is served by this very program (/proc/self/exe, else mreg of PATH), in a child; ssh
 * is core.sshCommand (MREG_SSH), or "ssh", split without a shell, then [-p port] [user@]host, then "mreg serve 'PATH'" as one word.  Hello is
 * exchanged: *hello (zeroed, cleaned up by the caller) is the server's.  What ssh says on its standard error becomes notes, or the reason.
 * ERR_REMOTE, each with its own text and hint: no such path, no registry in it, ssh cannot be run, host or its key unknown, permission denied,
 * connection refused, no mreg on the far side, something else answered (its first line is shown, without control bytes), another protocol
 * version.  ERR_INVALID: the URL, core.sshCommand or core.remoteTimeout.
 */
struct connection *connect_open(const char *url, const char *shown, const struct config *config, struct report *report, struct hello *hello,
				struct error *err) MUST_CHECK;

#endif
