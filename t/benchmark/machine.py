# SPDX-License-Identifier: Apache-2.0
"""What the measuring was done on: processor, kernel, file system.  No names of hosts, no paths."""
import os, platform


def processor():
    try:
        with open("/proc/cpuinfo") as f:
            for line in f:
                if line.startswith("model name"):
                    return " ".join(line.partition(":")[2].split())
    except OSError:
        pass
    return platform.machine()


def file_system(path):
    """Its type, from the mount that is nearest above path."""
    path, best = os.path.realpath(path), ("", "unknown")
    try:
        with open("/proc/self/mountinfo") as f:
            for line in f:
                left, _, right = line.partition(" - ")
                at = left.split()[4].encode().decode("unicode_escape")
                if os.path.commonpath([path, at]) == at and len(at) >= len(best[0]):
                    best = (at, right.split()[0])
    except OSError:
        pass
    return best[1]


def memory():
    """GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)


def describe(scratch):
    system = os.uname()
    return dict(processor=processor(), cores=len(os.sched_getaffinity(0)), memory=round(memory(), 1),
                kernel=f"{system.sysname} {system.release}", file_system=file_system(scratch))


def sentence(m):
    cores = "1 core" if m["cores"] == 1 else f"{m['cores']} cores"
    return f"{m['processor']}, {cores}, {m['memory']:.0f} GiB, {m['kernel']}, {m['file_system']}"
