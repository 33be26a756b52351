"""A real Chromium, spoken to by its own protocol (CDP), with an authenticator in software."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from venire.cli.drills.counterparts.browser import AUTHENTICATOR

_WAIT_S = 30.0


def program() -> str | None:
    """Where there is one on this machine."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Tab:
    """One page. `js` evaluates an expression there, awaited."""

    def __init__(self, line: ClientConnection, session: str) -> None:
        self._line = line
        self._session = session
        self._sent = 0

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._line.send(json.dumps(message))
        while True:
            answer = json.loads(self._line.recv(_WAIT_S))
            if answer.get("id") == self._sent:
                assert "error" not in answer, answer["error"]
                return dict(answer["result"])

    def js(self, expression: str) -> Any:
        answer = self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until an expression is true; a page that is just loading is asked again."""
        ends = time.monotonic() + _WAIT_S
        while time.monotonic() < ends:
            with contextlib.suppress(AssertionError):
                if self.js(expression):
                    return
            time.sleep(0.05)
        raise AssertionError(f"{expression} at {self.js('location.href')}")

    def go(self, url: str) -> None:
        self.ask("Page.navigate", url=url)
        path = json.dumps(url)
        self.wait(f"document.readyState === 'complete' && location.href.startsWith({path})")

    def fill(self, **fields: str) -> None:
        """Write into fields by their id."""
        for name, value in fields.items():
            said = json.dumps(value)
            self.js(f"document.getElementById({json.dumps(name)}).value = {said}")

    def press(self, form: str) -> None:
        """Press the button of a form, as a person does; wait for the page that follows."""
        self.js("window.before = true")
        self.js(f"document.querySelector({json.dumps(form)}).querySelector('button').click()")
        self.wait("!window.before && document.readyState === 'complete'")

    def authenticator(self) -> None:
        """Plug an authenticator in that asks who uses it and keeps what it makes."""
        self.ask("WebAuthn.enable")
        self.ask("WebAuthn.addVirtualAuthenticator", options=AUTHENTICATOR)

    def picture(self, path: Path, *, width: int, height: int, dark: bool, language: str) -> None:
        """Save the page as it looks on such a screen."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.ask("Network.enable")
        self.ask("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        self.ask("Page.reload")
        time.sleep(1)
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextlib.contextmanager
def chromium(folder: Path) -> Iterator[Tab]:
    """Start one with a profile of its own; a tab in it."""
    found = program()
    assert found is not None
    process = subprocess.Popen(
        [
            found,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-port=0",
            "--remote-allow-origins=*",
            f"--user-data-dir={folder}",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port, place = _where(process, folder / "DevToolsActivePort")
        with connect(f"ws://127.0.0.1:{port}{place}", max_size=None) as line:
            whole = Tab(line, "")
            target = whole.ask("Target.createTarget", url="about:blank")["targetId"]
            session = whole.ask("Target.attachToTarget", targetId=target, flatten=True)
            tab = Tab(line, session["sessionId"])
            tab._sent = 1_000
            tab.ask("Page.enable")
            yield tab
    finally:
        process.terminate()
        process.wait(15)


def _where(process: subprocess.Popen[bytes], path: Path) -> tuple[int, str]:
    ends = time.monotonic() + _WAIT_S
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            port, place = path.read_text().split()
            return int(port), place
        time.sleep(0.05)
    raise AssertionError("chromium did not start")
