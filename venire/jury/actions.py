"""Consent and appointment: check, load, decide, save, announce."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import msgspec

from venire.jury import choices, rules, store
from venire.jury.model import Juror
from venire.kernel.errors import Conflict, NotFound, Unavailable
from venire.people import store as people
from venire.people.standing import standing as member_standing
from venire.storage.verbs import Write
from venire.storage.world import World

_NONCE_BYTES = 32
_TRIES = 10


class Conditions(Protocol):
    """What the policy asks of a juror (`policy.toml`, section `jury`)."""

    @property
    def minimum_age(self) -> int:
        """Years."""

    @property
    def minimum_account_days(self) -> int:
        """Days."""


class Settings(Protocol):
    """The parts of the policy that a freeze needs."""

    @property
    def version(self) -> str:
        """The policy's version, for the entry's header."""

    @property
    def jury(self) -> Conditions:
        """Who may serve."""


class Standing(msgspec.Struct, frozen=True):
    """How a member stands with the jury; told to nobody else."""

    state: str
    bench: bool = False
    paid: bool = False
    opt_outs: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    served_today: int = 0


def waivers_of(world: World) -> rules.Waivers:
    """What the profile sets aside."""
    return rules.ACCEPTANCE if world.site.acceptance else rules.NO_WAIVERS


async def _standing_of(world: World, account_id: int) -> rules.Standing | None:
    account = await people.load_account(world, account_id)
    login = await people.load_login(world, account_id)
    if account is None or login is None or account.state != "active":
        return None
    marks = await member_standing(world, account_id)
    if marks.suspended or marks.terminated:
        # A seat that its holder may not take would only make everyone else wait.
        return None
    # Only the year is kept: counted from its last day, nobody sits a day too young.
    born = None if login.birth_year is None else dt.date(login.birth_year, 12, 31)
    contact = login.confirmed_at_ms is not None
    return rules.Standing(account.created_at_ms, contact, born, account.minor)


async def unfit_for(world: World, conditions: Conditions, juror: Juror) -> tuple[str, ...]:
    """Why a juror may not enter the next pool; empty when nothing stands against it."""
    known = await _standing_of(world, juror.account_id)
    if known is None:
        return ("not_active",)
    now_ms = world.now_ms()
    unfit: tuple[str, ...] = rules.unfit_for(
        juror,
        known,
        now_ms=now_ms,
        waivers=waivers_of(world),
        minimum_age=conditions.minimum_age,
        minimum_account_days=conditions.minimum_account_days,
    )
    pausing = (await choices.load(world.storage, juror.account_id)).paused_until_ms > now_ms
    return (*unfit, "paused") if pausing else unfit


async def standing(world: World, conditions: Conditions, account_id: int) -> Standing:
    """How an account stands with the jury."""
    juror = await store.load(world.storage, account_id)
    if juror is None:
        # What a member would still need: nobody should consent and only then hear of it.
        willing = Juror(account_id, "active", 0, b"")
        return Standing("none", missing=await unfit_for(world, conditions, willing))
    missing = await unfit_for(world, conditions, juror)
    return Standing(juror.state, juror.bench, juror.paid, juror.opt_outs, missing)


async def _change(
    world: World,
    account_id: int,
    change: dict[str, object],
    *,
    also: Sequence[Write] = (),
    consented: bool = True,
) -> None:
    """Change a juror, or make one; `consented`: whether a new one has said so by this."""
    for _ in range(_TRIES):
        row = await store.load_row(world.storage, account_id)
        if row is None:
            juror = Juror(
                account_id=account_id,
                state="active",
                consented_at_ms=world.now_ms() if consented else 0,
                nonce=world.chance.token(_NONCE_BYTES),
            )
        else:
            juror = store.juror_of(row)
        version = 0 if row is None else row.version
        changed = msgspec.structs.replace(juror, **change)
        try:
            await world.storage.commit(
                f"juror:{account_id}",
                [store.put_juror(changed, version + 1), *also],
                expect=version,
            )
        except Conflict:
            continue
        return
    raise Unavailable("juror_busy", "try again in a moment")


async def opt_in(
    world: World, account_id: int, *, opt_outs: frozenset[str], language: str = "en"
) -> None:
    """Consent to serve, after the warning in `language`, whose version is kept with it.

    Whatever is still missing for a seat is said by `standing`.
    """
    if await people.load_account(world, account_id) is None:
        raise NotFound("record_not_found", "Record not found")
    juror = await store.load(world.storage, account_id)
    retraining = juror is not None and juror.state == "retraining"
    await _change(
        world,
        account_id,
        {
            # Consent alone does not end a retraining.
            "state": "retraining" if retraining else "active",
            "opt_outs": opt_outs,
            "consented_at_ms": world.now_ms(),
        },
        also=[choices.put_consent(account_id, world.now_ms(), language)],
    )


async def opt_out(world: World, account_id: int) -> None:
    """Leave: no new draw reaches this member, from the next pool on."""
    if await store.load(world.storage, account_id) is not None:
        await _change(world, account_id, {"state": "left"})


async def appoint(
    world: World,
    account_id: int,
    *,
    bench: bool | None,
    paid: bool | None,
    also: Sequence[Write] = (),
) -> None:
    """Make an account a trained juror, by an operator; None leaves as it is what there is.

    `also` is written in the same commit, under the aggregate `juror:{account_id}`.
    Who is appointed to the pool has consented to nothing: they do so themselves before a draw.
    """
    if await people.load_account(world, account_id) is None:
        raise NotFound("record_not_found", "there is no such account")
    said = {"bench": bench, "paid": paid, "trained": True}
    await _change(
        world,
        account_id,
        {name: value for name, value in said.items() if value is not None},
        also=also,
        consented=bool(bench) or world.site.acceptance,
    )


async def bench(world: World) -> list[Juror]:
    """The jurors of last resort who serve now."""
    found = await store.everyone(world.storage)
    return [juror for juror in found if juror.bench and juror.state == "active"]
