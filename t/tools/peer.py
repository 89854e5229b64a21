#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The other side of mreg-protocol(5), as it should be and as it should not be.

    peer.py serve LIE [SSH-WORD...]    a server on descriptors 0 and 1: MREG_SSH="peer.py serve LIE"
    peer.py push LIE MREG PATH         a client that pushes to `MREG serve PATH`; prints what came of it: RESULT, or CODE: MESSAGE
    peer.py cut IN OUT [SSH-WORD...]   a filter between the two that ends after IN bytes from the server or OUT bytes to it (-: never);
                                       the server is `mreg serve` of the path that the last word names
    peer.py measure FILE COMMAND...    runs a command; its largest resident size, in KiB, goes into FILE; its status is ours

All have one artifact, `evil`, with one version of two files.  LIE is `none` or one of those in the functions below.
"""

import hashlib, json, os, select, signal, struct, sys, zlib

CHUNK, RECIPE, MANIFEST, VERSION, RUN, FILE = 1, 2, 3, 4, 5, 6
ZERO = "0" * 64
TIME = "2026-01-02T03:04:05Z"
CID, OTHER_CID = "c1d" + "0" * 29, "c1d" + "1" * 29
ESCAPE = "\x1b]0;owned\x07\x1b[31m"


def sha(data):
    return hashlib.sha256(data).hexdigest()


def text(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


# ---- what there is ----

def record(kind, raw, codec=0, **wrong):
    """A record as it stands in a pack; what is wrong about it by name."""
    stored = zlib.compress(raw) if codec == 1 else raw
    stored = wrong.get("stored", stored)
    ident = bytes.fromhex(wrong.get("id", sha(raw)))
    raw_len = wrong.get("raw_len", len(raw))
    crc = wrong.get("crc", zlib.crc32(stored))
    head = b"mRec" + struct.pack("<BBHQQI", kind, codec, 0, raw_len, wrong.get("stored_len", len(stored)), crc)
    tail = bytes.fromhex(wrong.get("file", "")) if kind == RECIPE else b""
    return head + struct.pack("<I", zlib.crc32(head + bytes(4) + ident + tail)) + ident + tail + stored


class World:
    """Changes, and records by kind and id."""
    def __init__(self, lie):
        self.lie, self.changes, self.records, self.scope = lie, [], {}, [(CID, "evil")]
        self.parent = []
        self.files = {"config.json": b'{"lr":0.1}', "weights.bin": bytes(range(256)) * 40}
        name = {"control-name": "ev" + ESCAPE + "il", "slash-name": "../../evil", "empty-name": ""}.get(lie, "evil")
        self.change("coll/" + CID, {"kind": "artifact", "name": name, "type": "model"})
        self.make_version(self.manifest())
        self.spoil_changes()

    def change(self, key, value, parents=(), **more):
        doc = {"host": "far", "key": key, "parents": sorted(parents), "time": TIME, "user": "eve", "value": value, "verb": "put", **more}
        self.changes.append(text(doc))
        return sha(self.changes[-1].encode())

    def add(self, kind, raw, codec=0, **wrong):
        ident = wrong.get("id", sha(raw))
        self.records[(kind, ident)] = record(kind, raw, codec, **wrong)
        return ident

    def manifest(self):
        lines = []
        for path, data in sorted(self.files.items()):
            ident = self.add(CHUNK, data)
            size = len(data)
            if path == "weights.bin":
                size = self.spoil_file(ident, data)
            lines.append("file 0644 %d %s %s" % (size, ident, path))
        self.spoil_manifest(lines)
        return "".join(line + "\n" for line in ["mreg-manifest 1"] + lines).encode()

    def spoil_file(self, ident, data):
        """One chunk is not what it should be."""
        lie, size = self.lie, len(data)
        zeros = bytes(64 << 20)
        if lie == "wrong-hash":
            self.add(CHUNK, b"x" * size, id=ident)
        elif lie == "wrong-crc":
            self.add(CHUNK, data, crc=7)
        elif lie == "wrong-kind":
            self.records[(CHUNK, ident)] = record(VERSION, data)
        elif lie == "wrong-id":
            self.records[(CHUNK, ident)] = record(CHUNK, b"something else")
        elif lie == "missing-chunk":
            del self.records[(CHUNK, ident)]
        elif lie == "huge-record":
            self.add(CHUNK, data, raw_len=1 << 63)
        elif lie == "huge-stored":
            self.add(CHUNK, data, stored_len=1 << 63)
        elif lie == "bomb":
            self.add(CHUNK, zeros, codec=1, id=ident)
        elif lie == "bomb-inside":
            self.add(CHUNK, zeros, codec=1, id=ident, raw_len=size)
        elif lie == "no-codec":
            self.records[(CHUNK, ident)] = record(CHUNK, data, codec=9, stored=data)
        elif lie == "recipe-of-itself":
            del self.records[(CHUNK, ident)]
            piece = bytes.fromhex(ident) + struct.pack("<I", size)
            self.records[(FILE, ident)] = record(RECIPE, piece * 4000, file=ident)
            return 4000 * size
        return {"huge-size": (1 << 63) - 1, "size-2-63": 1 << 63}.get(lie, size)

    def spoil_manifest(self, lines):
        empty = self.add(CHUNK, b"")
        lie, file = self.lie, "file 0644 0 %s " % empty
        if lie == "dotdot":
            lines.insert(0, file + "../escape")
        elif lie == "absolute":
            lines.insert(0, file + "/tmp/escape")
        elif lie == "through-link":
            lines += ["link 0777 %d %s %s" % (len("/tmp"), "/tmp", "x"), file + "x/escape"]
        elif lie == "raw-control":
            lines.append(file + "z" + ESCAPE)
        elif lie == "twice":
            lines.append(lines[-1])
        elif lie == "million":
            lines += [file + "z/%07d" % i for i in range(1000000)]
        elif lie == "device":
            lines.append("dev 0666 1 3 zero")

    def add_manifest(self, raw):
        if len(raw) <= 65536:
            return self.add(MANIFEST, raw)
        recipe = b""
        for at in range(0, len(raw), 1 << 20):
            piece = raw[at:at + (1 << 20)]
            recipe += bytes.fromhex(self.add(CHUNK, piece, codec=1)) + struct.pack("<I", len(piece))
        self.records[(FILE, sha(raw))] = record(RECIPE, recipe, file=sha(raw))
        return sha(raw)

    def make_version(self, raw):
        lines = raw.decode("utf-8", "replace").split("\n")[1:-1]
        files = [line.split(" ") for line in lines if line.startswith("file ")]
        digest = self.add_manifest(raw)
        self.version = text({"collection": "evil", "description": "", "format": 1, "host": "far",
                             "manifest": ZERO if self.lie == "other-manifest" else digest, "metadata": {}, "metrics": {}, "nonce": "0" * 32,
                             "run": "", "time": TIME, "type": "model", "user": "eve"}).encode()
        if self.lie == "bad-version":
            self.version = b"[" * 100
        version = self.add(VERSION, self.version)
        if self.lie == "missing-manifest":
            del self.records[(MANIFEST, digest)]
        if self.lie == "missing-version":
            del self.records[(VERSION, version)]
        size = sum(int(f[2]) for f in files)
        self.value = {"digest": digest, "files": len(files) + (self.lie == "wrong-count"), "size": size, "version": version}
        if self.lie == "size-2-63":
            self.value["size"] = 1 << 62
        self.change("version/%s/0" % CID, self.value)

    def spoil_changes(self):
        lie = self.lie
        if lie == "no-parents":
            self.change("alias/%s/best" % CID, {"alias": "best", "version": self.value["version"]}, ["f" * 64])
        elif lie == "outside":
            self.change("coll/" + OTHER_CID, {"kind": "artifact", "name": "unasked", "type": "model"})
        elif lie == "local-key":
            self.change("absent/" + self.value["version"], {"remote": "origin"})
        elif lie == "unknown-key":
            self.change("evil/" + CID, True)
        elif lie == "control-alias":
            self.change("alias/%s/best" % CID, {"alias": ESCAPE, "version": self.value["version"]})
        elif lie == "control-key":
            self.change("alias/%s/be%sst" % (CID, ESCAPE), {"alias": "best", "version": self.value["version"]})
        elif lie == "control-tag":
            self.change("tag/%s/a%sb" % (CID, "\x7f"), True)
        elif lie == "control-user":
            self.change("title/" + CID, "evil", user="eve" + ESCAPE, why="because" + ESCAPE)
        elif lie == "alias-of-none":
            self.change("alias/%s/best" % CID, {"alias": "best", "version": "e" * 64})
        elif lie == "bad-value":
            self.change("version/%s/1" % CID, {"digest": 1})
        elif lie == "number-2-53":
            self.change("version/%s/9007199254740993" % CID, self.value)
        elif lie == "deep":
            self.changes.append('{"host":"far","key":"meta/%s/x","parents":[],"time":"%s","user":"eve","value":{"value":%s},"verb":"meta"}'
                                % (CID, TIME, "[" * 500 + "]" * 500))
        elif lie == "not-canonical":
            self.changes[-1] = " " + self.changes[-1]
        elif lie == "two-names":
            self.scope.append((OTHER_CID, "EVIL"))
            self.change("coll/" + OTHER_CID, {"kind": "artifact", "name": "EVIL", "type": "model"})


# ---- frames ----

class Ended(Exception):
    pass


class Wire:
    def __init__(self, source, sink):
        self.source, self.sink = source, sink

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = os.read(self.source, count - len(data))
            if not more:
                raise Ended
            data += more
        return data

    def line(self):
        data = b""
        while not data.endswith(b"\n"):
            data += self.exactly(1)
        return data.decode()

    def raw(self, data):
        """All of it; a client goes on reading when the server has heard enough."""
        at = 0
        while at < len(data):
            try:
                at += os.write(self.sink, data[at:at + 65536])
            except BrokenPipeError:
                if self.sink == 1:
                    raise
                return

    def send(self, kind, payload=b""):
        if not isinstance(payload, bytes):
            payload = text(payload).encode()
        self.raw(struct.pack("<I", len(payload)) + kind.encode() + bytes(3) + payload)

    def read(self):
        head = self.exactly(8)
        return chr(head[4]), self.exactly(struct.unpack("<I", head[:4])[0])


def give(wire, world, wants):
    """OBJECT or LACK for each id."""
    for at in range(0, len(wants), 33):
        kind, ident = wants[at], wants[at + 1:at + 33].hex()
        data = world.records.get((kind, ident))
        if data is None:
            wire.send("N", wants[at:at + 33])
        elif world.lie == "long-object":
            wire.raw(struct.pack("<I", (64 << 20) + 5000) + b"O" + bytes(3) + data)
        else:
            wire.send("O", data)
        if world.lie == "twice-object":
            wire.send("O", data or b"")
        elif world.lie == "surprise":
            wire.send("O", record(CHUNK, b"nobody asked for this"))


def send_changes(wire, world):
    if world.lie == "long-frame":
        wire.raw(struct.pack("<I", (1 << 32) - 1) + b"C" + bytes(3) + b"x" * 1000)
    if world.lie == "no-frame":
        wire.raw(struct.pack("<I", 4) + b"\x1b" + bytes(3) + b"boom")
    if world.lie == "dirty-frame":
        wire.raw(struct.pack("<I", 4) + b"C" + b"\1\2\3" + b"boom")
    if world.lie == "garbage":
        wire.raw(bytes((i * 7919 >> 3) & 255 for i in range(100000)))
    wire.send("C", "".join(c + "\n" for c in world.changes).encode("utf-8", "surrogatepass"))
    count = len(world.changes) + (world.lie == "wrong-end")
    return {"changes": count, "seq": 0, "sum": ZERO, "was_since": False}


# ---- server ----

def greet(wire, lie):
    first = {"garbage-line": "Welcome to " + ESCAPE + "hub\n", "version-9": "mreg-protocol 9 12\n", "endless-line": "x" * 1000000,
             "empty-line": "\n", "noise": os.urandom(5000).decode("latin-1")}
    wire.raw(first.get(lie, "mreg-protocol 1 1\n").encode("latin-1"))
    wire.read()
    hello = {"program": "mreg 0.1", "protocol": 1, "kind": "registry", "read_only": False, "registry": "e" * 32, "seq": 3, "sum": "5" * 64}
    hello.update({"escape-hello": {"program": "mreg" + ESCAPE}, "bad-registry": {"registry": "../" + ESCAPE}, "huge-seq": {"seq": 1 << 63},
                  "version-0": {"protocol": 0}, "kind": {"kind": "oracle"}}.get(lie, {}))
    if lie == "escape-error":
        wire.send("X", {"code": "conflict", "hint": "type " + ESCAPE, "message": "no" + ESCAPE + " way"})
    if lie == "local-error":
        wire.send("X", {"code": "disk-full", "hint": "", "message": "no space left on device"})
    if lie == "no-json":
        wire.send("H", b"{" * 1000)
    wire.send("H", hello)
    if lie == "escape-note":
        wire.send("T", {"message": "look" + ESCAPE, "warning": True})


def serve(lie):
    world, wire = World(lie), Wire(0, 1)
    greet(wire, lie)
    while True:
        kind, payload = wire.read()
        if lie == "alive":
            os.kill(os.getppid(), signal.SIGINT)
            while True:
                wire.raw(b"\0\0\0\0Z" * 10000)
        if kind == "L":
            items = [{"cid": cid, "name": name, "shallow": False} for cid, name in world.scope]
            if lie == "scope-name":
                items[0]["name"] = "e" + ESCAPE
            if lie == "scope-cid":
                items[0]["cid"] = "../../../../../../../../evil/cid"
            wire.send("S", {"collections": items})
            wire.send("E", {**send_changes(wire, world), "seq": 3, "sum": "5" * 64})
        elif kind == "W":
            give(wire, world, payload)
        elif kind == "K":
            serve_compare(wire, lie, json.loads(payload))
        elif kind == "P":
            serve_push(wire, lie)
        elif kind == "V":
            wire.send("v", {"complete": [True] * (len(json.loads(payload)["versions"]) + (lie == "held"))})


def serve_compare(wire, lie, question):
    keys = [{"key": k["key"], "heads": [], "values": [], "known": [False] * len(k["heads"])} for k in question["keys"]]
    if lie == "other-heads":
        keys[0]["key"] = "coll/" + OTHER_CID
    if lie == "few-heads":
        keys = keys[1:]
    if lie == "many-known":
        keys[0]["known"] += [True] * 7
    wire.send("h", {"keys": keys})


def serve_push(wire, lie):
    while True:
        kind, _ = wire.read()
        if kind == "E":
            break
    result = {"base": 3, "changed": True, "diverged": [], "seq": 4, "sum": "6" * 64}
    if lie == "wants-all":
        wire.send("W", b"".join(bytes([CHUNK]) + os.urandom(32) for _ in range(900)) * 2)
    if lie == "wants-half":
        wire.send("W", b"x" * 40)
    if lie == "wants-kind":
        wire.send("W", bytes([77]) + bytes(32))
    if lie == "escape-diverged":
        result["diverged"] = ["alias/%s/%s" % (CID, ESCAPE)]
    if lie == "bad-result":
        result = []
    wire.send("R", result)


# ---- client ----

def push(lie, mreg, path):
    import subprocess
    server = subprocess.Popen([mreg, "serve", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    wire, world = Wire(server.stdout.fileno(), server.stdin.fileno()), World(lie)
    try:
        print(converse(wire, world))
    except (Ended, BrokenPipeError):
        print("the server is gone")
    server.stdin.close()
    server.wait(60)


def converse(wire, world):
    lie = world.lie
    wire.line()
    wire.send("H", {"program": "mreg" + (ESCAPE if lie == "escape-hello" else ""), "protocol": 9 if lie == "version-9" else 1})
    kind, payload = wire.read()
    if kind == "H":
        if lie == "want-first":
            wire.send("W", bytes([CHUNK]) + bytes.fromhex(sha(b"secret")))
        if lie == "since":
            wire.send("L", {"collections": [], "patterns": ["../" + ESCAPE], "since": {"seq": 1 << 63, "sum": ZERO}})
        if lie == "patterns":
            wire.send("L", {"collections": [], "patterns": ["*" * 200 + "x"] * 100})
        wire.send("P", {"absent": [], "present": [], "shallow": [], "dry_run": False, "override": lie == "override",
                        "user": "eve" + (ESCAPE if lie == "escape-user" else ""), "why": ""})
        wire.send("E", send_changes(wire, world))
        kind, payload = wire.read()
    while kind in "WTZONSCE":
        if kind == "W":
            give(wire, world, payload)
        kind, payload = wire.read()
    answer = json.loads(payload)
    return "%s: %s" % (answer["code"], answer["message"]) if kind == "X" else "RESULT %s" % text(answer.get("diverged"))


# ---- a line that is cut, and how much memory something takes ----

def cut(limits, words):
    import shlex, subprocess
    server = subprocess.Popen(["mreg", "serve", shlex.split(words[-1])[-1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    pipes = {server.stdout.fileno(): [1, limits[0]], 0: [server.stdin.fileno(), limits[1]]}
    while server.stdout.fileno() in pipes:
        for source in select.select(list(pipes), [], [])[0]:
            sink, left = pipes[source]
            data = os.read(source, 65536 if left is None else min(left, 65536))
            try:
                os.write(sink, data) if data else None
            except BrokenPipeError:
                data = b""
            if left is not None:
                pipes[source][1] = left - len(data)
                if left == len(data):
                    server.stdin.close()
                    server.stdout.close()
                    server.wait()
                    sys.exit(255)
            if not data:
                del pipes[source]
                if source == 0:
                    server.stdin.close()
    sys.exit(server.wait())


def measure(path, command):
    import resource, subprocess
    status = subprocess.call(command)
    with open(path, "w") as out:
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=out)
    sys.exit(status if status >= 0 else 128 - status)


def main(what, *words):
    if what == "serve":
        try:
            serve(words[0])
        except (Ended, BrokenPipeError):
            pass
    elif what == "push":
        push(*words)
    elif what == "cut":
        cut([None if w == "-" else int(w) for w in words[:2]], words[2:])
    elif what == "measure":
        measure(words[0], words[1:])


if __name__ == "__main__":
    main(*sys.argv[1:])
