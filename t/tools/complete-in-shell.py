#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""complete-in-shell.py bash|zsh LINE: types LINE and a tab into a real shell, and prints the words that then stand on the line, one a line.

What the shell shows besides, such as an error of the completion, goes to standard error.
"""

import os
import pty
import re
import select
import sys
import time

READY = "READY> "
SECONDS = 20
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"],
             "bind 'set enable-bracketed-paste off' 'set bell-style none'; source <(mreg completion bash); PS1='READY''> '"),
    "zsh": (["zsh", "-f", "-i"],
            "unsetopt zle_bracketed_paste prompt_sp beep; unset zle_bracketed_paste; bindkey -e; autoload -U compinit; compinit -u -D; "
            "source <(mreg completion zsh); PS1='READY''> '"),
}


def read_until(fd, wanted):
    text, end = "", time.monotonic() + SECONDS
    while not re.search(wanted, text):
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            sys.exit(f"'{wanted}' has not come; only this: {text!r}")
        text += os.read(fd, 65536).decode("utf-8", "replace")
    return text


def main():
    argv, prepare = SHELLS[sys.argv[1]]
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="dumb", COLUMNS="1000", LINES="50")
        os.execvp(argv[0], argv)
    os.write(fd, prepare.encode() + b"\n")
    read_until(fd, READY)
    # the beginning of the line is put before it only after the tab: until then it is a line of mreg
    os.write(fd, sys.argv[2].encode() + b"\t\x01printf 'OUT<%s>\\n' \n")
    text = read_until(fd, rf"(?s)\nOUT<.*{READY}")
    os.write(fd, b"exit\n")
    os.close(fd)
    os.waitpid(pid, 0)
    for word in re.findall(r"^OUT<(.*)>\r?$", text, re.M)[1:]:
        print(word)
    if "rror" in text or "note:" in text:
        print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
