/* SPDX-License-Identifier: Apache-2.0 */
/* What a user types to name a collection or a version. */
#include <config.h>

#include "format/reference.h"

#include "base/mem.h"
#include "tap.h"

static struct reference ref;

static bool parses(const char *text, enum reference_kind kind, const char *name)
{
	struct error err = ERROR_INIT;

	return reference_parse(text, &ref, &err) == 0 && ref.kind == kind && strcmp(ref.name, name) == 0;
}

static void test_legal(void)
{
	ok(parses("m", REFERENCE_BARE, "m"), "a bare name");
	ok(parses("M.x-1_2", REFERENCE_BARE, "M.x-1_2"), "a name keeps its case");
	ok(parses("m:v3", REFERENCE_NUMBER, "m") && ref.number == 3, "a number");
	ok(parses("m:latest", REFERENCE_LATEST, "m") && parses("m:LATEST", REFERENCE_LATEST, "m"), "latest in any case");
	ok(parses("m:best", REFERENCE_ALIAS, "m") && strcmp(ref.alias, "best") == 0, "an alias");
	ok(parses("m:Best", REFERENCE_ALIAS, "m") && strcmp(ref.alias, "Best") == 0, "an alias as it was typed");
	ok(parses("m@01234567", REFERENCE_DIGEST, "m") && strcmp(ref.hex, "01234567") == 0, "eight digits of a digest");
	ok(parses("m@ABCDEF01ab", REFERENCE_DIGEST, "m") && strcmp(ref.hex, "abcdef01ab") == 0, "upper case is folded");
	ok(parses("m@0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", REFERENCE_DIGEST, "m"), "a whole digest");
}

static void test_illegal(void)
{
	static const char *const wrong[] = { "", ":", "m:", ":v1", "@", "m@", "m@0123456", "m@0123456g",
		"m@0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0", "m:v1@01234567", "m:a:b", "m:v01", "m:V1",
		"m:v99999999999999999999", "a/b/c/d", "/a", "a/", "a//b", "a b/c", " a", "m:.x", "-m", ".", "..", "m:a b", "r-01234567", "r-01234567890", "m:\xff" };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		error_clear(&err);
		ok(reference_parse(wrong[i], &ref, &err) == -1 && err.code == ERR_INVALID && strstr(err.text, "invalid reference '"),
			"refused: %zu", i);
	}
	reference_parse("m:\x1b[2J", &ref, &err) == 0 ? ok(false, "accepted")
						      : ok(!strchr(err.text, '\x1b'), "shown escaped: %s", err.text);
}

static void test_runs(void)
{
	static const char *const runs[] = { "r-0123456789", "r-0123456789:v1", "r-abcdefghij:latest", "r-0123456789@0123456789" };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < COUNT_OF(runs); i++) {
		error_clear(&err);
		ok(reference_parse(runs[i], &ref, &err) == -1 && err.code == ERR_NO_COLLECTION && strstr(err.hint, "mreg run show r-"),
			"the id of a run is told from names: %zu", i);
	}
}

static void test_titles(void)
{
	static const char *const wrong[] = { "a b/c", "e/p/q/a b", "p/ a", "p/a ", "r-a b", "p/r-a b", "a\tb", "-a b", "p//a b", "a b:", "a b@12" };
	struct error err = ERROR_INIT;

	ok(parses("p/m:v3", REFERENCE_NUMBER, "p/m"), "a name in a project is no title");
	ok(parses("MNIST Grayscale 28x28", REFERENCE_BARE, "MNIST Grayscale 28x28"), "a title");
	ok(parses("MNIST Grayscale 28x28:best", REFERENCE_ALIAS, "MNIST Grayscale 28x28"), "a title with an alias");
	ok(parses("e/p/A title@01234567", REFERENCE_DIGEST, "e/p/A title"), "a title in a project, with a digest");
	ok(parses("\xc3\x9c" "bung:v0", REFERENCE_NUMBER, "\xc3\x9c" "bung"), "a title that is not ASCII");
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		error_clear(&err);
		ok(reference_parse(wrong[i], &ref, &err) == -1 && err.code == ERR_INVALID, "no title: %zu", i);
	}
}

int main(void)
{
	test_runs();
	test_titles();
	test_legal();
	test_illegal();
	return tap_done();
}
