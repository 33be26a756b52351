"""The only opener of the appeals' tables."""

from __future__ import annotations

from venire.cases.entries import step_number
from venire.cases.model import Appeal
from venire.storage.tables.appeals import (
    APPEALS,
    APPEALS_BY_ACCOUNT,
    AppealOfAccountRow,
    AppealRow,
)
from venire.storage.verbs import Put, Storage, Write

_PAGE = 500


def put_appeal(row: AppealRow) -> list[Write]:
    """The writes of an appeal, and of how its maker finds it."""
    found = AppealOfAccountRow(row.account_id, row.case_id, row.decision)
    return [Put(APPEALS, row), Put(APPEALS_BY_ACCOUNT, found)]


async def appeal(
    storage: Storage, case_id: int, decision: int, account_id: int
) -> AppealRow | None:
    """What an account appealed against one decision of a case."""
    return await storage.get(APPEALS, (case_id, decision, account_id))


async def leading(storage: Storage, row: AppealRow) -> AppealRow:
    """The appeal that this one joined, or itself: state and code are to be read there."""
    if row.leader_id == row.account_id:
        return row
    return await appeal(storage, row.case_id, row.decision, row.leader_id) or row


async def of_case(storage: Storage, case_id: int, appeal: Appeal) -> AppealRow | None:
    """The row of the appeal that runs on a case."""
    key = (case_id, step_number(appeal.decision), appeal.account_id)
    return await storage.get(APPEALS, key)


async def is_appealed(
    storage: Storage, case_id: int, decision: int, *, for_site: bool = False
) -> bool:
    """Whether a side has appealed against a decision; `for_site`: whether the site has."""
    rows = await _against(storage, case_id, decision)
    of_site = {row.account_id for row in rows if row.for_site}
    return bool(of_site) if for_site else any(row.leader_id not in of_site for row in rows)


async def joined(storage: Storage, row: AppealRow) -> list[AppealRow]:
    """Everyone who makes the same appeal, the first among them."""
    rows = await _against(storage, row.case_id, row.decision)
    return [one for one in rows if one.leader_id == row.leader_id]


async def _against(storage: Storage, case_id: int, decision: int) -> list[AppealRow]:
    found: list[AppealRow] = []
    above: tuple[int] | None = None
    while True:
        page = await storage.range(APPEALS, (case_id, decision), above=above, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            return found
        above = (page[-1].account_id,)


async def against_case(storage: Storage, case_id: int, limit: int = _PAGE) -> list[AppealRow]:
    """The appeals of a case, by decision."""
    return await storage.range(APPEALS, (case_id,), limit=limit)


async def of_account(storage: Storage, account_id: int, limit: int = 100) -> list[AppealRow]:
    """The appeals of an account, those on the newest cases first."""
    keys = await storage.range(APPEALS_BY_ACCOUNT, (account_id,), limit=limit)
    rows = await storage.get_many(
        APPEALS, [(key.case_id, key.decision, key.account_id) for key in keys]
    )
    return [row for row in rows if row is not None]
