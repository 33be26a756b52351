"""At the door: what is asked of those who join, and who waits for a person instead of a refusal.

Doubt never refuses: an unproved challenge, a crowded network or name servers that do not answer
send a sign-up to the moderators. Only what an operator closed, and a plain fault, is turned away.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Forbidden
from venire.kernel.ids import id_at
from venire.kernel.ports import MailHosts
from venire.people import actions, networks
from venire.people.addresses import accounts_from
from venire.people.ages import AgePolicy, load_ages
from venire.people.challenges import spend_challenge
from venire.people.countries import say_country
from venire.people.mail_rules import email_faults, host_faults
from venire.people.model import ACTIVE, PENDING, UNCONFIRMED, Account, SignUp
from venire.people.rules import Fault, check_email
from venire.storage.world import World

PER_NETWORK = 10
"""Sign-ups a day from one network; more wait for a moderator (carriers share addresses)."""


class Door(msgspec.Struct, frozen=True):
    """The defences. `challenge_bits` 0 asks for no challenge, `per_network` 0 counts nobody.

    `resolver` None asks no name server.
    """

    challenge_bits: int = 0
    per_network: int = PER_NETWORK
    resolver: MailHosts | None = None
    ages: AgePolicy = msgspec.field(default_factory=load_ages)


class Terms(Protocol):
    """What an operator decided about joining."""

    @property
    def registrations(self) -> str:
        """Who may join: open, approval or closed."""

    @property
    def confirmed_contact_required(self) -> bool:
        """Whether an account is open only once its e-mail address is confirmed."""

    @property
    def minimum_age(self) -> int:
        """Years; 0 asks for no date of birth."""

    @property
    def door(self) -> Door:
        """The defences."""


async def join(world: World, given: SignUp, terms: Terms) -> Account:
    """Let someone in, or have them wait. The state of the account says for what.

    Raises Forbidden `registrations_closed`, `sign_up_blocked`; Invalid `validation_failed`.
    """
    if terms.registrations == "closed":
        raise Forbidden("registrations_closed", "This site takes no new members now")
    severity = await networks.severity_of(world, given.address)
    if severity in {networks.NO_ACCESS, networks.SIGN_UP_BLOCK}:
        raise Forbidden("sign_up_blocked", "This site takes no new members from your network")
    door = terms.door
    ages = door.ages.of(given.country)
    asked = terms.minimum_age > 0 and not world.site.acceptance
    minimum = max(ages.minimum, terms.minimum_age) if asked else 0
    faults = [] if check_email(given.email) else await email_faults(world, given.email)
    # Everything that costs nothing is looked at first: a challenge is spent by who may join.
    await actions.refuse_sign_up(world, given, minimum_age=minimum, faults=faults)
    held_back = (
        terms.registrations == "approval"
        or severity == networks.APPROVAL
        or await _in_doubt(world, given, door)
    )
    state = PENDING if held_back else UNCONFIRMED if _confirms(world, terms) else ACTIVE
    account = await actions.sign_up(
        world,
        given,
        minimum_age=minimum,
        state=state,
        consent_age=max(minimum, ages.consent),
    )
    if given.country:
        await say_country(world, account.id, given.country)
    return account


def _confirms(world: World, terms: Terms) -> bool:
    return terms.confirmed_contact_required and not world.site.acceptance


async def _in_doubt(world: World, given: SignUp, door: Door) -> bool:
    """Whether a person should look at a sign-up. Invalid where it is wrong beyond doubt."""
    if world.site.acceptance:
        return False
    doubt = door.per_network > 0 and await _crowded(world, given.address, door.per_network)
    if door.resolver is not None:
        faults, answered = await host_faults(world, given.email, door.resolver)
        actions.refuse_faults(faults)
        doubt = doubt or not answered
    if door.challenge_bits > 0:
        if not given.challenge:
            return True
        if not await spend_challenge(world, given.challenge, given.answer, door.challenge_bits):
            actions.refuse_faults(
                [Fault("challenge", "ERR_INVALID", "is not answered, or its time is over")]
            )
    return doubt


async def _crowded(world: World, address: str, most: int) -> bool:
    since = id_at(world.now_ms() - DAY_MS)
    return len(await accounts_from(world, address, since=since, most=most)) >= most
