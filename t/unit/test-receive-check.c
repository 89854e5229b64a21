/* SPDX-License-Identifier: Apache-2.0 */
/* What a change from another registry may say: legal values of keys that are known, in words that do nothing to a terminal. */
#include <config.h>

#include "base/mem.h"
#include "registry/receive.h"
#include "tap.h"

#define C "00112233445566778899aabbccddeeff"
#define V "1111111111111111111111111111111111111111111111111111111111111111"
#define ROW(size) "{\"digest\":\"" V "\",\"files\":1,\"size\":" size ",\"version\":\"" V "\"}"
#define COLL(kind, name, type) "{\"kind\":\"" kind "\",\"name\":\"" name "\",\"type\":\"" type "\"}"
#define ALIAS(alias) "{\"alias\":\"" alias "\",\"version\":\"" V "\"}"

static struct error err;

static bool passes_with(const char *key, const char *value, const char *user, const char *why)
{
	CLEANUP(change) struct change c = { .key = xstrdup(key), .value = xstrdup(value), .user = xstrdup(user), .host = xstrdup("h"),
					    .verb = xstrdup("put"), .why = xstrdup(why), .run = xstrdup("") };
	bool passes;

	error_clear(&err);
	need(!change_seal(&c, NULL, &err), err.text);
	passes = receive_check_change(&c, &err) == 0;
	if (!passes && err.code != ERR_INTEGRITY)
		need(false, "a refusal is damage");
	return passes;
}

static bool passes(const char *key, const char *value)
{
	return passes_with(key, value, "eva", "");
}

static const struct {
	const char *key, *value;
} legal[] = {
	{ "coll/" C, COLL("artifact", "a", "model") },
	{ "coll/" C, COLL("model", "e/p/n", "data.set") },
	{ "coll/" C, "null" },
	{ "coll/" C, COLL("run", "r-0123456789", "train") },
	{ "coll/" C, "{\"kind\":\"run\",\"label\":\"a b\",\"name\":\"r-abcdefghij\",\"type\":\"run\"}" },
	{ "input/" C "/" V, "{\"as\":\"x\",\"digest\":\"" V "\",\"ref\":\"data:v3\"}" },
	{ "input/" C "/" V, "{\"digest\":\"" V "\",\"ref\":\"data:v3\"}" },
	{ "input/" C "/" V, "null" },
	{ "output/" C "/" V, "{\"created\":true,\"digest\":\"" V "\",\"ref\":\"m:v7\"}" },
	{ "from/" C, "{\"digest\":\"" V "\",\"ref\":\"m:v7\",\"version\":\"" V "\"}" },
	{ "title/" C, "\"MNIST, grey\"" },
	{ "version/" C "/0", ROW("0") },
	{ "version/" C "/9007199254740992", ROW("9223372036854775807") },
	{ "link/" C "/12", ROW("5") },
	{ "link/" C "/12", "null" },
	{ "alias/" C "/best", ALIAS("Best") },
	{ "alias/" C "/best", "null" },
	{ "protect/" C "/best", "{\"alias\":\"best\",\"reason\":true}" },
	{ "tag/" C "/a:b=c", "true" },
	{ "tag/" V "/x", "null" },
	{ "note/" V, "\"\"" },
	{ "note/" C, "\"two\\nlines\\u001b\"" },
	{ "meta/" V "/a%2fb%25", "{\"value\":{\"x\":[null]}}" },
	{ "meta/" V "/a", "{}" },
	{ "metric/" V "/loss", "{\"value\":0.5}" },
	{ "metric/" V "/loss", "{\"value\":\"-inf\"}" },
	{ "ttl/" V, "0" },
	{ "ttl/" C, "\"never\"" },
};

static const struct {
	const char *key, *value;
} wrong[] = {
	{ "coll", "null" },
	{ "coll/" C "/x", "null" },
	{ "coll/" V, "null" },
	{ "coll/00112233445566778899AABBCCDDEEFF", "null" },
	{ "coll/" C, COLL("virus", "a", "model") },
	{ "coll/" C, COLL("artifact", "../a", "model") },
	{ "coll/" C, COLL("artifact", "a/b/c/d", "model") },
	{ "coll/" C, COLL("artifact", "a", "my type") },
	{ "coll/" C, "{\"kind\":\"model\",\"name\":\"a\",\"new\":1,\"type\":\"model\"}" },
	{ "coll/" C, "[]" },
	{ "title/" C, "\"a/b\"" },
	{ "title/" C, "1" },
	{ "version/" C, "null" },
	{ "version/" C "/01", ROW("0") },
	{ "version/" C "/-1", ROW("0") },
	{ "version/" C "/9007199254740993", ROW("0") },
	{ "version/" C "/1", ROW("-1") },
	{ "version/" C "/1", ROW("1.0") },
	{ "version/" C "/1", "{\"digest\":\"" V "\",\"files\":1,\"size\":1,\"version\":\"1\"}" },
	{ "version/" V "/1", ROW("0") },
	{ "alias/" C "/Best", ALIAS("Best") },
	{ "alias/" C "/best", ALIAS("worst") },
	{ "alias/" C "/latest", "null" },
	{ "alias/" C "/v1", "null" },
	{ "alias/" C "/best", "{\"alias\":\"best\"}" },
	{ "protect/" C "/best", "{\"alias\":\"best\",\"reason\":1}" },
	{ "tag/" V "/x", "false" },
	{ "tag/" V "/x y", "true" },
	{ "tag/" V, "true" },
	{ "note/" V, "1" },
	{ "meta/" V "/a%41", "{\"value\":1}" },
	{ "meta/" V "/a%", "{\"value\":1}" },
	{ "meta/" V "/a", "{\"other\":1}" },
	{ "meta/" V "/a", "1" },
	{ "metric/" V "/a", "{\"value\":\"much\"}" },
	{ "metric/" V "/a", "{\"value\":true}" },
	{ "ttl/" V, "-1" },
	{ "ttl/" V, "\"soon\"" },
	{ "absent/" V, "{\"remote\":\"x\"}" },
	{ "shallow/" C, "true" },
	{ "run/" V, "{}" },
	{ "later/" C, "1" },
};

int main(void)
{
	for (size_t i = 0; i < COUNT_OF(legal); i++)
		ok(passes(legal[i].key, legal[i].value), "%s may be %s", legal[i].key, legal[i].value);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ok(!passes(wrong[i].key, wrong[i].value), "%s may not be %s", wrong[i].key, wrong[i].value);
	ok(passes_with("note/" C, "\"\"", "\xc3\xa4nne", "one\n\ttwo"), "a reason may have lines");
	ok(!passes_with("note/" C, "\"\"", "eva", "\x1b[31m"), "but no escapes");
	ok(!passes_with("note/" C, "\"\"", "e\nva", ""), "a user has none of both");
	ok(!passes_with("note/" C, "\"\"", "e\xc2\x9bva", ""), "nor of those in two bytes");
	return tap_done();
}
