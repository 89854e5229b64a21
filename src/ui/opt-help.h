/* SPDX-License-Identifier: Apache-2.0 */
/* What -h and --list-options print, from the tables that opt.c parses by. */
#ifndef MREG_UI_OPT_HELP_H
#define MREG_UI_OPT_HELP_H

#include "base/strbuf.h"
#include "ui/opt.h"

/* synopsis without "mreg ".  Either table may have no rows. */
void opt_help_text(struct strbuf *out, const char *synopsis, const struct opt *opts, const struct opt *globals);
/* "-q" and "--quiet", one a line. */
/* For completion: lines of the option, what its value is (empty: it takes none) and the help, with tabs between. */
void opt_help_described(struct strbuf *out, const struct opt *opts, const struct opt *globals);
void opt_help_list(struct strbuf *out, const struct opt *opts, const struct opt *globals);

#endif
