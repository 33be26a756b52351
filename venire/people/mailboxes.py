"""Another e-mail address for somebody whose first one nobody confirmed: it was mistyped."""

from __future__ import annotations

import msgspec

from venire.kernel.errors import Conflict, NotFound
from venire.people.actions import refuse_faults
from venire.people.mail_rules import email_faults
from venire.people.rules import Fault, check_email, normal_email
from venire.people.store import (
    changed_account_writes,
    changed_address_writes,
    claim_email,
    load_account,
    load_login,
)
from venire.storage.world import World

_TRIES = 4


async def change_waiting_address(world: World, account_id: int, email: str) -> None:
    """Replace the address of an account that waits for it; links that went to the old one end.

    Invalid `validation_failed`, NotFound `record_not_found`.
    """
    faults = check_email(email) or await email_faults(world, email)
    if not faults and not await claim_email(world, email, account_id):
        faults = [Fault("email", "ERR_TAKEN", "has already been taken")]
    refuse_faults(faults)
    for _ in range(_TRIES):
        account, login = await load_account(world, account_id), await load_login(world, account_id)
        if account is None or login is None or login.confirmed_at_ms is not None:
            raise NotFound("record_not_found", "Record not found")
        same = msgspec.structs.replace(account, version=account.version + 1)
        writes = [
            *changed_account_writes(account, same),
            *changed_address_writes(login, normal_email(email)),
        ]
        try:
            await world.storage.commit(f"account:{account_id}", writes, expect=account.version)
        except Conflict:
            continue
        return
    raise Conflict("try_again", "This changed meanwhile: try again")
