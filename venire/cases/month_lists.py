"""Lists that are kept by month, newest first, page by page: what came later buries nothing."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from venire.storage.tables.bulk import BulkListRow
from venire.storage.tables.copyright_desk import CopyrightListRow
from venire.storage.tables.orders import DemandListRow, OrderListRow
from venire.storage.verbs import Table
from venire.storage.world import World

PAGE = 40


L = TypeVar("L", OrderListRow, DemandListRow, CopyrightListRow, BulkListRow)
R = TypeVar("R", bound=msgspec.Struct)


class Span(msgspec.Struct, frozen=True):
    """Which part of a month is wanted: between two ids, neither of them in it.

    `reverse`: from the lower one upwards, when there is more than `limit`.
    """

    limit: int = PAGE
    above: int | None = None
    below: int | None = None
    reverse: bool = False


NEWEST = Span()


class MonthPage(msgspec.Struct, Generic[R], frozen=True):
    """A part of a month. `ids`: all that was read, shown or not; `more`: there may be others."""

    rows: list[R]
    ids: list[int]
    more: bool

    @property
    def older(self) -> int | None:
        """Below which id the list goes on; None at its end."""
        return self.ids[-1] if self.more and self.ids else None


async def read(
    world: World, by_month: Table[L], table: Table[R], month: str, span: Span
) -> MonthPage[R]:
    """What stands in a month (`YYYY-MM`), newest first."""
    listed = await world.storage.range(
        by_month,
        (month,),
        above=None if span.above is None else (span.above,),
        below=None if span.below is None else (span.below,),
        limit=span.limit,
        reverse=span.reverse,
    )
    ids = sorted((one.id for one in listed), reverse=True)
    rows = await world.storage.get_many(table, [(one,) for one in ids])
    return MonthPage([row for row in rows if row is not None], ids, len(ids) == span.limit)
