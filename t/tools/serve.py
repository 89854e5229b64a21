#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# serve.py DIR: a web server on 127.0.0.1 for the tests of external references.  Prints its port; each request is a line in DIR/../requests.
import http.server
import os
import sys

TOP = sys.argv[1]
REDIRECTS = {"/moved": "/w.bin", "/to-file": "file:///etc/passwd", "/to-ftp": "ftp://127.0.0.1:1/x", "/loop": "/loop"}
STATUSES = {"/closed-for-good": 410, "/forbidden": 403, "/broken": 500}


class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=TOP)

    def log_message(self, form, *args):
        with open(os.path.join(TOP, "..", "requests"), "a", encoding="utf-8") as log:
            log.write(f"{self.command} {self.path}\n")

    def answer(self, status, **heads):
        self.send_response(status)
        for name, value in heads.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def special(self):
        if self.path in REDIRECTS:
            self.answer(302, Location=REDIRECTS[self.path])
        elif self.path in STATUSES:
            self.answer(STATUSES[self.path])
        elif self.path == "/cut":
            self.answer(200, Content_Length="1000")
            self.wfile.write(b"x" * 10)
        elif self.path == "/without-length":
            self.answer(200)
            self.wfile.write(b"ten bytes\n" if self.command == "GET" else b"")
        elif self.path == "/get-only" and self.command == "HEAD":
            self.answer(403)
        elif self.path == "/get-only":
            self.answer(200, Content_Length="10")
            self.wfile.write(b"ten bytes\n")
        elif self.path.startswith("/hang/"):
            self.hang(self.path[len("/hang/"):])
        else:
            return False
        return True

    # Tells the named pipe that somebody waits here, then that he has gone.
    def hang(self, pipe):
        self.answer(200, Content_Length="1000000")
        self.wfile.write(b"x" * 1000)
        self.wfile.flush()
        with open(os.path.join(TOP, "..", pipe), "w", encoding="utf-8") as out:
            print("waits", file=out, flush=True)
            self.connection.recv(1)
            print("gone", file=out, flush=True)

    def do_GET(self):
        if not self.special():
            super().do_GET()

    def do_HEAD(self):
        if not self.special():
            super().do_HEAD()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
