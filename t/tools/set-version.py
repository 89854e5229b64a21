#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Removes versions, brings them back, or links them into a registered model of their own, by a line in the journal of the .mreg that is here:
set-version.py rm|restore|link NAME:vN..."""
import fcntl, hashlib, json, os, struct, sys, time

LOCK_JOURNAL = 128


def canonical(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def lines(text):
    for raw in text.splitlines(True):
        if raw.endswith(b"\n"):
            yield json.loads(raw)


def change_id(change):
    return hashlib.sha256(canonical({k: v for k, v in change.items() if v or k not in ("run", "why")})).hexdigest()


def main():
    verb, refs = sys.argv[1], sys.argv[2:]
    lock = os.open(".mreg/lock", os.O_RDWR)
    fcntl.fcntl(lock, getattr(fcntl, "F_OFD_SETLKW", 38), struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, LOCK_JOURNAL, 1, 0))
    now = os.environ.get("MREG_NOW") or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    journal = list(lines(open(".mreg/journal", "rb").read()))
    cids, heads, values = {}, {}, {}
    for line in journal:
        for c in line["changes"]:
            key = c["key"]
            if key.startswith("coll/") and c["value"]:
                cids[c["value"]["name"]] = key[5:]
            heads[key] = [h for h in heads.get(key, []) if h not in c["parents"]] + [change_id(c)]
            if c["value"] is not None:
                values[key] = c["value"]
    changes = []
    for ref in refs:
        name, number = ref.rsplit(":v", 1)
        key = f"version/{cids[name]}/{number}"
        if verb == "link":
            values["coll/" + "0" * 32] = {"kind": "model", "name": "model", "type": "model"}
            values["link/" + "0" * 32 + "/0"] = values[key]
            for made in ("coll/" + "0" * 32, "link/" + "0" * 32 + "/0"):
                changes.append({"host": "vm", "key": made, "parents": [], "time": now, "user": "tester", "value": values[made], "verb": verb})
            continue
        changes.append({"host": "vm", "key": key, "parents": sorted(heads[key]), "time": now, "user": "tester",
                        "value": None if verb == "rm" else values[key], "verb": verb})
    last = journal[-1]
    line = {"by": "", "changes": changes, "more": False, "offered": [], "prev": last["sum"], "seq": last["seq"] + 1, "time": now, "withdrawn": []}
    text = canonical(line)
    with open(".mreg/journal", "ab") as out:
        out.write(text[:-1] + b',"sum":"' + hashlib.sha256(text).hexdigest().encode() + b'"}\n')
        out.flush()
        os.fsync(out.fileno())


main()
