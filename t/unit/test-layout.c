/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of format/layout counts on. */
#include <config.h>

#include "format/layout.h"

#include "base/cleanup.h"
#include "tap.h"

static void order(void)
{
	CLEANUP(layout) struct layout l = { .size = 100 };

	ok(layout_add(&l, 10, 20, ELEMENT_FP32), "a region is added");
	ok(layout_add(&l, 30, 5, ELEMENT_BF16), "so is one right behind it");
	ok(!layout_add(&l, 34, 5, ELEMENT_FP32), "one that overlaps is refused");
	ok(!layout_add(&l, 0, 5, ELEMENT_FP32), "so is one that comes too late");
	ok(!layout_add(&l, 90, 11, ELEMENT_FP32), "and one beyond the end");
	ok(!layout_add(&l, 101, 0, ELEMENT_FP32), "even an empty one");
	ok(!layout_add(&l, 90, UINT64_MAX, ELEMENT_FP32), "however long");
	ok(layout_add(&l, 40, 0, ELEMENT_FP32) && l.count == 2, "nothing inside is no region");
	ok(layout_add(&l, 90, 10, ELEMENT_INT64) && l.count == 3, "a gap is fine, up to the end");
	layout_cleanup(&l);
	ok(!l.regions && !l.count && l.size == 100, "emptied it is of the same size");
}

static void limit(void)
{
	CLEANUP(layout) struct layout l = { .size = UINT64_MAX };
	bool fine = true;

	for (uint64_t i = 0; i < LAYOUT_REGIONS_MAX; i++)
		fine &= layout_add(&l, i, 1, ELEMENT_BYTE);
	ok(fine, "there is room for many regions");
	ok(!layout_add(&l, LAYOUT_REGIONS_MAX, 1, ELEMENT_BYTE), "but not for any number");
}

static void elements(void)
{
	is_int(layout_element_size(ELEMENT_UNKNOWN), 0, "what is not known has no size");
	is_int(layout_element_size(ELEMENT_HEADER), 0, "nor has a header");
	is_int(layout_element_size(ELEMENT_BYTE), 1, "a byte has");
	is_int(layout_element_size(ELEMENT_BF16), 2, "bf16 has two");
	is_int(layout_element_size(ELEMENT_FP32), 4, "fp32 has four");
	is_int(layout_element_size(ELEMENT_FP64), 8, "fp64 has eight");
	ok(layout_element_is_rotated(ELEMENT_BF16) && layout_element_is_rotated(ELEMENT_FP32), "exponents of eight bits are made bytes");
	ok(!layout_element_is_rotated(ELEMENT_FP16) && !layout_element_is_rotated(ELEMENT_FP64), "others are not");
}

int main(void)
{
	order();
	limit();
	elements();
	return tap_done();
}
