# SPDX-License-Identifier: Apache-2.0
"""Chromium without a window, driven over a pair of pipes by the DevTools protocol."""
import base64
import collections
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

OPTIONS = ("--headless=new", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-gpu",
           "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync", "--disable-extensions",
           "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio", "--password-store=basic", "--force-color-profile=srgb", "about:blank")
PATIENCE = 60  # seconds for one answer, on a machine that is busy with other tests


class Browser:
    """One process; pages are made by page()."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="mreg-browser-")
        theirs, to_them = self._pipe()
        from_them, ours = self._pipe()

        def connect():
            os.dup2(theirs, 3)
            os.dup2(ours, 4)

        command = ["chromium", "--user-data-dir=" + self.home, *OPTIONS]
        if os.geteuid() == 0:
            command.insert(1, "--no-sandbox")
        environment = {**os.environ, "HOME": self.home, "XDG_CONFIG_HOME": self.home, "XDG_CACHE_HOME": self.home, "DBUS_SESSION_BUS_ADDRESS": "disabled:"}
        self.process = subprocess.Popen(command, preexec_fn=connect, pass_fds=(3, 4), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env=environment)
        os.close(theirs)
        os.close(ours)
        self.to_them, self.from_them = to_them, from_them
        self.pending, self.count, self.events = b"", 0, collections.deque()

    @staticmethod
    def _pipe():
        # above the numbers that the browser wants
        ends = os.pipe()
        high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
        for end in ends:
            os.close(end)
        return high

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except (OSError, EOFError, TimeoutError):
            self.process.kill()
        self.process.wait()
        os.close(self.to_them)
        os.close(self.from_them)
        shutil.rmtree(self.home, ignore_errors=True)

    def _message(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.pending:
            if not select.select([self.from_them], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self.from_them, 1 << 20)
            if not data:
                raise EOFError("the browser has ended")
            self.pending += data
        text, self.pending = self.pending.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, session=None, **parameters):
        """The result; events that come before it are kept."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        text = json.dumps(message).encode() + b"\0"
        while text:
            text = text[os.write(self.to_them, text):]
        while True:
            answer = self._message()
            if answer.get("id") == message["id"]:
                if "error" in answer:
                    raise RuntimeError(method + ": " + answer["error"]["message"])
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def wait_for(self, method, session):
        """The next event of this name; all others are kept."""
        seen = 0
        while True:
            while seen < len(self.events):
                event = self.events[seen]
                if event["method"] == method and event.get("sessionId") == session:
                    del self.events[seen]
                    return event["params"]
                seen += 1
            message = self._message()
            if "method" in message:
                self.events.append(message)

    def page(self):
        return Page(self)


class Page:
    """One tab, with all that it complains of and asks the network for."""

    def __init__(self, browser):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits", "Accessibility", "DOM"):
            self.call(domain + ".enable")

    def call(self, method, **parameters):
        return self.browser.call(method, session=self.session, **parameters)

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.browser.wait_for("Page.loadEventFired", self.session)

    def size(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, **features):
        kind = features.pop("kind", "")
        self.call("Emulation.setEmulatedMedia", media=kind, features=[{"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def scripts(self, are_on):
        self.call("Emulation.setScriptExecutionDisabled", value=not are_on)

    def run(self, expression):
        """The value of an expression of JavaScript."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def press(self, key, code, number):
        for kind in ("rawKeyDown", "char", "keyUp"):
            if kind != "char" or key == "Enter":
                self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code, windowsVirtualKeyCode=number, text="\r" if key == "Enter" else "")

    def picture(self, path, is_whole=True):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=is_whole)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])

    def names(self):
        """(role, name) of everything that assistive technology is told of."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")]

    def complaints(self):
        """What the console, the log, and the issues of the browser say, so far."""
        self.run("0")
        wanted = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Audits.issueAdded"}
        return [event for event in self.browser.events if event["method"] in wanted and event.get("sessionId") == self.session]

    def requests(self):
        """The addresses that were asked for, so far; but for data that stands in the page itself."""
        self.run("0")
        return [event["params"]["request"]["url"] for event in self.browser.events
                if event["method"] == "Network.requestWillBeSent" and event.get("sessionId") == self.session
                and not event["params"]["request"]["url"].startswith("data:")]
