/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest of some words. */
#include <config.h>

#include "base/suggest.h"

#include "base/mem.h"
#include "tap.h"

static const char *const words[] = { "put", "get", "status", "resolve", "production", "staging" };

static void is_nearest(const char *text, const char *want)
{
	long i = suggest_nearest(text, words, COUNT_OF(words));

	is_str(i < 0 ? "none" : words[i], want, text);
}

int main(void)
{
	is_nearest("stauts", "status");
	is_nearest("productoin", "production");
	is_nearest("prodction", "production");
	is_nearest("prdctn", "none");
	is_nearest("resolve", "resolve");
	is_nearest("gett", "get");
	is_nearest("pt", "put");
	is_nearest("xyz", "none");
	is_nearest("", "none");
	ok(suggest_nearest("put", NULL, 0) < 0, "of no words none is near");
	return tap_done();
}
