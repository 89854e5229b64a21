#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Restores versions from the packs and the journal of an mreg registry, without mreg and without its index.

    recover.py REGISTRY list [--scan]         what the journal says; --scan: and versions that only the packs know
    recover.py REGISTRY restore WHAT OUTDIR   NAME[:REF], NAME@HEX, or 8 digits or more of a digest or version id
    recover.py REGISTRY check                 reads and verifies everything

REGISTRY is the directory that holds .mreg, or .mreg itself; nothing in it is ever written.  OUTDIR must not exist or be
empty.  Exit status: 0 all is well, 1 something is damaged or missing (what could be restored was), 2 wrong use.
mreg-registry(5), mreg-journal(5) and mreg-manifest(5) describe the formats; this file reads them with Python's standard
library alone.
"""

import glob, hashlib, json, mmap, os, re, struct, sys, zlib

CHUNK, RECIPE, MANIFEST, VERSION, RUN, FILE = 1, 2, 3, 4, 5, 6
KINDS = ["", "chunk", "recipe", "manifest", "version", "run", "file"]
CODECS = {0: (0,), 1: (0,), 2: (2, 4, 8, 256 + 2, 256 + 4)}  # and their parameters: raw, RFC 1950, such a stream of byte planes
OBJECT_MAX, PIECE_MAX, LINE_MAX = 64 << 20, 4 << 20, 1 << 20  # bytes: an object raw or stored, a piece, a line with its newline
ONE_CHUNK_MAX = 64 << 10  # a file of at most this size is one chunk
PACK_NAME = 64 * "[0-9a-f]" + ".pack"
problems = []

class Damage(Exception):
    """What was read is not what it should be."""

BAD = (Damage, zlib.error, ValueError, KeyError, TypeError)  # what reading damaged or hostile bytes may raise

def problem(text):
    problems.append(text)
    print("recover.py: %s" % text, file=sys.stderr)

def sha256(data):
    return hashlib.sha256(data).digest()

def canonical(value):
    """The form of JSON that ids and sums are taken of."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()

def join_planes(planes, params):
    """Numbers from their byte planes; the parameters are the stride, and with 256 they were rotated left by one bit."""
    stride, rotated = params & 0xff, params >> 8
    n = len(planes) // stride
    parts = [planes[k * n:(k + 1) * n] for k in range(stride)]
    if rotated:  # byte by byte, since Python has no vectors: what is shifted out of a byte goes into the one below
        low = [int.from_bytes(p.translate(bytes((b & 1) << 7 for b in range(256))), "little") for p in parts]
        high = [int.from_bytes(p.translate(bytes(b >> 1 for b in range(256))), "little") for p in parts]
        parts = [(high[k] | low[(k + 1) % stride]).to_bytes(n, "little") for k in range(stride)]
    raw = bytearray(planes)  # with what is left after the last whole number
    for k in range(stride):
        raw[k:n * stride:stride] = parts[k]
    return bytes(raw)

class Record:
    """A record's head: 64 bytes, 96 for a recipe; the payload follows.  A scan makes the rows of the table from it."""
    def __init__(self, data, offset, end):
        head = data[offset:offset + 64]
        if len(head) < 64 or head[:4] != b"mRec":
            raise Damage("no record at offset %d" % offset)
        self.kind, self.codec, self.params, self.raw_len, self.stored_len, self.crc, head_crc = struct.unpack("<BBHQQII", head[4:32])
        self.file = data[offset + 64:offset + 96] if self.kind == RECIPE else b""
        self.id, self.offset, self.payload = head[32:], offset, offset + 64 + len(self.file)
        self.end = self.payload + self.stored_len
        if zlib.crc32(head[:28] + bytes(4) + head[32:] + self.file) != head_crc or not CHUNK <= self.kind <= RUN or \
                max(self.raw_len, self.stored_len) > OBJECT_MAX or self.end > end:
            raise Damage("the record at offset %d is damaged" % offset)

    def rows(self):
        rest = (self.offset, self.stored_len, self.raw_len, self.crc, self.codec, self.params)
        return [(self.id, self.kind) + rest] + ([(self.file, FILE) + rest] if self.file else [])

    def decode(self, data):
        """The raw bytes, checked against CRC, length and id."""
        raw = data[self.payload:self.end]
        whole = zlib.crc32(raw) == self.crc
        if whole and self.codec in (1, 2):  # one RFC 1950 stream
            stream = zlib.decompressobj()
            raw = stream.decompress(raw, self.raw_len + 1)
            whole = stream.eof and not stream.unused_data
        if not whole or self.params not in CODECS.get(self.codec, ()) or len(raw) != self.raw_len:
            raise Damage("the object at offset %d is damaged" % self.offset)
        if self.codec == 2:
            raw = join_planes(raw, self.params)
        if sha256(raw) != self.id:
            raise Damage("the object at offset %d is damaged" % self.offset)
        return raw

class Pack:
    """rows: (id, kind, offset, stored length, raw length, CRC, codec, parameters), from the table or from a scan."""
    def __init__(self, path):
        self.name = os.path.basename(path)
        with open(path, "rb") as f:
            self.data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) if os.fstat(f.fileno()).st_size else b""
        self.records_end = len(self.data)
        header = self.data[:32]
        if header[:16] != b"MREGPACK" + struct.pack("<II", 1, 0) or header[28:] != struct.pack("<I", zlib.crc32(header[:28])):
            problem("%s: its header is damaged or of a newer format" % self.name)
        try:
            self.rows = self.read_table()
        except Damage as e:
            problem("%s: %s; its records are scanned instead" % (self.name, e))
            self.rows = [row for record in self.scan() for row in record.rows()]

    def read_table(self):
        trailer = self.data[-64:]
        if len(trailer) < 64 or trailer[56:] != b"MREGTABL":
            raise Damage("its trailer is missing")
        offset, count, table_sum, version, crc = struct.unpack("<QQ32sII", trailer[:56])
        ids, cells = offset + 1024, offset + 1024 + 32 * count
        if crc != zlib.crc32(trailer[:52]) or version != 1 or cells + 32 * count + 64 != len(self.data):
            raise Damage("its trailer is damaged")
        self.records_end = offset
        if sha256(self.data[offset:-64]) != table_sum or self.name != table_sum.hex() + ".pack":
            raise Damage("its table is not the one that its trailer and its name stand for")
        rows = zip(struct.iter_unpack("32s", self.data[ids:cells]), struct.iter_unpack("<QQQIBBH", self.data[cells:-64]))
        return [(oid, kind, at, stored, raw, crc, codec, params) for (oid,), (at, stored, raw, crc, kind, codec, params) in rows]

    def scan(self):
        """Every whole record in order of offset; past a damaged one it goes on with the next that is whole."""
        offset = 32
        while 0 <= offset < self.records_end:
            try:
                record = Record(self.data, offset, self.records_end)
                yield record
                offset = record.end
            except Damage:
                offset = self.data.find(b"mRec", offset + 1)

class Store:
    """All packs, and where in them each (kind, id) lies."""
    def __init__(self, mreg):
        self.packs, self.places, self.retired = [], {}, None
        self.objects = os.path.join(glob.escape(mreg), "objects")
        for path in sorted(glob.glob(os.path.join(self.objects, PACK_NAME))):
            self.add(Pack(path))  # multi-pack beside them is derived

    def add(self, pack):
        self.packs.append(pack)
        for oid, kind, offset, *_ in pack.rows:
            self.places.setdefault((kind, oid), []).append((pack, offset))

    def add_retired(self):
        """Packs whose objects were merged into others: in a copy that was made meanwhile, only these may have some."""
        if self.retired is None:
            self.retired = sorted(glob.glob(os.path.join(self.objects, "retired", "*", PACK_NAME)))
            for path in self.retired:
                self.add(Pack(path))
            return bool(self.retired)
        return False

    def read(self, kind, oid):
        """The raw bytes of an object; FILE gives the recipe of a file.  A damaged copy is passed over when there is another."""
        why = "is missing"
        for pack, offset in self.places.get((kind, oid), []):
            try:
                record = Record(pack.data, offset, pack.records_end)
                if (oid, kind) not in [row[:2] for row in record.rows()]:
                    raise Damage("another object is at offset %d" % offset)
                return record.decode(pack.data)
            except BAD as e:
                why = "is damaged in %s: %s" % (pack.name, e)
        if self.add_retired():
            return self.read(kind, oid)
        raise Damage("%s %s %s" % (KINDS[kind], oid.hex(), why))

    def has(self, kind, oid):
        return (kind, oid) in self.places or (self.add_retired() and (kind, oid) in self.places)

    def file(self, digest, size=None):
        """A file's bytes, piece by piece; its own sum is checked at the end.  size None: unknown, it has a recipe."""
        pieces, total = [(digest, size)], hashlib.sha256()
        if size is None or size > ONE_CHUNK_MAX:
            recipe = self.read(FILE, digest)
            pieces = list(struct.iter_unpack("<32sI", recipe)) if len(recipe) % 36 == 0 else []
        if not pieces or max(n for _, n in pieces) > PIECE_MAX or size not in (None, sum(n for _, n in pieces)):
            raise Damage("the recipe of file %s is damaged or not of its size" % digest.hex())
        for chunk, length in pieces:
            data = self.read(CHUNK, chunk)[:length]
            total.update(data)
            yield data
        if total.digest() != digest:
            raise Damage("file %s is not what its digest says" % digest.hex())

    def manifest(self, digest):
        """Its entries; a manifest over 64 KiB is stored as a file is."""
        return parse_manifest(self.read(MANIFEST, digest) if self.has(MANIFEST, digest) else b"".join(self.file(digest)))

ENTRY = re.compile(rb"(?:(?P<file>file) (?P<mode>0644|0755) (?P<size>\d+) (?P<sum>[0-9a-f]{64})|(?P<dir>dir) 0755 0 -|"
                   rb"(?P<link>link) 0777 \d+ (?P<target>\S+)|(?P<ref>ref) 0(?:644|755) (?:\d+|-) (?:[0-9a-f]{64}|-) (?P<uri>\S+)) "
                   rb"(?P<path>.+)")
ESCAPE = re.compile(rb"\\(?:(\\)|(n)|x([0-9a-f]{2}))")

def unescape(text):
    return ESCAPE.sub(lambda m: m[1] or (b"\n" if m[2] else bytes.fromhex(m[3].decode())), text)

def parse_manifest(text):
    """[(kind, path, mode, size, digest, target)], paths and targets as bytes."""
    first, *lines = text.split(b"\n")
    if first != b"mreg-manifest 1" or lines.pop() != b"":
        raise Damage("the manifest does not begin or end as one")
    entries = []
    for line in lines:
        e = ENTRY.fullmatch(line)
        if not e:
            raise Damage("the manifest has an illegal line: %r" % line)
        path = unescape(e["path"])
        if b"\0" in path or any(part in (b"", b".", b"..") for part in path.split(b"/")):
            raise Damage("the manifest has the unsafe path %r" % path)
        kind, target = (e["file"] or e["dir"] or e["link"] or e["ref"]).decode(), unescape(e["target"] or e["uri"] or b"")
        entries.append((kind, path, int(e["mode"] or b"0", 8), int(e["size"] or 0), bytes.fromhex((e["sum"] or b"").decode()), target))
    known = {entry[1] for entry in entries}
    if [e[1] for e in entries] != sorted(known) or any(path[:i] in known for path in known for i, c in enumerate(path) if c == 0x2f):
        raise Damage("the manifest is out of order, or a path in it is a folder as well")
    return entries

class Journal:
    """Lines, each verified, whose changes are folded into values of keys."""
    def __init__(self, mreg):
        self.lines, self.changes, self.withdrawn = 0, {}, set()  # changes: key → {id: change}
        try:
            stamp = open(os.path.join(mreg, "format"), "rb").read(4096)
            stamp = re.fullmatch(rb"mreg registry\nversion [01]\nid ([0-9a-f]{32})\n", stamp)
            self.read(open(os.path.join(mreg, "journal"), "rb"), sha256(stamp.group(1)).hex() if stamp else problem("format: damaged"))
        except OSError as e:
            problem(e)

    def read(self, file, prev):
        """prev: what the first line must follow, or None when that is not known."""
        seq, group, bad, offset = 0, [], [], 0
        for raw in iter(lambda: file.readline(LINE_MAX), b""):
            try:
                line = self.parse(raw)
            except BAD as e:
                bad.append("journal: offset %d: %s" % (offset, e))
            else:  # a good line: what is bad before it is no torn tail
                if bad or line["seq"] != seq + 1 or prev not in (None, line["prev"]):
                    problem("; ".join(bad) or "journal: offset %d: line %d does not follow line %d" % (offset, line["seq"], seq))
                    group, bad = [], []
                seq, prev = line["seq"], line["sum"]
                group.append(line)
                while group and not line["more"]:  # now the transaction is whole
                    self.fold(group.pop(0))
            offset += len(raw)
        if bad or group:
            print("recover.py: the end of the journal after line %d is torn and left out" % (seq - len(group)), file=sys.stderr)

    @staticmethod
    def parse(raw):
        body, said = raw[:-75] + b"}", raw[-75:]  # ,"sum":"64 digits"} and the newline
        line = json.loads(body)
        if canonical(line) != body or said != b',"sum":"%s"}\n' % sha256(body).hex().encode():
            raise Damage("the line is not whole, not canonical, or not of its sum")
        return dict(line, sum=sha256(body).hex())

    def fold(self, line):
        self.lines += 1
        self.withdrawn.update(line["withdrawn"])
        for change in line["changes"]:
            self.changes.setdefault(change["key"], {})[sha256(canonical(change)).hex()] = change

    def value(self, key):
        """The heads are the changes (not the withdrawn ones) that none of them has as a parent; if they differ, the smallest id speaks."""
        live = {i: change for i, change in self.changes.get(key, {}).items() if i not in self.withdrawn}
        heads = set(live) - {parent for change in live.values() for parent in change["parents"]}
        return live[min(heads)]["value"] if heads else None

    def collections(self):
        """[(name, value, {number: version}, {alias: version id})] of what is live."""
        values = [(key.split("/"), self.value(key)) for key in sorted(self.changes)]
        found = {k[1]: (v["name"], v, {}, {}) for k, v in values if k[0] == "coll" and v is not None}
        for k, v in values:
            if k[0] in ("version", "link") and k[1] in found and v is not None:
                found[k[1]][2][int(k[2])] = v
            elif k[0] == "alias" and k[1] in found and v is not None:
                found[k[1]][3][v["alias"]] = v["version"]
        return sorted(found.values(), key=lambda c: c[0])

def command_list(store, journal, scan=None):
    known = set()
    for name, value, versions, aliases in journal.collections():
        print("%s  %s of type %s" % (name, value["kind"], value["type"]))
        for number, row in sorted(versions.items()):
            known.add(row["version"])
            held = sorted(alias for alias, version in aliases.items() if version == row["version"])
            print("  v%-4d digest %s  version %s  %d files, %d bytes" % (number, row["digest"], row["version"], row["files"], row["size"]),
                  *held)
    for kind, oid in sorted(store.places) if scan else []:
        if kind == VERSION and oid.hex() not in known:
            v = json.loads(store.read(VERSION, oid))
            print("not in the journal  digest %s  version %s  put as %s at %s" % (v["manifest"], oid.hex(), v["collection"], v["time"]))

def find_digest(store, journal, what):
    name, _, ref = what.partition(":")
    for _, _, versions, aliases in [c for c in journal.collections() if c[0] == name]:
        for number, row in sorted(versions.items(), reverse=True):
            if ref in ("v%d" % number, "latest", "") or aliases.get(ref) == row["version"]:
                return bytes.fromhex(row["digest"])
    found, prefix = set(), what.partition("@")[2] or what
    for kind, oid in list(store.places) if re.fullmatch("[0-9a-f]{8,64}", prefix) else []:
        if oid.hex().startswith(prefix):
            if kind == VERSION:
                found.add(bytes.fromhex(json.loads(store.read(VERSION, oid))["manifest"]))
            elif kind == MANIFEST or (kind == FILE and next(store.file(oid)).startswith(b"mreg-manifest 1\n")):
                found.add(oid)
    if len(found) == 1:
        return found.pop()
    if not found and store.add_retired():
        return find_digest(store, journal, what)
    raise Damage("'%s' names %s" % (what, "more than one version" if found else "no version"))

def restore_entry(store, root, kind, path, mode, size, digest, target):
    full = os.path.join(root, path)
    os.makedirs(full if kind == "dir" else os.path.dirname(full), exist_ok=True)
    if kind == "ref":
        raise Damage("its bytes are kept at %s" % os.fsdecode(target))
    if kind == "link":
        if target.startswith(b"/") or os.path.normpath(os.path.join(os.path.dirname(path), target)).split(b"/")[0] == b"..":
            raise Damage("the link leads out of the tree, to %s" % os.fsdecode(target))
        os.symlink(target, full)
    if kind == "file":
        with open(os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as out:
            try:
                for data in store.file(digest, size):
                    out.write(data)
            except BAD:
                os.unlink(full)
                raise

def command_restore(store, journal, what, outdir):
    entries = store.manifest(find_digest(store, journal, what))
    root, done = os.fsencode(outdir), 0
    os.makedirs(root, exist_ok=True)
    for entry in sorted(entries, key=lambda e: e[0] == "link"):  # links last, so that nothing is written through one
        try:
            restore_entry(store, root, *entry)
            done += 1
        except BAD + (OSError,) as e:
            problem("%s: %s" % (os.fsdecode(entry[1]), e))
    print("%s: %d of %d entries restored" % (outdir, done, len(entries)))

def command_check(store, journal):
    objects = count = 0
    for pack in store.packs:
        records = list(pack.scan())
        if sorted(row for record in records for row in record.rows()) != sorted(pack.rows):
            problem("%s: its table is not what its records give" % pack.name)
        for record in records:
            objects += 1
            try:
                record.decode(pack.data)
            except BAD as e:
                problem("%s: %s" % (pack.name, e))
    for name, value, versions, aliases in journal.collections():
        for number, row in sorted(versions.items()):
            count += value["kind"] != "model"
            try:
                if json.loads(store.read(VERSION, bytes.fromhex(row["version"])))["manifest"] != row["digest"]:
                    raise Damage("its version object names another manifest")
                for kind, _, _, size, digest, _ in store.manifest(bytes.fromhex(row["digest"])):
                    for _ in store.file(digest, size) if kind == "file" else []:
                        pass
            except BAD as e:
                problem("%s:v%d: %s" % (name, number, e))
        for alias in sorted(a for a in aliases if aliases[a] not in {row["version"] for row in versions.values()}):
            problem("%s:%s names no live version" % (name, alias))
    print("%d packs, %d objects, %d journal lines, %d versions: %s" %
          (len(store.packs), objects, journal.lines, count, "all is well" if not problems else "%d problems" % len(problems)))

def main(registry="", command="", *operands):
    if {"list": operands in ((), ("--scan",)), "restore": len(operands) == 2, "check": not operands}.get(command) is not True:
        return print(__doc__, file=sys.stderr) or 2
    mreg = os.path.realpath(os.path.join(registry, ".mreg" if os.path.isdir(os.path.join(registry, ".mreg")) else ""))
    if not os.path.isdir(os.path.join(mreg, "objects")) and not os.path.isfile(os.path.join(mreg, "journal")):
        return print("recover.py: '%s' is no registry" % registry, file=sys.stderr) or 2
    target = os.path.realpath(operands[1]) if command == "restore" else os.sep
    taken = command == "restore" and os.path.lexists(target) and not (os.path.isdir(target) and not os.listdir(target))
    if taken or (target + os.sep).startswith(mreg + os.sep):
        return print("recover.py: '%s' lies in the registry, or is there and no empty directory" % operands[1], file=sys.stderr) or 2
    try:
        {"list": command_list, "restore": command_restore, "check": command_check}[command](Store(mreg), Journal(mreg), *operands)
    except BAD + (OSError,) as e:
        problem(e)
    return 1 if problems else 0

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
