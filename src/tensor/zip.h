/* SPDX-License-Identifier: Apache-2.0 */
/* Reads zip archives as far as models are in them: stored members of .npz files and of PyTorch checkpoints. */
#ifndef MREG_TENSOR_ZIP_H
#define MREG_TENSOR_ZIP_H

#include "tensor/tensor.h"

#define ZIP_DIRECTORY_MAX (32u << 20)

/*
 * Visits members that are stored as they are, of at least len_min bytes: the array of one that is a NumPy file, else all its
 * bytes, which have no dtype.  Encrypted and compressed ones, and whole archives in parts or with something before them, are none of ours.
 */
bool zip_each(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t *header_len);

#endif
