"""Take pictures of the reports with a real browser, to be looked at.

Chromium runs without a window. It is spoken to by its pipe, as developer
tools do, because a window is never narrower than 500 pixels. What can be
measured is checked: nothing is wider than the page, the page asks for
nothing, and it runs no script.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "install chromium: apt-get install chromium"
#: Width, whether it is dark, whether it is print.
VIEWS = {
    "1280": (1280, False, False),
    "390": (390, False, False),
    "390-dark": (390, True, False),
    "1280-dark": (1280, True, False),
    "print": (794, False, True),
}
#: A picture is at most so high, in pixels.
HIGHEST = 15000
#: Measures what is wider than the page; "" where nothing is.
WIDE = """(() => {
    const width = document.documentElement.clientWidth;
    const wide = [...document.querySelectorAll("body *")].filter(
        (one) => one.getBoundingClientRect().right > width + 1
            && !one.closest("svg") && !one.closest("thead"));
    return wide.map((one) => one.tagName + " " + one.className).join(", ");
})()"""


class Browser:
    """A chromium without a window, and the pipe to it."""

    def __init__(self, program: str, profile: str) -> None:
        there, self._write = os.pipe()
        self._read, back = os.pipe()
        # the child reads from 3 and writes to 4
        command = (
            'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'  # a shell moves them
        )
        self._process = subprocess.Popen(
            [
                "bash",
                "-c",
                command,
                "look",
                str(there),
                str(back),
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--remote-debugging-pipe",
                "--hide-scrollbars",
                "--disable-dev-shm-usage",
                f"--user-data-dir={profile}",
            ],
            pass_fds=(there, back),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(there)
        os.close(back)
        self._number = 0
        self._rest = b""
        self.events: list[dict[str, Any]] = []

    def ask(self, method: str, session: str = "", **params: Any) -> Any:
        """Send a command, and return its result."""
        self._number += 1
        message: dict[str, Any] = {
            "id": self._number,
            "method": method,
            "params": params,
        }
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == self._number:
                if "error" in found:
                    raise RuntimeError(f"{method}: {found['error']}")
                return found["result"]
            self.events.append(found)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._read, 1 << 20)
            if not more:
                raise RuntimeError("the browser has ended")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(line)
        return found

    def until(self, method: str) -> None:
        """Wait for an event."""
        while not any(one.get("method") == method for one in self.events):
            self.events.append(self._next())

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)


@contextlib.contextmanager
def browser(program: str) -> Iterator[Browser]:
    with tempfile.TemporaryDirectory(
        prefix="protector-look-", ignore_cleanup_errors=True
    ) as profile:
        found = Browser(program, profile)
        try:
            yield found
        finally:
            found.close()


def look(
    one: Browser, page: pathlib.Path, view: str, picture: pathlib.Path
) -> list[str]:
    """Take a picture of a page; return what is wrong with it."""
    width, dark, is_print = VIEWS[view]
    target = one.ask("Target.createTarget", url="about:blank")["targetId"]
    session = one.ask("Target.attachToTarget", targetId=target, flatten=True)[
        "sessionId"
    ]
    for domain in ("Page", "Network", "Log"):
        one.ask(f"{domain}.enable", session)
    one.ask(
        "Emulation.setDeviceMetricsOverride",
        session,
        width=width,
        height=844,
        deviceScaleFactor=1,
        mobile=width < 500,
    )
    one.ask(
        "Emulation.setEmulatedMedia",
        session,
        media="print" if is_print else "screen",
        features=[
            {
                "name": "prefers-color-scheme",
                "value": "dark" if dark else "light",
            }
        ],
    )
    one.events.clear()
    one.ask("Page.navigate", session, url=page.as_uri())
    one.until("Page.loadEventFired")
    wide = one.ask("Runtime.evaluate", session, expression=WIDE)
    size = one.ask("Page.getLayoutMetrics", session)["cssContentSize"]
    shot = one.ask(
        "Page.captureScreenshot",
        session,
        captureBeyondViewport=True,
        clip={
            "x": 0,
            "y": 0,
            "width": width,
            "height": min(size["height"], HIGHEST),
            "scale": 1,
        },
    )
    picture.write_bytes(base64.b64decode(shot["data"]))
    if is_print:
        paper = one.ask("Page.printToPDF", session, printBackground=True)
        picture.with_suffix(".pdf").write_bytes(
            base64.b64decode(paper["data"])
        )
    asked = [
        event["params"]["request"]["url"]
        for event in one.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    logged = [
        event["params"]["entry"]["text"]
        for event in one.events
        if event.get("method") == "Log.entryAdded"
    ]
    one.ask("Target.closeTarget", targetId=target)
    problems = [f"asks for {url}" for url in asked if url != page.as_uri()]
    problems += [f"logs: {text}" for text in logged]
    if wide["result"]["value"]:
        problems.append(f"is wider than it: {wide['result']['value'][:300]}")
    if size["width"] > width:
        problems.append(f"is {size['width']} wide")
    return problems


def pages(folder: pathlib.Path) -> list[pathlib.Path]:
    """Write the pages of the sample records."""
    sys.path.insert(0, str(ROOT))
    from protectorclient.evidence import judge
    from protectorclient.evidence.html import page, trend
    from tests.helpers import evidence_samples as samples

    hostile = "\x1b[31m\u202e<script>alert(1)</script>\"'&\n" + 220 * "x"
    found = {
        name: page.text(judge.judged(record))
        for name, record in (
            ("one", samples.drill()),
            ("worst", samples.worst()),
            ("sixty", samples.many()),
            ("hostile", samples.hostile(hostile)),
        )
    }
    found["trend"] = trend.text(samples.trend())
    made = []
    for name, text in found.items():
        path = folder / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        made.append(path)
    return made


def main() -> int:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        print(INSTALL, file=sys.stderr)
        return 1
    folder = pathlib.Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    bad = 0
    with browser(program) as one:
        for page in pages(folder):
            for view in VIEWS:
                picture = folder / f"{page.stem}-{view}.png"
                problems = look(one, page, view, picture)
                bad += bool(problems)
                print(picture, "; ".join(problems) or "ok")
    print(f"look at them: {folder}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
