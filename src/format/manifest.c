/* SPDX-License-Identifier: Apache-2.0 */
/* Builds, writes, reads and searches manifests; one list of files has exactly one text. */
#include <config.h>

#include "format/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "format/manifest-internal.h"

#define LINE_GUESS 128 /* bytes of a usual line */

const char *const manifest_kind_words[4] = { [ENTRY_FILE] = "file", [ENTRY_DIR] = "dir", [ENTRY_LINK] = "link", [ENTRY_REF] = "ref" };

static void entry_release(struct entry *e)
{
	free(e->path);
	free(e->target);
	e->path = e->target = NULL;
}

static struct entry *append(struct manifest *m)
{
	ARRAY_GROW(m->entries, m->count + 1, m->cap);
	memset(&m->entries[m->count], 0, sizeof *m->entries);
	return &m->entries[m->count++];
}

struct entry *manifest_add(struct manifest *m, enum entry_kind kind, const char *path)
{
	struct entry *e = append(m);

	e->kind = kind;
	e->mode = kind == ENTRY_DIR ? 0755 : kind == ENTRY_LINK ? 0777 : 0644;
	e->has_size = kind != ENTRY_REF;
	e->has_digest = kind == ENTRY_FILE;
	e->path = xstrdup(path);
	return e;
}

void manifest_cleanup(struct manifest *m)
{
	for (size_t i = 0; i < m->count; i++)
		entry_release(&m->entries[i]);
	free(m->entries);
	*m = (struct manifest)MANIFEST_INIT;
}

/* --- the rules that every manifest keeps --- */

const char *manifest_entry_fault(const struct entry *e)
{
	size_t len = strlen(e->path), target_len = e->target ? strlen(e->target) : 0;
	bool has_target = e->kind == ENTRY_LINK || e->kind == ENTRY_REF;

	if (len > MANIFEST_MAX_PATH)
		return "the path is too long";
	if (!path_is_safe(e->path, len))
		return "the path is not a safe relative path";
	if (has_target != (target_len > 0))
		return has_target ? "it has no target" : "no target belongs here";
	if (target_len > MANIFEST_MAX_TARGET)
		return "the target is too long";
	if (e->size > SIZE_MAX_SUM)
		return "the size is impossible";
	if (e->kind == ENTRY_FILE && !e->has_digest)
		return "the file has no digest";
	if ((e->kind == ENTRY_FILE || e->kind == ENTRY_REF) && e->mode != 0644 && e->mode != 0755)
		return "the mode is neither 0644 nor 0755";
	return NULL;
}

/*
 * The entries before the current one whose path is a prefix of its path, shortest first.  In sorted order they form a stack: whatever lies
 * between a string and a later one that it begins, it begins as well.
 */
struct ancestors {
	struct {
		size_t entry, len;
	} *v;
	size_t count, cap;
};

static void ancestors_cleanup(struct ancestors *a)
{
	free(a->v);
}

/* Moves on to entry i; the index of an entry that is a directory above it by its path, or SIZE_MAX. */
static size_t ancestors_step(struct ancestors *a, const struct manifest *m, size_t i)
{
	const char *path = m->entries[i].path;
	size_t above = SIZE_MAX;

	while (a->count && strncmp(m->entries[a->v[a->count - 1].entry].path, path, a->v[a->count - 1].len) != 0)
		a->count--;
	for (size_t k = 0; k < a->count; k++)
		if (path[a->v[k].len] == '/')
			above = a->v[k].entry;
	ARRAY_GROW(a->v, a->count + 1, a->cap);
	a->v[a->count].entry = i;
	a->v[a->count++].len = strlen(path);
	return above;
}

bool manifest_add_size(const struct entry *e, uint64_t *sum)
{
	if (e->has_size && (e->kind == ENTRY_FILE || e->kind == ENTRY_REF))
		*sum += e->size; /* both are below 2^63 */
	return *sum <= SIZE_MAX_SUM;
}

/* --- building --- */

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static int fault_at(struct error *err, enum error_code code, const char *path, const char *fault)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	manifest_escape(&shown, path, strlen(path), false);
	return error_set(err, code, "cannot store '%.200s%s': %s", shown.buf, shown.len > 200 ? "..." : "", fault);
}

static int check_each(struct manifest *m, bool *sorted, struct error *err)
{
	uint64_t sum = 0;

	*sorted = true;
	for (size_t i = 0; i < m->count; i++) {
		struct entry *e = &m->entries[i];
		const char *fault;

		if (e->kind == ENTRY_LINK && e->target)
			e->size = strlen(e->target);
		fault = manifest_entry_fault(e);
		if (!fault && !manifest_add_size(e, &sum))
			fault = "the sizes add up to more than can be counted";
		if (fault)
			return fault_at(err, ERR_INVALID, e->path, fault);
		if (i && strcmp(e[-1].path, e->path) > 0)
			*sorted = false;
	}
	return 0;
}

/* Takes out the directories that have entries below them: those say that it is there. */
static void drop_full_dirs(struct manifest *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->count; i++) {
		if (m->entries[i].path)
			m->entries[kept++] = m->entries[i];
	}
	m->count = kept;
}

static int check_neighbours(struct manifest *m, struct error *err)
{
	CLEANUP(ancestors) struct ancestors above = { NULL, 0, 0 };
	CLEANUP(ptr) bool *full = xcalloc(m->count + 1, sizeof *full);
	bool any_full = false;

	for (size_t i = 0; i < m->count; i++) {
		struct entry *e = &m->entries[i];
		size_t parent;

		if (i && strcmp(e[-1].path, e->path) == 0)
			return fault_at(err, ERR_CONFLICT, e->path, "two sources give this path");
		parent = ancestors_step(&above, m, i);
		if (parent == SIZE_MAX)
			continue;
		if (m->entries[parent].kind != ENTRY_DIR)
			return fault_at(err, ERR_CONFLICT, m->entries[parent].path, "it would be a file and a folder at once");
		full[parent] = any_full = true;
	}
	for (size_t i = 0; any_full && i < m->count; i++)
		if (full[i])
			entry_release(&m->entries[i]);
	if (any_full)
		drop_full_dirs(m);
	return 0;
}

int manifest_finish(struct manifest *m, struct error *err)
{
	bool sorted;

	if (check_each(m, &sorted, err) < 0)
		return -1;
	if (!sorted)
		qsort(m->entries, m->count, sizeof *m->entries, compare_entries);
	return check_neighbours(m, err);
}

/* --- escaping --- */

/* How many bytes the UTF-8 sequence that begins here has, 0 if none does. */
static size_t sequence_len(const char *at, size_t left)
{
	unsigned char c = (unsigned char)*at;
	size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

	return c >= 0xc2 && c <= 0xf4 && len <= left && utf8_is_valid(at, len) ? len : 0;
}

static void escape_byte(struct strbuf *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	const char hex[4] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

	if (c == '\\')
		strbuf_add(out, "\\\\", 2);
	else if (c == '\n')
		strbuf_add(out, "\\n", 2);
	else
		strbuf_add(out, hex, sizeof hex);
}

void manifest_escape(struct strbuf *out, const char *bytes, size_t len, bool with_space)
{
	for (size_t at = 0; at < len;) {
		size_t run = at;

		while (run < len && manifest_is_plain((unsigned char)bytes[run], with_space))
			run++;
		if (run == at && (unsigned char)bytes[at] >= 0x80)
			run += sequence_len(bytes + at, len - at);
		if (run == at)
			escape_byte(out, (unsigned char)bytes[run++]);
		else
			strbuf_add(out, bytes + at, run - at);
		at = run;
	}
}

/* --- writing --- */

static void add_number(struct strbuf *out, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	strbuf_add(out, digits + at, sizeof digits - at);
}

static void add_size_and_digest(struct strbuf *out, const struct entry *e)
{
	char hex[OID_HEX_LEN + 1];

	if (e->has_size)
		add_number(out, e->size);
	else
		strbuf_addc(out, '-');
	strbuf_addc(out, ' ');
	if (e->kind == ENTRY_LINK)
		return;
	if (!e->has_digest) {
		strbuf_add(out, "- ", 2);
		return;
	}
	hex_encode(e->digest.raw, OID_LEN, hex);
	hex[OID_HEX_LEN] = ' ';
	strbuf_add(out, hex, sizeof hex);
}

void manifest_write(struct strbuf *out, const struct manifest *m)
{
	strbuf_grow(out, m->count * LINE_GUESS);
	strbuf_adds(out, MANIFEST_FIRST_LINE);
	for (size_t i = 0; i < m->count; i++) {
		const struct entry *e = &m->entries[i];
		const char mode[6] = { ' ', '0', (char)('0' + (e->mode >> 6 & 7)), (char)('0' + (e->mode >> 3 & 7)),
				      (char)('0' + (e->mode & 7)), ' ' };

		strbuf_adds(out, manifest_kind_words[e->kind]);
		strbuf_add(out, mode, sizeof mode);
		add_size_and_digest(out, e);
		if (e->target) {
			manifest_escape(out, e->target, strlen(e->target), true);
			strbuf_addc(out, ' ');
		}
		manifest_escape(out, e->path, strlen(e->path), false);
		strbuf_addc(out, '\n');
	}
}

/* --- asking --- */

const struct entry *manifest_find(const struct manifest *m, const char *path)
{
	const struct entry key = { .path = (char *)(uintptr_t)path };

	return m->count ? bsearch(&key, m->entries, m->count, sizeof *m->entries, compare_entries) : NULL;
}

uint64_t manifest_bytes(const struct manifest *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->count; i++)
		manifest_add_size(&m->entries[i], &sum);
	return sum;
}

uint64_t manifest_files(const struct manifest *m)
{
	uint64_t files = 0;

	for (size_t i = 0; i < m->count; i++)
		files += m->entries[i].kind != ENTRY_DIR;
	return files;
}

bool entry_same(const struct entry *a, const struct entry *b)
{
	if (a->kind != b->kind || a->mode != b->mode || a->has_size != b->has_size || a->has_digest != b->has_digest)
		return false;
	if ((a->has_size && a->size != b->size) || (a->has_digest && !oid_equal(&a->digest, &b->digest)))
		return false;
	return !a->target == !b->target && (!a->target || strcmp(a->target, b->target) == 0);
}
