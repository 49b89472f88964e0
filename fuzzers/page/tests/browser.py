# SPDX-License-Identifier: GPL-2.0-only
"""A headless Chromium, driven over a pipe: nothing but Python is needed."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
SECONDS = 120  # for one answer; a machine that does much else is slow


def find():
    """The browser's name, None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Error(Exception):
    """What the browser, or the page in it, complained of."""


class Browser:
    """One process with one page; a context manager."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="hypheap-browser.")
        self.log = open(Path(self.home) / "log", "wb")
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()

        def pipes():  # the browser reads 3 and writes 4
            ends = [os.dup(to_read), os.dup(to_write)]
            high = [os.dup2(end, 50 + i) for i, end in enumerate(ends)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        # no sandbox: root has none, nor have containers, and the page is ours
        command = [find(), "--headless=new", "--remote-debugging-pipe", "--no-sandbox",
                   "--disable-gpu",
                   "--no-first-run", "--disable-extensions", "--disable-dev-shm-usage",
                   "--disable-background-networking", "--hide-scrollbars",
                   f"--user-data-dir={self.home}/profile", "about:blank"]
        self.process = subprocess.Popen(
            command, preexec_fn=pipes, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, env={**os.environ, "HOME": self.home})
        os.close(to_read)
        os.close(to_write)
        self.buffer = b""
        self.number = 0
        self.session = None
        self.errors = []
        self.loaded = 0
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.back)
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def message(self):
        """The next message of the browser."""
        end = time.monotonic() + SECONDS
        while b"\0" not in self.buffer:
            if not select.select([self.back], [], [], max(0, end - time.monotonic()))[0]:
                raise Error("the browser does not answer")
            got = os.read(self.back, 1 << 20)
            if not got:
                log = (Path(self.home) / "log").read_text(errors="replace")
                raise Error(f"the browser ended: {log[-2000:]}")
            self.buffer += got
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def note(self, message):
        """An event; what must not happen is kept in errors."""
        method, params = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self.loaded += 1
        elif method == "Runtime.exceptionThrown":
            detail = params["exceptionDetails"]
            self.errors.append(detail.get("exception", {}).get("description") or
                               detail["text"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(("file:", "about:")):
                self.errors.append(f"the page asks for {url}")

    def send(self, method, **params):
        """One command and its answer."""
        self.number += 1
        command = {"id": self.number, "method": method, "params": params}
        if self.session:
            command["sessionId"] = self.session
        data = json.dumps(command).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            message = self.message()
            if message.get("id") != self.number:
                self.note(message)
                continue
            if "error" in message:
                raise Error(f"{method}: {message['error']['message']}")
            return message["result"]

    def size(self, width, height, scale=1):
        """Of the window; a narrow one is a phone's."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=scale, mobile=width < 600)

    def dark(self, on):
        """What the reader prefers."""
        self.send("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if on else "light"}])

    def scripts(self, on):
        """With or without JavaScript."""
        self.send("Emulation.setScriptExecutionDisabled", value=not on)

    def open(self, file, fragment=""):
        """Load a file afresh."""
        self.send("Page.navigate", url="about:blank")
        self.js("0")
        self.loaded = 0
        self.send("Page.navigate", url=Path(file).resolve().as_uri() + fragment)
        while not self.loaded:
            self.note(self.message())

    def js(self, expression):
        """The value of an expression in the page."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True, userGesture=True)
        if "exceptionDetails" in result:
            raise Error(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def key(self, key, shift=False):
        """A key is pressed and released."""
        code = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
                "PageUp": 33, "PageDown": 34, "End": 35,
                "Home": 36}.get(key, ord(key.upper()[0]))
        common = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        text = key if len(key) == 1 else ""
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def mouse(self, kind, x, y):
        """"pressed", "moved" (with the button down) or "released"."""
        self.send("Input.dispatchMouseEvent", type=f"mouse{kind.capitalize()}", x=x, y=y,
                  button="left", buttons=0 if kind == "released" else 1, clickCount=1)

    def box(self, selector):
        """Where an element is in the window, scrolled into it."""
        return self.js(f"""(() => {{
            const e = document.querySelector({json.dumps(selector)});
            e.scrollIntoView({{block: "center"}});
            const b = e.getBoundingClientRect();
            return {{x: b.x, y: b.y, width: b.width, height: b.height}};
        }})()""")

    def click(self, selector, at=0.5):
        """In the middle of an element, or at another part of its width."""
        b = self.box(selector)
        x, y = b["x"] + b["width"] * at, b["y"] + b["height"] / 2
        self.mouse("pressed", x, y)
        self.mouse("released", x, y)

    def shoot(self, file):
        """All of the page as a picture, once it has been drawn."""
        self.js("""scrollTo(0, 0), new Promise((done) => requestAnimationFrame(
            () => requestAnimationFrame(done)))""")
        png = self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        Path(file).write_bytes(base64.b64decode(png))
