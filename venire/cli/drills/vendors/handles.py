"""What members are called, before and after their site has gone to another name."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from venire.cli.drills.vendors.stage import Caller, Stage


class Identity(NamedTuple):
    """How a member and a post of theirs are known: none of it may change when the site moves."""

    handle: str
    account: str
    post: str
    site: str


class Villagers:
    """Two members who name each other, and whoever looks for them under some name of the site."""

    def __init__(self, stage: Stage, data: Path, url: str, domain: str) -> None:
        self._ani = stage.caller(url, stage.account(data, "ani"))
        self._bimo = stage.account(data, "bimo")
        self._reader: Caller = stage.caller(url)
        self._post = self._said(f"@bimo@{domain} the lake is frozen")

    def _said(self, text: str) -> str:
        made = self._ani.ask("POST", "/api/v1/statuses", json={"status": text})
        return str(made["id"]) if self._names_bimo(made["mentions"]) else ""

    def _names_bimo(self, mentions: list[dict[str, str]]) -> bool:
        return [one["id"] for one in mentions] == [self._bimo.id]

    def known_as(self, *domains: str) -> set[Identity]:
        """Who `@ani` is to whoever asks for her under each of some names of the site."""
        post = self._ani.ask("GET", f"/api/v1/statuses/{self._post}")
        site = self._reader.ask("GET", "/api/v2/instance")["domain"]
        found = set()
        for domain in domains:
            asked = {"resource": f"acct:ani@{domain}"}
            finger = self._reader.ask("GET", "/.well-known/webfinger", params=asked)
            (shown,) = self._ani.ask(
                "GET", "/api/v2/search", params={"q": f"@ani@{domain}", "type": "accounts"}
            )["accounts"]
            found.add(Identity(finger["subject"], shown["uri"], post["uri"], site))
        return found

    def named_under(self, *domains: str) -> bool:
        """Whether a post that names a member under each of some names reaches them."""
        return all(self._said(f"@bimo@{domain} come and skate") for domain in domains)
