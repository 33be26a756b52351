"""Texts on their way: what every text is counted by, what stops them all, what receipts say.

Only what was asked for is sent: a code to the number that its owner typed, an alert to a juror who
chose this way. Nothing here knows which vendor it was.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from venire.kernel.clock import DAY_MS, utc_day
from venire.kernel.errors import Conflict, Problem, Unavailable
from venire.kernel.messages import TEXT_STATES, TextMessage, TextReport
from venire.kernel.ports import SmsService
from venire.kernel.vendors import Rejected, VendorFault
from venire.people import phone_rules as rules
from venire.people import phones
from venire.people import text_counts as counts
from venire.people.admin_log import log_line
from venire.people.phone_rules import Counted, Number, TextPolicy
from venire.storage.tables.phones import (
    SENT_TEXTS,
    TEXT_SWITCHES,
    SentTextRow,
    TextDayRow,
    TextSwitchRow,
)
from venire.storage.verbs import Put
from venire.storage.world import World

_log = logging.getLogger(__name__)
CODES: Final = "texts"
_TEXT_KEPT_MS: Final = 3 * DAY_MS
_KEY_BYTES: Final = 16
_TAKEN: Final = "taken"
_STATES: Final = ("", _TAKEN, *TEXT_STATES)
_ALERT_S: Final = 4 * 3_600
"""An alert is worth delivering as long as no second one is sent."""
_TRIES: Final = 12
_REPORTS_MOST: Final = 1_000


@dataclasses.dataclass(frozen=True)
class Phones:
    """What texts go out by, and what the operator allows.

    `reporters`: the vendors behind the service, each by its name, for what they say of texts.
    """

    service: SmsService
    policy: TextPolicy
    reporters: Mapping[str, SmsService] = dataclasses.field(default_factory=dict)


def report_secret(world: World, name: str) -> str:
    """What the address has in it at which a vendor says what became of texts."""
    return world.vault.mark("text receipts", name.encode())[:_KEY_BYTES].hex()


def report_address(world: World, name: str) -> str:
    """Where a vendor says what became of texts: told to it, with each text, and to nobody else."""
    return f"{world.site.base_url}/api/v1/vendors/texts/{name}/{report_secret(world, name)}"


async def stopped(world: World) -> bool:
    """Whether an operator has stopped all texts."""
    row = await world.storage.get(TEXT_SWITCHES, (CODES,))
    return row is not None and row.stopped


async def stop(world: World, *, stopped: bool, actor_id: int) -> None:
    """Stop all texts, or let them go again; in every process from the next one on."""
    aggregate = f"text_switch:{CODES}"
    action = "stop_texts" if stopped else "allow_texts"
    log = log_line(
        world, actor_id=actor_id, action=action, target="", reason="", aggregate=aggregate
    )
    row = TextSwitchRow(CODES, stopped, world.now_ms())
    await world.storage.commit(aggregate, [Put(TEXT_SWITCHES, row), log])


def new_key(world: World) -> str:
    """The key of a text: receipts come back under it, so nobody can guess one."""
    return world.chance.token(_KEY_BYTES).hex()


async def refuse_stopped(world: World) -> None:
    """Unavailable `texts_stopped` where an operator has stopped them."""
    if await stopped(world):
        raise Unavailable("texts_stopped", "No texts are sent from here now: use another way")


async def spend(
    world: World, phones: Phones, number: Number, text: str, *, code: bool = True
) -> None:
    """Count a text before it is sent: a `code` by its prefix, and any by dial code and money.

    Throttled `texts_throttled`; Unavailable `texts_stopped`. Those who run the site are told.
    """
    await refuse_stopped(world)
    alarm = ""
    try:
        if code:
            prefix = prefix_name(world, number)
            await counts.take(world, f"hourly-{prefix}", rules.PREFIX)
            alarm = "prefix_closed"
            await counts.take_prefix(world, prefix)
        alarm = "day_full"
        await counts.take_day(world, phones.policy, number, code=code)
        alarm = "budget_spent"
        await counts.take_money(world, phones.policy, rules.segments(text))
    except Problem as problem:
        if problem.code != "try_again":
            row = await counts.count_day(world, number.dial, {"refused": 1})
            _log.warning("text_refused", extra={"dial": number.dial, "refused": row.refused})
            if alarm:
                await counts.raise_alarm(world, alarm, number.dial)
        raise


def prefix_name(world: World, number: Number) -> str:
    """The name under which the codes to a prefix are counted."""
    return counts.name_of(world, "prefix", number.prefix)


async def hand_over(
    world: World, phones: Phones, number: Number, message: TextMessage, *, code: bool = True
) -> bool:
    """Send a text that was counted; whether it went to somebody who takes texts at all.

    Unavailable `texts_unavailable` where no vendor takes it.
    """
    prefix = prefix_name(world, number) if code else ""
    day = utc_day(world.now_ms())
    row = SentTextRow(message.key, day, number.dial, prefix, "", verified=False)
    # Before it goes: its receipt may be here before its vendor has answered.
    ends_ms = world.now_ms() + _TEXT_KEPT_MS
    await world.storage.put_if_absent(SENT_TEXTS, row, expires_at_ms=ends_ms)
    try:
        await phones.service.send(message)
    except Rejected as fault:
        _log.info("text_rejected", extra={"said": fault.said})
        return False
    except VendorFault as fault:
        _log.warning("text_not_sent", extra={"said": fault.said})
        raise Unavailable(
            "texts_unavailable", "The text could not be sent: try again, or use another way"
        ) from None
    await _move(world, message.key, state=_TAKEN)
    return True


async def tell(
    world: World, desk: Phones | None, account_id: int, text: str, *, about: str, language: str
) -> str:
    """Say something to a member who has a number here: "" when it went out, else why not.

    `about` names it: what went out once is not sent again. `no_phone` where there is no way at
    all; `rejected` where that phone takes none.
    """
    phone = None if desk is None else await phones.phone_of(world, account_id)
    if desk is None or phone is None:
        return "no_phone"
    key = world.vault.mark("text about", about.encode())[:_KEY_BYTES].hex()
    before = await world.storage.get(SENT_TEXTS, (key,))
    if before is not None and before.state:
        return ""
    message = TextMessage(phone.e164, text, key, language, _ALERT_S)
    try:
        number = phones.number_of(phone, desk.policy.countries)
        await spend(world, desk, number, text, code=False)
        sent = await hand_over(world, desk, number, message, code=False)
    except Problem as problem:
        return problem.code
    return "" if sent else "rejected"


async def note_verified(world: World, key: str) -> None:
    """Count that the code of a text came back, once."""
    row = await _move(world, key, verified=True)
    if row is not None:
        await counts.count_day(world, row.dial, {"verified": 1}, day=row.day)
        await counts.count(world, row.prefix_name, rules.PREFIX_MS, {"verified": 1})


async def note_reports(world: World, reports: Sequence[TextReport]) -> None:
    """Take receipts in: twice, late or in another order, each text is counted as what it became.

    One that belongs to no text of ours is counted as that, and answered like any other.
    """
    for report in reports[:_REPORTS_MOST]:
        key = report.key
        if len(key) != 2 * _KEY_BYTES or await world.storage.get(SENT_TEXTS, (key,)) is None:
            await _look_at(world, await counts.count_day(world, 0, {"unknown": 1}))
            continue
        await _note(world, report)


async def _note(world: World, report: TextReport) -> None:
    row = await _move(world, report.key, state=report.state)
    if row is None or report.state == "sent":
        return
    # Of two vendors that both took it, one may say that it failed before the other has delivered.
    before = -1 if row.state == "failed" else 0
    added = {"delivered": 1, "failed": before} if report.state == "delivered" else {"failed": 1}
    after = await counts.count_day(world, row.dial, added, day=row.day)
    if row.prefix_name:
        await counts.count(world, row.prefix_name, rules.PREFIX_MS, added)
    await _look_at(world, after)


async def _look_at(world: World, day: TextDayRow) -> None:
    """Tell those who run the site where a day's texts look wrong."""
    for name in day_alarms(day):
        await counts.raise_alarm(world, name, day.dial)


async def _move(
    world: World, key: str, *, state: str | None = None, verified: bool = False
) -> SentTextRow | None:
    """Bring a text's row further; the row as it was before, None where nothing is new."""
    for _ in range(_TRIES):
        row = await world.storage.get(SENT_TEXTS, (key,))
        if row is None:
            return None
        further = state is not None and _rank(state) > _rank(row.state)
        if not further and not (verified and not row.verified):
            return None
        new = msgspec.structs.replace(
            row,
            state=state if further and state is not None else row.state,
            verified=row.verified or verified,
        )
        if await world.storage.compare_and_set(SENT_TEXTS, row, new):
            return row
    raise Conflict("try_again", "This changed meanwhile: try again")


def _rank(state: str) -> int:
    return _STATES.index(state)


def day_alarms(row: TextDayRow) -> tuple[str, ...]:
    """What of a day's texts to one dial code an operator should look at."""
    counted = Counted(row.sent, row.verified, row.delivered, row.failed, row.alerts)
    return rules.alarms(counted, row.unknown)


async def figures(world: World, phones: Phones | None, days: int = 7) -> dict[str, Any]:
    """What operators see: counts by day and dial code, money, alarms. No number, no person."""
    shown = []
    now_ms = world.now_ms()
    for back in range(days):
        for row in await counts.day_rows(world, utc_day(now_ms - back * DAY_MS)):
            told = msgspec.structs.asdict(row)
            shown.append({**told, "alarms": list(day_alarms(row))})
    return {
        "enabled": phones is not None,
        "stopped": await stopped(world),
        "countries": [] if phones is None else list(phones.policy.countries),
        "spent_this_hour": await counts.spent_this_hour(world),
        "budget_per_hour": 0 if phones is None else phones.policy.budget,
        "days": shown,
    }
