#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""edit-bundle.py FROM TO CODE: writes a bundle that is well-formed, but not what it was.

CODE sees `records`, a list of objects with kind, id, file, codec, params, raw_len and payload; raw(r) decodes, set_raw(r, bytes) stores bytes
as they are under their own id; `header` is the header as a dict, `changes` the list of its changes' lines.  Header and changes are written anew.
"""
import hashlib, json, struct, sys, types, zlib

BUNDLE, CHANGES, RECIPE, FILE = 7, 8, 2, 6


def raw(r):
    return zlib.decompress(r.payload) if r.codec else r.payload


def set_raw(r, data, own_id=True):
    r.payload, r.codec, r.params, r.raw_len = data, 0, 0, len(data)
    if own_id:
        r.id = hashlib.sha256(data).digest()


def canonical(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def read(data):
    end, records, at = struct.unpack("<Q", data[-64:-56])[0], [], 32
    while at < end:
        kind, codec, params, raw_len, stored_len = struct.unpack("<BBHQQ", data[at + 4:at + 24])
        start = at + (96 if kind == RECIPE else 64)
        records.append(types.SimpleNamespace(kind=kind, codec=codec, params=params, raw_len=raw_len, id=data[at + 32:at + 64], file=data[at + 64:start],
                                             payload=data[start:start + stored_len]))
        at = start + stored_len
    return records


def write(head, records):
    out, rows = bytearray(head), []
    for r in records:
        crc = zlib.crc32(r.payload)
        first = b"mRec" + struct.pack("<BBHQQI", r.kind, r.codec, r.params, r.raw_len, len(r.payload), crc)
        row = struct.pack("<QQQIBBH", len(out), len(r.payload), r.raw_len, crc, r.kind, r.codec, r.params)
        rows.append((r.id, r.kind, len(out), row))
        if r.kind == RECIPE:
            rows.append((r.file, FILE, len(out), row[:28] + bytes([FILE]) + row[29:]))
        out += first + struct.pack("<I", zlib.crc32(first + bytes(4) + r.id + r.file)) + r.id + r.file + r.payload
    rows.sort()
    table = b"".join(struct.pack("<I", sum(row[0][0] <= i for row in rows)) for i in range(256))
    table += b"".join(row[0] for row in rows) + b"".join(row[3] for row in rows)
    trailer = struct.pack("<QQ", len(out), len(rows)) + hashlib.sha256(table).digest() + struct.pack("<I", 1)
    return bytes(out) + table + trailer + struct.pack("<I", zlib.crc32(trailer)) + b"MREGTABL"


def main():
    data = open(sys.argv[1], "rb").read()
    records = read(data)
    old = next(r for r in records if r.kind == BUNDLE)
    header = json.loads(raw(old))
    by_id = {r.id.hex(): r for r in records if r.kind == CHANGES}
    changes = b"".join(raw(by_id[i]) for i in header["changes"]).decode().splitlines(keepends=True)
    records = [r for r in records if r.kind not in (BUNDLE, CHANGES)]
    scope = dict(records=records, header=header, changes=changes, raw=raw, set_raw=set_raw, canonical=canonical, json=json, Record=types.SimpleNamespace)
    exec(sys.argv[3], scope)
    header, changes, records = scope["header"], scope["changes"], scope["records"]
    text = types.SimpleNamespace(kind=CHANGES, file=b"")
    set_raw(text, "".join(changes).encode())
    header["changes"] = [text.id.hex()]
    top = types.SimpleNamespace(kind=BUNDLE, file=b"")
    set_raw(top, canonical(header))
    open(sys.argv[2], "wb").write(write(data[:32], records + [text, top] + scope.get("more", [])))


main()
