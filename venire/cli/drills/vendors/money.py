"""Drills of money: members pay, jurors are paid, and the books are right on both sides of it."""

from __future__ import annotations

import asyncio
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, Final, NamedTuple

from sepaxml.validation import ValidationError, try_valid_xml

from venire.cli.drills import site
from venire.cli.drills.counterparts import stripe, xendit
from venire.cli.drills.counterparts.stripe import StripeCounterpart
from venire.cli.drills.counterparts.xendit import XenditCounterpart
from venire.cli.drills.vendors import population as people
from venire.cli.drills.vendors import stores
from venire.cli.drills.vendors.casting import processors
from venire.cli.drills.vendors.population import Population
from venire.cli.drills.vendors.stage import (
    Caller,
    Serving,
    Stage,
    vendor,
    vendor_state,
    wait_until,
    write_settings,
)
from venire.kernel.clock import SystemClock

PRICE: Final = {"currency": "IDR", "amount": 5_000_000, "period": "month"}
PAY: Final = "EUR"
"""What the policy that comes with the program pays jurors in."""
_IBAN: Final = "DE89370400440532013000"
_BIC: Final = "COBADEFFXXX"
_FOLLOWS_S: Final = 60.0


class Payments(NamedTuple):
    """Two processors and their blocks, with a bank's file beside them."""

    first: StripeCounterpart
    second: XenditCounterpart
    blocks: list[tuple[str, dict[str, Any]]]


def payments(stage: Stage, data: Path) -> Payments:
    """Two processors, for payments in and for payouts: `a` first."""
    first, second = processors(stage)
    cards = stage.secret(data, "a-cards", f"{stripe.KEY}\n{stripe.SIGNING}\n")
    other = stage.secret(data, "b-cards", f"{xendit.KEY}\n{xendit.TOKEN}\n")
    bank = {
        "name": "Venire drill",
        "iban": _IBAN,
        "bic": _BIC,
        "sepa": "yes",
        "currencies": PAY,
        "title": "Jury service",
    }
    blocks = [
        vendor("payments", "a-cards", "stripe", secret_file=cards, options={"address": first.url}),
        vendor("payments", "b-cards", "xendit", secret_file=other, options={"address": second.url}),
        vendor(
            "payouts", "a-pay", "stripe-connect", secret_file=cards, options={"address": first.url}
        ),
        vendor("payouts", "b-bank", "bank-file", options=bank),
        ("prices", PRICE),
    ]
    return Payments(first, second, blocks)


def join(caller: Caller) -> tuple[int, float]:
    """A member begins to pay for a membership: the payment's id, and how long it took."""
    began_s = time.monotonic()
    made = caller.ask("POST", "/api/v1/memberships/checkout", json=PRICE)
    return int(made["payment_id"]), time.monotonic() - began_s


def told(caller: Caller, name: str, webhook: tuple[dict[str, str], bytes]) -> bool:
    """A processor tells the site of a payment; whether the site took it."""
    headers, body = webhook
    path = f"/api/v1/webhooks/payments/{name}"
    return caller.client.post(path, headers=headers, content=body).is_success


def pay_by(standing: Payments, caller: Caller, member: Caller) -> bool:
    """Somebody joins, pays wherever the site sent them, and is a member; whether that worked."""
    # A processor signs with the time of the day: what is minutes old is refused as a replay.
    standing.first.now_s = standing.second.now_s = SystemClock().now_ms() // 1_000
    payment_id, _ = join(member)
    by_first = any(
        one["client_reference_id"] == str(payment_id)
        for one in standing.first.things["sessions"].values()
    )
    if by_first:
        good = told(caller, "a-cards", standing.first.pay(payment_id))
    else:
        good = told(caller, "b-cards", standing.second.pay(payment_id))
    wait_until("the membership follows", lambda: is_member(member), most_s=_FOLLOWS_S)
    return good


def is_member(member: Caller) -> bool:
    """Whether the site says that it is paid for."""
    return bool(member.ask("GET", "/api/v1/memberships")["state"] == "active")


def pay_jurors(stage: Stage, serving: Serving, population: Population, admin: Caller) -> None:
    """Jurors are paid by a file for the bank, which validates and is settled."""
    asked = 0
    for juror in population.jurors:
        caller = stage.caller(serving.url, juror)
        if caller.client.post("/api/v1/jury/payouts", json={}).is_success:
            asked += 1
    wait_until("the payouts wait for the bank", lambda: _waiting(admin) == asked, most_s=60)
    made = admin.ask("POST", "/api/v1/admin/treasury/files", json={"currency": PAY})
    place = f"/api/v1/admin/treasury/files/{PAY}/{made['id']}"
    document = admin.client.get(place).raise_for_status().content
    fault = fault_of(document, made["form"])
    stage.log.step(
        "payouts as a file for the bank, which validates",
        good=not fault and len(made["payouts"]) == asked > 0,
        note=fault or f"{asked} payouts, {made['total']} cents, {made['form']}",
    )
    admin.ask("POST", f"{place}/sent")
    settled = admin.ask("POST", f"{place}/settle")
    stage.log.step("the bank paid them", good=settled["paid"] == asked, note=str(settled))


def fault_of(document: bytes, form: str) -> str:
    """What the schema of ISO 20022 has against a file; empty where it has nothing."""
    try:
        try_valid_xml(document, form)
    except (ValidationError, ET.ParseError) as error:
        return str(error)[:200]
    return ""


def _waiting(admin: Caller) -> int:
    books = admin.ask("GET", "/api/v1/admin/treasury")["currencies"]
    return sum(int(one["waiting_for_bank"]) for one in books if one["currency"] == PAY)


def _found_shut(admin: Caller, member: Caller) -> bool:
    if vendor_state(admin, "payments", "a-cards") == "shut":
        return True
    join(member)
    return False


def hire(stage: Stage, serving: Serving, population: Population, admin: Caller) -> None:
    """The jurors are paid ones, and say where their money goes."""
    for juror in population.jurors:
        caller = stage.caller(serving.url, juror)
        account = caller.ask("GET", "/api/v1/accounts/verify_credentials")["id"]
        admin.ask("POST", "/api/v1/admin/jurors", json={"account_id": account, "paid": True})
        where = {"way": "bank", "name": juror.name, "iban": _IBAN, "bic": _BIC, "country": "DE"}
        caller.ask("PUT", "/api/v1/jury/payout_destination", json=where)
    fund = {"currency": PAY, "amount": 1_000_000, "key": "drill", "reason": "drill"}
    admin.ask("POST", "/api/v1/admin/treasury/fund", json=fund)
    admin.ask("POST", "/api/v1/admin/epochs")


def stripe_closed(stage: Stage) -> None:
    """The first processor closes our account: cards by the second, jurors by the bank."""
    data = stage.data()
    standing = payments(stage, data)
    write_settings(data, {"workers": 1}, *standing.blocks)
    serving = stage.serve(data)
    keeper = stage.account(data, "keeper", "admin")
    admin = stage.caller(serving.url, keeper)
    population = asyncio.run(people.settle_people(serving.url, keeper, authors=8, jurors=14))
    hire(stage, serving, population, admin)
    asyncio.run(people.post_threats(serving.url, population, 0, stores.THREATS))
    asyncio.run(stores.judge(serving.url, population, least=stores.THREATS))
    members = [stage.caller(serving.url, one) for one in population.authors]
    paid = [pay_by(standing, admin, one) for one in members[:4]]
    stage.log.step("members pay", good=all(paid), note=f"{len(paid)}")
    standing.first.closed = True
    stage.log.gone("the first processor: account closed")
    payment_id, took_s = join(members[4])
    stage.log.switched()
    stage.log.step("checkout on the second, in the same request", note=f"{took_s:.3f} s")
    good = told(admin, "b-cards", standing.second.pay(payment_id))
    wait_until("the membership follows", lambda: is_member(members[4]), most_s=_FOLLOWS_S)
    stage.log.step("paid and a member", good=good)
    # One in twenty asks the second first, to know that it works: then another finds out.
    wait_until("it is shut", lambda: _found_shut(admin, members[5]), every_s=0.2)
    stage.log.detected()
    stage.log.lost["payments"] += sum(not is_member(one) for one in members[:4])
    pay_jurors(stage, serving, population, admin)
    stage.log.step(
        "the books balance", good="sound" in site.run_command("fsck", "--data", str(data))
    )
