#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes model files of noise for the tests: the same bytes for the same tensor, whatever file it is in.

    make-model.py safetensors FILE METADATA NAME:DTYPE:COUNT...
    make-model.py gguf FILE METADATA NAME:DTYPE:COUNT...
    make-model.py pt FILE METADATA NAME:DTYPE:COUNT...      a zip archive as PyTorch writes it
    make-model.py npz FILE NAME:DTYPE:COUNT...              by NumPy
    make-model.py npy FILE DTYPE ROWS COLUMNS               by NumPy

METADATA is a number: so many bytes of it.
"""

import json
import random
import struct
import sys
import zipfile

SIZES = {"F32": 4, "F16": 2, "BF16": 2, "I8": 1}
GGUF_TYPES = {"F32": 0, "F16": 1, "I8": 24, "BF16": 30}


def tensors(texts):
    for text in texts:
        name, dtype, count = text.split(":")
        yield name, dtype, int(count), random.Random(name).randbytes(int(count) * SIZES[dtype])


def safetensors(out, metadata, *texts):
    header, data = {"__metadata__": {"k": "x" * int(metadata)}}, b""
    for name, dtype, count, raw in tensors(texts):
        header[name] = {"dtype": dtype, "shape": [count], "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    out.write(struct.pack("<Q", len(text)) + text + data)


def gguf(out, metadata, *texts):
    def string(text):
        return struct.pack("<Q", len(text)) + text.encode()

    data, infos, count = b"", b"", 0
    for name, dtype, elements, raw in tensors(texts):
        infos += string(name) + struct.pack("<IQIQ", 1, elements, GGUF_TYPES[dtype], len(data))
        data += raw + bytes(-len(raw) % 32)
        count += 1
    head = b"GGUF" + struct.pack("<IQQ", 3, count, 1) + string("general.name") + struct.pack("<I", 8) + string("x" * int(metadata)) + infos
    out.write(head + bytes(-len(head) % 32) + data)


def pt(out, metadata, *texts):
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("model/data.pkl", random.Random(metadata).randbytes(int(metadata)))
        for i, (_, _, _, raw) in enumerate(tensors(texts)):
            archive.writestr("model/data/%d" % i, raw)


def arrays(texts):
    import numpy as np
    kinds = {"F32": "<f4", "F16": "<f2", "I8": "i1"}
    return {name: np.frombuffer(raw, kinds[dtype]) for name, dtype, _, raw in tensors(texts)}


def npz(out, *texts):
    import numpy as np
    np.savez(out, **arrays(texts))


def npy(out, dtype, rows, columns):
    import numpy as np
    array, = arrays(["a:%s:%d" % (dtype, int(rows) * int(columns))]).values()
    np.save(out, array.reshape(int(rows), int(columns)))


with open(sys.argv[2], "wb") as file:
    globals()[sys.argv[1]](file, *sys.argv[3:])
