# SPDX-License-Identifier: Apache-2.0
"""The programs that are compared, as shell snippets, and which of them are installed.

$S store, $L the user's files, $O where to get them: not there for get, the version before for update.
$V label of the version: 1, 1b and 1c (the same once more), 2, 3, ...; $N is 1, 1, 1, 2, 3, ...

need     what must be installed, if it is not the peer's name
live     where the user's files are, if not in $L: git works in place
counted  what counts as its store, if not all of $S
leaves   a get onto another version leaves the files that the new one has not
again    put of what was put before, if not the same as put
A peer that has no snippet for an operation does not know it; COPIERS has those that know how to copy a store.
"""
import os, re, shutil, subprocess

GIT_INIT = "git init -q $S; cd $S; git config gc.autoDetach false; git config maintenance.autoDetach false"
GIT = dict(live="S", counted="/.git", put="cd $S; git add -A; git commit -q --allow-empty -m v$V; git tag v$V",
           get="exec git -C $S worktree add -f --detach $O v$V", update="exec git -C $O checkout -q v$V")
MREG_GET = "exec $MREG -C $S get -q model:v$(($N - 1)) -o $O"

PEERS = {
    "mreg": dict(version="$MREG version", init="$MREG init -q $S", put="exec $MREG -C $S put -q model $L",
                 get=MREG_GET, update=MREG_GET + " --exact", verify="exec $MREG -C $S fsck -q"),
    "git": dict(GIT, version="git --version", init=GIT_INIT, verify="exec git -C $S fsck --full --no-dangling --no-progress"),
    "git-lfs": dict(GIT, version="git lfs version", verify="exec git -C $S lfs fsck",
                    init=GIT_INIT + "; git lfs install --local; echo '* filter=lfs diff=lfs merge=lfs -text' >.git/info/attributes"),
    "restic": dict(version="restic version", leaves=True, init="restic init -q -r $S",
                   put="cd $L; exec restic backup -q -r $S --host h --tag v$V .",
                   get="exec restic restore -q -r $S latest --tag v$V --target $O",
                   update="exec restic restore -q -r $S latest --tag v$V --target $O", verify="exec restic check -q -r $S --read-data"),
    "borg": dict(version="borg --version", leaves=True, init="borg init -e none $S", put="cd $L; exec borg create $S::v$V .",
                 get="mkdir $O; cd $O; exec borg extract $S::v$V", update="cd $O; exec borg extract $S::v$V",
                 verify="exec borg check --verify-data $S"),
    "casync": dict(version="casync --version", init="mkdir $S", put="exec casync make --store=$S/chunks $S/v$V.caidx $L",
                   get="exec casync extract --store=$S/chunks $S/v$V.caidx $O",
                   update="exec casync extract --store=$S/chunks $S/v$V.caidx $O"),
    "ostree": dict(version="ostree --version", leaves=True, init="ostree init --repo=$S --mode=bare-user",
                   put="exec ostree commit --repo=$S -b v$V --tree=dir=$L", get="exec ostree checkout --repo=$S -U -C v$V $O",
                   update="exec ostree checkout --repo=$S -U -C --union v$V $O", verify="exec ostree fsck -q --repo=$S"),
    "rclone": dict(version="rclone version", init="mkdir $S", put="exec rclone copy $L $S/$N", get="exec rclone copy $S/$N $O",
                   update="exec rclone sync $S/$N $O", verify="exec rclone check $S/2 $L"),
    "bup": dict(version="bup version", init="bup init", put="bup index $L; exec bup save -q -n v$V --strip $L",
                get="exec bup restore -q -C $O v$V/latest/.", update="rm -rf $O; exec bup restore -q -C $O v$V/latest/.",
                verify="exec bup fsck"),
    "tar+zstd": dict(need="zstd", version="zstd --version", init="mkdir $S", put="tar -C $L -cf - . | zstd -1 -q -f -o $S/$N.tar.zst",
                     get="mkdir $O; zstd -dcq $S/$N.tar.zst | tar -C $O -xf -",
                     update="rm -rf $O; mkdir $O; zstd -dcq $S/$N.tar.zst | tar -C $O -xf -", verify="exec zstd -tq $S/*.tar.zst"),
    "rsync": dict(version="rsync --version"),
    "scp": dict(version="ssh -V 2>&1"),
}
# What copies a store $A to $B: {op: (snippet, what makes $B before, which store)}.  The host box is this one, through sshd.
MREG_INIT, MREG_PUSH, MREG_CLONE = "exec $MREG init -q $B", "exec $MREG -C $A push -q $B", "exec $MREG clone -q $A $B"
RSYNC, RSYNC_INIT = "exec rsync -a $A/.mreg/objects/ $B/", "exec mkdir $B"
COPIERS = {
    "mreg": {"push": (MREG_PUSH, MREG_INIT, "weights"), "ssh": ("exec $MREG -C $A push -q box:$B", MREG_INIT, "weights"),
             "clone": (MREG_CLONE, "", "weights"), "small": (MREG_PUSH, MREG_INIT, "small"), "small clone": (MREG_CLONE, "", "small")},
    "restic": {"push": ("exec restic copy -q --from-repo $A -r $B", "exec restic init -q -r $B", "restic")},
    "rsync": {"push": (RSYNC, RSYNC_INIT, "weights"), "small": (RSYNC, RSYNC_INIT, "small")},
    "scp": {"ssh": ("exec scp -q -r -F $SSH_CONFIG $A/.mreg/objects box:$B", RSYNC_INIT, "weights")},
}
# What versions of a small file are made and found with: lists of words, started without a shell.  $R: a version that there is.
VERSIONED = {
    "mreg": dict(put=[["$MREG", "-C", "$S", "put", "-q", "tiny", "$L/file"]],
                 alias=[["$MREG", "-C", "$S", "alias", "-q", "tiny:v$R", "best"]],
                 resolve=[["$MREG", "-C", "$S", "resolve", "tiny:v$R"]]),
    "git": dict(put=[["git", "-C", "$S", *words] for words in (["add", "file"], ["commit", "-q", "-m", "v$V"], ["tag", "v$V"])],
                alias=[["git", "-C", "$S", "update-ref", "refs/aliases/best", "v$R"]],
                resolve=[["git", "-C", "$S", "rev-parse", "v$R"]]),
}
GITCONFIG = "[user]\n name = bench\n email = bench@localhost\n[init]\n defaultBranch = main\n[advice]\n detachedHead = false\n"
ENVIRONMENT = dict(LC_ALL="C.UTF-8", RESTIC_PASSWORD="x", RESTIC_FROM_PASSWORD="x", GIT_TERMINAL_PROMPT="0",
                   BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK="yes", BORG_RELOCATED_REPO_ACCESS_IS_OK="yes")


def mreg():
    """The program to measure; "" if there is none."""
    found = shutil.which(os.environ.get("MREG_BINARY") or "mreg")
    return os.path.abspath(found) if found else ""


def installed(name):
    return bool(mreg() if name == "mreg" else shutil.which(PEERS[name].get("need", name)))


def version(name):
    """What the program says of its own version; "" if it says none."""
    r = subprocess.run(["/bin/sh", "-c", PEERS[name]["version"]], env=dict(os.environ, MREG=mreg()), stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True, check=False)
    found = re.search(r"\d+(\.\d+)+", r.stdout) or re.search(r"\d+", r.stdout)
    return found.group() if found else ""
