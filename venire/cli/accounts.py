"""`venire account`: create, link, clear-factors; `venire juror add`, `venire juror list`."""

from __future__ import annotations

import re
from typing import Any

import click
import msgspec

from venire.cases.pay_statements import owed_to, payout_view
from venire.cli.options import data_option, json_option, on_house, print_result, profile_option
from venire.jury import actions as jury
from venire.jury import choices
from venire.jury import store as jurors
from venire.jury.model import Juror
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import NotFound
from venire.people import actions as people
from venire.people import factors, letters
from venire.people import store as people_store
from venire.people.model import DELETED
from venire.server.wiring import House
from venire.treasury import payouts

_LINK_DAYS = 3


@click.group()
def account() -> None:
    """Accounts."""


@account.command("create")
@click.argument("name")
@click.option("--email", required=True)
@click.option("--role", type=click.Choice(["member", "moderator", "admin"]), default="member")
@click.option("--password", default=None, help="Made up and shown once if not given.")
@data_option
@profile_option
@json_option
def create(
    name: str,
    email: str,
    role: str,
    password: str | None,
    data: str | None,
    profile: str | None,
    json_to: str | None,
) -> None:
    """Make an account; its password and token are shown once, here."""

    async def act(house: House) -> Any:
        return await people.create_account(
            house.world, username=name, email=email, password=password, role=role
        )

    made = on_house(act, data=data, profile=profile, begin=True)
    readable = "\n".join(
        [
            f"account   @{made.username} ({made.role})",
            f"password  {made.password}",
            f"token     {made.access_token}",
            "Both are shown only now.",
        ]
    )
    print_result(msgspec.structs.asdict(made), json_to, readable)


@account.command("link")
@click.argument("name")
@data_option
@json_option
def link(name: str, data: str | None, json_to: str | None) -> None:
    """A link by which somebody chooses a password, for those whom no letter reaches."""

    async def act(house: House) -> str:
        found = await people_store.find_by_handle(house.world, re.sub(r"^@", "", name))
        if found is None or found.state == DELETED:
            raise NotFound("account_not_found", f"there is no account {name}")
        return await letters.link_by_hand(
            house.world, found, letters.RESET, lasts_ms=_LINK_DAYS * DAY_MS
        )

    made = on_house(act, data=data)
    readable = f"{made}\nworks once, for {_LINK_DAYS} days: whoever has it chooses the password"
    print_result({"link": made}, json_to, readable)


@account.command("clear-factors")
@click.argument("name")
@click.option("--reason", required=True, help="It stands in the operators' log.")
@data_option
def clear_factors(name: str, reason: str, data: str | None) -> None:
    """Take every passkey, app and recovery code away from somebody who lost them all."""

    async def act(house: House) -> None:
        found = await people_store.find_by_handle(house.world, re.sub(r"^@", "", name))
        if found is None or found.state == DELETED:
            raise NotFound("account_not_found", f"there is no account {name}")
        actor_id = house.court.site_account_id
        await factors.clear(house.world, found.id, actor_id=actor_id, reason=reason)

    on_house(act, data=data)
    click.echo(f"{name} signs in with a password alone until they add something; they are told")


@click.group()
def juror() -> None:
    """Jurors (service is kept apart from roles)."""


@juror.command("add")
@click.argument("name")
@click.option("--paid/--unpaid", default=None)
@click.option("--bench/--no-bench", default=None)
@data_option
def add(name: str, data: str | None, *, paid: bool | None, bench: bool | None) -> None:
    """Appoint a trained juror, or a member of the bench; what is not said stays as it is."""

    async def act(house: House) -> jury.Standing:
        found = await people_store.find_by_handle(house.world, re.sub(r"^@", "", name))
        if found is None:
            raise NotFound("account_not_found", f"there is no account {name}")
        await jury.appoint(house.world, found.id, bench=bench, paid=paid)
        return await jury.standing(house.world, house.court.policy.jury, found.id)

    missing = on_house(act, data=data).missing
    if bench or not missing:
        where = "on the bench" if bench else "as a juror"
        click.echo(f"{name} serves {where} from the next pool on")
    else:
        click.echo(f"{name} is appointed; before a draw there is still: {', '.join(missing)}")
        if "no_consent" in missing:
            click.echo("they consent themselves, at /jury")


@juror.command("list")
@data_option
@json_option
def list_jurors(data: str | None, json_to: str | None) -> None:
    """Who serves. For the operator alone: service is never public."""

    async def act(house: House) -> list[dict[str, Any]]:
        return [await juror_row(house, each) for each in await jurors.everyone(house.world.storage)]

    rows = on_house(act, data=data)
    lines = []
    for row in rows:
        lines.append(
            f"{row['name']:<32} {row['state']:<10} {'bench' if row['bench'] else 'pool':<6}"
            f" {'paid' if row['paid'] else 'volunteer':<10}"
            f" {row['owed_text'] if row['owed'] or row['paid'] else '':>14}"
            f" {', '.join(row['missing'])}"
        )
        lines += [
            f"  also owed, from before: {one} {amount} (minor units)"
            for one, amount in row["owed_before"].items()
        ]
        lines += [
            f"  payout {one['id']} of account {row['id']}: {one['amount_text']}, {one['state']}"
            for one in row["payouts"]
        ]
    print_result(rows, json_to, "\n".join(lines) or "nobody serves yet")


async def juror_row(house: House, member: Juror) -> dict[str, Any]:
    """A juror as the operator reads them; `payouts` are those that nobody has ended."""
    world, policy = house.world, house.court.policy
    known = await people_store.load_account(world, member.account_id)
    missing: tuple[str, ...] = ()
    if not member.bench:
        missing = await jury.unfit_for(world, policy.jury, member)
    currency = policy.pay.currency
    owed, asked = await owed_to(world, member.account_id, currency)
    former = {}
    for one in await payouts.ledgers(world, member.account_id):
        if one != currency:
            former[one], more = await owed_to(world, member.account_id, one)
            asked = [*asked, *more]
    consent = await choices.consent_of(world.storage, member.account_id)
    return {
        "id": str(member.account_id),
        "name": known.username if known else "(deleted)",
        "state": member.state,
        "bench": member.bench,
        "paid": member.paid,
        "missing": list(missing),
        "warning": "" if consent is None else consent.warning,
        "currency": currency,
        "owed": owed,
        "owed_text": policy.pay.written(owed),
        "owed_before": {one: amount for one, amount in former.items() if amount},
        "payouts": [payout_view(policy, one) for one in asked if one.state in {"asked", "sent"}],
    }


COMMANDS = (account, juror)
