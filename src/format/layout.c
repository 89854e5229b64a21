/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the list of a file's regions in order, and knows the elements. */
#include <config.h>

#include "format/layout.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"

bool layout_add(struct layout *l, uint64_t offset, uint64_t len, enum element element)
{
	const struct layout_region *last = l->count ? &l->regions[l->count - 1] : NULL;

	if (offset > l->size || len > l->size - offset || (last && offset < last->offset + last->len))
		return false;
	if (!len)
		return true;
	if (l->count == LAYOUT_REGIONS_MAX)
		return false;
	ARRAY_GROW(l->regions, l->count + 1, l->cap);
	l->regions[l->count++] = (struct layout_region){ .offset = offset, .len = len, .element = element };
	return true;
}

void layout_cleanup(struct layout *l)
{
	int saved = errno;

	free(l->regions);
	l->regions = NULL;
	l->count = l->cap = 0;
	errno = saved;
}

unsigned layout_element_size(enum element element)
{
	switch (element) {
	case ELEMENT_BYTE:
		return 1;
	case ELEMENT_INT16:
	case ELEMENT_FP16:
	case ELEMENT_BF16:
		return 2;
	case ELEMENT_INT32:
	case ELEMENT_FP32:
		return 4;
	case ELEMENT_INT64:
	case ELEMENT_FP64:
		return 8;
	case ELEMENT_UNKNOWN:
	case ELEMENT_HEADER:
		break;
	}
	return 0;
}

bool layout_element_is_rotated(enum element element)
{
	return element == ELEMENT_BF16 || element == ELEMENT_FP32;
}
