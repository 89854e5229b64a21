#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/mreg.py: the registry for Python programs.

load lib

setup()
{
	sandbox
	digits_registry
	mreg alias -q digits:v1 best
	unset MREG_NOW MREG_SEED # several processes are to get ids of their own
	export PYTHONPATH=$MREG_SRCDIR/contrib PYTHONDONTWRITEBYTECODE=1 DIGITS
}

# python STATUS: the program on standard input, in which a warning is an error.
python()
{
	{ printf 'import mreg, os, sys\n' && cat; } >program.py
	run --separate-stderr "-$1" /usr/bin/python3 -W error program.py
}

# fails STATUS KIND CODE: the expression on standard input raises that, with message and status.
fails()
{
	python 0 < <(
		printf 'try:\n\t'
		cat
		cat <<-END
			except mreg.$2 as e:
			    assert type(e) is mreg.$2 and isinstance(e, mreg.Error), repr(e)
			    assert (e.status, e.code) == ($1, "$3"), (e.status, e.code)
			    assert e.message and (e.hint is None or e.hint in str(e))
			    print(e.message)
		END
	)
	[ -n "$output" ] || { echo "did not fail" && return 1; }
	no_complaint
}

@test "get writes the files and returns where they are" {
	python 0 <<-'END'
		path = mreg.get("digits:best", "out")
		print(type(path).__module__.split(".")[0], path)
		print(mreg.get("digits:v0"))
		print(mreg.verify("digits:v1", path), mreg.verify("digits:v0", path), mreg.verify("digits:v0"))
		print(mreg.get("digits:nothing", "other", fallback=["digits:none", mreg.resolve("digits:v2")], include="*.txt", wait=0))
	END
	says 'pathlib out' digits 'True False True' other
	no_complaint
	same_tree out "$DIGITS/epoch-2"
	assert_equal "$(ls other)" labels.txt
}

@test "put returns the version, and what it says of it" {
	python 0 <<-'END'
		v = mreg.put("digits", os.environ["DIGITS"] + "/epoch-1/labels.txt", aliases=["new", "newer"], message="text",
		             metadata={"text": "1", "deep": {"list": [1, None, True]}, "big": 2**63 - 1}, metrics={"acc": .5, "bad": float("nan")}, tags="small")
		print(v, v.name, v.number, v["created"], len(v.digest))
		card = mreg.show(v)
		print(card["metadata"] == {"text": "1", "deep": {"list": [1, None, True]}, "big": 2**63 - 1}, card["metrics"], card["description"])
		print(card["aliases"], card["tags"])
		again = mreg.put("digits", os.environ["DIGITS"] + "/epoch-1/labels.txt")
		print(again == v, again["created"], again["reason"])
		print(mreg.put("set", files={"a/b": "program.py", "c": "program.py"}, type="dataset", uris=[{"uri": "s3://b/k", "as": "far", "size": 3}]))
		print(sorted(f["path"] for f in mreg.ls("set:v0") if f["kind"] != "dir"), mreg.resolve("set")["type"])
	END
	says 'digits:v5 digits 5 True 64' "True {'acc': 0.5, 'bad': 'nan'} text" "['new', 'newer'] ['small']" 'True False unchanged' set:v0 "['a/b', 'c', 'far'] dataset"
	no_complaint
}

@test "aliases, stages, links, tags, notes and metadata" {
	python 0 <<-'END'
		print(mreg.alias("digits:v2", "best", expect="v1"), mreg.unalias("digits:best"))
		print(mreg.promote("digits:v2", "staging"), mreg.promote(mreg.resolve("digits:v3"), "staging", message="why")["previous"])
		print(mreg.rollback("digits:staging"))
		print(mreg.link("digits:v2", "reader", aliases="production"), mreg.link("digits:v3", "reader"), mreg.unlink("reader:v1"))
		print(mreg.tag("digits:v2"), mreg.tag("digits:v2", "a", "b"), mreg.untag("digits:v2", "a"), mreg.tag("digits:v2"))
		print(repr(mreg.note("digits")), mreg.note("digits", "Reads digits"), mreg.note("digits"))
		print(mreg.meta("digits:v2", {"k": "1"}, metrics={"m": 1})["metadata"]["k"], mreg.meta("digits:v2")["metrics"])
		print(mreg.create("empty", kind="artifact", type="dataset")["type"], mreg.create("empty", kind="artifact", type="dataset", if_absent=True)["created"])
		print(mreg.remove("digits:v0"), mreg.restore("digits:v0"), mreg.remove("empty", recursive=True))
	END
	says "digits:v2 ['digits:best']" 'digits:v2 digits:v2' digits:v2 "reader:v0 reader:v1 ['reader:v1']" "[] ['a', 'b'] ['b'] ['b']" \
		"'' Reads digits Reads digits" "1 {'m': 1}" 'dataset False' "['digits:v0'] ['digits:v0'] ['empty']"
	no_complaint
}

@test "looking: ls, log, show, search, history, diff, resolve, call" {
	python 0 <<-'END'
		print([r["ref"] for r in mreg.ls()], [r["ref"] for r in mreg.ls("digits", limit=2)], mreg.ls(kind="model"))
		print([r["number"] for r in mreg.log("digits", limit=2)], mreg.show("digits")["versions"])
		print([r["ref"] for r in mreg.search("metadata.epoch >= 4", sort="-number")], mreg.search("-nothing = 1") if False else "")
		print(mreg.history("digits:best", since="@0")[0]["ref"], mreg.diff("digits:v0", "digits:v1")["same"], mreg.diff("digits:v1", "digits:best")["same"])
		print(mreg.resolve("digits:best").ref, mreg.resolve("digits:v1") == mreg.resolve("digits:best"), len({mreg.resolve("digits:v1"), mreg.resolve("digits:best")}))
		print(mreg.call("prune", "--keep-last", "4")[0]["ref"], mreg.call("version")[0].keys() == {"version"})
		print("format" in mreg.show("digits"))
	END
	says "['digits'] ['digits:v4', 'digits:v3'] []" '[4, 3] 5' "['digits:v4', 'digits:v3'] " 'digits:best False True' 'digits:v1 True 1' 'digits:v0 True' False
	no_complaint
}

@test "each status is an exception of its own" {
	fails 1 No no <<<'mreg.put("digits", os.environ["DIGITS"] + "/epoch-1", fail_if_unchanged=True)'
	fails 2 Usage usage <<<'mreg.promote("digits:v1", "prod")'
	fails 2 Usage invalid <<<'mreg.put("no good", "program.py")'
	fails 3 NotFound no-collection <<<'mreg.get("digts:best")'
	says "cannot get 'digts:best': there is no artifact or model 'digts'"
	fails 4 NotFound no-reference <<<'mreg.get("digits:bset")'
	fails 5 Conflict conflict <<<'mreg.alias("digits:v2", "best", expect="v0")'
	fails 6 Refused policy <<<'mreg.remove("digits:v1")'
	fails 8 RemoteError remote <<<'mreg.ls(remote="host:reg")'
	fails 9 LockTimeout lock-timeout <<-'END'
		exec("import fcntl, struct\nfd = os.open('.mreg/lock', os.O_RDWR)\nfcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, os.SEEK_SET, 128, 1, 0))\nmreg.call('config', 'core.lockTimeout', '20ms')\nmreg.alias('digits:v2', 'best')")
	END
	fails 10 LocalError no-registry <<<'mreg.Registry("/").ls()'
	fails 10 LocalError local <<<'mreg.Registry(binary="./nowhere").ls()'
	damage "$(largest_pack)" 3000
	fails 7 Integrity integrity <<<'mreg.get("digits:v0", "out")'
}

@test "exceptions are also those that Python has for it, and can be sent to another process" {
	python 0 <<-'END'
		import pickle
		for call, kind in ((lambda: mreg.resolve("nowhere"), LookupError), (lambda: mreg.put("no good", "program.py"), ValueError)):
		    try:
		        call()
		    except kind as e:
		        again = pickle.loads(pickle.dumps(e))
		        print(type(again) is type(e), again.status, again.code, again.message == e.message, again.hint == e.hint)
	END
	says 'True 3 no-collection True True' 'True 2 invalid True True'
}

@test "what would be taken for an option is refused before anything is run" {
	fails 2 Usage usage <<<'mreg.get("--registry=/tmp")'
	fails 2 Usage usage <<<'mreg.put("-n", "program.py")'
	fails 2 Usage usage <<<'mreg.alias("digits:v1", "-d")'
	fails 2 Usage usage <<<'mreg.alias("digits:v1")'
	fails 2 Usage invalid <<<'mreg.put("digits", "program.py", metadata={"a": float("nan")})'
	fails 2 Usage invalid <<<'mreg.put("digits", "program.py", metrics={"a=b": 1})'
}

@test "paths of any bytes" {
	python 0 <<-'END'
		name = b"-bad\xff\n name"
		with open(name, "w") as f:
		    print("x", file=f)
		v = mreg.put("odd", name)
		path = mreg.get(v, b"out\xfe")
		print(os.fsencode(path) == b"out\xfe", os.listdir(os.fsencode(path)) == [name])
		print(mreg.put("odd", os.fsdecode(name), files={"dir/" + os.fsdecode(name): name}))
	END
	says 'True True' odd:v1
	no_complaint
}

@test "MREG_BINARY names the program, and a warning of it is Python's" {
	cat >other <<-'END'
		#!/bin/sh
		echo "warning: of the program" >&2
		echo '{"format":1,"ref":"m:v1","digest":"00"}'
	END
	chmod +x other
	export MREG_BINARY=./other
	python 0 <<-'END'
		import warnings
		with warnings.catch_warnings(record=True) as told:
		    warnings.simplefilter("always")
		    print(mreg.resolve("x"))
		print(len(told), told[0].message, told[0].filename.endswith("program.py"))
	END
	says m:v1 '1 warning: of the program True'
	export MREG_BINARY=/bin/false
	fails 1 No unknown <<<'mreg.ls()'
	printf '#!/bin/sh\necho "{\\"format\\":2}"\n' >other
	export MREG_BINARY=./other
	fails 10 Error newer-format <<<'mreg.ls()'
}

@test "a run notes inputs, outputs and metrics" {
	python 0 <<-'END'
		with mreg.run(job_type="train", config={"lr": .1, "text": "1", "deep": {"a": None}}, name="first", tags=["t"], git=False) as r:
		    r.get("digits:best", "in")
		    r.use("digits:v2", name="teacher")
		    for step in range(100):
		        r.log(loss=1 / (step + 1), step=step)
		    r.log({"val/acc": .75})
		    v = r.put("made", "program.py")
		    r.log(later=1)
		    mreg.put("other", "program.py", allow_empty=True)
		    os.system("mreg put -q third program.py >/dev/null")
		    print(v["run"] == r.id, sorted(i["ref"] for i in r.inputs()), sorted(i["ref"] for i in r.outputs()))
		print(mreg.show(v)["metrics"] == {"loss": .01, "val/acc": .75}, "MREG_RUN" in os.environ)
		card = mreg.show(r.id)
		print([c["id"] == r.id for c in mreg.runs(state="finished", limit=2)], mreg.runs(state="died"), len(mreg.runs("metrics.later = 1")))
		print(card["state"], card["config"], card["metrics"]["later"] == 1)
	END
	says "True ['digits:v1', 'digits:v2'] ['made:v0', 'other:v0', 'third:v0']" 'True False' '[True] [] 1' "finished {'deep': {'a': None}, 'lr': 0.1, 'text': '1'} True"
	no_complaint
}

# state of the only run that has the label
state_of()
{
	mreg run show "$1" --json | jq -r '"\(.state) \(.exit_status)"'
}

reason_of()
{
	mreg run show "$1" --json | jq -r '.reason // ""'
}

@test "numbers and lists of NumPy and the like are taken as what they are" {
	python 0 <<-'END'
		import pathlib
		class Scalar:
		    def __init__(self, value):
		        self.value = value
		    def item(self):
		        return self.value
		class Array(Scalar):
		    def tolist(self):
		        return self.value
		with mreg.run(config={"lr": Scalar(.5), "layers": Array([1, 2]), "path": pathlib.Path("a/b")}, name="plain", git=False) as r:
		    r.log(loss=Scalar(.25), count=Scalar(7))
		    print(mreg.meta("digits:v0", {"epochs": Scalar(3)}, metrics={"acc": Scalar(.5)})["metadata"]["epochs"])
		    print(r.meta({"seen": Scalar(True)}, metrics={"later": 1})["metadata"], r.tag("a", "b"), r.untag("a"))
		card = r.show()
		print(card["config"], card["metrics"] == {"count": 7, "later": 1, "loss": .25})
	END
	says 3 "{'seen': True} ['a', 'b'] ['b']" "{'layers': [1, 2], 'lr': 0.5, 'path': 'a/b'} True"
	no_complaint
	fails 2 Usage invalid <<<'mreg.run(config={"a": object()}, git=False)'
	fails 2 Usage invalid <<<'mreg.meta("digits:v0", {"a": {1, 2}})'
}

@test "the command line is recorded, and can be run again" {
	cat >train.py <<-'END'
		import mreg
		mreg.run(name="trained", git=False).finish()
		mreg.run(name="otherwise", git=False, command=["sbatch", "job a", b"\xff"]).finish()
		mreg.run(name="silent", git=False, command=[]).finish()
	END
	run --separate-stderr -0 /usr/bin/python3 -W error train.py --lr 'a b'
	no_complaint
	assert_equal "$(mreg run show trained --json | jq -c .argv)" '["/usr/bin/python3","-W","error","train.py","--lr","a b"]'
	assert_equal "$(mreg run show otherwise --json | jq -c .argv)" '["sbatch","job a","\\xff"]'
	assert_equal "$(mreg run show silent --json | jq -c .argv)" null
	mreg_is 0 run replay -n trained
	[[ $output == *"/usr/bin/python3 -W error train.py --lr 'a b'"* ]]
}

@test "an exception inside ends the run with its status" {
	python 1 <<-'END'
		with mreg.run(name="raises", git=False) as r:
		    r.log(a=1)
		    raise KeyError("mine")
	END
	[[ $stderr == *"KeyError: 'mine'" ]]
	assert_equal "$(state_of raises)" 'failed 1'
	assert_equal "$(reason_of raises)" "KeyError: 'mine'"
	python 7 <<-'END'
		with mreg.run(name="exits", git=False):
		    sys.exit(7)
	END
	assert_equal "$(state_of exits)" 'failed 7'
	assert_equal "$(reason_of exits)" ''
	python 1 <<-'END'
		class Odd(Exception):
		    def __str__(self):
		        return "two\n\x1blines\udc80" + 2000 * "x"
		with mreg.run(name="odd", git=False):
		    raise Odd
	END
	[[ $(reason_of odd) == *'Odd: two  lines xxx'*'x…' ]]
	python 0 <<-'END'
		try:
		    with mreg.run(name="stops", git=False):
		        raise KeyboardInterrupt
		except KeyboardInterrupt:
		    pass
	END
	assert_equal "$(state_of stops)" 'failed 130'
}

@test "a process that is killed leaves a run that died, with what it logged" {
	python 137 <<-'END'
		r = mreg.run(name="killed", git=False)
		r.log(loss=.5)
		r.log(loss=.25)
		r.flush()
		os.kill(os.getpid(), 9)
	END
	assert_equal "$(state_of killed)" 'died null'
	assert_equal "$(mreg run show killed --json | jq -c .metrics)" '{"loss":0.25}'
	python 143 <<-'END'
		with mreg.run(name="stopped", git=False):
		    os.kill(os.getpid(), 15)
	END
	assert_equal "$(state_of stopped)" 'died null'
}

@test "what is logged after the end, or is no number, is refused" {
	fails 5 Conflict conflict <<<'r = mreg.run(git=False); r.finish(); r.finish(); r.log(a=1)'
	python 0 <<-'END'
		with mreg.run(git=False) as r:
		    for wrong in ({"a": "text"}, {"a": None}, {"step": 1}):
		        try:
		            r.log(wrong)
		        except (TypeError, ValueError) as e:
		            print(type(e).__name__)
		    r.log(a=float("inf"), b=float("nan"))
		    print(r.put("made", "program.py") and mreg.show("made:v0")["metrics"])
	END
	says ValueError TypeError Usage "{'a': 'inf', 'b': 'nan'}"
	no_complaint
}

@test "a run that has gone is said at the next flush" {
	python 0 <<-'END'
		r = mreg.run(git=False)
		mreg.call("run", "finish", r.id)
		try:
		    r.log(a=1)
		    r.flush()
		except mreg.Conflict as e:
		    print(e.status, e.code)
	END
	says '5 conflict'
}

@test "threads and processes log to one run, and no point is lost or doubled" {
	python 0 <<-'END'
		import threading
		r = mreg.run(name="many", git=False)
		r.log(before=1)
		def work(name):
		    for i in range(200):
		        r.log({name: i}, step=i)
		threads = [threading.Thread(target=work, args=("t%d" % n,)) for n in range(4)]
		for t in threads:
		    t.start()
		for t in threads:
		    t.join()
		child = os.fork()
		if not child:
		    work("fork")
		    r.finish()
		    r.flush()
		    os._exit(0)
		os.waitpid(child, 0)
		r.finish()
		print({k: int(v) for k, v in sorted(r.show()["metrics"].items())})
	END
	says "{'before': 1, 'fork': 199, 't0': 199, 't1': 199, 't2': 199, 't3': 199}"
	no_complaint
	mreg run show many --metric fork --all --json >points
	assert_equal "$(grep -o '"step":' points | wc -l)" 200
}

@test "a program that is not mreg is a LocalError" {
	printf '#!/bin/sh\necho hello\n' >talks && chmod +x talks
	python 0 <<-'END'
		for program in ("true", "./talks", "./missing"):
		    try:
		        mreg.Registry(binary=program).resolve("digits")
		    except mreg.LocalError as why:
		        print(why.status, why.message)
	END
	says '10 what was called prints no records, so it is not mreg' '10 what was called prints no records, so it is not mreg' \
		"10 cannot run './missing': No such file or directory"
	no_complaint
}

@test "what a child process logs is in the registry when the child has ended" {
	python 0 <<-'END'
		import multiprocessing
		def work(r):
		    for step in range(5):
		        r.log(worker=step, step=step)
		with mreg.run(name="many", git=False) as r:
		    worker = multiprocessing.get_context("fork").Process(target=work, args=(r,))
		    worker.start()
		    worker.join()
		    child = os.fork()
		    if not child:
		        with r:
		            for step in range(5):
		                r.log(child=step, step=step)
		        os._exit(0)
		    os.waitpid(child, 0)
		    for _ in range(200):  # its program may still be reading
		        seen = r.show()
		        counts = [seen["points"][name]["count"] for name in ("child", "worker")]
		        if counts == [5, 5]:
		            break
		    print(counts, seen["state"])
	END
	says '[5, 5] running'
	no_complaint
}

@test "several threads ask at once, each in a run of its own" {
	python 0 <<-'END'
		import threading
		said = []
		def work(n):
		    with mreg.run(name="run%d" % n, git=False) as r:
		        said.append(mreg.put("m%d" % n, "program.py")["run"] == r.id)
		threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
		for t in threads:
		    t.start()
		for t in threads:
		    t.join()
		print(said, "MREG_RUN" in os.environ)
	END
	says '[True, True, True, True] False'
	no_complaint
}

@test "Registry means one registry, wherever one is" {
	mreg init -q ../far >/dev/null
	python 0 <<-'END'
		far = mreg.Registry("../far")
		os.mkdir("/".join(["..", "away"]))
		print(far.put("m", "program.py"), [c["ref"] for c in far.ls()], [c["ref"] for c in mreg.ls()])
		with far.run(git=False) as r:
		    r.log(a=1)
		    print(r.put("m", ".")["run"] == r.id)
	END
	says "m:v0 ['m'] ['digits']" True
	no_complaint
}

@test "every function has help, and stands in __all__" {
	python 0 <<-'END'
		import inspect
		for name in mreg.__all__:
		    assert inspect.getdoc(getattr(mreg, name)), name
		public = {n for n, f in inspect.getmembers(mreg.Registry) if not n.startswith("_")}
		print(public - set(mreg.__all__), all(inspect.signature(getattr(mreg, n)).return_annotation for n in public))
	END
	says 'set() True'
	no_complaint
}
