"""What the second engine asks a cluster, worked out without one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.storage.engines.cql_statements import (
    FOR_GOOD,
    LONGEST_S,
    SLACK_S,
    Slice,
    create_table,
    slice_of,
    statements_for,
    time_to_live_s,
)
from venire.storage.verbs import Table

LOWEST, HIGHEST = -(2**63), 2**63 - 1
NUMBERS = st.sampled_from([LOWEST, LOWEST + 1, -1, 0, 1, 2, HIGHEST - 1, HIGHEST])
TEXTS = st.sampled_from(["", "\x00", "a", "a\x00", "aa", "b", "😀"])
BLOBS = st.sampled_from([b"", b"\x00", b"a", b"a\x00", b"\xff"])


class Entry(msgspec.Struct, frozen=True):
    """Sorted by every kind that a key may have."""

    owner: int
    n: int
    title: str
    mark: bytes
    note: str | None = None


ENTRIES: Table[Any] = Table(
    name="entries",
    row=Entry,
    question="In which order?",
    partition=("owner",),
    clustering=("n", "title", "mark"),
    descending=True,
    aggregate="owner:{owner}",
    retention="none",
    expires=True,
    guarded=True,
)
KEYS = st.tuples(NUMBERS, TEXTS, BLOBS)


def place(values: Any) -> Any:
    return tuple(v.encode() if isinstance(v, str) else v for v in values)


def meets(asked: Slice | None, key: tuple[Any, ...]) -> bool:
    """Whether a cluster would return a row with these clustering values."""
    if asked is None:
        return False
    parameters = list(asked.parameters)[1:]
    fixed = asked.fixed - 1
    if place(key[:fixed]) != place(parameters[:fixed]):
        return False
    rest, bounds = key[fixed:], parameters[fixed:]
    sign, count = asked.lower
    if count:
        lower, rest_of = place(bounds[:count]), place(rest[:count])
        if rest_of < lower or (rest_of == lower and sign == ">"):
            return False
    upper = bounds[count:]
    assert len(upper) == asked.upper
    return not upper or place(rest[: len(upper)]) < place(upper)


@given(
    key=KEYS,
    fixed=st.integers(0, 2),
    near=KEYS,
    ends=st.tuples(*[st.tuples(st.one_of(st.none(), KEYS), st.integers(1, 3))] * 2),
)
def test_a_slice_holds_the_rows_that_the_verb_means(key, fixed, near, ends):
    prefix = near[:fixed]
    bounds = [
        None if bound is None else bound[fixed : max(fixed + 1, length)] for bound, length in ends
    ]
    asked = slice_of(ENTRIES, (7, *prefix), *bounds)

    rest = key[fixed:]
    wanted = (
        place(key[:fixed]) == place(prefix)
        and (bounds[0] is None or place(rest[: len(bounds[0])]) > place(bounds[0]))
        and (bounds[1] is None or place(rest[: len(bounds[1])]) < place(bounds[1]))
    )
    assert meets(asked, key) == wanted


@given(
    fixed=st.integers(0, 2),
    near=KEYS,
    above=st.one_of(st.none(), KEYS),
    below=st.one_of(st.none(), KEYS),
)
def test_no_slice_is_one_that_scylladb_reads_wrongly(fixed, near, above, below):
    """Bounds of one length, and over several columns only where none is fixed."""
    ends = [None if bound is None else bound[fixed:] for bound in (above, below)]
    asked = slice_of(ENTRIES, (7, *near[:fixed]), *ends)
    if asked is None:
        return
    lengths = {length for length in (asked.lower[1], asked.upper) if length}
    assert len(lengths) <= 1
    assert asked.fixed == 1 or lengths <= {1}


@pytest.mark.parametrize(
    ("lapses_ms", "seconds"),
    [
        (None, 0),
        (FOR_GOOD, 0),
        (1_000_001, SLACK_S + 1),
        (1_001_000, SLACK_S + 1),
        (1_001_001, SLACK_S + 2),
        (0, SLACK_S),
        (1_000_000 + 1000 * LONGEST_S, 0),
    ],
)
def test_the_cluster_keeps_a_row_longer_than_it_lives(lapses_ms, seconds):
    assert time_to_live_s(lapses_ms, 1_000_000) == seconds


def test_a_table_is_declared_with_its_direction_and_what_guards_it():
    assert create_table(ENTRIES) == (
        'CREATE TABLE IF NOT EXISTS "entries" ("owner" bigint, "n" bigint, "title" text,'
        ' "mark" blob, "note" text, "expires_at_ms" bigint, "guard_claims" blob,'
        ' "guard_intent" blob, PRIMARY KEY (("owner"), "n", "title", "mark"))'
        ' WITH CLUSTERING ORDER BY ("n" DESC, "title" DESC, "mark" DESC)'
    )


def test_a_deleted_guarded_row_keeps_only_its_claims():
    statements = statements_for(ENTRIES)
    there = (1, 2, "t", b"m", None, FOR_GOOD, b"\x00claims", None)
    gone = (1, 2, "t", b"m", None, None, b"\x01claims", None)

    assert statements.read(there, {}).row == Entry(1, 2, "t", b"m")
    assert statements.read(gone, {}).row is None
    assert statements.read(gone, {}).claims == b"\x01claims"
