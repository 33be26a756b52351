"""Who serves, and whether they were paid, as an admin notes it: for others, and each in the log.

The log names no juror to a moderator: what is said there of these acts is for admins.
"""

from __future__ import annotations

from typing import Final, cast

from starlette.responses import Response

from venire.api.admin_accounts import check_admin
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases import pay_statements
from venire.cases.court import Court
from venire.jury import actions as jury
from venire.kernel.errors import Forbidden, Invalid
from venire.people.admin_log import APPOINT_JUROR, SETTLE_PAYOUT, log_line
from venire.treasury import payouts, store
from venire.treasury.ledger import PAYOUT
from venire.treasury.model import MOST, PayoutState

_REASON: Final = 500


def _check_other(request: ApiRequest, account_id: int) -> int:
    """The admin who acts on somebody else. Forbidden `own_account`."""
    if account_id == request.account_id:
        raise Forbidden("own_account", "another has to do this for your account")
    return request.account_id


async def settle_payout(court: Court, request: ApiRequest) -> Response:
    """Note what became of a payout that was made by hand (admin)."""
    check_admin(request)
    form = await request.form()
    account_id, payout_id = form.identifier("account_id"), form.identifier("id")
    if account_id is None or payout_id is None:
        raise Invalid("payout_missing", "account_id and id name a payout")
    actor_id = _check_other(request, account_id)
    state = form.required("state", limit=20)
    if state not in set(PAYOUT.names) - {"withdrawn"}:
        raise Invalid("payout_state_unknown", "state is sent, paid or failed")
    now = court.policy.pay.currency
    currency = await payouts.ledger_of(court.world, now, account_id, payout_id)
    said = form.text("said", "", limit=payouts.SAID_CHARACTERS) or ""
    line = log_line(
        court.world,
        actor_id=actor_id,
        action=SETTLE_PAYOUT,
        target=f"payout:{payout_id}",
        reason=f"{state}: {said}",
        aggregate=store.desk_aggregate(currency, account_id),
    )
    moved = await payouts.move(
        court.world,
        currency,
        account_id,
        payout_id,
        cast("PayoutState", state),
        fee=form.integer("fee", 0, high=MOST),
        said=said,
        also=(line,),
    )
    return json_response(pay_statements.payout_view(court.policy, moved))


async def appoint(court: Court, request: ApiRequest) -> Response:
    """Make an account a juror or a member of the bench (admin)."""
    check_admin(request)
    form = await request.form()
    account_id = form.identifier("account_id")
    if account_id is None:
        raise Invalid("account_id_missing", "account_id names who is appointed")
    actor_id = _check_other(request, account_id)
    said = {name: form.flag(name) for name in ("bench", "paid")}
    given = ", ".join(
        name if value else f"not {name}" for name, value in said.items() if value is not None
    )
    line = log_line(
        court.world,
        actor_id=actor_id,
        action=APPOINT_JUROR,
        target=f"account:{account_id}",
        reason=f"{given or 'trained'}: {form.text('reason', '', limit=_REASON) or ''}",
        aggregate=f"juror:{account_id}",
    )
    await jury.appoint(
        court.world, account_id, bench=said["bench"], paid=said["paid"], also=(line,)
    )
    # Nothing more: what they chose, and how they are paid, is their own.
    return json_response({"account_id": str(account_id)})
