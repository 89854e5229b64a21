/* SPDX-License-Identifier: Apache-2.0 */
/* Words for people of what the record of a run says. */
#include <config.h>

#include "cmd/run-words.h"

#include <string.h>

#include "base/shell-word.h"
#include "base/utf8.h"

void run_words_recorded(struct strbuf *out, const char *recorded)
{
	CLEANUP(strbuf) struct strbuf exact = STRBUF_INIT;

	utf8_add_unescaped(&exact, recorded, strlen(recorded));
	/* a record may come from elsewhere and say \x00, with which no word goes on */
	shell_word_add(out, exact.buf, strlen(exact.buf));
}

void run_words_command(struct strbuf *out, const json_t *argv)
{
	const json_t *word;
	size_t at;

	json_array_foreach(argv, at, word) {
		strbuf_adds(out, at ? " " : "");
		run_words_recorded(out, json_string_value(word));
	}
}

void run_words_code(struct strbuf *out, const struct run_record *record)
{
	const char *branch = run_record_code(record, "branch"), *remote = run_record_code(record, "remote");
	bool is_dirty = false;

	strbuf_adds(out, run_record_code(record, "commit"));
	if (*branch)
		strbuf_addf(out, " on %s", branch);
	if (json_get_bool(record->code, "dirty", &is_dirty) && is_dirty)
		strbuf_adds(out, ", with changes that were not committed");
	if (*remote)
		strbuf_addf(out, "%s%s", out->len ? "\n" : "", remote);
}
