# SPDX-License-Identifier: Apache-2.0
"""What one registry has and another lacks: push, pull and clone, beside the tools that copy whole stores.

The sources are filled once: weights and many small files as the workloads of these names have them.  Each round gives every
peer an empty place to copy into, in an order that is shuffled.  What is counted, frames and bytes, is counted by a program that
stands in for ssh (wire.py), in runs of their own, as is memory.
"""
import json, os, random, shlex, shutil, sys
from . import peers, run, workloads
from .peers import COPIERS
from .sshd import Sshd
from .workloads import MIB

OPS = ["push", "ssh", "clone", "small", "small clone"]
TURNS = 7  # a round, of what takes milliseconds
FEW = 100  # versions in the registry that is small
CHANGES = 10  # aliases that move before such a pull
WIRE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wire.py")


def tool():
    """The program that fills a registry with very many versions, where mreg was built; "" if it is not there."""
    path = os.path.join(os.path.dirname(peers.mreg()), "t/tools/many-versions")
    return path if os.access(path, os.X_OK) else ""


class Place:
    """The box with the sources, and one place to copy into at a time."""

    def __init__(self, box, names, works):
        self.box, self.names, self.works, self.serial, self.sshd = box, names, works, 0, None
        box.fresh()
        bin_dir = os.path.join(box.dir, "bin")  # where a far side finds mreg, whatever the one that is measured is called
        os.mkdir(bin_dir)
        os.symlink(peers.mreg(), bin_dir + "/mreg")
        box.env["PATH"] = bin_dir + ":" + box.env["PATH"]
        for name in ("weights", "small", "checkpoints"):
            self.fill(name)
        if "restic" in names:
            self.do("restic init -q -r $RESTIC; cd $V1; exec restic backup -q -r $RESTIC --host h .",
                    RESTIC=self.path("restic"), V1=self.files("weights", 1))

    def do(self, snippet, **names):
        """What is not measured."""
        self.box.spawn(["/bin/sh", "-euc", snippet], names=names)

    def path(self, name):
        return os.path.join(self.box.dir, name)

    def files(self, work, version):
        return os.path.join(self.works[work], f"v{version}")

    def fill(self, work, version=1):
        """Puts a version into the source of that name, which is made if it is not there."""
        self.do("[ -d $A/.mreg ] || $MREG init -q $A; exec $MREG -C $A put -q model $V1",
                A=self.path(work), V1=self.files(work, version))

    def start_sshd(self):
        if Sshd.installed():
            self.sshd = Sshd(self.path("ssh"), self.box.env)

    def close(self):
        if self.sshd:
            self.sshd.stop()

    def empty(self):
        """A place that nobody has seen before: what is remembered of a remote stands under its name."""
        self.serial += 1
        return self.path(f"to-{self.serial}")

    def copy(self, snippet, before, source, memory=None, **more):
        """Measures a snippet that copies from $A to $B, which `before` makes; $B, and what was measured."""
        to = self.empty()
        names = dict(A=self.path(source), B=to, **more)
        if before:
            self.do(before, **names)
        return to, self.box.sh(snippet, memory, **names)


# ---- push and clone beside others

def jobs(place):
    """[(peer, op, snippet, what makes the place to copy into, source)]"""
    out = []
    for name in place.names:
        for op, (snippet, before, source) in COPIERS.get(name, {}).items():
            if op != "ssh" or place.sshd:
                out.append((name, op, snippet, before, source))
    return out


def same_content(place, source, to):
    """Are the files of the copy those that were put?  Looked at through mreg, which hashes what it reads."""
    out = place.path("out")
    place.do("exec $MREG -C $B get -q model:v0 -o $OUT", B=to, OUT=out)
    right = run.same(place.files(source, 1), out, False)
    shutil.rmtree(out)
    return right


def measure_copies(place, rounds, out):
    more = place.sshd.names() if place.sshd else {}
    for n in range(rounds):
        order = [job for job in jobs(place) if job[0] not in out["failed"]]
        random.Random(n).shuffle(order)
        for peer, op, snippet, before, source in order:
            run.progress(f"sharing, round {n + 1} of {rounds}: {peer}, {op}")
            try:
                to, got = place.copy(snippet, before, source, **more)
                if peer == "mreg" and n == 0 and not same_content(place, source, to):
                    raise run.Failed(f"{op} did not bring what was put")
                out["rows"].append(dict(peer=peer, op=op, round=n, **got))
                shutil.rmtree(to, ignore_errors=True)
            except run.Failed as why:
                fail(out, peer, why)


def fail(out, peer, why):
    run.progress(f"{peer} failed: {why}")
    out["failed"].setdefault(peer, str(why))


def watch_memory(place):
    """MiB of each side at its highest: {op: {client: {rss, own}, server: {rss, own}}, ...}."""
    out = {}
    for op in OPS:
        snippet, before, source = COPIERS["mreg"][op]
        if op == "ssh":
            continue
        run.progress(f"sharing: mreg's memory, {op}")
        memory = run.Family()
        shutil.rmtree(place.copy(snippet, before, source, memory)[0])
        out[op] = memory.sides()
    return out


# ---- what travels

def counted(place, snippet, **names):
    """What a command that goes through ssh sends and gets: {up: {bytes, frames: {type: n}}, down: ...}."""
    result = place.path("counted")
    place.do(snippet, MREG_SSH=shlex.join([sys.executable, WIRE, result]), **names)
    with open(result) as f:
        return json.load(f)


def travelled(went):
    return dict(sent=went["up"]["bytes"] / MIB, got=went["down"]["bytes"] / MIB, wants=went["down"]["frames"].get("W", 0),
                objects=went["up"]["frames"].get("O", 0))


def measure_travel(place):
    """Of a push of one more checkpoint, and of very many small files."""
    out = {}
    source, hub = place.path("checkpoints"), place.empty()
    push = "exec $MREG -C $A push -q far:$B"
    place.do("$MREG init -q $B; exec $MREG -C $A push -q $B", A=source, B=hub)
    before = workloads.payload(source + "/.mreg/objects")
    place.fill("checkpoints", 2)
    went = counted(place, push, A=source, B=hub)
    out["change"] = dict(travelled(went), grew=(workloads.payload(source + "/.mreg/objects") - before) / MIB)
    hub = place.empty()
    place.do("exec $MREG init -q $B", B=hub)
    went = counted(place, push, A=place.path("small"), B=hub)
    out["small"] = dict(travelled(went), files=len(workloads.sizes(place.files("small", 1))))
    shutil.rmtree(hub)
    return out


# ---- pulls that bring little

class Pair:
    """A hub with so many versions, and a clone of it that has everything."""

    def __init__(self, place, size):
        self.place, self.size = place, size
        self.hub, self.clone = place.path(f"hub-{size}"), place.path(f"clone-{size}")
        run.progress(f"sharing: a registry of {size:,} versions, and a clone of it")
        place.do("$MREG init -q $A; exec $TOOL $A tiny $N", A=self.hub, TOOL=tool(), N=str(size))
        memory = run.Family()
        self.made = place.box.sh("exec $MREG clone -q $A $B", memory, A=self.hub, B=self.clone)
        self.made["own"] = memory.sides().get("client", {}).get("own")

    def change(self, turn):
        """CHANGES transactions on the hub."""
        moves = workloads.rng("changes", self.size, turn)
        refs = " ".join(f"tiny:v{moves.randrange(self.size)}" for _ in range(CHANGES))
        self.place.do("n=0; for r in $R; do $MREG -C $A alias -q $r moved$n; n=$((n + 1)); done", A=self.hub, R=refs)

    def pull(self):
        return self.place.box.spawn([peers.mreg(), "-C", self.clone, "pull", "-q"])


def measure_pulls(place, sizes, rounds, out):
    """Pulls of nothing and of few changes, where there is little and where there is much."""
    pairs = [Pair(place, size) for size in sizes]
    for pair in pairs:
        out["rows"].append(dict(peer="mreg", op="clone of versions", round=0, versions=pair.size, **pair.made))
    for n in range(-1, TURNS * rounds):
        random.Random(n).shuffle(pairs)
        for pair in pairs:
            pair.change(n)
            for op in ("changes", "current"):
                got = pair.pull()
                if n >= 0:
                    out["rows"].append(dict(peer="mreg", op=op, versions=pair.size, round=n, **got))


def take_turns(box, works, names, many, rounds):
    """{rows: [{peer, op, round, [versions,] wall, cpu, rss}], memory, travel, sizes, payload, failed: {peer: why}}"""
    out = dict(rows=[], failed={}, memory={}, travel={}, sizes=sorted({min(FEW, many), many}) if tool() else [],
               payload={k: workloads.payload(os.path.join(works[k], "v1")) / MIB for k in ("weights", "small")})
    place = Place(box, names, works)
    try:
        place.start_sshd()
        measure_copies(place, rounds, out)
        if "mreg" in names and "mreg" not in out["failed"]:
            out["memory"] = watch_memory(place)
            out["travel"] = measure_travel(place)
            measure_pulls(place, out["sizes"], rounds, out)
    except run.Failed as why:
        fail(out, "mreg", why)
    finally:
        place.close()
    return out
