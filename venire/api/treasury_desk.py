"""The books and the payers as an admin sees them: balances, files for the bank, refunds, payees."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from starlette.responses import Response

from venire.api.admin_accounts import check_admin
from venire.api.memberships import money_of
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from venire.kernel.ids import parse_id
from venire.kernel.money import Payee
from venire.kernel.ports import PayoutService
from venire.kernel.vendors import VendorFault
from venire.people import store as people
from venire.people.admin_log import log_line
from venire.storage.tables.paying_out import PayoutFileRow
from venire.storage.tables.payments import ReconciliationRow
from venire.treasury import (
    actions,
    bank_files,
    destinations,
    income,
    ledger,
    payments,
    reconciling,
    refunding,
    store,
)
from venire.treasury.desk import Money
from venire.treasury.model import (
    BANK,
    CLEARING,
    DISPUTES,
    DONATIONS,
    FEES,
    FEES_OF,
    FUND,
    MEMBERSHIPS,
    MOST,
    OWNER,
    REFUNDS,
    SERVICE,
    TRANSIT,
    Entry,
)

_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)
_REASON: Final = 500
_SHARED: Final = (
    FUND,
    OWNER,
    SERVICE,
    TRANSIT,
    FEES,
    MEMBERSHIPS,
    DONATIONS,
    REFUNDS,
    DISPUTES,
    BANK,
)


def _currency(text: str) -> str:
    if not _CURRENCY.fullmatch(text):
        raise Invalid("currency_invalid", "A currency has three capital letters")
    return text


async def show(court: Court, request: ApiRequest) -> Response:
    """Balances of the shared accounts by currency, files, comparisons with each processor."""
    check_admin(request)
    money = money_of(court)
    listed = (*money.prices.memberships, *money.prices.donations)
    currencies = dict.fromkeys((*money.currencies, *(one.currency for one in listed)))
    return json_response(
        {
            "currencies": [await _books(court, money, one) for one in currencies],
            "processors": [
                {
                    "name": name,
                    "webhooks_refused": money.forged.get(name, 0),
                    "comparisons": [
                        _comparison(one) for one in await reconciling.recent(court.world, name)
                    ],
                }
                for name in money.payments.services
            ],
            "payers": list(money.payouts.services),
            "bank_file": None if money.bank is None else money.bank.form,
        }
    )


async def _books(court: Court, money: Money, currency: str) -> dict[str, Any]:
    names = [
        *_SHARED,
        *(f"{CLEARING}{name}" for name in money.payments.services),
        *(f"{FEES_OF}{name}" for name in money.payments.services),
    ]
    balances = {
        name: (await actions.balance(court.world, currency, name)).balance for name in names
    }
    waiting = await bank_files.queue(court.world, currency)
    return {
        "currency": currency,
        "digits": money.digits.of(currency),
        "balances": {name: amount for name, amount in balances.items() if amount},
        "waiting_for_bank": len(waiting),
        "files": [_file(one) for one in await bank_files.files(court.world, currency)],
    }


def _comparison(row: ReconciliationRow) -> dict[str, Any]:
    return {
        "day": row.day,
        "at": iso_ms(row.at_ms),
        "listed": row.listed,
        "found": row.found,
        "differences": msgspec.json.decode(row.differences),
    }


def _file(row: PayoutFileRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "currency": row.ledger,
        "state": row.state,
        "form": row.form,
        "payouts": [str(one) for one in msgspec.json.decode(row.payouts, type=list[int])],
        "total": row.total,
        "made_at": iso_ms(row.made_at_ms),
        "sent_at": None if row.sent_at_ms is None else iso_ms(row.sent_at_ms),
    }


async def fund(court: Court, request: ApiRequest) -> Response:
    """Set money aside for jurors: `currency`, `amount`, and a `key` that makes it once."""
    actor_id = check_admin(request)
    form = await request.form()
    currency = _currency(form.required("currency", limit=3))
    amount, key = _amount(form.integer("amount", 0, high=MOST)), _key(form.required("key"))
    entry = ledger.funded(currency, key, amount, court.world.now_ms())
    reason = form.text("reason", "", limit=_REASON) or ""
    new = await _post(court, entry, actor_id, "fund_treasury", reason)
    return json_response({"currency": currency, "amount": amount, "new": new})


async def settled(court: Court, request: ApiRequest) -> Response:
    """A processor handed money over to the bank: `processor`, `currency`, `amount`, `key`."""
    actor_id = check_admin(request)
    form = await request.form()
    vendor = form.required("processor", limit=40)
    if vendor not in money_of(court).payments.services:
        raise NotFound("record_not_found", "Record not found")
    currency = _currency(form.required("currency", limit=3))
    amount, key = _amount(form.integer("amount", 0, high=MOST)), _key(form.required("key"))
    entry = income.settled(currency, vendor, key, amount, court.world.now_ms())
    reason = form.text("reason", "", limit=_REASON) or ""
    new = await _post(court, entry, actor_id, "settle_processor", reason)
    return json_response({"currency": currency, "amount": amount, "new": new})


def _amount(amount: int) -> int:
    if amount <= 0:
        raise Invalid("amount_not_allowed", "An amount is above 0")
    return amount


def _key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise Invalid("key_invalid", "A key is letters, digits, hyphens and underscores")
    return key


async def _post(court: Court, entry: Entry, actor_id: int, action: str, reason: str) -> bool:
    """Post an entry with its line in the log. Conflict `entry_differs`."""
    there = await store.entry(court.world.storage, entry.ledger, entry.key)
    if there is not None and there.postings != entry.postings:
        raise Conflict("entry_differs", "This key was used for another amount")
    line = log_line(
        court.world,
        actor_id=actor_id,
        action=action,
        target=f"ledger:{entry.ledger}",
        reason=f"{entry.postings[0].amount}: {reason}",
        aggregate=store.aggregate(entry),
    )
    return await actions.post(court.world, entry, [line])


# files for the bank


async def make_file(court: Court, request: ApiRequest) -> Response:
    """Gather the payouts that wait in a `currency` into a file for the bank."""
    check_admin(request)
    form = await request.form()
    currency = _currency(form.required("currency", limit=3))
    return json_response(_file(await bank_files.make(court.world, money_of(court), currency)))


def _place(request: ApiRequest) -> tuple[str, int]:
    """Currency and id of a file in the path."""
    currency, file_id = request.path_text("currency"), parse_id(request.path_text("id"))
    if not _CURRENCY.fullmatch(currency) or file_id is None:
        raise NotFound("record_not_found", "Record not found")
    return currency, file_id


async def download_file(court: Court, request: ApiRequest) -> Response:
    """A file as the bank takes it: ISO 20022 XML, whose every download is in the log."""
    actor_id = check_admin(request)
    currency, file_id = _place(request)
    money = money_of(court)
    content = await bank_files.content(court.world, money, currency, file_id)
    aggregate = f"payout_file:{currency}:{file_id}"
    line = log_line(
        court.world,
        actor_id=actor_id,
        action="download_payout_file",
        target=f"payout_file:{file_id}",
        reason="",
        aggregate=aggregate,
    )
    await court.world.storage.commit(aggregate, [line])
    headers = {
        "Content-Disposition": f'attachment; filename="payouts-{currency}-{file_id}.xml"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, headers=headers, media_type="application/xml")


async def file_sent(court: Court, request: ApiRequest) -> Response:
    """The file was handed to the bank."""
    check_admin(request)
    currency, file_id = _place(request)
    return json_response(_file(await bank_files.note_sent(court.world, currency, file_id)))


async def settle_file(court: Court, request: ApiRequest) -> Response:
    """What the bank did: all of a file was paid but those in `failed`; never one's own payout."""
    actor_id = check_admin(request)
    currency, file_id = _place(request)
    await bank_files.load(court.world, currency, file_id)
    failed = frozenset((await request.form()).identifiers("failed"))
    paid, back = await bank_files.settle(
        court.world, currency, file_id, failed=failed, without=actor_id
    )
    return json_response({"paid": paid, "failed": back})


# refunds and payees


async def refund(court: Court, request: ApiRequest) -> Response:
    """Have a payment paid back, or `amount` of it; the processor's word of it is posted."""
    actor_id = check_admin(request)
    payment_id = request.path("id")
    payment = await payments.load(court.world, payment_id)
    if payment is None:
        raise NotFound("record_not_found", "Record not found")
    if payment.account_id == actor_id:
        raise Forbidden("own_account", "another has to do this for your account")
    form = await request.form()
    amount = form.integer("amount", 0, high=MOST) if "amount" in form else None
    aggregate = f"payment:{payment_id}"
    line = log_line(
        court.world,
        actor_id=actor_id,
        action="refund_payment",
        target=f"payment:{payment_id}",
        reason=form.text("reason", "", limit=_REASON) or "",
        aggregate=aggregate,
    )
    # Before it is asked for: that somebody tried is to be known, whatever the processor says.
    await court.world.storage.commit(aggregate, [line])
    asked = await refunding.refund(court.world, money_of(court), payment_id, amount)
    return json_response({"payment_id": str(payment_id), "asked": asked})


async def payee(court: Court, request: ApiRequest) -> Response:
    """How a payer's own checks of a juror stand (identity, sanctions); where to is not shown."""
    check_admin(request)
    account_id = request.path("id")
    if await people.load_account(court.world, account_id) is None:
        raise NotFound("record_not_found", "Record not found")
    money = money_of(court)
    to = await destinations.load(court.world, account_id)
    if to is None:
        return json_response({"account_id": str(account_id), "way": None, "payers": []})
    found: list[dict[str, Any]] = []
    for name, service in money.payouts.services.items():
        if not any(service.serves(to, one) for one in money.currencies):
            continue

        async def ask(one: PayoutService) -> Payee:
            return await one.payee(to)

        try:
            said = await money.payouts.call_one(name, ask)
        except VendorFault as fault:
            found.append({"payer": name, "state": "unknown", "said": fault.said})
            continue
        found.append(
            {
                "payer": name,
                "state": said.state,
                "may_be_paid": said.may_be_paid,
                "missing": list(said.missing),
            }
        )
    return json_response({"account_id": str(account_id), "way": to.way, "payers": found})
