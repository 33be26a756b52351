"""What waits at a desk of persons and runs out of time: those who can act hear of it, once."""

from __future__ import annotations

from collections.abc import Collection

from venire.cases import delivery
from venire.cases.court import Court
from venire.kernel.clock import iso_ms, utc_day
from venire.kernel.i18n import translate
from venire.people import actions as people
from venire.people.model import ADMIN
from venire.people.store import load_account, staff
from venire.storage.tables.copyright_desk import CopyrightNoticeRow
from venire.storage.tables.orders import DemandRow


def late_ms(row: CopyrightNoticeRow | DemandRow) -> int:
    """When a quarter of the time is left."""
    return row.due_at_ms - max(0, row.due_at_ms - row.received_at_ms) // 4


async def working(court: Court, kept_out: Collection[int], *, admins: bool) -> list[int]:
    """The admins, or all who moderate, but for some."""
    found = []
    for one in await staff(court.world):
        account = await load_account(court.world, one.account_id)
        may = account is not None and (account.role == ADMIN if admins else account.moderates)
        if may and one.account_id not in kept_out:
            found.append(int(one.account_id))
    return found


async def tell_of_notice(court: Court, row: CopyrightNoticeRow, uploaders: Collection[int]) -> None:
    """Tell the moderators that copyright notices wait: once a day, whoever floods the form."""
    day = utc_day(row.received_at_ms)
    # The page of the list that begins with this one: newer ones do not bury it.
    place = f"/moderation/copyright?month={day[:7]}&below={row.id + 1}"
    url = f"{court.world.site.base_url}{place}"
    today = utc_day(court.world.now_ms())
    for account_id in await working(court, uploaders, admins=False):
        text = translate(
            await people.language_of(court.world, account_id),
            "Copyright notices wait for a moderator, one of them until {due}: {url}",
            due=iso_ms(row.due_at_ms),
            url=url,
        )
        await delivery.tell(court, account_id, text, key=f"copyright_late:{today}:{account_id}")


async def tell_of_demand(court: Court, row: DemandRow, about: Collection[int]) -> None:
    """Tell the admins that a demand for data waits; never whom it is about."""
    url = f"{court.world.site.base_url}/moderation/demands/{row.id}"
    for account_id in await working(court, about, admins=True):
        text = translate(
            await people.language_of(court.world, account_id),
            "A demand for data waits for an admin until {due}: {url}",
            due=iso_ms(row.due_at_ms),
            url=url,
        )
        await delivery.tell(court, account_id, text, key=f"demand:{row.id}:late:{account_id}")
