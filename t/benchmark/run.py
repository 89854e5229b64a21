# SPDX-License-Identifier: Apache-2.0
"""Runs peers in a place of their own, measures them, and lets them take turns on a workload."""
import os, random, shutil, signal, subprocess, sys, threading, time
from . import peers, workloads
from .peers import PEERS
from .workloads import MIB

PATIENCE = 45  # seconds: a peer that took longer for a round has no further one


class Failed(Exception):
    pass


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Memory:
    """Peaks of the lines of /proc/PID/status, in MiB."""

    def __init__(self):
        self.peak = {}

    def look(self, pid):
        """False when the process has ended."""
        try:
            with open(f"/proc/{pid}/status") as f:
                now = {k: int(v.split()[0]) / 1024 for k, _, v in (line.partition(":") for line in f) if k.startswith(("Rss", "VmHWM"))}
        except OSError:
            return False
        if not now:
            return False
        now["own"] = now.get("RssAnon", 0) + now.get("RssShmem", 0)
        for k, v in now.items():
            self.peak[k] = max(self.peak.get(k, 0), v)
        return True

    def watch(self, pid):
        while self.look(pid):
            time.sleep(.002)


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(word) for word in f.read().split()]
    except OSError:
        return []


class Family:
    """Memory of a process and of all that it starts."""

    def __init__(self):
        self.client, self.servers = Memory(), {}

    def watch(self, pid):
        while self.client.look(pid):
            young = children(pid)
            for child in young:
                young += children(child)
                self.servers.setdefault(child, Memory()).look(child)
            time.sleep(.002)

    def sides(self):
        """MiB: {client: {rss, own}, server: {rss, own}}; what was too short to be seen is left out."""
        peaks = dict(client=self.client.peak)
        for memory in self.servers.values():
            if memory.peak.get("VmHWM", 0) > peaks.get("server", {}).get("VmHWM", 0):
                peaks["server"] = memory.peak
        return {side: dict(rss=peak["VmHWM"], own=peak["own"]) for side, peak in peaks.items() if peak}


class Box:
    """A home, a store, a place for the files and one to get into; programs run in it and are measured."""

    def __init__(self, scratch):
        self.dir = os.path.join(scratch, "box")
        self.env = {}

    def fresh(self):
        self.remove()
        self.env = {k: os.path.join(self.dir, d) for k, d in dict(S="store", L="live", O="out", HOME="home").items()}
        os.makedirs(self.env["HOME"] + "/.config/rclone")
        os.makedirs(self.env["L"])
        for name, text in ((".gitconfig", peers.GITCONFIG), (".config/rclone/rclone.conf", "")):
            with open(os.path.join(self.env["HOME"], name), "w") as f:
                f.write(text)
        self.env.update(peers.ENVIRONMENT, PATH=os.environ["PATH"], MREG=peers.mreg(),
                        BORG_BASE_DIR=self.env["HOME"], BUP_DIR=self.env["S"])
        self.label("1")

    def label(self, version):
        self.env.update(V=version, N=version.rstrip("bc"))

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def sync(self):
        subprocess.run(["sync", "-f", self.dir], check=True)

    def spawn(self, argv, memory=None, names=None):
        """Wall and CPU seconds of a process, and its peak RSS in MiB; names: environment of its own."""
        log = os.path.join(self.dir, "log")
        actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                   (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
        start = time.monotonic()
        pid = os.posix_spawn(argv[0], argv, dict(self.env, **names or {}), file_actions=actions)
        try:
            if memory:
                watcher = threading.Thread(target=memory.watch, args=(pid,))
                watcher.start()
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
                watcher.join()
            _, status, used = os.wait4(pid, 0)
        except BaseException:
            os.kill(pid, signal.SIGTERM)
            raise
        wall = time.monotonic() - start
        if status:
            with open(log, errors="replace") as f:
                raise Failed(f"{' '.join(argv)}: wait status {status}: {f.read()[-500:].strip()}")
        return dict(wall=wall, cpu=used.ru_utime + used.ru_stime, rss=used.ru_maxrss / 1024)

    def sh(self, snippet, memory=None, **names):
        """The same of a snippet; "synced" has the sync after it, too: until all is on disk."""
        self.sync()
        start = time.monotonic()
        out = self.spawn(["/bin/sh", "-euc", snippet], memory, names)
        self.sync()
        return dict(out, synced=time.monotonic() - start)


# ---- the user's files

def tree(base):
    out = {}
    for folder, _, files in os.walk(base):
        for f in files:
            path = os.path.join(folder, f)
            st = os.stat(path)
            out[os.path.relpath(path, base)] = (st.st_size, int(st.st_mtime))
    return out


def advance(live, old, new):
    """Makes the version in new of that in old; files that both have are left alone."""
    a, b = tree(old), tree(new)
    for f in a.keys() - b.keys():
        os.unlink(os.path.join(live, f))
    for f in b:
        if a.get(f) != b[f]:
            to = os.path.join(live, f)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            if os.path.lexists(to):
                os.unlink(to)
            shutil.copy2(os.path.join(new, f), to)


def touch_all(live):
    for folder, folders, files in os.walk(live):
        if ".git" in folders:
            folders.remove(".git")
        for f in files:
            os.utime(os.path.join(folder, f))


def settle():
    """What was just written counts as changing still: not how files are when somebody stores them."""
    time.sleep(.1)


def same(want, got, leaves):
    """Equal trees; with leaves, got may have files more."""
    r = subprocess.run(["diff", "-rq", "-x", ".git", want, got], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       universal_newlines=True, check=False)
    return r.returncode == 0 or (leaves and r.returncode == 1 and all(line.startswith("Only in " + got) for line in r.stdout.splitlines()))


def on_disk(store):
    """MiB."""
    return sum(os.lstat(os.path.join(d, f)).st_blocks for d, _, files in os.walk(store) for f in files) * 512 / MIB


# ---- one round of a peer

class Round:
    """A peer with a fresh store, and the user's files at the first version."""

    def __init__(self, box, name, folders, emit, watched=False):
        self.box, self.peer, self.folders, self.emit, self.watched = box, PEERS[name], folders, emit, watched
        box.fresh()
        box.sh(self.peer["init"])
        self.live = box.env[self.peer.get("live", "L")]
        subprocess.run(["cp", "-a", "--reflink=auto", folders[0] + "/.", self.live], check=True)
        settle()

    def do(self, op, label, snippet=None):
        snippet = self.peer.get(snippet or op)
        if not snippet:
            return
        self.box.label(label)
        memory = Memory() if self.watched else None
        out = self.box.sh(snippet, memory)
        if memory:
            out["own"] = memory.peak.get("own")
        self.emit(op=op, **out)

    def stored(self):
        return on_disk(self.box.env["S"] + self.peer.get("counted", ""))

    def puts(self):
        """MiB of the store after the first version, and what came with the second."""
        self.do("first", "1", "put")
        size = self.stored()
        self.do("again", "1b", "put")
        touch_all(self.live)
        settle()
        self.do("touched", "1c", "put")
        before = self.stored()
        advance(self.live, self.folders[0], self.folders[1])
        settle()
        self.do("next", "2", "put")
        return dict(first=size, grew=self.stored() - before)

    def gets(self, check):
        for op, label in (("get", "1"), ("update", "2")):
            self.do(op, label)
            leaves = op == "update" and self.peer.get("leaves")
            if check and not same(self.folders[int(label) - 1], self.box.env["O"], leaves):
                raise Failed(f"{op} did not give back what was put")
        self.do("verify", "2")

    def rest(self):
        """Puts the third and all further versions; MiB of the store with all of them."""
        for i in range(2, len(self.folders)):
            advance(self.live, self.folders[i - 1], self.folders[i])
            settle()
            self.box.label(str(i + 1))
            self.box.sh(self.peer["put"])
        return self.stored()


def take_turns(box, work, base, names, rounds):
    """{rows: [{peer, op, round, wall, cpu, rss, synced}], stored: {peer: {first, grew, all}}, payload, failed: {peer: why}}"""
    folders = workloads.folders(base)
    payload = [workloads.payload(f) / MIB for f in folders]
    out = dict(rows=[], stored={}, payload=dict(first=payload[0], all=sum(payload)), failed={}, slow=[])
    for n in range(rounds):
        order = [name for name in names if name not in out["failed"] and name not in out["slow"]]
        random.Random(n).shuffle(order)
        for name in order:
            progress(f"{work}, round {n + 1} of {rounds}: {name}")
            start, rows = time.monotonic(), out["rows"]
            try:
                r = Round(box, name, folders, lambda name=name, n=n, **measured: rows.append(dict(peer=name, round=n, **measured)))
                sizes = r.puts()
                r.gets(check=n == 0)
                if time.monotonic() - start > PATIENCE and n + 1 < rounds:
                    out["slow"].append(name)
                if n == 0:
                    out["stored"][name] = dict(sizes, all=r.rest())
            except Failed as why:
                progress(f"{name} failed: {why}")
                out["failed"][name] = str(why)
    return out


def watch_memory(box, base):
    """MiB of mreg's own memory at its highest: {op: MiB}; None where a process was too short to be seen."""
    out = {}
    r = Round(box, "mreg", workloads.folders(base), lambda op, own, **_: out.update({op: own}), watched=True)
    r.puts()
    r.gets(check=False)
    return out
