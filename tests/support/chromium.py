"""A headless Chromium that a test talks to through a pipe: no driver, no port, no package.

Chromium reads commands of its DevTools protocol from file descriptor 3 and answers on 4, each a
JSON document with a zero byte behind it (``--remote-debugging-pipe``).
"""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

ANSWER_S = 60.0


@dataclass
class Page:
    """One page; what happened while it was loaded is kept."""

    browser: Browser
    session: str
    events: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.call(method, session=self.session, **parameters)

    def run(self, script: str) -> Any:
        """Return what *script*, or the promise that it makes, evaluates to."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def look(self, *, width: int, dark: bool = False, media: str = "screen") -> None:
        """Show the page on another screen or on paper."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def load(self, path: Path) -> None:
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.browser.until("Page.loadEventFired", self)

    def screenshot(self, *, top: int = 0, height: int | None = None, scale: float = 1) -> bytes:
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {
            "x": 0,
            "y": top,
            "width": size["width"],
            "height": height or size["height"] - top,
            "scale": scale,
        }
        shot = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def pdf(self) -> bytes:
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def complaints(self) -> list[str]:
        """What the console said, what was thrown, what the page's own policy refused."""
        found = []
        for event in self.events:
            told = event["params"]
            match event["method"]:
                case "Runtime.consoleAPICalled":
                    found.append(f"{told['type']}: {told['args']}")
                case "Runtime.exceptionThrown":
                    found.append(str(told["exceptionDetails"]))
                case "Log.entryAdded":
                    found.append(f"{told['entry']['level']}: {told['entry']['text']}")
        return found

    def requested(self) -> list[str]:
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
        ]


class Browser:
    """Chromium at the other end of two pipes."""

    def __init__(self, process: subprocess.Popen[bytes], to: int, back: int) -> None:
        self._process, self._to, self._back = process, to, back
        self._buffer = b""
        self._number = 0
        self._pages: dict[str, Page] = {}

    def page(self) -> Page:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        self._pages[session] = page
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        return page

    def call(self, method: str, *, session: str = "", **parameters: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        told: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            told["sessionId"] = session
        left = memoryview(json.dumps(told).encode() + b"\0")
        while left:
            left = left[os.write(self._to, left) :]
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                found: dict[str, Any] = answer["result"]
                return found
            self._keep(answer)

    def until(self, method: str, page: Page) -> None:
        while not any(event["method"] == method for event in page.events):
            self._keep(self._read())

    def _keep(self, event: dict[str, Any]) -> None:
        page = self._pages.get(event.get("sessionId", ""))
        if page is not None and "method" in event:
            page.events.append(event)

    def _read(self) -> dict[str, Any]:
        end = monotonic() + ANSWER_S
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._back], [], [], max(0.0, end - monotonic()))
            assert ready, "chromium does not answer"
            got = os.read(self._back, 1 << 20)
            assert got, f"chromium ended with {self._process.poll()}"
            self._buffer += got
        text, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(text)
        return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a browser without extensions, history or network of its own; it is gone afterwards."""
    to_child, to = os.pipe()
    back, from_child = os.pipe()

    def place() -> None:  # after the fork: the pipes must be 3 and 4
        high = [os.dup2(fd, fd + 100) for fd in (to_child, from_child)]
        os.dup2(high[0], 3)
        os.dup2(high[1], 4)

    with tempfile.TemporaryDirectory(prefix="dt-", ignore_cleanup_errors=True) as home:
        process = subprocess.Popen(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                "--hide-scrollbars",
                f"--user-data-dir={home}",
                "--remote-debugging-pipe",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=place,
            pass_fds=(3, 4),
            env={**os.environ, "HOME": home},
        )
        os.close(to_child)
        os.close(from_child)
        try:
            browser = Browser(process, to, back)
            yield browser
            browser.call("Browser.close")
            process.wait(ANSWER_S)
        finally:
            os.close(to)
            os.close(back)
            if process.poll() is None:
                process.kill()
                process.wait()
