# SPDX-License-Identifier: Apache-2.0
"""Many versions of a small file: what put, alias and resolve cost as whole processes, and whether it grows with their number.

For each number of versions and each peer a store is filled; then all of them take turns, so that what the machine does
meanwhile strikes all of them.
"""
import os, random, shutil, subprocess
from . import run, workloads
from .peers import VERSIONED, PEERS

TURNS = 7  # a round
WARM = 1


def words(argv, env):
    for name in ("MREG", "S", "L", "R", "V"):
        argv = [w.replace("$" + name, env[name]) for w in argv]
    return [shutil.which(argv[0]) or argv[0], *argv[1:]]


def write(path, k):
    with open(path, "wb") as f:
        f.write(workloads.tiny(k))


class Mreg:
    """Filled by its own put."""

    def fill(self, box, size):
        for k in range(size):
            write(box.env["L"] + "/file", k)
            box.spawn(words(VERSIONED["mreg"]["put"][0], box.env))

    def place(self, box):
        return box.env["L"] + "/file"


class Git:
    """Filled by fast-import: a pack and packed references, the best that git can be."""

    def fill(self, box, size):
        with subprocess.Popen(["git", "-C", box.env["S"], "fast-import", "--quiet"], stdin=subprocess.PIPE, env=box.env) as p:
            for k in range(size):
                body = workloads.tiny(k)
                p.stdin.write(b"commit refs/heads/main\ncommitter b <b@localhost> %d +0000\ndata 0\n" % (workloads.FIRST_MTIME + k))
                p.stdin.write(b"M 644 inline file\ndata %d\n%s\nreset refs/tags/v%d\nfrom refs/heads/main\n\n" % (len(body), body, k))
        for command in ("pack-refs --all", "reset -q --hard"):
            subprocess.run(["git", "-C", box.env["S"], *command.split()], env=box.env, check=True)

    def place(self, box):
        return box.env["S"] + "/file"


KINDS = {"mreg": Mreg(), "git": Git()}


def store_of(box, name, size):
    return os.path.join(box.dir, f"{name}-{size}")


def build(box, name, sizes):
    """One store for each size, in the box."""
    for size in sizes:
        run.progress(f"versions: {name}, filling one with {size}")
        box.env["S"] = store_of(box, name, size)
        box.sh(PEERS[name]["init"])
        KINDS[name].fill(box, size)


def turn(box, name, size, k, emit):
    """A put of version k, an alias and a resolve of versions that there are."""
    box.env.update(S=store_of(box, name, size), V=str(k))
    write(KINDS[name].place(box), k)
    for op, commands in VERSIONED[name].items():
        box.env["R"] = str(workloads.rng("version", op, size, k).randrange(size))
        box.sync()
        got = [box.spawn(words(argv, box.env)) for argv in commands]
        emit(peer=name, op=op, versions=size, wall=sum(g["wall"] for g in got), cpu=sum(g["cpu"] for g in got))


def take_turns(box, names, sizes, rounds):
    """{rows: [{peer, op, versions, round, wall, cpu}], failed: {peer: why}, sizes}"""
    out = dict(rows=[], failed={}, sizes=sizes)
    box.fresh()
    box.env["R"] = ""
    names = [n for n in VERSIONED if n in names]

    def attempt(name, step, *args):
        try:
            step(box, name, *args)
        except run.Failed as why:
            run.progress(f"{name} failed: {why}")
            out["failed"][name] = str(why)

    for name in names:
        attempt(name, build, sizes)
    for n in range(-WARM, TURNS * rounds):
        order = [(name, size) for name in names for size in sizes if name not in out["failed"]]
        random.Random(n).shuffle(order)
        for name, size in order:
            rows = out["rows"] if n >= 0 else []
            attempt(name, turn, size, size + WARM + n, lambda n=n, rows=rows, **measured: rows.append(dict(round=n, **measured)))
    return out
