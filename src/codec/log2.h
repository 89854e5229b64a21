/* SPDX-License-Identifier: Apache-2.0 */
/* Logarithms for estimates of entropy: a library for them would be loaded by every command, and a call each makes loops slow. */
#ifndef MREG_CODEC_LOG2_H
#define MREG_CODEC_LOG2_H

#include <stdint.h>

/* log2 of a whole number > 0, to 0.0002: t + t(1 - t)q(t) for the part below the highest bit, where q was fitted by least squares. */
static inline float log2_of(uint32_t n)
{
	unsigned whole = 31 - (unsigned)__builtin_clz(n);
	float t = (float)(n - (UINT32_C(1) << whole)) / (float)(UINT32_C(1) << whole);

	return (float)whole + t + t * (1 - t) * (0.43838f + t * (-0.23750f + t * 0.08065f));
}

#endif
