"""A table is checked when it is declared."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from tests.storage.house import ITEMS, PASSES, Item
from venire.kernel.errors import Refused
from venire.kernel.ids import AccountId
from venire.storage.tables.every import ALL
from venire.storage.verbs import Column, Table


class Odd(msgspec.Struct, frozen=True):
    id: AccountId
    maybe: int | None
    ratio: float
    flag: bool
    names: list[str]


class Plain(msgspec.Struct, frozen=True):
    id: AccountId
    maybe: int | None
    ratio: float
    flag: bool


def declared(row=Plain, **changes) -> Table:
    fields = {
        "name": "plain",
        "row": row,
        "question": "?",
        "partition": ("id",),
        "aggregate": "plain:{id}",
        "retention": "none",
    }
    return Table(**{**fields, **changes})


def test_columns_follow_from_the_fields_of_the_row():
    assert declared().columns == (
        Column("id", "int", optional=False),
        Column("maybe", "int", optional=True),
        Column("ratio", "real", optional=False),
        Column("flag", "bool", optional=False),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"partition": ("nothing",)},
        {"clustering": ("nothing",)},
        {"aggregate": "plain:{nothing}"},
        {"subject": ("nothing",)},
        {"version": "nothing"},
        {"clustering": ("maybe",)},
        {"clustering": ("ratio",)},
        {"clustering": ("flag",)},
    ],
    ids=str,
)
def test_a_declaration_that_cannot_be_is_refused(changes):
    with pytest.raises(Refused) as refused:
        declared(**changes)
    assert refused.value.code == "table_badly_declared"


def test_a_column_that_no_engine_can_hold_is_refused():
    with pytest.raises(Refused) as refused:
        declared(Odd)
    assert refused.value.code == "column_type_unknown"
    assert refused.value.data["column"] == "names"


def test_a_row_knows_its_key_and_its_aggregate():
    assert ITEMS.key_of(Item(7, 3, "x")) == (7, 3)
    assert ITEMS.aggregate_of(Item(7, 3, "x")) == "owner:7"


def test_a_table_without_versions_has_no_head():
    with pytest.raises(Refused) as refused:
        ITEMS.version_of(Item(1, 1))
    assert refused.value.code == "not_a_head"


def test_a_row_that_lapses_needs_a_table_that_expires():
    assert PASSES.expires
    assert not dataclasses.replace(PASSES, expires=False).expires


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_every_table_of_the_house_says_what_it_answers_and_how_long_it_keeps(table):
    assert table.question.endswith("?")
    assert table.retention
    assert table.aggregate.strip()
