"""A real browser as the device that keeps passkeys: Chromium, with its virtual authenticator.

Spoken to by its own protocol (Chrome DevTools Protocol: Fetch, Page, Runtime, WebAuthn). It is at
whatever address a drill names, without a network: the page there is given to it on its way. So the
browser itself decides which passkey belongs to which domain, and signs what it believes the address
to be.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import ClientConnection, connect

from venire.kernel.errors import Unavailable

_WAIT_S: Final = 30.0
_PAGE: Final = base64.b64encode(b"<!doctype html><title>a page of the site</title>").decode()
_MAKE: Final = """(async () => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(OPTIONS);
  return JSON.stringify((await navigator.credentials.create({publicKey})).toJSON());
})()"""
_USE: Final = """(async () => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(OPTIONS);
  try {
    return JSON.stringify((await navigator.credentials.get({publicKey})).toJSON());
  } catch (error) {
    return error.name === "NotAllowedError" ? "" : `fault: ${error}`;
  }
})()"""
AUTHENTICATOR: Final = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
"""One that asks who uses it and keeps what it makes."""


class Browser:
    """One that runs. Each device is a tab of its own with an authenticator of its own."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._numbers = itertools.count(1)

    def device(self, origin: str) -> Device:
        """A device whose browser is at an address."""
        target = self.ask("", "Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("", "Target.attachToTarget", targetId=target, flatten=True)
        return Device(self, attached["sessionId"], origin)

    def ask(self, session: str, method: str, **parameters: Any) -> dict[str, Any]:
        """What the browser answers. Unavailable `browser_refused`."""
        number = self._send(session, method, parameters)
        while True:
            told = json.loads(self._line.recv(_WAIT_S))
            if told.get("method") == "Fetch.requestPaused":
                page = {"requestId": told["params"]["requestId"], "responseCode": 200}
                headers = [{"name": "Content-Type", "value": "text/html"}]
                given = {**page, "responseHeaders": headers, "body": _PAGE}
                self._send(told.get("sessionId", ""), "Fetch.fulfillRequest", given)
            elif told.get("id") == number:
                if "error" in told:
                    raise Unavailable("browser_refused", f"{method}: {told['error']}")
                return dict(told["result"])

    def _send(self, session: str, method: str, parameters: dict[str, Any]) -> int:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        self._line.send(json.dumps({**message, **({"sessionId": session} if session else {})}))
        return number


class Device:
    """As `authenticator.Authenticator`, in a real browser."""

    def __init__(self, browser: Browser, session: str, origin: str) -> None:
        self._browser = browser
        self._session = session
        self._origin = origin
        self._ask("Page.enable")
        self._ask("Fetch.enable", patterns=[{"urlPattern": "http*://*/*"}])
        self._ask("WebAuthn.enable")
        self._ask("WebAuthn.addVirtualAuthenticator", options=AUTHENTICATOR)

    def has(self, options: dict[str, Any], *, origin: str | None = None) -> bool:
        """Whether it has a key for who asks from an address: the browser looks."""
        return bool(self._asked(_USE, options, origin))

    def make(self, options: dict[str, Any], *, origin: str | None = None) -> dict[str, Any]:
        """What `navigator.credentials.create` answers, as JSON."""
        return dict(json.loads(self._asked(_MAKE, options, origin)))

    def use(self, options: dict[str, Any], *, origin: str | None = None) -> dict[str, Any]:
        """What `navigator.credentials.get` answers, as JSON. Unavailable without a key."""
        found = self._asked(_USE, options, origin)
        if not found:
            raise Unavailable("browser_refused", "no passkey of this browser answers")
        return dict(json.loads(found))

    def _asked(self, script: str, options: dict[str, Any], origin: str | None) -> str:
        self._go(origin or self._origin)
        expression = script.replace("OPTIONS", json.dumps(options))
        told = self._ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        said = str(told["result"].get("value", ""))
        if "exceptionDetails" in told or said.startswith("fault: "):
            raise Unavailable("browser_refused", f"{said} {told.get('exceptionDetails', '')}"[:500])
        return said

    def _go(self, origin: str) -> None:
        self._ask("Page.navigate", url=f"{origin}/")
        until_s = time.monotonic() + _WAIT_S
        asked = f"location.origin === {json.dumps(origin)} && document.readyState === 'complete'"
        while time.monotonic() < until_s:
            told = self._ask("Runtime.evaluate", expression=asked, returnByValue=True)
            if told["result"].get("value"):
                return
            time.sleep(0.05)
        raise Unavailable("browser_refused", f"it does not come to {origin}")

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.ask(self._session, method, **parameters)


@contextlib.contextmanager
def opened(program: str, folder: Path, secure: tuple[str, ...]) -> Iterator[Browser]:
    """Start one with a profile of its own. `secure`: addresses without TLS that it trusts."""
    command = [program, "--headless=new", "--no-sandbox", "--disable-gpu"]
    command += ["--remote-debugging-port=0", "--remote-allow-origins=*"]
    command += [f"--unsafely-treat-insecure-origin-as-secure={','.join(secure)}"]
    command += [f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(  # noqa: S603 - named by whoever runs the drill
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        port, place = _where(process, folder / "DevToolsActivePort")
        with connect(f"ws://127.0.0.1:{port}{place}", max_size=None) as line:
            yield Browser(line)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _where(process: subprocess.Popen[bytes], path: Path) -> tuple[int, str]:
    until_s = time.monotonic() + _WAIT_S
    while time.monotonic() < until_s and process.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            port, place = path.read_text().split()
            return int(port), place
        time.sleep(0.05)
    raise Unavailable("browser_refused", "it did not start")
