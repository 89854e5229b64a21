/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a reference: what is read can be written down and means the same again. */
#include <config.h>

#include <strings.h>

#include "base/strbuf.h"
#include "format/reference.h"
#include "fuzz.h"

static void write_reference(struct strbuf *out, const struct reference *ref)
{
	strbuf_adds(out, ref->name);
	if (ref->kind == REFERENCE_NUMBER)
		strbuf_addf(out, ":v%llu", (unsigned long long)ref->number);
	else if (ref->kind == REFERENCE_LATEST)
		strbuf_adds(out, ":latest");
	else if (ref->kind == REFERENCE_ALIAS)
		strbuf_addf(out, ":%s", ref->alias);
	else if (ref->kind == REFERENCE_DIGEST)
		strbuf_addf(out, "@%s", ref->hex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct reference ref, back;
	struct error err = ERROR_INIT;

	if (reference_parse(text, &ref, &err) < 0) {
		must((err.code == ERR_INVALID || err.code == ERR_NO_COLLECTION) && err.text[0]);
	} else {
		write_reference(&out, &ref);
		must(strcasecmp(out.buf, text) == 0);
		must(reference_parse(out.buf, &back, &err) == 0);
		must(back.kind == ref.kind && back.number == ref.number && strcmp(back.name, ref.name) == 0 &&
			strcmp(back.alias, ref.alias) == 0 && strcmp(back.hex, ref.hex) == 0);
	}
	free(text);
	return 0;
}
