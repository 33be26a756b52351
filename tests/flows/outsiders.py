"""What a stranger can work out about who judges, from what a site serves to anybody."""

from __future__ import annotations

from pathlib import Path

import httpx

from venire.jury.pool import exclusion_rule_hash
from venire.record.entry import decode_entry
from venire.record.model import ENTRIES
from venire.record.tiles import parse_bundle, tile_path, tiles_of


class Outsider:
    """Somebody without an account, who knows everybody's name and has read the whole record."""

    def __init__(self, phones, folder: Path, names: set[str]) -> None:
        self.names, self.folder = names, folder
        self.app = phones.anonymous()
        with httpx.Client(base_url=f"{phones.url}/record", trust_env=False) as web:
            self.log = self._download(web)

    def _download(self, web) -> list[dict]:
        checkpoint = web.get("/checkpoint")
        self._keep("checkpoint", checkpoint.content)
        self._keep("key", web.get("/key").content)
        log = []
        for tile in tiles_of(int(checkpoint.text.split("\n")[1])):
            path = tile_path(tile)
            answer = web.get(f"/{path}").raise_for_status()
            self._keep(path, answer.content)
            if tile.level == ENTRIES:
                leaves = parse_bundle(answer.content, tile.width)
                log += [decode_entry(leaf).header for leaf in leaves]
        self.sheets = {}
        for header in log:
            if header["type"] == "draw":
                sheet = web.get(f"/pool/{header['epoch']}").raise_for_status()
                self._keep(f"pool/{header['epoch']}", sheet.content)
                self.sheets[header["epoch"]] = sheet.json()["pseudonyms"]
        return log

    def _keep(self, path: str, content: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(content)

    def of(self, case: str, kind: str) -> list[dict]:
        return [one for one in self.log if one.get("case") == case and one["type"] == kind]

    def _list(self, page) -> set[str]:
        return {one.username for one in self.app.fetch_remaining(page)} if page else set()

    def could_serve(self, author: str, draw: dict) -> set[str]:
        """Everybody whom no tie that a stranger can see excludes, by the rule of that draw."""
        account = self.app.account_lookup(author)
        followers = self._list(self.app.account_followers(account.id, limit=80))
        followed = self._list(self.app.account_following(account.id, limit=80))
        loose = draw["exclusion_rule"] == exclusion_rule_hash(one_way_follows=True)
        assert loose or draw["exclusion_rule"] == exclusion_rule_hash()
        tied = followers & followed if loose else followers | followed
        return self.names - tied - {author}

    def seats(self, cases: dict[str, str], alias=None) -> list[tuple[object, set[str]]]:
        """Each seat in these cases: its alias, and every member who could hold it.

        Whoever has one alias in several draws, free to sit, is tied to none of their authors.
        `alias`: what a place of a draw is known by; its pseudonym, where nothing else is said.
        """
        fits: dict[object, set[str]] = {}
        seated = []
        for author, case in cases.items():
            for draw in self.of(case, "draw"):
                names = self.sheets[draw["epoch"]]
                known = [
                    names[place] if alias is None else alias(draw["epoch"], place)
                    for place in range(len(names))
                ]
                some = self.could_serve(author, draw)
                for place in set(range(len(names))) - set(draw["excluded"]):
                    fits[known[place]] = fits.get(known[place], some) & some
                taken = [
                    each
                    for seat in self.of(case, "seat")
                    if seat["round"] == draw["round"]
                    for each in seat["indices"]
                ]
                seated += [known[place] for place in taken]
        return [(who, fits[who]) for who in seated]
