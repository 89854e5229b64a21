#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Speaks mreg-protocol(5) by hand, for tests of either side.

    frames.py send WORD...     writes them: 'T PAYLOAD' is a frame of that type, '=TEXT' is text as it is (\\n and \\xNN undone),
                               'W KIND:HEX...' wanted objects, 'T*N BYTE' a frame of N such bytes, 'T#N' a head that promises N bytes
    frames.py show             reads a server's first line and its frames, a line each: the type, then the payload (its size, for O)
    frames.py answer WORD...   is a server: sends these, and reads a frame where a word is '.'
"""

import os
import struct
import sys


def unescape(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


def frame(kind, payload):
    return struct.pack("<IB3x", len(payload), ord(kind)) + payload


def encode(word):
    if word.startswith("="):
        return unescape(word[1:])
    kind, rest = word[0], word[1:]
    if rest.startswith("#"):
        return struct.pack("<IB3x", int(rest[1:]), ord(kind))
    if rest.startswith("*"):
        count, byte = rest[1:].split(" ")
        return frame(kind, byte.encode() * int(count))
    if kind in "WN":
        ids = (one.split(":") for one in rest[1:].split(" "))
        return frame(kind, b"".join(bytes([int(number)]) + bytes.fromhex(text) for number, text in ids))
    return frame(kind, rest[1:].encode())


def read_frame(stream):
    head = stream.read(8)
    if len(head) < 8:
        return None
    length, kind = struct.unpack("<IB3x", head)
    return chr(kind), stream.read(length)


def send(words):
    for word in words:
        os.write(1, encode(word))


def show():
    sys.stdout.buffer.write(sys.stdin.buffer.readline())
    while got := read_frame(sys.stdin.buffer):
        kind, payload = got
        if kind == "O":
            text = str(len(payload)).encode()
        elif kind in "WN":
            text = payload.hex().encode()
        else:
            text = payload.rstrip(b"\n")
        sys.stdout.buffer.write((kind + " ").encode() + text + b"\n")


def answer(words):
    for word in words:
        if word != ".":
            send([word])
        elif not read_frame(sys.stdin.buffer):
            return


if __name__ == "__main__":
    try:
        if sys.argv[1] == "show":
            show()
        else:
            {"send": send, "answer": answer}[sys.argv[1]](sys.argv[2:])
    except BrokenPipeError:
        os._exit(1)
