/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a draft, torn and damaged ones, and what they come to. */
#include <config.h>

#include "format/draft-file.h"

#include "base/mem.h"
#include "tap.h"

static struct draft_step step_of(bool is_removal, const char *const *paths, uint64_t size)
{
	struct draft_step step = { .is_removal = is_removal, .time = 1, .user = xstrdup("u"), .host = xstrdup("h") };
	struct error err = ERROR_INIT;

	for (; *paths; paths++) {
		struct entry *e = manifest_add(&step.files, ENTRY_FILE, *paths);

		e->has_size = e->has_digest = true;
		e->size = size;
	}
	need(manifest_finish(&step.files, &err) == 0, err.text);
	return step;
}

static struct draft_file head(void)
{
	return (struct draft_file){ .cid = xstrdup(""), .name = xstrdup("m"), .user = xstrdup("u"), .host = xstrdup("h"), .time = 1 };
}

#define PATHS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void write_step(struct strbuf *out, struct draft_step step)
{
	draft_file_write_step(out, &step);
	draft_step_cleanup(&step);
}

static void write_head(struct strbuf *out)
{
	CLEANUP(draft_file) struct draft_file d = head();

	draft_file_write_head(out, &d);
}

/* "a=1 b=2": paths and sizes. */
static void comes_to(const struct strbuf *text, const char *wanted, const char *what)
{
	CLEANUP(draft_file) struct draft_file d = { .has_base = false };
	CLEANUP(manifest) struct manifest base = MANIFEST_INIT, all = MANIFEST_INIT;
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct entry *e = manifest_add(&base, ENTRY_FILE, "base");

	e->has_size = e->has_digest = true;
	need(manifest_finish(&base, &err) == 0, err.text);
	need(draft_file_parse(text->buf, text->len, &d, &err) == 0, err.text);
	if (draft_file_compose(&d, &base, &all, &err) < 0)
		strbuf_adds(&got, error_code_name(err.code));
	for (size_t i = 0; i < all.count; i++)
		strbuf_addf(&got, "%s%s=%d", i ? " " : "", all.entries[i].path, (int)all.entries[i].size);
	is_str(got.buf, wanted, what);
}

static void test_steps(void)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	write_head(&text);
	comes_to(&text, "base=0", "a draft begins as its base");
	write_step(&text, step_of(false, PATHS("a", "b"), 1));
	comes_to(&text, "a=1 b=1 base=0", "what is added comes to it");
	write_step(&text, step_of(false, PATHS("base", "b"), 2));
	comes_to(&text, "a=1 b=2 base=2", "the last step that names a path decides");
	write_step(&text, step_of(true, PATHS("base", "a"), 2));
	comes_to(&text, "b=2", "what is taken out is gone");
	write_step(&text, step_of(false, PATHS("a/x"), 3));
	comes_to(&text, "a/x=3 b=2", "and can come back, also as a folder");
	write_step(&text, step_of(false, PATHS("b/x"), 3));
	comes_to(&text, "conflict", "but nothing is a file and a folder");
}

static void test_torn(void)
{
	CLEANUP(strbuf) struct strbuf whole = STRBUF_INIT;
	struct error err = ERROR_INIT;
	size_t one, wrong = 0;

	write_head(&whole);
	write_step(&whole, step_of(false, PATHS("a"), 1));
	one = whole.len;
	write_step(&whole, step_of(false, PATHS("b"), 1));
	for (size_t len = one; len < whole.len; len++) {
		CLEANUP(draft_file) struct draft_file d = { .has_base = false };

		wrong += draft_file_parse(whole.buf, len, &d, &err) < 0 || d.count != 1 || d.len != one;
	}
	is_int((intmax_t)wrong, 0, "however much of the last line is there, it is passed over until it is whole");
}

static void test_damage(void)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	size_t wrong = 0;

	write_head(&text);
	write_step(&text, step_of(false, PATHS("a"), 1));
	write_step(&text, step_of(false, PATHS("b"), 1));
	for (size_t i = 0; i < text.len - 1; i++) {
		CLEANUP(draft_file) struct draft_file d = { .has_base = false };
		struct error err = ERROR_INIT;

		text.buf[i] ^= 1;
		wrong += draft_file_parse(text.buf, text.len, &d, &err) == 0 || err.code != ERR_INTEGRITY;
		text.buf[i] ^= 1;
	}
	is_int((intmax_t)wrong, 0, "a bit that is flipped anywhere is damage");
}

int main(void)
{
	ok(draft_file_is_id("d-abcdefghi9") && !draft_file_is_id("d-abcdefghi") && !draft_file_is_id("d-abcdefghi9j") &&
			!draft_file_is_id("x-abcdefghi9") && !draft_file_is_id("d-abcdefghI9") && !draft_file_is_id("d-../../../x"),
		"an id is d- and ten letters or digits");
	test_steps();
	test_torn();
	test_damage();
	return tap_done();
}
