#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""converge.py MREG SEED STEPS: random work in three registries that share through one, transfers that are killed, and in the end all are alike.

Makes hub, a, b and c here.  Exit status 0, or 1 after saying what went wrong.
"""
import hashlib, json, os, random, signal, subprocess, sys

MREG, SEED, STEPS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
CLONES = ["a", "b", "c"]
rand = random.Random(SEED)
made = 0


def fail(text):
    print(f"seed {SEED}: {text}", file=sys.stderr)
    sys.exit(1)


def run(where, *args, kill=None):
    """Status and standard error; kill: seconds after which it is killed."""
    process = subprocess.Popen([MREG, "--registry", where, *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    try:
        _, err = process.communicate(timeout=kill)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        _, err = process.communicate()
    return process.returncode, err.decode(errors="replace")


def out(where, *args):
    got = subprocess.run([MREG, "--registry", where, *args], capture_output=True, text=True)
    if got.returncode:
        fail(f"mreg {' '.join(args)} in {where}: {got.returncode} {got.stderr}")
    return got.stdout


def names(where):
    return out(where, "ls", "-q").split()


def some_reference(where):
    all_names = names(where)
    if not all_names:
        return None
    references = out(where, "ls", "-q", rand.choice(all_names)).split()
    return rand.choice(references) if references else None


def work(where):
    """Something that may well be refused: only damage and crashes matter."""
    global made
    made += 1
    what = rand.choice(["put", "put", "put", "alias", "alias", "tag", "note", "rm", "link", "rename", "restore"])
    reference = some_reference(where)
    name = rand.choice(["m", "n", "k"])
    if what == "put" or not reference:
        with open("file", "w") as f:
            f.write(f"{made}\n" * rand.choice([1, 1, 1, 20000]))
        return run(where, "put", name, "file", "--as", "file")
    collection = reference.split(":")[0]
    return run(where, *{
        "alias": ["alias", reference, rand.choice(["best", "next"])],
        "tag": ["tag", reference, rand.choice(["good", "bad"])],
        "note": ["note", reference, "-m", str(made)],
        "rm": ["rm", reference],
        "link": ["link", reference, "zoo"],
        "rename": ["rename", collection, rand.choice(["m", "n", "k", "x"])],
        "restore": ["restore", collection + ":v0"],
    }[what])


def share(where):
    kill = rand.uniform(0, .04) if rand.random() < .3 else None
    how = rand.choice([["push"], ["push"], ["push", "--renumber"], ["pull"], ["pull", "--renumber"], ["pull", "--theirs"], ["pull", "--ours", "m:best"],
                       ["pull", "origin", "m"], ["push", "origin", "n"], ["pull", "--metadata-only"]])
    return run(where, *how, kill=kill)


def check(where, what, status, err):
    if status not in (0, 1, 3, 4, 5, 6, -signal.SIGKILL) or "BUG" in err:
        fail(f"{what} in {where} ended with {status}: {err}")


def change_id(change):
    return hashlib.sha256(json.dumps(change, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def versions_of(where):
    """key -> the version ids that it has had here after some transaction: what somebody may have read."""
    heads, found, touched = {}, {}, set()
    for raw in open(f"{where}/.mreg/journal", "rb"):
        if not raw.endswith(b"\n"):
            break
        line = json.loads(raw)
        for key in heads:
            heads[key] = {i: v for i, v in heads[key].items() if i not in line["withdrawn"]}
        for change in line["changes"]:
            of_key = heads.setdefault(change["key"], {})
            for parent in change["parents"]:
                of_key.pop(parent, None)
            of_key[change_id(change)] = change["value"]
            touched.add(change["key"])
        if line["more"]:
            continue
        for key in touched:
            if key.startswith(("version/", "link/")):
                found.setdefault(key, set()).update(v["version"] for v in heads[key].values() if v)
        touched = set()
    return found


def state(where):
    return [json.loads(line) | {"absent": None} for name in names(where) for line in out(where, "ls", name, "--json").splitlines()]


def settle(where):
    for _ in range(20):
        status, err = run(where, "pull", "--renumber")
        if status == 5:
            status, err = run(where, "pull", "--theirs")
        if status == 5:  # names and titles are for people to settle
            for name in names(where):
                run(where, "rename", name, f"{name}-{where}-{rand.randrange(10**6)}")
            continue
        if status:
            fail(f"{where} cannot pull: {status} {err}")
        status, err = run(where, "push", "--renumber")
        if status == 0:
            return
        if status != 5:
            fail(f"{where} cannot push: {status} {err}")
    fail(f"{where} does not come to rest: {err}")


def main():
    os.environ.pop("MREG_SEED", None)
    subprocess.run([MREG, "init", "-q", "hub"], check=True, stdout=subprocess.DEVNULL)
    run("hub", "put", "m", __file__)
    for clone in CLONES:
        subprocess.run([MREG, "clone", "-q", "hub", clone], check=True, stdout=subprocess.DEVNULL)
    for _ in range(STEPS):
        where = rand.choice(CLONES)
        if rand.random() < .6:
            check(where, "work", *work(where))
        else:
            check(where, "sharing", *share(where))
    for _ in range(3):
        for clone in CLONES:
            settle(clone)
    for clone in CLONES:
        status, err = run(clone, "pull")
        if status:
            fail(f"{clone} is not at rest: {status} {err}")
        if state(clone) != state("hub"):
            fail(f"{clone} and the hub differ: {state(clone)} {state('hub')}")
    for where in ["hub", *CLONES]:
        out(where, "fsck")
    for key, versions in versions_of("hub").items():
        if len(versions) > 1:
            fail(f"in the hub {key} has meant {len(versions)} versions")


main()
