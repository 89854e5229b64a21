#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for ssh: wire.py RESULT HOST COMMAND runs COMMAND here, passes on what both sides say, and counts it.

RESULT becomes {"up": {"bytes": n, "frames": {type: n}}, "down": ...}; up is from the client to the server, which greets with a
line before its first frame.
"""
import json, os, struct, subprocess, sys, threading


class Counter:
    """Counts frames in bytes that come in pieces of any size."""

    def __init__(self, greets):
        self.bytes, self.frames, self.greets, self.skip, self.head = 0, {}, greets, 0, b""

    def see(self, data):
        self.bytes += len(data)
        at = 0
        if self.greets:
            at = data.find(b"\n") + 1
            self.greets = not at
            if self.greets:
                return
        while at < len(data):
            if self.skip:
                step = min(self.skip, len(data) - at)
                self.skip -= step
            else:
                step = min(8 - len(self.head), len(data) - at)
                self.head += data[at:at + step]
                self.begin()
            at += step

    def begin(self):
        if len(self.head) == 8:
            self.skip, kind = struct.unpack("<IB3x", self.head)
            self.frames[chr(kind)] = self.frames.get(chr(kind), 0) + 1
            self.head = b""


def pump(source, to, counter):
    while True:
        data = os.read(source, 1 << 18)
        if not data:
            break
        counter.see(data)
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(to, view):]
            except BrokenPipeError:
                return
    os.close(to)


def main():
    result, command = sys.argv[1], sys.argv[-1]
    up, down = Counter(False), Counter(True)
    with subprocess.Popen(["/bin/sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        there = threading.Thread(target=pump, args=(0, os.dup(p.stdin.fileno()), up), daemon=True)
        p.stdin.close()
        there.start()
        pump(p.stdout.fileno(), 1, down)
        status = p.wait()
    with open(result, "w") as f:
        json.dump({"up": vars_of(up), "down": vars_of(down)}, f)
    os._exit(status)  # the other thread may wait for a client that has nothing more to say


def vars_of(counter):
    return {"bytes": counter.bytes, "frames": counter.frames}


if __name__ == "__main__":
    main()
