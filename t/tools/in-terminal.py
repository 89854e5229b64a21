#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""in-terminal.py COLUMNS PROGRAM ARG...: runs it with a terminal of so many columns as its standard output, and prints what it writes there."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios


def main():
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, int(sys.argv[1]), 0, 0))
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    with subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=slave) as child:
        os.close(slave)
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:  # so Linux says that nobody has the other end open any more
                break
            if not data:
                break
            sys.stdout.buffer.write(data)
        sys.exit(child.wait())


if __name__ == "__main__":
    main()
