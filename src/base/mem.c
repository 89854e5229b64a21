/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that ends the program with status 10 when there is no memory. */
#include <config.h>

#include "base/mem.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Nothing here may allocate, so neither stdio nor the error path of main is used. */
static _Noreturn void out_of_memory(void)
{
	static const char text[] = "mreg: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);

	(void)ignored;
	_exit(10);
}

void *xmalloc(size_t len)
{
	void *p = malloc(len ? len : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xcalloc(size_t count, size_t len)
{
	void *p = count && len ? calloc(count, len) : calloc(1, 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc(void *ptr, size_t len)
{
	void *p = realloc(ptr, len ? len : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xreallocarray(void *ptr, size_t count, size_t len)
{
	size_t total;

	if (__builtin_mul_overflow(count, len, &total))
		out_of_memory();
	return xrealloc(ptr, total);
}

char *xstrdup(const char *s)
{
	return xmemdup(s, strlen(s) + 1);
}

char *xstrndup(const char *s, size_t len)
{
	size_t n = strnlen(s, len);
	char *copy = xmalloc(n + 1);

	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

void *xmemdup(const void *p, size_t len)
{
	void *copy = xmalloc(len);

	if (len)
		memcpy(copy, p, len);
	return copy;
}

void *mem_grow(void *array, size_t need, size_t *cap, size_t len)
{
	size_t more;

	if (need <= *cap)
		return array;
	more = *cap <= SIZE_MAX / 2 ? *cap + *cap / 2 + 8 : SIZE_MAX;
	*cap = need > more ? need : more;
	return xreallocarray(array, *cap, len);
}

void ptr_cleanup(void *ptr_to_ptr)
{
	int saved = errno;
	void *p;

	memcpy(&p, ptr_to_ptr, sizeof p);
	free(p);
	errno = saved;
}
