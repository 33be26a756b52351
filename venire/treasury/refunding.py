"""Paying back: asked of the processor that was paid; its own word of it is what is posted."""

from __future__ import annotations

from venire.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from venire.kernel.money import Fact
from venire.kernel.ports import PaymentService
from venire.kernel.vendors import Rejected, VendorFault
from venire.storage.world import World
from venire.treasury import payments
from venire.treasury.desk import Money
from venire.treasury.income import paid_back, stands


async def refund(world: World, money: Money, payment_id: int, amount: int | None) -> int:
    """Have the newest charge of a payment paid back, whole or in part; how much was asked for.

    Asking twice for the same part is asking once. Raises NotFound, Conflict `nothing_to_refund`,
    Invalid `amount_not_allowed`, `refund_by_hand`, `refund_refused`; Unavailable
    `payments_unavailable`.
    """
    payment = await payments.load(world, payment_id)
    if payment is None:
        raise NotFound("record_not_found", "Record not found")
    facts = await payments.facts(world, payment_id)
    paid = sorted(stands(facts), key=lambda one: (one.at_ms, one.reference))
    if not paid:
        raise Conflict("nothing_to_refund", "Nothing of this payment is left to pay back")
    charge = paid[-1]
    failed = {one.reference for one in facts if one.kind == "refund_failed"}
    gone = [one for one in facts if one.kind == "refunded" and one.reference not in failed]
    back = sum(one.amount for one in gone)
    # A refund that names no charge is the only one's; of several it may be any other's.
    left = charge.amount - paid_back(facts, charge)
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise Invalid("amount_not_allowed", "That is more than is left", least=1, most=left)
    fact = Fact(
        "paid",
        charge.reference,
        charge.at_ms,
        charge.ledger,
        charge.amount,
        payment_id,
        aliases=tuple(charge.about.split()),
    )
    # Under the key of one that failed a processor would repeat its old answer, and do nothing.
    key = f"refund-{payment_id}-{back}-{wanted}" + (f"-{len(failed)}" if failed else "")

    async def ask(service: PaymentService) -> None:
        await service.refund(fact, wanted, key)

    try:
        await money.payments.call_one(charge.vendor, ask)
    except Rejected as fault:
        code = "refund_by_hand" if fault.said == "refund_by_hand" else "refund_refused"
        raise Invalid(code, "The processor does not pay this back: do it there by hand") from fault
    except VendorFault as fault:
        hint = "The processor does not answer: ask again later"
        raise Unavailable("payments_unavailable", hint) from fault
    return wanted
