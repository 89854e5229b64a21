# SPDX-License-Identifier: Apache-2.0
"""mreg for Python programs: one file, Python 3.8 or later, its standard library and the program mreg.

Copy it beside your program, or put the directory it is in on PYTHONPATH.

    import mreg

    path = mreg.get("digits:production")                 # a directory with the files, verified
    version = mreg.put("digits", path, metrics={"acc": .93}, aliases=["candidate"])
    mreg.promote(version, "staging", message="beats v3")

    with mreg.run(job_type="train", config={"lr": .1, "epochs": 5}) as run:
        data = run.get("mnist:latest")                   # noted as an input
        for step in range(5):
            run.log(loss=.3, step=step)
        run.put("digits", "model/")                      # noted as an output, with the metrics logged so far

What fails raises an exception that has the program's status: NotFound (3, 4), Conflict (5), Refused (6), Integrity (7),
RemoteError (8), LockTimeout (9), LocalError (10), Usage (2), No (1), all of them Error, with .message, .hint, .status and .code.
Which registry is meant is found as the program finds it: MREG_DIR, else upwards from the current directory;
Registry("/srv/models") means another one, and has all of these functions as methods.  MREG_BINARY names the program, else it
is found in PATH.  A warning of the program becomes a Python warning.

Records are dicts as mreg-json(5) describes them; a reference may be text or a Version.  All functions may be called from
several threads at once.
"""

from __future__ import annotations

import base64
import contextvars
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
import weakref
from dataclasses import dataclass, field
from typing import IO, Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Type, Union

__all__ = [
    "Conflict", "Error", "Integrity", "Interrupted", "LocalError", "LockTimeout", "No", "NotFound", "Refused", "Registry", "RemoteError",
    "Run", "Usage", "Version", "alias", "call", "create", "diff", "get", "history", "lineage", "link", "log", "ls", "meta", "note",
    "promote", "put", "remove", "resolve", "restore", "rollback", "run", "runs", "search", "show", "tag", "unalias", "unlink", "untag", "use", "verify",
]

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
Reference = Union[str, "Version"]
Record = Dict[str, Any]
Number = Union[int, float]
Argument = Union[str, bytes]

FORMAT = 1  # of mreg-json(5)
FLUSH_SECONDS = 0.1  # what is logged reaches the program at the latest after so long
BUFFER_BYTES = 1 << 16
REASON_CHARACTERS = 1000  # of an exception's text, kept with the run that it ended


# ---- exceptions ----


class Error(Exception):
    """The program ended with a status other than 0."""

    def __init__(self, message: str, *, status: int = 10, code: str = "local", hint: Optional[str] = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status
        self.code = code

    def __str__(self) -> str:
        return self.message + ("\n" + self.hint if self.hint else "")

    def __reduce__(self) -> Tuple[Any, ...]:
        return _error_again, (type(self), self.message, self.status, self.code, self.hint)


def _error_again(kind: Type[Error], message: str, status: int, code: str, hint: Optional[str]) -> Error:
    return kind(message, status=status, code=code, hint=hint)


class No(Error):
    """1: the answer is no."""


class Usage(Error, ValueError):
    """2: a value that is not legal."""


class NotFound(Error, LookupError):
    """3: no such collection, run or path; 4: the collection is there, that alias or version is not."""


class Conflict(Error):
    """5: exists already, is of another type, lost a compare-and-set, has diverged."""


class Refused(Error):
    """6: protected, aliased, linked, refused by a hook, or foreign files would be overwritten."""


class Integrity(Error):
    """7: damaged or missing bytes."""


class RemoteError(Error):
    """8: the other side, or the way to it."""


class LockTimeout(Error):
    """9: another process held the lock for too long."""


class LocalError(Error):
    """10: no registry here, a file that cannot be read or written, a full disk."""


class Interrupted(Error):
    """128 + n: signal n ended the program."""


_ERRORS: Dict[int, Type[Error]] = {
    1: No, 2: Usage, 3: NotFound, 4: NotFound, 5: Conflict, 6: Refused, 7: Integrity, 8: RemoteError, 9: LockTimeout, 10: LocalError,
}


# ---- versions ----


@dataclass(frozen=True)
class Version:
    """One version: str() of it is its reference NAME:vN; version["created"] and the like are the record it came from."""

    ref: str
    digest: str
    record: Record = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.ref.rpartition(":")[0]

    @property
    def number(self) -> int:
        return int(self.ref.rpartition(":v")[2])

    def __str__(self) -> str:
        return self.ref

    def __getitem__(self, key: str) -> Any:
        return self.record[key]


def _version(record: Record) -> Version:
    return Version(record["ref"], record["digest"], record)


# ---- arguments ----


def _operand(value: object) -> str:
    """No name or reference begins with a dash, so what does is no option of ours either."""
    text = str(value)
    if text.startswith("-"):
        raise Usage(f"'{text}' is no name", status=2, code="usage")
    return text


def _path(path: Path) -> bytes:
    """As an operand: a dash alone would mean standard input."""
    raw = os.fsencode(path)
    return b"./" + raw if raw.startswith(b"-") else raw


def _list(values: Union[None, str, bytes, Version, "os.PathLike[Any]", Iterable[Any]]) -> List[Any]:
    if values is None:
        return []
    if isinstance(values, (str, bytes, Version, os.PathLike)):
        return [values]
    return list(values)


def _each(option: str, values: Any) -> List[Argument]:
    return [f"{option}={value}" for value in _list(values)]


def _option(option: str, value: object) -> List[Argument]:
    if value is None or value is False:
        return []
    if value is True:
        return [option]
    if isinstance(value, (bytes, os.PathLike)):
        return [option.encode() + b"=" + os.fsencode(value)]
    return [f"{option}={value}"]


def _number(value: Any) -> Number:
    """Also one of NumPy, PyTorch and the like."""
    plain = value.item() if callable(getattr(value, "item", None)) else value
    return int(plain) if isinstance(plain, int) and not isinstance(plain, bool) else float(plain)


def _metrics(metrics: Optional[Mapping[str, Number]]) -> List[Argument]:
    out: List[Argument] = []
    for name, value in (metrics or {}).items():
        if "=" in name:
            raise Usage(f"'{name}' is no name of a metric here", status=2, code="invalid")
        out.append(f"--metric={name}={_number(value)!r}")
    return out


def _seconds(value: Union[None, str, Number]) -> Optional[str]:
    return f"{math.ceil(value)}s" if isinstance(value, (int, float)) else value


def _plain(value: object) -> Any:
    """What NumPy, PyTorch and the like have in place of Python's numbers and lists, and paths."""
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    for method in ("tolist", "item"):
        convert = getattr(value, method, None)
        if callable(convert):
            return convert()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _json_text(value: object, what: str) -> bytes:
    try:
        return json.dumps(value, allow_nan=False, default=_plain).encode()
    except (TypeError, ValueError) as why:
        raise Usage(f"{what} cannot be JSON: {why}", status=2, code="invalid") from why


def _command(given: Optional[Sequence[Argument]]) -> List[Argument]:
    words = given if given is not None else getattr(sys, "orig_argv", None) or [sys.executable, *sys.argv]  # orig_argv: from Python 3.10 on
    return ["--", *(os.fsencode(word) for word in words)] if words else []


class _JsonFile:
    """A JSON file for as long as the program reads it: an argument could become too long, and would lose types."""

    def __init__(self, option: str, value: object, what: str, name: str) -> None:
        self._text = _json_text(value, what) if value is not None else None
        self._option, self._name = option, name
        self._dir: Optional[tempfile.TemporaryDirectory[str]] = None

    def __enter__(self) -> List[Argument]:
        if self._text is None:
            return []
        self._dir = tempfile.TemporaryDirectory(prefix="mreg-")
        path = os.path.join(self._dir.name, self._name)
        with open(path, "wb") as file:
            file.write(self._text)
        return [f"{self._option}={path}"]

    def __exit__(self, *_: object) -> None:
        if self._dir:
            self._dir.cleanup()


# ---- the program ----


def _binary(given: Optional[Path]) -> Argument:
    return os.fsencode(given) if given else os.environ.get("MREG_BINARY") or "mreg"


def _no_program(program: Argument, why: OSError) -> LocalError:
    return LocalError(f"cannot run '{os.fsdecode(program)}': {why.strerror}", hint="MREG_BINARY names the program mreg.")


def _raise(status: int, stderr: bytes) -> None:
    """The last line of standard error is the error as JSON; without it the program did not get so far."""
    last = stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    kind = Interrupted if status < 0 or status > 128 else _ERRORS.get(status, Error)
    status = 128 - status if status < 0 else status
    try:
        error = json.loads(last)["error"]
        raise kind(error["message"], status=error["status"], code=error["code"], hint=error.get("hint"))
    except (ValueError, KeyError, TypeError) as why:
        if isinstance(why, Error):
            raise
        raise kind(f"mreg ended with status {status}", status=status, code="unknown") from None


def _warn(stderr: bytes) -> None:
    text = stderr.decode("utf-8", "replace").strip()
    if text:
        warnings.warn(text, stacklevel=4)


def _records(stdout: bytes) -> List[Record]:
    records = []
    for line in stdout.splitlines():
        try:
            record = json.loads(line)
            is_known = record.pop("format", None) == FORMAT
        except (ValueError, AttributeError, TypeError) as why:
            raise _not_mreg() from why
        if not is_known:
            raise Error("mreg prints a newer format than this module reads", code="newer-format")
        records.append(record)
    return records


def _one(records: List[Record]) -> Record:
    if not records:
        raise _not_mreg()
    return records[0]


def _not_mreg() -> LocalError:
    return LocalError("what was called prints no records, so it is not mreg", hint="MREG_BINARY names the program mreg.")


def _record_path(record: Record) -> pathlib.Path:
    """Exactly as it is, also where it is not UTF-8."""
    if "path_base64" in record:
        return pathlib.Path(os.fsdecode(base64.b64decode(record["path_base64"])))
    return pathlib.Path(record["path"])


class Registry:
    """One registry; None means the one that the program finds by itself."""

    def __init__(self, path: Optional[Path] = None, *, binary: Optional[Path] = None) -> None:
        self._path = os.fsencode(path) if path is not None else None
        self._binary = binary

    # -- calling --

    def _argv(self, verb: Sequence[Argument], arguments: Iterable[Argument]) -> List[Argument]:
        globals_: List[Argument] = ["--json", "--quiet"]
        if self._path is not None:
            globals_.append(b"--registry=" + self._path)
        return [_binary(self._binary), *verb, *globals_, *arguments]

    def _environment(self, run: Optional[str]) -> Dict[str, str]:
        environment = dict(os.environ)
        current = run or _current_run.get()
        if current:
            environment["MREG_RUN"] = current
        return environment

    def _call(self, verb: Sequence[Argument], arguments: Iterable[Argument], *, run: Optional[str] = None,
              is_no_an_answer: bool = False) -> List[Record]:
        argv = self._argv(verb, arguments)
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=self._environment(run), check=False)
        except OSError as why:
            raise _no_program(argv[0], why) from why
        if done.returncode and not (is_no_an_answer and done.returncode == 1):
            _raise(done.returncode, done.stderr)
        if not done.returncode:
            _warn(done.stderr)
        return _records(done.stdout)

    def call(self, verb: str, *arguments: Path, run: Optional[str] = None) -> List[Record]:
        """Any verb with any arguments, as in a shell: call("prune", "--keep-last", "3")."""
        return self._call([verb], [os.fsencode(a) for a in arguments], run=run)

    # -- store --

    def put(self, name: str, *paths: Path, files: Optional[Mapping[str, Path]] = None, type: Optional[str] = None,
            aliases: Union[None, str, Iterable[str]] = None, message: Optional[str] = None, metadata: Optional[Mapping[str, Any]] = None,
            metrics: Optional[Mapping[str, Number]] = None, tags: Union[None, str, Iterable[str]] = None,
            links: Union[None, str, Iterable[str]] = None, uris: Optional[Iterable[Union[str, Mapping[str, Any]]]] = None,
            include: Union[None, str, Iterable[str]] = None, exclude: Union[None, str, Iterable[str]] = None,
            best_by: Optional[str] = None, only_if_better: Optional[str] = None, keep_last: Optional[int] = None, expect: Optional[str] = None,
            derived_from: Optional[Reference] = None, unpack: bool = False, dereference: bool = False, allow_empty: bool = False,
            new_version: bool = False, fail_if_unchanged: bool = False, dry_run: bool = False, run: Optional[str] = None) -> Version:
        """Stores files and directories as the next version of an artifact; version["created"] is False when the content was there already.

        files: {"name/in/version": path}.  uris: what stays elsewhere, a URI or {"uri":…, "as":…, "digest":…, "size":…}.
        best_by, only_if_better: "METRIC:min" or "METRIC:max".
        """
        arguments: List[Argument] = [_operand(name), *(_path(p) for p in paths)]
        for stored, path in (files or {}).items():
            arguments += [_path(path), b"--as=" + os.fsencode(stored)]
        for uri in uris or []:
            given = {"uri": uri} if isinstance(uri, str) else dict(uri)
            arguments += [f"--ref={given['uri']}", *_option("--as", given.get("as")), *_option("--digest", given.get("digest")),
                          *_option("--size", given.get("size"))]
        arguments += _option("--type", type) + _each("--alias", aliases) + _option("--message", message) + _metrics(metrics)
        arguments += _each("--tag", tags) + _each("--link", links) + _each("--include", include) + _each("--exclude", exclude)
        arguments += _option("--best-by", best_by) + _option("--only-if-better", only_if_better) + _option("--keep-last", keep_last)
        arguments += _option("--expect", expect) + _option("--from", derived_from) + _option("--unpack", unpack)
        arguments += _option("--dereference", dereference) + _option("--allow-empty", allow_empty) + _option("--new-version", new_version)
        arguments += _option("--fail-if-unchanged", fail_if_unchanged) + _option("--dry-run", dry_run)
        with _JsonFile("--meta-file", metadata, "metadata", "metadata.json") as meta:
            return _version(_one(self._call(["put"], arguments + meta, run=run)))

    def get(self, ref: Reference, path: Optional[Path] = None, *, include: Union[None, str, Iterable[str]] = None,
            exclude: Union[None, str, Iterable[str]] = None, exact: bool = False, force: bool = False,
            fallback: Union[None, Reference, Iterable[Reference]] = None, wait: Union[None, str, Number] = None, stamp: Optional[Path] = None,
            remote: Optional[str] = None, offline: bool = False, run: Optional[str] = None) -> pathlib.Path:
        """Writes a version's files into a directory (./NAME without one), every byte verified, and returns it."""
        arguments = _option("--output", None if path is None else os.fsencode(path)) + _each("--include", include) + _each("--exclude", exclude)
        arguments += _option("--exact", exact) + _option("--force", force) + _each("--fallback", fallback) + _option("--wait", _seconds(wait))
        arguments += _option("--stamp", None if stamp is None else os.fsencode(stamp)) + _option("--remote", remote) + _option("--offline", offline)
        return _record_path(_one(self._call(["get"], arguments + [_operand(ref)], run=run)))

    def verify(self, ref: Reference, path: Optional[Path] = None) -> bool:
        """Whether a directory has exactly the version's files; without one the stored bytes are read, and damage raises Integrity."""
        arguments: List[Argument] = [_operand(ref)] + ([_path(path)] if path is not None else [])
        try:
            self._call(["verify"], arguments)
        except No:
            return False
        return True

    # -- look --

    def resolve(self, ref: Reference, *, at: Optional[str] = None, remote: Optional[str] = None) -> Version:
        """What a reference means now, or meant at a time."""
        return _version(_one(self._call(["resolve"], _option("--at", at) + _option("--remote", remote) + [_operand(ref)])))

    def ls(self, *patterns: Reference, type: Optional[str] = None, alias: Optional[str] = None, tag: Optional[str] = None,
           kind: Optional[str] = None, sort: Optional[str] = None, limit: Optional[int] = None, removed: bool = False,
           remote: Optional[str] = None) -> List[Record]:
        """Collections (kind: "artifact" or "model" alone); of one NAME its versions, of NAME:REF its files."""
        arguments = _option("--type", type) + _option("--alias", alias) + _option("--tag", tag) + _option("--sort", sort)
        arguments += _option("--limit", limit) + _option("--removed", removed) + _option("--remote", remote) + ([f"--{kind}s"] if kind else [])
        return self._call(["ls"], arguments + [_operand(p) for p in patterns])

    def show(self, ref: Reference, *, remote: Optional[str] = None) -> Record:
        """All that is known of a collection, a version or a run (by its id)."""
        if str(ref).startswith("r-") and remote is None:
            return _one(self._call(["run", "show"], [_operand(ref)]))
        return _one(self._call(["show"], _option("--remote", remote) + [_operand(ref)]))

    def log(self, name: str, *, metric: Optional[str] = None, limit: Optional[int] = None, remote: Optional[str] = None) -> List[Record]:
        """The versions, newest first, with what changed."""
        arguments = _option("--metric", metric) + _option("--limit", limit) + _option("--remote", remote)
        return self._call(["log"], arguments + [_operand(name)])

    def search(self, query: Optional[str] = None, *, kind: str = "versions", sort: Optional[str] = None, limit: Optional[int] = None,
               remote: Optional[str] = None) -> List[Record]:
        """What a query finds; kind: "versions", "artifacts", "models" or "runs"."""
        arguments = [f"--{kind}"] + _option("--sort", sort) + _option("--limit", limit) + _option("--remote", remote)
        return self._call(["search"], arguments + (["--", query] if query is not None else []))

    def history(self, ref: Optional[Reference] = None, *, alias: Optional[str] = None, since: Optional[str] = None) -> List[Record]:
        """Who changed what, when and why."""
        arguments = _option("--alias", alias) + _option("--since", since)
        return self._call(["history"], arguments + ([_operand(ref)] if ref is not None else []))

    def diff(self, a: Reference, b: Reference) -> Record:
        """How two versions differ; record["same"] is True when they do not."""
        return _one(self._call(["diff"], [_operand(a), _operand(b)], is_no_an_answer=True))

    def lineage(self, ref: Reference, *, up: bool = False, down: bool = False, depth: Optional[int] = None) -> Record:
        """Where a version came from, and what came of it."""
        arguments = _option("--up", up) + _option("--down", down) + _option("--depth", depth)
        return _one(self._call(["lineage"], arguments + [_operand(ref)]))

    # -- curate --

    def create(self, name: str, *, kind: str = "model", type: Optional[str] = None, title: Optional[str] = None,
               message: Optional[str] = None, if_absent: bool = False) -> Record:
        """Makes a registered model, or an empty artifact."""
        arguments = [f"--{kind}"] + _option("--type", type) + _option("--title", title) + _option("--message", message)
        return _one(self._call(["create"], arguments + _option("--if-absent", if_absent) + [_operand(name)]))

    def link(self, ref: Reference, model: str, *, aliases: Union[None, str, Iterable[str]] = None, expect: Optional[str] = None,
             create: bool = True, message: Optional[str] = None, override: bool = False, run: Optional[str] = None) -> Version:
        """Puts a version into a registered model, which is made if need be."""
        arguments = _each("--alias", aliases) + _option("--expect", expect) + _option("--no-create", not create)
        arguments += _option("--message", message) + _option("--override", override)
        return _version(_one(self._call(["link"], arguments + [_operand(ref), _operand(model)], run=run)))

    def unlink(self, *refs: Reference, message: Optional[str] = None) -> List[str]:
        """Takes versions out of registered models; returns what was removed."""
        return self._removed("unlink", _option("--message", message) + [_operand(r) for r in refs])

    def alias(self, ref: Reference, *aliases: str, expect: Optional[str] = None, message: Optional[str] = None, override: bool = False) -> Version:
        """Moves aliases to a version.  expect: "vN" or "none", where they must be now, else Conflict."""
        if not aliases:
            raise Usage("an alias is missing", status=2, code="usage")
        arguments = _option("--expect", expect) + _option("--message", message) + _option("--override", override)
        return _version(_one(self._call(["alias"], arguments + [_operand(ref)] + [_operand(a) for a in aliases])))

    def unalias(self, *refs: str, message: Optional[str] = None, override: bool = False) -> List[str]:
        """Removes aliases, each written NAME:ALIAS."""
        return self._removed("alias", ["--delete"] + _option("--message", message) + _option("--override", override) + [_operand(r) for r in refs])

    def promote(self, ref: Reference, stage: str, *, drop_from: Optional[str] = None, archive_previous: bool = False,
                expect: Optional[str] = None, message: Optional[str] = None, override: bool = False) -> Version:
        """Moves a stage to a version; version["previous"] is what had it before."""
        arguments = _option("--drop-from", drop_from) + _option("--archive-previous", archive_previous) + _option("--expect", expect)
        arguments += _option("--message", message) + _option("--override", override)
        return _version(_one(self._call(["promote"], arguments + [_operand(ref), _operand(stage)])))

    def rollback(self, ref: str, *, steps: Optional[int] = None, expect: Optional[str] = None, message: Optional[str] = None,
                 override: bool = False) -> Version:
        """Gives a stage, written NAME:STAGE, back to who had it before."""
        arguments = _option("--steps", steps) + _option("--expect", expect) + _option("--message", message) + _option("--override", override)
        return _version(_one(self._call(["rollback"], arguments + [_operand(ref)])))

    def tag(self, ref: Reference, *tags: str, message: Optional[str] = None) -> List[str]:
        """Adds tags, if any are given, and returns all there are."""
        done = self._call(["tag"], _option("--message", message) + [_operand(ref)] + [_operand(t) for t in tags])
        return list(done[0]["tags"]) if tags else [r["tag"] for r in done]

    def untag(self, ref: Reference, *tags: str, message: Optional[str] = None) -> List[str]:
        """Removes tags and returns those that are left."""
        if not tags:
            raise Usage("a tag is missing", status=2, code="usage")
        arguments: List[Argument] = ["--delete"]
        done = self._call(["tag"], arguments + _option("--message", message) + [_operand(ref)] + [_operand(t) for t in tags])
        return list(done[0]["tags"])

    def note(self, ref: Reference, text: Optional[str] = None) -> str:
        """Sets the note of a collection, version or run, if one is given, and returns it."""
        return str(_one(self._call(["note"], _option("--message", text) + [_operand(ref)]))["note"])

    def meta(self, ref: Reference, metadata: Optional[Mapping[str, Any]] = None, *, metrics: Optional[Mapping[str, Number]] = None,
             title: Optional[str] = None, message: Optional[str] = None) -> Record:
        """Adds metadata and metrics, if any are given, and returns all there are."""
        arguments = _metrics(metrics) + _option("--title", title) + _option("--message", message) + [_operand(ref)]
        with _JsonFile("--file", metadata, "metadata", "metadata.json") as file:
            return _one(self._call(["meta"], file + arguments))

    def remove(self, *refs: Reference, recursive: bool = False, message: Optional[str] = None, with_aliases: bool = False,
               unlink: bool = False) -> List[str]:
        """Removes versions, or whole collections when recursive; restore() brings them back until gc."""
        arguments = _option("--recursive", recursive) + _option("--message", message) + _option("--with-aliases", with_aliases) + _option("--unlink", unlink)
        return self._removed("rm", arguments + [_operand(r) for r in refs])

    def restore(self, *refs: str, message: Optional[str] = None) -> List[str]:
        """Brings back what was removed."""
        return [r["ref"] for r in self._call(["restore"], _option("--message", message) + [_operand(r) for r in refs])]

    def _removed(self, verb: str, arguments: List[Argument]) -> List[str]:
        done = self._call([verb], arguments)
        return list(done[0]["removed"]) if done else []

    # -- trace --

    def use(self, what: Path, *, name: Optional[str] = None, type: Optional[str] = None, message: Optional[str] = None,
            run: Optional[str] = None) -> Version:
        """Notes an input of the current run: a reference, a path (./…, /…), or a URI; returns the version that it is pinned to."""
        operand = _path(what if isinstance(what, (bytes, os.PathLike)) else _operand(what))
        arguments = _option("--name", name) + _option("--type", type) + _option("--message", message)
        return _version(_one(self._call(["use"], arguments + [operand], run=run)))

    def runs(self, query: Optional[str] = None, *, state: Optional[str] = None, sort: Optional[str] = None, limit: Optional[int] = None,
             remote: Optional[str] = None) -> List[Record]:
        """Runs that a query finds, in one state ("running", "finished", "failed", "died") or any; sort="-metrics.acc"."""
        arguments = _option("--search", query) + _option("--state", state) + _option("--sort", sort) + _option("--limit", limit)
        return self._call(["run", "ls"], arguments + _option("--remote", remote))

    def run(self, *, job_type: Optional[str] = None, config: Union[None, Mapping[str, Any], Path] = None, name: Optional[str] = None,
            tags: Union[None, str, Iterable[str]] = None, code: Union[None, Path, Iterable[Path]] = None,
            environment: Union[None, str, Iterable[str]] = None, git: bool = True, message: Optional[str] = None,
            command: Optional[Sequence[Argument]] = None) -> "Run":
        """Begins a run, to be used by `with`.  config: values, or the path of a file with them; code: files to be kept; environment:
        variables to be recorded, too; command: what is recorded as the command line, else that of this process; []: none."""
        arguments = _option("--job-type", job_type) + _option("--name", name) + _each("--tag", tags) + _each("--env", environment)
        arguments += _option("--no-git", not git) + _option("--message", message) + [f"--pid={os.getpid()}"]
        for path in _list(code):
            arguments.append(b"--code=" + os.fsencode(path))
        if config is not None and not isinstance(config, Mapping):
            arguments.append(b"--config=" + os.fsencode(config))
            config = None
        with _JsonFile("--config", config, "config", "config.json") as file:
            record = _one(self._call(["run", "start"], arguments + file + _command(command)))
        return Run(self, record)


# ---- runs ----

_current_run: "contextvars.ContextVar[Optional[str]]" = contextvars.ContextVar("mreg_run", default=None)
_environment_lock = threading.Lock()
_environment_owner: Optional[str] = None  # the run that MREG_RUN of this process names through us


class Run:
    """A run that was begun by run().

    Inside of `with`, functions of this module called from the same thread belong to it, and so do programs that are started
    meanwhile, and other threads (of several runs at once in one process: those belong to the first).  An exception ends it with status 1 and its text as the
    reason, KeyboardInterrupt with 130, sys.exit(n) with n.  A process that dies leaves a run that is shown as died.
    """

    def __init__(self, registry: Registry, record: Record) -> None:
        self.id: str = record["id"]
        self.job_type: str = record["job_type"]
        self.name: Optional[str] = record.get("name")
        self._registry = registry
        self._pid = os.getpid()
        self._is_finished = False
        self._token: Optional["contextvars.Token[Optional[str]]"] = None
        self._environment_before: Optional[str] = None
        self._forget()
        _runs.add(self)

    def __str__(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"<mreg.Run {self.id}>"

    # -- logging --

    def _forget(self) -> None:
        """Also in a child process after fork(): the pipe, and what waits to be written, are its parent's."""
        self._lock = threading.RLock()
        self._buffer = bytearray()
        self._child: Optional["subprocess.Popen[bytes]"] = None
        self._complaints: Optional[IO[bytes]] = None
        self._timer: Optional[threading.Timer] = None
        self._written_at = 0.0

    def _forget_after_fork(self) -> None:
        child = self._child
        if child and child.stdin:
            child.stdin.close()  # it has no buffer: nothing is written
            child.returncode = 0  # not a child of this process: nobody waits for it
        if self._complaints:
            self._complaints.close()
        self._forget()

    def log(self, metrics: Optional[Mapping[str, Number]] = None, *, step: Optional[int] = None, **values: Number) -> None:
        """Adds a point to each of these metrics: run.log(loss=.3, acc=.9, step=1), run.log({"val/loss": .3}).

        They reach the program within a tenth of a second; that they did not raises at the next call, at flush(), put() or finish().
        """
        point: Record = {} if step is None else {"step": int(step)}
        for name, value in {**(metrics or {}), **values}.items():
            if name == "step":
                raise Usage("'step' is no name of a metric here", status=2, code="invalid")
            point[name] = _number(value)
        with self._lock:
            if self._is_finished:
                raise Conflict(f"run '{self.id}' has ended", status=5, code="conflict")
            self._buffer += json.dumps(point).encode() + b"\n"
            if len(self._buffer) >= BUFFER_BYTES or time.monotonic() - self._written_at >= FLUSH_SECONDS:
                self._write()
            elif not self._timer:
                self._timer = threading.Timer(FLUSH_SECONDS, self._write_late)
                self._timer.daemon = False  # a process that ends waits for what it has logged, also a child of the one that began the run
                self._timer.start()

    def _start_child(self) -> None:
        argv = self._registry._argv(["run", "log"], [self.id, "-"])
        self._complaints = tempfile.TemporaryFile()
        try:
            self._child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._complaints, bufsize=0,
                                           env=self._registry._environment(self.id), start_new_session=True)
        except OSError as why:
            self._complaints.close()
            raise _no_program(argv[0], why) from why

    def _write(self) -> None:
        if not self._buffer:
            return
        if not self._child:
            self._start_child()
        assert self._child and self._child.stdin
        pending = memoryview(bytes(self._buffer))
        self._buffer.clear()
        self._written_at = time.monotonic()
        try:
            while pending:
                pending = pending[self._child.stdin.write(pending):]
        except BrokenPipeError:
            self._end_child()

    def _write_late(self) -> None:
        with self._lock:
            self._timer = None
            try:
                self._write()
            except Error as why:
                warnings.warn(f"what was logged is lost: {why}", stacklevel=2)

    def _end_child(self) -> None:
        """The program has logged all of it when it has ended."""
        child, complaints = self._child, self._complaints
        self._child = self._complaints = None
        if not child or not complaints:
            return
        assert child.stdin
        child.stdin.close()
        status = child.wait()
        with complaints:
            complaints.seek(0)
            text = complaints.read()
        if status:
            _raise(status, text)
        _warn(text)

    def flush(self) -> None:
        """Returns when all that was logged is in the registry."""
        with self._lock:
            if self._timer:
                self._timer.cancel()
                self._timer = None
            self._write()
            self._end_child()

    # -- inputs and outputs --

    def use(self, what: Path, **options: Any) -> Version:
        """Notes an input: as use()."""
        return self._registry.use(what, run=self.id, **options)

    def get(self, ref: Reference, path: Optional[Path] = None, **options: Any) -> pathlib.Path:
        """As get(), and the version is an input."""
        return self._registry.get(ref, path, run=self.id, **options)

    def put(self, name: str, *paths: Path, **options: Any) -> Version:
        """As put(), and the version is an output; it gets the metrics logged so far."""
        self.flush()
        return self._registry.put(name, *paths, run=self.id, **options)

    def link(self, ref: Reference, model: str, **options: Any) -> Version:
        """As link(), which is noted in the run."""
        return self._registry.link(ref, model, run=self.id, **options)

    def show(self) -> Record:
        """All that is known of it: state, metrics, config, inputs, outputs."""
        self.flush()
        return self._registry.show(self.id)

    def outputs(self) -> List[Record]:
        """The versions that it has made."""
        return self._registry._call(["run", "outputs"], [self.id])

    def inputs(self) -> List[Record]:
        """The versions that it has used."""
        return self._registry._call(["run", "inputs"], [self.id])

    def meta(self, metadata: Optional[Mapping[str, Any]] = None, *, metrics: Optional[Mapping[str, Number]] = None,
             message: Optional[str] = None) -> Record:
        """As meta()."""
        return self._registry.meta(self.id, metadata, metrics=metrics, message=message)

    def tag(self, *tags: str, message: Optional[str] = None) -> List[str]:
        """As tag()."""
        return self._registry.tag(self.id, *tags, message=message)

    def untag(self, *tags: str, message: Optional[str] = None) -> List[str]:
        """As untag()."""
        return self._registry.untag(self.id, *tags, message=message)

    def note(self, text: Optional[str] = None) -> str:
        """As note()."""
        return self._registry.note(self.id, text)

    # -- its end --

    def finish(self, status: int = 0, *, message: Optional[str] = None) -> None:
        """Ends it; once is enough.  message: why it ended so."""
        with self._lock:
            if self._is_finished:
                return
            if os.getpid() != self._pid:
                self.flush()  # a child after fork() ends no run of its parent's
                return
            try:
                self.flush()
            finally:
                self._is_finished = True
                self._registry._call(["run", "finish"], [self.id, f"--status={status}", *_option("--message", message or None)])

    def __enter__(self) -> "Run":
        global _environment_owner
        self._token = _current_run.set(self.id)
        with _environment_lock:
            if _environment_owner is None:
                _environment_owner = self.id
                self._environment_before = os.environ.get("MREG_RUN")
                os.environ["MREG_RUN"] = self.id
        return self

    def _leave(self) -> None:
        global _environment_owner
        if self._token:
            _current_run.reset(self._token)
            self._token = None
        with _environment_lock:
            if _environment_owner != self.id:
                return
            _environment_owner = None
            if self._environment_before is None:
                os.environ.pop("MREG_RUN", None)
            else:
                os.environ["MREG_RUN"] = self._environment_before

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException], _: object) -> None:
        self._leave()
        if kind is None:
            self.finish()
            return
        try:
            self.finish(_status_of(value), message=_reason_of(value))
        except Error as why:
            warnings.warn(f"run '{self.id}' could not be ended: {why}", stacklevel=2)  # what was raised inside matters more


def _status_of(value: Optional[BaseException]) -> int:
    if isinstance(value, KeyboardInterrupt):
        return 130
    if isinstance(value, SystemExit):
        return value.code & 255 if isinstance(value.code, int) else 0 if value.code is None else 1
    return 1


def _reason_of(value: Optional[BaseException]) -> Optional[str]:
    """"KeyError: 'lr'"; none for what the status says already."""
    if value is None or isinstance(value, SystemExit) and not isinstance(value.code, str):
        return None
    try:
        text = str(value.code) if isinstance(value, SystemExit) else "".join(traceback.format_exception_only(type(value), value))
    except Exception:  # its own __str__ raised
        text = type(value).__name__
    shown = "".join(c if c.isprintable() else " " for c in text[:REASON_CHARACTERS].strip())
    return shown + ("…" if len(text) > REASON_CHARACTERS else "")


_runs: "weakref.WeakSet[Run]" = weakref.WeakSet()


def _after_fork() -> None:
    global _environment_lock
    _environment_lock = threading.Lock()
    for one in list(_runs):
        one._forget_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# ---- the registry that the program finds ----

_here = Registry()
alias = _here.alias
call = _here.call
create = _here.create
diff = _here.diff
get = _here.get
history = _here.history
lineage = _here.lineage
link = _here.link
log = _here.log
ls = _here.ls
meta = _here.meta
note = _here.note
promote = _here.promote
put = _here.put
remove = _here.remove
resolve = _here.resolve
restore = _here.restore
rollback = _here.rollback
run = _here.run
runs = _here.runs
search = _here.search
show = _here.show
tag = _here.tag
unalias = _here.unalias
unlink = _here.unlink
untag = _here.untag
use = _here.use
verify = _here.verify
