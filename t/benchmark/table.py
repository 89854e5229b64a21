# SPDX-License-Identifier: Apache-2.0
"""What was measured, as Markdown whose columns also stand under each other where it is read as plain text."""
import textwrap

from . import figures, machine
from .figures import median, ratio, share
from .peers import PEERS
from .workloads import TITLES

OPS = ["first", "again", "touched", "next", "get", "update", "verify"]
VERSION_OPS = ["put", "alias", "resolve"]


def number(x, digits=3):
    """About three digits; "-" for nothing."""
    if x is None:
        return "-"
    return f"{x:.{max(0, digits - len(str(int(abs(x)))) if abs(x) >= 1 else digits)}f}"


def short(x):
    """Of a ratio two digits."""
    return number(x, 3 if x is not None and x < .0995 else 2)


def part(x):
    """Of a whole: hundredths."""
    return "-" if x is None else f"{x:.2f}"


def table(head, lines):
    widths = [max(3, *(len(line[i]) for line in [head, *lines])) for i in range(len(head))]

    def show(cells):
        print("| " + " | ".join(c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(cells, widths))) + " |")

    show(head)
    print("|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|")
    for line in lines:
        show(line)


def order(result):
    return [p for p in PEERS if any(r["peer"] == p for r in result["rows"])]


def with_ratio(value, of_mreg):
    """Seconds of a peer, and in brackets how much of that mreg needs."""
    return number(value) if value is None or of_mreg is None else f"{number(value)} ({short(of_mreg)})"


def line_of(result, peer):
    cells = [peer + (" *" if peer in result["slow"] else "")]
    for op in OPS:
        cells.append(with_ratio(median(result, peer, op), ratio(result, ("mreg", op), (peer, op)) if peer != "mreg" else None))
    stored = result["stored"].get(peer, {})
    rss = [r["rss"] for r in result["rows"] if r["peer"] == peer]
    return [*cells, number(median(result, peer, "first", "synced")), *(number(stored.get(k)) for k in ("first", "grew", "all")),
            part(share(result, peer, "all")), f"{max(rss):.0f}"]


def show_work(work, result):
    first, every = (number(result["payload"][k]) for k in ("first", "all"))
    print(f"\n## {work}\n\n{TITLES[work]}: {first} MiB, all versions {every} MiB.\n")
    table(["s (mreg's / its)", *OPS, "first, synced", "v1, MiB", "+v2", "all", "all / raw", "RSS, MiB"],
          [line_of(result, p) for p in order(result)])
    seen = [f"{op} {mib:.1f}" for op, mib in result.get("memory", {}).items() if mib is not None]
    if seen:
        print(f"\nmreg's memory beside mapped files, MiB: {', '.join(seen)}.")
    if result["slow"]:
        print("\n\\* slow, and not repeated after a round that took too long.")
    show_failed(result)


def show_versions(result):
    print(f"\n## versions\n\n{TITLES['versions']}.\n")
    rows = []
    for peer in order(result):
        for size in result["sizes"]:
            cells = []
            for op in VERSION_OPS:
                ms = median(result, peer, op, versions=size)
                of_mreg = ratio(result, ("mreg", op, size), (peer, op, size)) if peer != "mreg" else None
                cells.append(with_ratio(ms and 1000 * ms, of_mreg))
            rows.append([peer, f"{size:,}", *cells])
    table(["ms (mreg's / its)", "versions", *VERSION_OPS], rows)
    show_failed(result)


SHARED_OPS = ["push", "ssh", "clone", "small", "small clone"]


def side(sides, name):
    """RSS of one side, and in brackets its own memory."""
    return f"{sides[name]['rss']:.0f} ({sides[name]['own']:.0f})" if name in sides else "-"


def show_shared_memory(result):
    print("\nmreg alone, CPU of both sides together; in brackets memory beside mapped files.\n")
    table(["", "CPU, s", "client's RSS, MiB", "server's RSS, MiB"],
          [[op, number(median(result, "mreg", op, "cpu")), *(side(result["memory"].get(op, {}), name) for name in ("client", "server"))]
           for op in SHARED_OPS if median(result, "mreg", op) is not None])


def show_pulls(result):
    def ms(op, size):
        return number(1000 * median(result, "mreg", op, versions=size))

    def made(size, field):
        return number(median(result, "mreg", "clone of versions", field, size))

    print()
    table(["versions", "clone, s", "its memory, MiB", "pull of nothing, ms", "pull of ten changes, ms"],
          [[f"{size:,}", made(size, "wall"), made(size, "own"), ms("current", size), ms("changes", size)] for size in result["sizes"]])


def show_sharing(result):
    sizes = result["payload"]
    print(f"\n## sharing\n\n{TITLES['sharing']}: {number(sizes['weights'])} MiB and {number(sizes['small'])} MiB.\n")
    rows = []
    for peer in order(result):
        cells = []
        for op in SHARED_OPS:
            of_mreg = ratio(result, ("mreg", op), (peer, op)) if peer != "mreg" else None
            cells.append(with_ratio(median(result, peer, op), of_mreg))
        rows.append([peer, *cells])
    table(["s (mreg's / its)", *SHARED_OPS], rows)
    if result["memory"]:
        show_shared_memory(result)
    travel = result["travel"]
    if travel:
        change, small = travel["change"], travel["small"]
        grew, sent, got = (number(change[k]) for k in ("grew", "sent", "got"))
        print(f"\nA changed checkpoint: {grew} MiB more, {sent} MiB sent, {got} MiB came back.")
        print(f"{small['files']:,} small files: {small['objects']:,} objects, asked for in {small['wants']} frames.")
    if median(result, "mreg", "changes", versions=result["sizes"][-1] if result["sizes"] else None):
        show_pulls(result)
    show_failed(result)


def show_failed(result):
    for peer, why in result["failed"].items():
        print(f"\n{peer} failed: {' '.join(why.split())[:200]}")


def show_machine(data):
    rounds = "1 round" if data["runs"] == 1 else f"{data['runs']} rounds"
    known = ", ".join(f"{p} {v}".strip() for p, v in data["peers"].items())
    missing = f"not installed: {', '.join(data['missing'])}" if data["missing"] else "nothing was missing"
    for text in (f"{machine.sentence(data['machine'])}; {rounds} at scale {data['scale']:g}.", f"{known}; {missing}."):
        print(textwrap.fill(text, 118, break_on_hyphens=False))


def show_figures(data):
    if not data["figures"]:
        return
    print("\n## figures\n")
    if data["scale"] != figures.SCALE:
        larger = "only what is shared is" if data["scale"] > figures.SCALE else "nothing is"
        print(f"The bounds are for --scale {figures.SCALE:g}: {larger} judged here.\n")
    words = {True: "met", False: "**missed**", None: "not judged"}
    table(["figure", "reached", "at most", "verdict"],
          [[f["figure"], number(f["reached"]), f"{f['bound']:g}", "not measured" if f["reached"] is None else words[f["met"]]]
           for f in data["figures"]])


def show(data):
    print("# mreg and its peers\n")
    show_machine(data)
    for work, result in data["works"].items():
        if work == "versions":
            show_versions(result)
        elif work == "sharing":
            show_sharing(result)
        else:
            show_work(work, result)
    show_figures(data)


# ---- for README

def seconds(work, op, name):
    return f"{work}: {name}, s", lambda out, peer: number(median(out.get(work, {"rows": []}), peer, op))


def size(work, which, name):
    return f"{work}: {name}", lambda out, peer: part(share(out.get(work, {}), peer, which))


def milliseconds(op, name):
    def cell(out, peer):
        v = out.get("versions", {"sizes": [0]})
        ms = median(v, peer, op, versions=v["sizes"][-1])
        return number(ms and 1000 * ms)
    return f"versions: {name}, ms", cell


README = [
    seconds("weights", "first", "put"), seconds("weights", "again", "again"), seconds("weights", "touched", "touched"),
    seconds("weights", "next", "next"), seconds("weights", "get", "get"), seconds("weights", "update", "get onto it"),
    seconds("weights", "verify", "verify"), size("weights", "first", "stored / raw"), size("bf16", "first", "stored / raw"),
    size("checkpoints", "all", "stored / raw"), seconds("small", "first", "put"), seconds("small", "again", "again"),
    seconds("small", "next", "next"), seconds("small", "get", "get"), seconds("small", "update", "get onto it"),
    size("tables", "all", "stored / raw"), milliseconds("put", "put"), milliseconds("alias", "alias"), milliseconds("resolve", "resolve"),
]


def show_readme(data):
    """The compact table: one line for what was done, one column for each peer."""
    shown = [p for p in PEERS if p in data["peers"] and "put" in PEERS[p]]
    lines = [[name, *(cell(data["works"], p) for p in shown)] for name, cell in README]
    table(["", *shown], [line for line in lines if any(c != "-" for c in line[1:])])
    print()
    show_machine(data)
