/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that cannot fail: out of memory ends the program with status 10, which a crash-safe store makes honest. */
#ifndef MREG_BASE_MEM_H
#define MREG_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* A size that comes from a file or a peer is checked against a named limit before it gets here. */
void *xmalloc(size_t len);
void *xcalloc(size_t count, size_t len);
void *xrealloc(void *ptr, size_t len);
/* count * len is checked for overflow. */
void *xreallocarray(void *ptr, size_t count, size_t len);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
void *xmemdup(const void *p, size_t len);

/* Grows `array` (element pointer) so that it holds `need` elements; `*cap` is its capacity in elements. */
#define ARRAY_GROW(array, need, cap) ((array) = mem_grow((array), (need), &(cap), sizeof *(array)))
void *mem_grow(void *array, size_t need, size_t *cap, size_t len);

/* CLEANUP(ptr) char *s = NULL; frees any pointer. */
void ptr_cleanup(void *ptr_to_ptr);

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

#endif
