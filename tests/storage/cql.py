"""What CQL would be asked, or why it would refuse: the rules that the verbs must stay within.

The rules are those of Cassandra 5 and, where it is stricter, of ScyllaDB: a slice over several
clustering columns behind one that is fixed is refused there (scylladb issues 64 and 4244).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from venire.storage.verbs import Table

_WORDS = """
add allow alter and apply asc authorize batch begin by columnfamily create default delete desc
describe drop entries execute from full grant if in index infinity insert into is keyspace
limit materialized modify mbean mbeans nan norecursive not null of on or order primary rename
replace revoke schema select set table to token truncate unlogged unset update use using view
where with
"""
RESERVED = frozenset(_WORDS.split())
"""Names that CQL takes for its own unless they are quoted everywhere."""


class CqlRefusesError(Exception):
    """CQL has no statement for this, or only one that reads more than it answers."""


def _refuse_columns(table: Table[Any], named: set[str]) -> None:
    for name in named:
        if name not in table.key:
            raise CqlRefusesError(f"{name} is no key column: that is filtering")
    for name in (table.name, *(column.name for column in table.columns)):
        if name in RESERVED:
            raise CqlRefusesError(f"{name} is a word of CQL")


def _refuse_slice(
    table: Table[Any], equal: Sequence[str], above: Sequence[str], below: Sequence[str]
) -> None:
    if list(equal) != list(table.key[: len(equal)]):
        raise CqlRefusesError("columns are skipped")
    if len(equal) < len(table.partition):
        raise CqlRefusesError("the partition key is not whole")
    rest = table.key[len(equal) :]
    for bound in (above, below):
        if list(bound) != list(rest[: len(bound)]):
            raise CqlRefusesError("a bound skips a clustering column")
    if max(len(above), len(below)) > 1 and len(equal) > len(table.partition):
        raise CqlRefusesError("a slice over several columns behind a fixed one")


def cql_for(
    table: Table[Any],
    equal: Sequence[str],
    *,
    above: Sequence[str] = (),
    below: Sequence[str] = (),
    reverse: bool = False,
    order: Sequence[str] | None = None,
    one: bool = False,
) -> str:
    """The statement for a range (or, with `one`, a get) by the columns that are given."""
    _refuse_columns(table, {*equal, *above, *below})
    _refuse_slice(table, equal, above, below)
    if one and len(equal) < len(table.key):
        raise CqlRefusesError("a get needs the whole key")
    rest = table.key[len(equal) :]
    if order is not None and list(order) != list(rest):
        raise CqlRefusesError("rows are ordered by their clustering columns, all in one direction")
    tuples = max(len(above), len(below)) > 1
    where = [f"{name} = ?" for name in equal]
    for bound, sign in ((above, ">"), (below, "<")):
        if tuples and bound:
            where.append(f"({', '.join(bound)}) {sign} ({', '.join('?' * len(bound))})")
        elif bound:
            where.append(f"{bound[0]} {sign} ?")
    columns = ", ".join(column.name for column in table.columns)
    text = f"SELECT {columns} FROM {table.name} WHERE {' AND '.join(where)}"  # noqa: S608 - not run
    if one:
        return text
    if reverse and rest:
        direction = "ASC" if table.descending else "DESC"
        # All clustering columns are named, those that are fixed too: so wants Cassandra.
        text += f" ORDER BY {', '.join(f'{name} {direction}' for name in table.clustering)}"
    return text + " LIMIT ?"


def cql_create(table: Table[Any]) -> str:
    """The table as CQL declares it."""
    kinds = {"int": "bigint", "text": "text", "blob": "blob", "real": "double", "bool": "boolean"}
    columns = ", ".join(f"{column.name} {kinds[column.kind]}" for column in table.columns)
    key = ", ".join([f"({', '.join(table.partition)})", *table.clustering])
    text = f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({key}))"
    if table.descending and table.clustering:
        order = ", ".join(f"{name} DESC" for name in table.clustering)
        text += f" WITH CLUSTERING ORDER BY ({order})"
    return text
