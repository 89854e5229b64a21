# SPDX-License-Identifier: Apache-2.0
"""Medians and ratios of what was measured, and the figures that mreg is to reach.

A ratio is the median of the ratios within one round, so that a machine that is busy meanwhile harms it little.
"""
import statistics

SCALE = .25  # the figures are for workloads of this size
MEMORY_MAX = 96  # MiB


def rows_of(result, peer, op, versions=None):
    return [r for r in result.get("rows", []) if r["peer"] == peer and r["op"] == op and r.get("versions") == versions]


def median(result, peer, op, field="wall", versions=None):
    """None if there is nothing."""
    got = [r[field] for r in rows_of(result, peer, op, versions)]
    return statistics.median(got) if got else None


def ratio(result, above, below):
    """Of two (peer, op) or (peer, op, versions); None if no round has both."""
    walls = [{r["round"]: r["wall"] for r in rows_of(result, *which)} for which in (above, below)]
    got = [walls[0][n] / walls[1][n] for n in walls[0] if n in walls[1]]
    return statistics.median(got) if got else None


def share(result, peer, which):
    """Of the store on the disk in what was stored: of the first version, or of all."""
    stored = result.get("stored", {}).get(peer)
    return stored[which] / result["payload"][which] if stored else None


def worst(values):
    values = [v for v in values if v is not None]
    return max(values) if values else None


def memory(out):
    """Of all workloads and operations the most; None if nothing was seen."""
    return worst(mib for name, work in out.items() if name != "sharing" for mib in work.get("memory", {}).values())


def weights(out):
    w = out.get("weights", {})

    def against(op, peer):
        return ratio(w, ("mreg", op), (peer, op))

    yield "weights: stored / raw", share(w, "mreg", "first"), .85
    yield "bf16: stored / raw", share(out.get("bf16", {}), "mreg", "first"), .70
    yield "weights: first / tar+zstd", against("first", "tar+zstd"), .75
    yield "weights: first / borg", against("first", "borg"), .45
    yield "weights: again, untouched, s", median(w, "mreg", "again"), .005
    yield "weights: touched / borg", against("touched", "borg"), .2
    yield "weights: next / borg", against("next", "borg"), .40
    yield "weights: next, store grows by, MiB", w.get("stored", {}).get("mreg", {}).get("grew"), .1
    yield "weights: get / tar+zstd", against("get", "tar+zstd"), 1
    yield "weights: get / borg", against("get", "borg"), .6
    yield "weights: get onto v1 / get", ratio(w, ("mreg", "update"), ("mreg", "get")), .5
    yield "weights: verify of two versions / borg", against("verify", "borg"), 1


def files(out):
    s = out.get("small", {})
    yield "small: first / tar+zstd", ratio(s, ("mreg", "first"), ("tar+zstd", "first")), 1.1
    yield "small: again, s", median(s, "mreg", "again"), .06
    yield "small: next / git-lfs", ratio(s, ("mreg", "next"), ("git-lfs", "next")), 1
    yield "small: get / tar+zstd", ratio(s, ("mreg", "get"), ("tar+zstd", "get")), 1
    yield "small: get onto v1, s", median(s, "mreg", "update"), .25
    yield "checkpoints: stored / raw, all eight", share(out.get("checkpoints", {}), "mreg", "all"), .16
    yield "tables: stored / raw, all five", share(out.get("tables", {}), "mreg", "all"), .12


def versions(out):
    v = out.get("versions", {})
    sizes = v.get("sizes", [0])
    for op, theirs, bound in (("put", "put", 1), ("alias", "update-ref", 1.2), ("resolve", "rev-parse", 1)):
        yield (f"versions: {op} / git's {theirs}, the worst of {len(sizes)} sizes",
               worst(ratio(v, ("mreg", op, n), ("git", op, n)) for n in sizes), bound)
    for op in ("put", "alias", "resolve"):
        grown = ratio(v, ("mreg", op, sizes[-1]), ("mreg", op, sizes[0])) if len(sizes) > 1 else None
        yield f"versions: {op} at {sizes[-1]:,} / at {sizes[0]:,}", grown, 1.2


def sharing(out):
    s = out.get("sharing", {})
    many = s["sizes"][-1] if s.get("sizes") else 0
    change, small = (s.get("travel", {}).get(k) for k in ("change", "small"))
    yield "sharing: push / restic copy", ratio(s, ("mreg", "push"), ("restic", "push")), 1
    yield "sharing: push / rsync of its objects", ratio(s, ("mreg", "push"), ("rsync", "push")), 2
    yield "sharing: push by ssh / scp of its objects", ratio(s, ("mreg", "ssh"), ("scp", "ssh")), 1.3
    yield ("sharing: bytes that a changed checkpoint sends / that it added to the source",
           change and (change["sent"] + change["got"]) / change["grew"], 1.1)
    yield "sharing: frames that ask for 1,000 small files", small and 1000 * small["wants"] / small["files"], 2
    if len(s.get("sizes", [])) > 1:
        yield "sharing: pull of nothing, s", median(s, "mreg", "current", versions=s["sizes"][0]), .05
        yield f"sharing: pull of nothing at {many:,} versions, s", median(s, "mreg", "current", versions=many), .05
        yield (f"sharing: pull of ten changes at {many:,} / at {s['sizes'][0]:,} versions",
               ratio(s, ("mreg", "changes", many), ("mreg", "changes", s["sizes"][0])), 1.2)
    yield ("sharing: memory of either side, MiB, at most",
           worst(side["own"] for sides in s.get("memory", {}).values() for side in sides.values()), MEMORY_MAX)


def is_judged(name, scale):
    """What is shared may be larger than the figures ask for."""
    return scale >= SCALE if name.startswith("sharing") else scale == SCALE


def figures(out, scale):
    """[{figure, reached, bound, met}]; met is None for what was not measured, or not at the size that the bound is for."""
    got = [*weights(out), *files(out), *versions(out), *sharing(out), ("memory beside mapped files, MiB, at most", memory(out), MEMORY_MAX)]
    return [dict(figure=name, reached=reached, bound=bound, met=None if reached is None or not is_judged(name, scale) else reached <= bound)
            for name, reached, bound in got if reached is not None or name.split(":")[0] in out]
