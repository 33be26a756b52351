"""`venire verify draw`: the draws of one case, run again from what anybody can fetch."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from venire.cli.options import json_option, on_house, print_result
from venire.cli.progress import bar
from venire.cli.recorded import prefix_of, write_log
from venire.jury.pool import MAX_DOCUMENT_BYTES
from venire.jury.surroundings import Entry
from venire.jury.verifying import RoundReport, verify_case
from venire.kernel.errors import Invalid, NotFound
from venire.record.entry import decode_entry
from venire.record.model import ENTRIES
from venire.record.readers import FolderReader, HttpReader, Reader
from venire.record.tiles import parse_bundle, parse_path
from venire.record.verify import verify_path
from venire.server.wiring import House

_CASE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_KEY_BYTES = 1_024
_OF_DRAWS = (b'"type":"policy"', b'"type":"epoch"', b'"type":"draw"', b'"type":"chance"')
_STRENGTHS = {
    "beacon": "the public beacon: nobody knew it before its time",
    "weaker": "WEAKER: the operator's committed seed, which the operator knew",
}
_REASONS = {
    "silent": "the beacon was silent",
    "invalid": "what came was not the beacon's",
    "clock": "the site's clock was wrong",
    "late": "the draw reached the record too late",
}


class _Listening:
    """Passes a log on to whoever checks it, and keeps the entries that draws are made of."""

    def __init__(self, inner: Reader, case: str) -> None:
        self._inner = inner
        self._wanted = (*_OF_DRAWS, case.encode())
        self._kept: dict[int, Entry] = {}

    def read(self, path: str, limit: int) -> bytes:
        """See `record.readers.Reader`."""
        content = self._inner.read(path, limit)
        if path.startswith("tile/entries/"):
            self._note(path, content)
        return content

    def paths(self) -> Iterable[str]:
        """Nothing: only what the checkpoint signs is looked at here."""
        return ()

    def entries(self) -> list[Entry]:
        """What was heard, in the order of the log."""
        return [self._kept[index] for index in sorted(self._kept)]

    def _note(self, path: str, content: bytes) -> None:
        tile = parse_path(path)
        if tile.level != ENTRIES:
            return
        for offset, leaf in enumerate(parse_bundle(content, tile.width)):
            if any(wanted in leaf for wanted in self._wanted):
                index = tile.index * 256 + offset
                self._kept[index] = Entry(index, decode_entry(leaf).header)


@click.command("draw")
@click.argument("case", metavar="CASE")
@click.option("--url", help="The site, as https://example.org: everything is fetched from there.")
@click.option(
    "--data",
    type=click.Path(file_okay=False),
    default=None,
    help="The data folder (./data), or a copy of /record: checkpoint, tiles and pools.",
)
@click.option(
    "--key",
    "key_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The verifier key, had from elsewhere; without it the site's own is believed.",
)
@click.option(
    "--earlier",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint that you kept: the record must go on from there.",
)
@json_option
def verify_draw(case: str, url: str | None, data: str | None, **more: Any) -> None:
    """Run the draws of a case again: pool, exclusions, randomness, order, each seat.

    CASE is the public id of a case: 32 digits and letters a to f.
    """
    if not _CASE.fullmatch(case):
        raise Invalid("case_malformed", "a case is named by 32 hex digits, as in the record")
    key_file: Path | None = more["key_file"]
    earlier: Path | None = more["earlier"]
    json_to: str | None = more["json_to"]
    if url is not None and data is not None:
        raise click.UsageError("--url or --data, not both")
    with _reader(url, data) as reader:
        listening = _Listening(reader, case)
        key = key_file.read_text(errors="replace") if key_file else _own_key(reader)
        with bar("Verifying") as show:
            kept = earlier.read_bytes() if earlier else None
            record = verify_path(listening, key.strip(), earlier=kept, progress=show)
        rounds = verify_case(
            case,
            listening.entries(),
            lambda epoch: reader.read(f"pool/{epoch}", MAX_DOCUMENT_BYTES),
        )
    result = {
        "case": case,
        "verified": True,
        "record": {"origin": record.origin, "size": record.size, "root": record.root},
        "key": "given" if key_file else "of the site itself",
        "rounds": [msgspec.to_builtins(each) for each in rounds],
    }
    print_result(result, json_to, _readable(result, rounds))


def _own_key(reader: Reader) -> str:
    return reader.read("key", _KEY_BYTES).decode(errors="replace")


@contextlib.contextmanager
def _reader(url: str | None, data: str | None) -> Iterator[Reader]:
    if url is not None:
        with HttpReader(prefix_of(url.rstrip("/"))) as reader:
            yield reader
        return
    folder = Path(data or "data")
    if (folder / "checkpoint").is_file():
        yield FolderReader(folder)
        return
    if not (folder / "venire.db").is_file():
        raise NotFound(
            "record_not_there",
            f"{folder} is neither a data folder nor a folder with a checkpoint and tiles",
        )
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(write_log(str(folder)))
        yield _OfHouse(FolderReader(Path(place)), str(folder))


class _OfHouse:
    """A log written out of a data folder; its pools are asked of the house when they are wanted."""

    def __init__(self, inner: Reader, data: str) -> None:
        self._inner = inner
        self._data = data

    def read(self, path: str, limit: int) -> bytes:
        """See `record.readers.Reader`."""
        kind, _, epoch = path.partition("/")

        async def document(house: House) -> bytes:
            return await house.court.pools.document(int(epoch))

        async def key(house: House) -> bytes:
            return house.court.sequencer.verifier_key.encode()

        if kind == "pool":
            return on_house(document, data=self._data)
        return on_house(key, data=self._data) if path == "key" else self._inner.read(path, limit)

    def paths(self) -> Iterable[str]:
        """See `record.readers.Reader`."""
        return self._inner.paths()


def _readable(result: dict[str, Any], rounds: list[RoundReport]) -> str:
    lines = [
        f"{'The draw' if len(rounds) == 1 else 'Each draw'} of case {result['case']} verifies.",
        f"record   {result['record']['size']} entries of {result['record']['origin']}",
        f"key      {result['key']}",
    ]
    if result["key"] != "given":
        lines.append("         Compare it with one that you have from elsewhere (--key).")
    for each in rounds:
        lines += ["", *_of_round(each)]
    return "\n".join(lines)


def _of_round(each: RoundReport) -> list[str]:
    """A round for a person, one verdict a line."""
    left = each.size - each.excluded
    small = ", SMALL POOL" if each.small_pool else ""
    loose = ", one-way follows let pass" if each.one_way_follows else ""
    lines = [
        f"round {each.round} ({each.judged_by})",
        f"  ok  rules       {each.panel_rule}, version {each.rules}, by entry {each.policy}",
        f"  ok  pool        epoch {each.epoch}, {each.size} members, frozen before the draw",
        f"  ok  exclusions  {each.excluded}, fixed before the order; {left} left{small}{loose}",
        f"  ok  randomness  {_STRENGTHS[each.strength]}",
        f"                  {each.randomness}",
    ]
    if each.beacon_round is not None:
        lines.append(f"                  drand quicknet, round {each.beacon_round}")
    if each.strength == "beacon":
        # What nobody outside has signed, nobody outside can date.
        lines.append("                  That the draw was there 30 s before is the site's word.")
    if each.fallback is not None:
        lines.append(f"  !!  fallback    {_REASONS[each.fallback]}, says the site")
    if each.drawn_again:
        lines.append("  !!  again       an earlier panel was drawn for this case: ask what it said")
    if each.never_ordered:
        lines.append(f"  !!  elsewhere   {each.never_ordered} draws before it never had an order")
    if each.shared_sheet:
        lines.append("  !!  privacy     another draw used the same pseudonyms")
    lines.append(f"  ok  seats       {_places(each.seated)}, each the next in order")
    if each.declined:
        lines.append(f"  ok  declined    {_places(each.declined)}")
    if each.timed_out:
        lines.append(f"  ok  timed out   {_places(each.timed_out)}")
    return lines


def _places(places: tuple[int, ...]) -> str:
    return ", ".join(map(str, places)) or "none yet"
