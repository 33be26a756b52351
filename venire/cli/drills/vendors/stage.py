"""Where a drill of vendors plays: folders, stand-ins, and sites of its own on the loopback."""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import httpx

from venire.cli.drills import site
from venire.cli.drills.counterparts.server import Served, served
from venire.cli.drills.people import Member
from venire.cli.drills.vendors.endpoints import Endpoint, Endpoints, Kind
from venire.cli.drills.vendors.results import Log
from venire.cli.drills.vendors.shelves import Shelf, open_shelf
from venire.kernel.errors import Unavailable

_PATIENCE_S: Final = 20.0
Entered = TypeVar("Entered")
_STEP_S: Final = 0.02


class Serving(NamedTuple):
    """A site that runs: where, and the process to measure or end."""

    url: str
    process: subprocess.Popen[bytes]


class Stage:
    """One drill's place. `log` keeps what happens; everything started here ends with the block.

    `posts`: how many a whole site has. `endpoints`: real counterparts, where some were named.
    """

    def __init__(
        self,
        folder: Path,
        log: Log,
        stack: contextlib.ExitStack,
        posts: int = 0,
        endpoints: Endpoints | None = None,
    ) -> None:
        self.folder = folder
        self.log = log
        self.posts = posts
        self._endpoints = endpoints or Endpoints()
        self._shelves: dict[str, Shelf] = {}
        self._stack = stack

    def stand_in(self, counterpart: Served, context: ssl.SSLContext | None = None) -> str:
        """Serve a stand-in, or what stands before a real one, until the drill ends; its address."""
        return self._stack.enter_context(served(counterpart, context=context))

    def real(self, kind: Kind, place: int) -> Endpoint | None:
        """The real counterpart in a vendor's part, if one was named; the result says so."""
        found = self._endpoints.find(kind, place)
        self.log.cast(kind, place, real=found is not None)
        return found

    def data(self, name: str = "data", *, acceptance: bool = True) -> Path:
        """A data folder, marked as the acceptance profile's own unless it is to be a usual one."""
        folder = self.folder / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not acceptance:
            return folder
        mark = folder / "acceptance-profile"
        mark.write_text("This folder was made by a drill. It holds no real people.\n")
        return folder

    def lift_mark(self, data: Path) -> None:
        """Make a folder of the acceptance profile a usual one: its site is of people like any."""
        (data / "acceptance-profile").unlink()

    def secret(self, data: Path, name: str, text: str) -> str:
        """A secret in a file of the folder; its name for the settings."""
        keys = data / "keys"
        keys.mkdir(mode=0o700, exist_ok=True)
        file = keys / name
        file.touch(mode=0o600)
        file.write_text(text)
        return f"keys/{name}"

    def shelf(self, data: Path, name: str) -> Shelf:
        """A store for a site, made when it is first asked for."""
        if name not in self._shelves:
            self._shelves[name] = open_shelf(
                self.folder / f"store-{name}",
                name,
                self.real("objects", "ab".index(name)),
                self.stand_in,
                lambda file, text: self.secret(data, file, text),
            )
        return self._shelves[name]

    def serve(
        self,
        data: Path,
        *,
        profile: str = "acceptance",
        port: int | None = None,
        base_url: str = "",
    ) -> Serving:
        """Start a site on a folder; it ends with the drill at the latest.

        `base_url`: what it believes to be called, where it is not the address it is reached at.
        """
        started = site.started_site(data, profile=profile, port=port, base_url=base_url)
        return Serving(*self._stack.enter_context(started))

    def enter(self, manager: contextlib.AbstractContextManager[Entered]) -> Entered:
        """Enter something that is to be left when the drill ends."""
        return self._stack.enter_context(manager)

    def at_end(self, close: Callable[[], None]) -> None:
        """Call this when the drill ends."""
        self._stack.callback(close)

    def caller(self, url: str, member: Member | None = None) -> Caller:
        """Somebody who calls a site until the drill ends."""
        made = Caller(url, member)
        self._stack.callback(made.client.close)
        return made

    def account(
        self, data: Path, name: str, role: str = "member", profile: str = "acceptance"
    ) -> Member:
        """Make an account on a folder, whether or not its site runs."""
        made = site.create_account(data, name, role, profile)
        return Member(made["username"], made["id"], made["access_token"])


@contextlib.contextmanager
def open_stage(
    folder: Path, log: Log, *, posts: int = 0, endpoints: Endpoints | None = None
) -> Iterator[Stage]:
    """A stage in a folder, cleared of everything that runs when the block ends."""
    with contextlib.ExitStack() as stack:
        yield Stage(folder, log, stack, posts, endpoints)


def write_settings(data: Path, plain: Mapping[str, Any], *blocks: tuple[str, Any]) -> None:
    """Write DATA/venire.toml: plain values, then blocks (`vendors`, `stores`) in their order."""
    profile = {"profile": "acceptance"} if (data / "acceptance-profile").exists() else {}
    lines = [f"{name} = {_toml(value)}" for name, value in {**profile, **plain}.items()]
    for name, block in blocks:
        lines += ["", f"[[{name}]]"]
        lines += [f"{key} = {_toml(value)}" for key, value in block.items()]
    (data / "venire.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def vendor(kind: str, name: str, adapter: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """A `[[vendors]]` block of a drill: `a` is of one owner and country, every other of another."""
    owner, country = ("One Inc.", "US") if name.startswith("a") else ("Two Ltd.", "HR")
    base = {"kind": kind, "name": name, "adapter": adapter, "owner": owner, "country": country}
    return "vendors", {**base, **more}


class Caller:
    """Calls a site as a member, and says what went wrong with the answer in its words."""

    def __init__(self, url: str, member: Member | None = None, timeout_s: float = 30.0) -> None:
        headers = {} if member is None else member.headers
        self.client = httpx.Client(
            base_url=url, headers=headers, timeout=timeout_s, trust_env=False
        )

    def ask(self, method: str, path: str, **sent: Any) -> Any:
        """The JSON of a request that must succeed. Unavailable `site_refused`."""
        response = self.client.request(method, path, **sent)
        if not response.is_success:
            raise Unavailable(
                "site_refused", f"{method} {path}: {response.status_code} {response.text[:300]}"
            )
        return response.json() if response.content else None


def wait_until(
    what: str, asks: Callable[[], bool], *, most_s: float = _PATIENCE_S, every_s: float = _STEP_S
) -> None:
    """Ask until it is so. Unavailable `drill_waited_in_vain`, naming what for."""
    until_s = time.monotonic() + most_s
    while not asks():
        if time.monotonic() > until_s:
            raise Unavailable("drill_waited_in_vain", f"{what}: not within {most_s:.0f} s")
        time.sleep(every_s)


def vendor_state(admin: Caller, kind: str, name: str) -> str:
    """How the site says that a vendor does."""
    for one in admin.ask("GET", "/api/v1/admin/vendors"):
        if (one["kind"], one["name"]) == (kind, name):
            return str(one["state"])
    raise Unavailable("vendor_not_listed", f"{kind} {name}")
