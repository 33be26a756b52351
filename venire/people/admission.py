"""Letting people in who waited: an address that is theirs, a moderator's word, coming of age."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.events import AccountAdmitted, Event
from venire.kernel.clock import utc_day
from venire.kernel.errors import Conflict, NotFound
from venire.people.admin_log import log_line
from venire.people.ages import is_minor
from venire.people.model import ACTIVE, PENDING, UNCONFIRMED, Account
from venire.people.store import (
    changed_account_events,
    changed_account_writes,
    load_account,
    load_login,
    save_login,
)
from venire.storage.verbs import Write
from venire.storage.world import World

ADULTHOOD = "adulthood"
"""The timer at which an account stops being a minor's."""
_TRIES = 4


async def change_account(
    world: World,
    account_id: int,
    also: Sequence[Write] = (),
    told: Sequence[Event] = (),
    **given: object,
) -> tuple[Account, Account]:
    """Change an account's row, whoever else does meanwhile; as it was and as it is now.

    `also`: more rows of the account; `told`: more events of it. NotFound `record_not_found`,
    Conflict `try_again`.
    """
    for _ in range(_TRIES):
        old = await load_account(world, account_id)
        if old is None:
            raise NotFound("record_not_found", "Record not found")
        new = msgspec.structs.replace(old, **given, version=old.version + 1)
        if msgspec.structs.replace(new, version=old.version) == old:
            return old, old
        try:
            await world.storage.commit(
                f"account:{old.id}",
                [*changed_account_writes(old, new), *also],
                [*changed_account_events(old, new), *told],
                expect=old.version,
            )
        except Conflict:
            continue
        return old, new
    raise Conflict("try_again", "This changed meanwhile: try again")


async def confirm_contact(world: World, account_id: int, *, actor_id: int | None = None) -> Account:
    """Note that an e-mail address is confirmed; the account is open from now on.

    `actor_id`: the operator who says so.
    """
    login = await load_login(world, account_id)
    if login is None:
        raise NotFound("record_not_found", "Record not found")
    if login.confirmed_at_ms is None:
        confirmed = msgspec.structs.replace(login, confirmed_at_ms=world.now_ms())
        await save_login(world, login, confirmed)
    account = await load_account(world, account_id)
    if account is not None and account.state != UNCONFIRMED:
        return account
    line = _logged(world, actor_id, "confirm", account_id)
    # Whoever confirms their own address knows it already.
    told = [] if actor_id is None else [AccountAdmitted(account_id)]
    return (await change_account(world, account_id, line, told, state=ACTIVE))[1]


async def approve_account(world: World, account_id: int, *, actor_id: int | None = None) -> Account:
    """Let in someone who waited for a moderator. NotFound where nobody waits.

    Where letters are sent, an address that nobody confirmed yet is still waited for.
    """
    account = await load_account(world, account_id)
    if account is None or account.state != PENDING:
        raise NotFound("record_not_found", "Record not found")
    login = await load_login(world, account_id)
    confirmed = login is None or login.confirmed_at_ms is not None or not world.site.letters
    state = ACTIVE if confirmed else UNCONFIRMED
    line = _logged(world, actor_id, "approve", account_id)
    told = [AccountAdmitted(account_id)]
    return (await change_account(world, account_id, line, told, state=state))[1]


def _logged(world: World, actor_id: int | None, action: str, account_id: int) -> list[Write]:
    if actor_id is None:
        return []
    aggregate = f"account:{account_id}"
    target = str(account_id)
    return [
        log_line(
            world,
            actor_id=actor_id,
            action=action,
            target=target,
            reason="",
            aggregate=aggregate,
        )
    ]


async def come_of_age(world: World, account_id: int) -> None:
    """Note that an account is no minor's any more. Harmless before its time."""
    login = await load_login(world, account_id)
    account = await load_account(world, account_id)
    if login is None or account is None or not account.minor:
        return
    if not is_minor(login.birth_year, utc_day(world.now_ms())):
        await change_account(world, account_id, minor=False)
