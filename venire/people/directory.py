"""Who may be put before strangers, and who joined last of them."""

from __future__ import annotations

from venire.people.model import ACTIVE, Account
from venire.people.store import load_accounts, roll_month
from venire.storage.tables.roll import ROLL
from venire.storage.world import World

_MONTHS_MOST = 24
_ROWS_MOST = 1_000
_PAGE = 200


def may_be_recommended(account: Account) -> bool:
    """Whether an account wants to be found by strangers, and may be: no minor, none silenced."""
    return (
        account.state == ACTIVE
        and account.discoverable
        and not account.silenced
        and not account.minor
    )


def _before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02d}"


async def newest_members(world: World, most: int) -> list[Account]:
    """Who may be recommended, the latest to join first; looked for among the last thousand."""
    month = roll_month(world.ids.next())
    found: list[Account] = []
    below: tuple[int] | None = None
    looked = months = 0
    while len(found) < most and looked < _ROWS_MOST and months < _MONTHS_MOST:
        rows = await world.storage.range(ROLL, (month,), below=below, limit=_PAGE)
        accounts = await load_accounts(world, [row.account_id for row in rows])
        found += [account for account in accounts.values() if may_be_recommended(account)]
        looked += len(rows)
        if len(rows) < _PAGE:
            month, below, months = _before(month), None, months + 1
        else:
            below = (rows[-1].account_id,)
    return found[:most]
