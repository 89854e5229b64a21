# SPDX-License-Identifier: Apache-2.0
"""Makes the files that are stored: the same bytes on every machine, from the standard library alone.

A workload is a folder with v1, v2, ...  A file that two versions have in common has one size and one mtime in both.
"""
import array, json, multiprocessing, operator, os, random, shutil, statistics, struct, sys

MIB = 1 << 20
FIRST_MTIME = 1_700_000_000  # of v1; each further version is a day later
DAY = 86400
LETTERS = b"".join(c * n for c, n in ((b" ", 40), (b"e", 25), (b"t", 18), (b"a", 16), (b"o", 15), (b"n", 14), (b"i", 14), (b"s", 13),
                                     (b"r", 12), (b"h", 12), (b"l", 8), (b"d", 8), (b'"', 8), (b"c", 6), (b"u", 6), (b",", 6), (b"m", 5),
                                     (b":", 5), (b"p", 4), (b"g", 4), (b"w", 4), (b"\n", 4), (b"1", 3), (b"0", 3), (b"{", 2), (b"}", 1)))
assert len(LETTERS) == 256


def rng(*key):
    return random.Random("/".join(map(str, key)))


def random_bytes(r, n):
    return r.getrandbits(8 * n).to_bytes(n, "little") if n else b""


def shorts(r, n):
    out = array.array("H", random_bytes(r, 2 * n))
    if sys.byteorder == "big":
        out.byteswap()
    return out


def write(base, version, name, parts):
    path = os.path.join(base, f"v{version}", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.writelines(parts)
    stamp(path, version)


def stamp(path, version):
    os.utime(path, (FIRST_MTIME + version * DAY,) * 2)


# ---- weights

def count(shape):
    return shape[0] * (shape[1] if len(shape) > 1 else 1)


def transformer(values):
    """[(name, shape, scale, mean)] with about so many values; the wider the larger it is."""
    d = 16
    while 4 * d * d * 1024 <= values:
        d *= 2
    r, out = rng("transformer", values), [("embed.weight", (16 * d, d), .02, 0)]
    for layer in range(max(1, (values - 16 * d * d) // (12 * d * d))):
        for name, shape in (("q", (d, d)), ("k", (d, d)), ("v", (d, d)), ("o", (d, d)), ("up", (4 * d, d)), ("down", (d, 4 * d))):
            out.append((f"layers.{layer}.{name}.weight", shape, r.uniform(.5, 1.6) / shape[1] ** .5, 0))
        out.append((f"layers.{layer}.norm.weight", (d,), .06, 1))
        out.append((f"layers.{layer}.norm.bias", (d,), .03, 0))
    return out + [("head.weight", (2 * d, d), .015, 0)]


def quantiles():
    """65,536 of the normal distribution: a table to draw from."""
    inverse = statistics.NormalDist().inv_cdf
    return [inverse((i + .5) / 65536) for i in range(65536)]


def upper_halves(tensor, table):
    """Sign, exponent and 7 bits of each value, which is all there is of a bf16."""
    name, shape, scale, mean = tensor
    patterns = array.array("H", array.array("f", [mean + scale * q for q in table]).tobytes())[sys.byteorder == "little"::2]
    return array.array("H", map(patterns.__getitem__, shorts(rng("upper", name), count(shape))))


def little(a):
    if sys.byteorder == "big":
        a = a[:]
        a.byteswap()
    return a.tobytes()


def singles(tensor, table):
    """fp32: the lower bits of trained weights are noise."""
    name, shape = tensor[:2]
    out = array.array("H", bytes(4 * count(shape)))
    out[0::2] = shorts(rng("lower", name), count(shape))
    out[1::2] = upper_halves(tensor, table)
    return little(out)


def header(tensors, dtype, width, metadata):
    """Of a safetensors file."""
    head, at = {"__metadata__": {"format": "pt", **metadata}}, 0
    for name, shape, *_ in tensors:
        head[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + width * count(shape)]}
        at += width * count(shape)
    raw = json.dumps(head, separators=(",", ":")).encode()
    raw += b" " * (-len(raw) % 8)
    return struct.pack("<Q", len(raw)) + raw


def make_weights(base, scale):
    tensors, table = transformer(int(256 * MIB * scale)), quantiles()
    body = [singles(t, table) for t in tensors]
    for version, more in ((1, {}), (2, {"license": "apache-2.0", "note": "metadata edited"})):
        write(base, version, "model.safetensors", [header(tensors, "F32", 4, more), *body])


def make_bf16(base, scale):
    tensors, table = transformer(int(256 * MIB * scale)), quantiles()
    body = [little(upper_halves(t, table)) for t in tensors]
    write(base, 1, "model.safetensors", [header(tensors, "BF16", 2, {}), *body])
    third = (len(tensors) + 2) // 3
    for i in range(3):
        part = slice(i * third, (i + 1) * third)
        write(base, 2, f"model-{i + 1:05d}-of-00003.safetensors", [header(tensors[part], "BF16", 2, {}), *body[part]])


def trained_on(tensor, table, versions):
    """The bytes of a tensor in each version: every value moves a thousandth of the tensor's scale from one to the next."""
    now = array.array("f")
    now.frombytes(singles(tensor, table))
    if sys.byteorder == "big":
        now.byteswap()
    steps = [.001 * tensor[2] * q for q in table]
    for version in range(1, versions + 1):
        if version > 1:
            now = array.array("f", map(operator.add, now, map(steps.__getitem__, shorts(rng("step", version, tensor[0]), len(now)))))
        yield little(now)


def make_checkpoints(base, scale, versions=8):
    """Fine-tuning: the last tensors with a twentieth of all values move, the others are frozen."""
    tensors, table = transformer(int(64 * MIB * scale)), quantiles()
    body = [[singles(t, table)] * versions for t in tensors]
    total, moved = sum(count(t[1]) for t in tensors), 0
    for i in reversed(range(len(tensors))):
        if moved * 20 >= total:
            break
        moved += count(tensors[i][1])
        body[i] = list(trained_on(tensors[i], table, versions))
    for version in range(versions):
        write(base, version + 1, "checkpoint.safetensors",
              [header(tensors, "F32", 4, {"step": f"{500 * version:06d}"}), *(b[version] for b in body)])


# ---- other files

def make_small(base, scale):
    n = int(60000 * scale)

    def put(folder, i, edition):
        r = rng("small", i, edition)
        raw = random_bytes(r, r.randrange(1024, 30 * 1024))
        name = f"part{i // 200:03d}/{i:06d}" + (".jpg" if i % 2 else ".json")
        write(base, folder, name, [raw if i % 2 else raw.translate(LETTERS)])
        stamp(os.path.join(base, f"v{folder}", name), edition)

    for i in range(n):
        put(1, i, 1)
        if i % 1000 != 7:
            put(2, i, 2 if i % 100 == 3 else 1)
    for i in range(n, n + max(1, n // 1000)):
        put(2, i, 2)


def row(r, key):
    kind, split = r.choice(("cat", "dog", "bird", "fish")), r.choice(("train", "test", "valid"))
    when = f"2024-{r.randrange(12) + 1:02d}-{r.randrange(28) + 1:02d}T{r.randrange(24):02d}:{r.randrange(60):02d}:{r.randrange(60):02d}"
    numbers = f"{r.random():.8f},{r.gauss(0, 1):.6f},{r.gauss(5, 2):.4f},{r.randrange(2)}"
    return f"{key:012d},user{r.randrange(10 ** 6):06d},{split},{numbers},{kind},{when}\n"


def make_tables(base, scale, versions=5):
    """A CSV that is sorted by its key; each version has 20 blocks of rows more in the middle, and some at the end."""
    r, n, step = rng("tables"), int(1_100_000 * scale), 100
    rows = [(step * i, row(r, step * i)) for i in range(n)]
    block, tail = min(50, n // 1000 + 1), min(1000, n // 100 + 1)
    for version in range(1, versions + 1):
        if version > 1:
            for at in sorted(r.sample(range(len(rows)), 20), reverse=True):
                first = rows[at][0] + 1
                rows[at + 1:at + 1] = [(key, row(r, key)) for key in range(first, first + block)]
            first = rows[-1][0] + step
            rows += [(key, row(r, key)) for key in range(first, first + step * tail, step)]
        write(base, version, "table.csv", [b"id,user,split,score,a,b,flag,kind,when\n", *(text.encode() for _, text in rows)])


def tiny(k):
    """A file of 1 KiB, for many versions."""
    return b"version %d\n" % k + random_bytes(rng("tiny", k), 512).hex().encode()


# ---- which there are

MAKERS = {"weights": make_weights, "bf16": make_bf16, "checkpoints": make_checkpoints, "small": make_small, "tables": make_tables}
TITLES = {
    "weights": "one new file of fp32 weights; in the next version its header grew, so that every byte moved",
    "bf16": "one file of bf16 weights; the next version has the same tensors in three files",
    "checkpoints": "eight checkpoints, fp32, of which 5 % of the tensors move",
    "small": "many files of 1 to 30 KiB, half text, half incompressible; in the next version 1 % changed, 0.1 % came, 0.1 % went",
    "tables": "five editions of a CSV file, each with rows inserted and appended",
    "versions": "many versions of a file of 1 KiB: milliseconds of whole processes",
    "sharing": "into an empty place: weights by path, weights by ssh, clones, and many small files",
}


def made(work, data, scale):
    """The folder of a workload, made if it is not there.

    Made in a process of its own, lest this one grows, and with it the floor of all peak sizes.
    """
    base = os.path.join(data, f"{work}-{scale:g}")
    if os.path.isdir(base):
        return base
    shutil.rmtree(base + ".new", ignore_errors=True)
    p = multiprocessing.Process(target=MAKERS[work], args=(base + ".new", scale))
    p.start()
    p.join()
    if p.exitcode:
        sys.exit(f"bench: cannot make workload '{work}'")
    os.rename(base + ".new", base)
    return base


def folders(base):
    """v1, v2, ..."""
    out = []
    while os.path.isdir(os.path.join(base, f"v{len(out) + 1}")):
        out.append(os.path.join(base, f"v{len(out) + 1}"))
    return out


def sizes(folder):
    """Bytes of each file in a folder."""
    return [os.stat(os.path.join(d, f)).st_size for d, _, files in os.walk(folder) for f in files]


def payload(folder):
    return sum(sizes(folder))
