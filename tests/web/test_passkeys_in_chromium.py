"""Passkeys in a real browser, on a site behind a real socket: made, used, refused elsewhere."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.kit.chromium import Tab, chromium
from venire.cli.drills.site import create_account, free_port, stop

pytestmark = pytest.mark.vendors("chromium")


@pytest.fixture
def site(tmp_path) -> Iterator[tuple[str, str]]:
    """A site at `localhost`, where passkeys need no TLS; its address and a password."""
    folder = tmp_path / "data"
    port = free_port()
    made = create_account(folder, "ayu", "member", "acceptance")
    url = f"http://localhost:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "venire", "run", "--data", str(folder), "--port", str(port),
         "--profile", "acceptance", "--workers", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "VENIRE_BASE_URL": url},
    )  # fmt: skip
    try:
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{port}/health", timeout=2).is_success:
                    break
            time.sleep(0.1)
        yield url, made["password"]
    finally:
        stop(process)


@pytest.fixture
def tab(tmp_path) -> Iterator[Tab]:
    with chromium(tmp_path / "chromium") as tab:
        tab.authenticator()
        yield tab


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """An empty page of somebody else, whom the browser lets ask for the same party."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

        def log_message(self, *_said: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def sign_in(tab: Tab, url: str, password: str) -> None:
    tab.go(f"{url}/sign-in")
    tab.fill(name="ayu", password=password)
    tab.press('form[action="/sign-in"]')


def add_passkey(tab: Tab, url: str, password: str) -> None:
    tab.go(f"{url}/settings/security")
    tab.fill(password=password)
    tab.press('form[action="/settings/security/confirm"]:not([data-passkey])')
    tab.fill(name="this browser")
    tab.press('form[data-passkey="create"]')


def test_a_passkey_is_made_and_lets_in_without_a_password_and_beside_one(site, tab):
    url, password = site
    sign_in(tab, url, password)
    add_passkey(tab, url, password)
    assert (
        len(tab.js("[...document.querySelectorAll('.codes li')].map(one => one.textContent)")) == 10
    )
    tab.go(f"{url}/settings/security")
    assert "this browser" in tab.js("document.body.innerText")
    tab.press('form[action="/sign-out"]')

    tab.go(f"{url}/sign-in?to=/settings/security")
    tab.press('form[action="/sign-in/passkey"]')
    assert tab.js("location.pathname") == "/settings/security"
    tab.press('form[action="/settings/security/confirm"][data-passkey]')
    assert "For ten minutes" in tab.js("document.body.innerText")
    tab.press('form[action="/sign-out"]')

    sign_in(tab, url, password)
    assert tab.js("location.pathname") == "/sign-in/second"
    tab.press('form[action="/sign-in/second"][data-passkey]')
    tab.go(f"{url}/settings/security")
    assert "this browser" in tab.js("document.body.innerText")


def test_a_page_at_another_address_gets_an_answer_that_opens_nothing(site, tab, elsewhere):
    url, password = site
    sign_in(tab, url, password)
    add_passkey(tab, url, password)
    with httpx.Client(base_url=url, headers={"Accept": "text/html"}) as thief:
        page = thief.get("/sign-in").text
        tab.go(elsewhere)
        credential = tab.js(_ASKED_ELSEWHERE.replace("OPTIONS", options_in(page)))
        assert json.loads(credential)["id"], "the browser answers: only the site can tell"
        token = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)[1]
        fields = {"form_token": token, "credential": credential, "to": "/"}
        answer = thief.post("/sign-in/passkey", data=fields, headers={"Origin": url})
        assert "passkey_refused" in answer.text
        assert "venire_session" not in thief.cookies
        # The same browser at the right address, with the same form, comes in.
        tab.go(f"{url}/about")
        good = tab.js(_ASKED_ELSEWHERE.replace("OPTIONS", options_in(page)))
        answer = thief.post("/sign-in/passkey", data={**fields, "credential": good})
        assert answer.status_code == 303
        again = thief.post("/sign-in/passkey", data={**fields, "credential": good})
        assert again.status_code != 303, "a replay"


def options_in(page: str) -> str:
    import html

    found = re.search(r'data-passkey="get" data-options="([^"]*)"', page)
    return html.unescape(found[1])


_ASKED_ELSEWHERE = """(async () => {
  const bytes = (text) => Uint8Array.from(
    atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
  const asked = OPTIONS;
  const publicKey = {...asked, challenge: bytes(asked.challenge)};
  const made = await navigator.credentials.get({publicKey});
  const response = {};
  for (const name of ["clientDataJSON", "authenticatorData", "signature", "userHandle"]) {
    response[name] = text(made.response[name]);
  }
  return JSON.stringify({id: made.id, rawId: text(made.rawId), type: made.type, response});
})()"""
