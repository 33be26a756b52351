"""What was erased after the moment that a site is restored to: erased again before it is served.

A backup must not bring back what somebody had taken away. From the commits that came later, those
are carried out that take personal things out: deleted posts, closed accounts and how far their
erasure had come, salts. Rows that the restored site never had are not made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from venire.events import AccountDeleted, AccountReturned, Event, PostDeleted
from venire.storage.engines.sqlite_replay import SqliteReplay, Write
from venire.storage.journal import JournalEntry
from venire.storage.tables.posts import POSTS
from venire.storage.tables.roll import DEPARTURE_STATES, DEPARTURES
from venire.storage.verbs import Table

_EVENTS: Final = msgspec.msgpack.Decoder(list[tuple[int, Event]])
_TELLING: Final = (PostDeleted, AccountDeleted, AccountReturned)
_SALTS: Final = frozenset({"record_salts", "salts"})
_STATES: Final = frozenset({DEPARTURES.name, DEPARTURE_STATES.name})
_MADE: Final = frozenset({*_STATES, "timers"})
"""What such a commit may write though it was not there: where the erasing goes on from."""
_GONE: Final = frozenset({"erased"})
_POST_GONE: Final = frozenset({"deleted", "removed"})
_POST_STATE: Final = [column.name for column in POSTS.columns].index("state")


class Erased(msgspec.Struct, frozen=True):
    """What was carried out: commits, and accounts of which nothing else is left."""

    commits: int = 0
    accounts: int = 0


def erase(
    replay: SqliteReplay,
    later: Sequence[JournalEntry],
    schema: int,
    tables: Sequence[Table[Any]],
) -> Erased:
    """Carry out what came later; `tables` are those whose rows go with any of their subjects."""
    commits = 0
    gone: set[int] = set()
    sequence = replay.through
    for entry in later:
        writes = replay.writes_of(entry, schema)
        kept = [one for one in writes if _is_erasing(entry, writes, one) and _fits(replay, one)]
        for name, verb, values, _ in kept:
            if name == DEPARTURES.name and verb == "put" and values[1] in _GONE:
                gone.add(int(values[0]))
        if kept:
            sequence += 1
            commits += 1
            told = entry.events if _tells(entry) else None
            fresh = JournalEntry(
                sequence, entry.at_ms, entry.aggregate, told, msgspec.msgpack.encode(kept)
            )
            replay.apply([fresh], replay.schema)
    _take_out(replay, gone, tables)
    return Erased(commits, len(gone))


def _tells(entry: JournalEntry) -> bool:
    if entry.events is None:
        return False
    return any(isinstance(event, _TELLING) for _, event in _EVENTS.decode(entry.events))


def _is_erasing(entry: JournalEntry, writes: Sequence[Write], one: Write) -> bool:
    """Whether a write is one that takes something out, or goes with one that does."""
    name, verb, _, _ = one
    if verb == "delete" and name in _SALTS:
        return True
    return _tells(entry) or any(_takes_out(other) for other in writes)


def _takes_out(one: Write) -> bool:
    """Whether a write says that an account or a post is not there for anybody any more."""
    name, verb, values, _ = one
    if name in _STATES:
        return True
    return name == POSTS.name and verb == "put" and values[_POST_STATE] in _POST_GONE


def _fits(replay: SqliteReplay, one: Write) -> bool:
    """A put only where there is a row to blank, or of what says how far the erasing has come."""
    name, verb, values, _ = one
    if verb == "delete" or name in _MADE:
        return True
    return replay.has(name, values)


def _take_out(replay: SqliteReplay, gone: set[int], tables: Sequence[Table[Any]]) -> None:
    """The rows of accounts whose erasure was finished: what the pass over all tables had done."""
    if not gone:
        return
    for table in tables:
        for column in table.subject:
            replay.delete_where(table, column, sorted(gone))
