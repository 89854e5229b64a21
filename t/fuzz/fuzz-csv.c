/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as rows of CSV: fields written down again are read as they were. */
#include <config.h>

#include "base/strbuf.h"
#include "format/csv.h"
#include "fuzz.h"

static void write_row(struct strbuf *out, const struct strvec *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		strbuf_adds(out, i ? ",\"" : "\"");
		for (const char *p = fields->v[i]; *p; p++)
			strbuf_adds(out, *p == '"' ? "\"\"" : (char[]){ *p, '\0' });
		strbuf_addc(out, '"');
	}
	strbuf_adds(out, "\r\n");
}

static void must_read_again(const struct strvec *fields)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(strvec) struct strvec again = STRVEC_INIT;
	struct error err = ERROR_INIT;
	size_t used;

	write_row(&text, fields);
	must(csv_read_row(text.buf, text.len, ',', &again, &used, &err) == 1 && used == text.len && again.count == fields->count);
	for (size_t i = 0; i < fields->count; i++)
		must(strcmp(again.v[i], fields->v[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0;
	int got = 1;

	while (got == 1) {
		CLEANUP(strvec) struct strvec fields = STRVEC_INIT;
		struct error err = ERROR_INIT;
		size_t used;

		got = csv_read_row((const char *)data + at, size - at, ',', &fields, &used, &err);
		must(got == 1              ? used > 0 && used <= size - at && fields.count > 0
				: got == 0 ? at == size
					   : err.code == ERR_INVALID && err.text[0]);
		if (got == 1)
			must_read_again(&fields);
		at += used;
	}
	return 0;
}
