/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text. */
#include <config.h>

#include "base/path.h"

#include <string.h>

static size_t len_without_slashes(const char *path, size_t len)
{
	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

void path_join(struct strbuf *out, const char *dir, const char *name)
{
	if (name[0] != '/' && dir[0] && strcmp(dir, ".")) {
		strbuf_adds(out, dir);
		if (dir[strlen(dir) - 1] != '/')
			strbuf_addc(out, '/');
	}
	strbuf_adds(out, name);
}

const char *path_base(const char *path, size_t *len)
{
	size_t end = len_without_slashes(path, strlen(path)), start = end;

	while (start && path[start - 1] != '/')
		start--;
	if (start == end && end)
		start--; /* the root is its own last component */
	*len = end - start;
	return path + start;
}

void path_dir(struct strbuf *out, const char *path)
{
	size_t len = len_without_slashes(path, strlen(path));

	while (len && path[len - 1] != '/')
		len--;
	if (len)
		strbuf_add(out, path, len_without_slashes(path, len));
	else
		strbuf_addc(out, '.');
}

bool path_is_safe(const char *path, size_t len)
{
	size_t start = 0, n;

	if (!len || memchr(path, '\0', len))
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && path[i] != '/')
			continue;
		n = i - start;
		if (!n || (path[start] == '.' && (n == 1 || (n == 2 && path[start + 1] == '.'))))
			return false;
		start = i + 1;
	}
	return true;
}

void path_normalise(struct strbuf *out, const char *path)
{
	size_t before = out->len, n;
	bool first = true;

	if (path[0] == '/')
		strbuf_addc(out, '/');
	for (const char *p = path; *p; p += n) {
		if (*p == '/') {
			n = 1;
			continue;
		}
		n = strcspn(p, "/");
		if (n == 1 && *p == '.')
			continue;
		if (!first)
			strbuf_addc(out, '/');
		strbuf_add(out, p, n);
		first = false;
	}
	if (out->len == before)
		strbuf_addc(out, '.');
}
