"""The drill of a domain that is gone, and with it every passkey that was made for it."""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx

from venire.cli.drills import site
from venire.cli.drills.counterparts.authenticator import Authenticator
from venire.cli.drills.counterparts.browser import Device, opened
from venire.cli.drills.vendors.stage import Stage, write_settings
from venire.kernel.chance import SystemChance
from venire.kernel.errors import Unavailable

_HOME: Final = "http://warga.example"
_STANDBY: Final = "http://standby.example"
_FACTORS: Final = "/api/v1/accounts/factors"


class _Browser:
    """A browser at one address of the site, which is reached at another."""

    def __init__(self, stage: Stage, reached: str, origin: str) -> None:
        headers = {"Host": origin.partition("//")[2], "Accept": "text/html"}
        self.origin = origin
        self.client = httpx.Client(base_url=reached, headers=headers, timeout=30, trust_env=False)
        self.page = ""
        stage.at_end(self.client.close)

    def open(self, path: str) -> str:
        """Open a page; what it says."""
        answer = self.client.get(path)
        self._kept(answer)
        self.page = answer.text
        return self.page

    def send(self, path: str, **fields: str) -> str:
        """Send a form of the page that is open; where it leads to."""
        (token, *_) = re.findall(r'name="form_token" value="([^"]+)"', self.page)
        answer = self.client.post(path, data={"form_token": token, **fields})
        self._kept(answer)
        self.page = answer.text
        return str(answer.headers.get("location", ""))

    def _kept(self, answer: httpx.Response) -> None:
        """Keep cookies whatever host they are for: it is reached by a number."""
        for name, value in answer.cookies.items():
            self.client.cookies.set(name, value)
        if not answer.is_success and answer.status_code not in {303, 422}:
            raise Unavailable("site_refused", f"{answer.url.path}: {answer.status_code}")

    def asked(self, action: str) -> dict[str, Any]:
        """What the form for a passkey asks for."""
        found = re.search(rf'action="{action}"[^>]*data-options="([^"]*)"', self.page)
        if found is None:
            raise Unavailable("site_refused", f"no passkey is asked for at {action}")
        return dict(json.loads(html.unescape(found[1])))

    @property
    def signed_in(self) -> bool:
        """Whether the page of security opens."""
        return self.client.get("/settings/security").status_code == httpx.codes.OK


@contextlib.contextmanager
def _at(data: Path, origin: str) -> Iterator[str]:
    """The site under a name; where it is reached."""
    with site.started_site(data, workers=1, base_url=origin) as (reached, _):
        yield reached


def _member(
    reached: str, made: dict[str, str], origin: str, device: Authenticator | Device
) -> list[str]:
    """A member adds a passkey at an address; the recovery codes that come with the first."""
    headers = {
        "Authorization": f"Bearer {made['access_token']}",
        "Host": origin.partition("//")[2],
    }
    with httpx.Client(base_url=reached, headers=headers, timeout=30, trust_env=False) as client:

        def ask(path: str, **sent: Any) -> Any:
            answer = client.post(f"{_FACTORS}{path}", json=sent)
            if not answer.is_success:
                raise Unavailable("site_refused", f"{path}: {answer.text[:300]}")
            return answer.json()

        ask("/confirmation", password=made["password"])
        credential = device.make(ask("/passkeys/options"), origin=origin)
        return list(ask("/passkeys", name=origin, credential=credential)["recovery_codes"])


def _device(stage: Stage) -> Authenticator | Device:
    """What keeps passkeys: a real browser where one was named."""
    real = stage.real("passkeys", 0)
    if real is None:
        return Authenticator(_HOME)
    folder = stage.folder / f"browser-{SystemChance().token(8).hex()}"
    browser = stage.enter(opened(real.options["program"], folder, (_HOME, _STANDBY)))
    return browser.device(_HOME)


def passkey_domain_lost(stage: Stage) -> None:
    """The site's domain is gone: who has codes or a key for the other domain comes in there."""
    data = stage.data()
    write_settings(data, {"passkey_domains": ["standby.example"]})
    ani, bimo = (
        site.create_account(data, name, "member", "acceptance") for name in ("ani", "bimo")
    )
    phone, key = (_device(stage) for _ in range(2))
    with _at(data, _HOME) as reached:
        codes = _member(reached, ani, _HOME, phone)
        _member(reached, bimo, _HOME, key)
        # The browser at the other domain speaks https; the origin is what it signs.
        _member(reached, bimo, "https://standby.example", key)
        there = _Browser(stage, reached, _HOME)
        there.open("/sign-in")
        used = phone.use(there.asked("/sign-in/passkey"), origin=_HOME)
        there.send("/sign-in/passkey", credential=json.dumps(used), to="/")
        stage.log.step("a passkey lets in at the first domain", good=there.signed_in)
    stage.log.gone("the domain, and every passkey made for it")
    with _at(data, _STANDBY) as reached:
        _by_code(stage, _Browser(stage, reached, _STANDBY), ani, phone, codes)
        _by_passkey(stage, _Browser(stage, reached, _STANDBY), key)


def _by_code(
    stage: Stage,
    there: _Browser,
    made: dict[str, str],
    phone: Authenticator | Device,
    codes: list[str],
) -> None:
    there.open("/sign-in")
    lost = not phone.has(there.asked("/sign-in/passkey"), origin=_STANDBY)
    stage.log.step("the old passkey answers nothing at the other domain", good=lost)
    stage.log.detected()
    led = there.send("/sign-in", name=made["username"], password=made["password"], to="/")
    stage.log.step("the password alone does not let in", good=not there.signed_in, note=led)
    there.open(led)
    there.send("/sign-in/second", way="recovery", code=codes[0], to="/")
    if stage.log.step("a recovery code lets in", good=there.signed_in):
        stage.log.switched()


def _by_passkey(stage: Stage, there: _Browser, key: Authenticator | Device) -> None:
    there.open("/sign-in")
    used = key.use(there.asked("/sign-in/passkey"), origin=_STANDBY)
    there.send("/sign-in/passkey", credential=json.dumps(used), to="/")
    stage.log.step("a passkey made beforehand for this domain lets in", good=there.signed_in)
