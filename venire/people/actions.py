"""What people do with accounts: join, sign in, change a profile, block, mute, leave."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import msgspec

from venire.events import AccountCreated
from venire.kernel.clock import utc_day
from venire.kernel.errors import Conflict, Invalid, NotFound
from venire.kernel.i18n import supported
from venire.kernel.ids import AccountId
from venire.people import departures, factor_rows, follows, rules
from venire.people.addresses import address_writes
from venire.people.admission import ADULTHOOD, change_account
from venire.people.admission import approve_account as approve_account  # noqa: PLC0414
from venire.people.admission import confirm_contact as confirm_contact  # noqa: PLC0414
from venire.people.ages import adult_from_ms, is_minor, turned
from venire.people.consent import consent_writes
from venire.people.model import (
    ACTIVE,
    CONSENT,
    DELETED,
    MEMBER,
    ROLES,
    SITE_USERNAME,
    UNCONFIRMED,
    Account,
    Changes,
    Created,
    Login,
    SignUp,
)
from venire.people.oauth import own_app
from venire.people.passwords import hash_password, verify_password
from venire.people.rules import Fault
from venire.people.scopes import SCOPES
from venire.people.sessions import end_all_sessions
from venire.people.store import (
    claim_email,
    claim_handle,
    email_taken,
    find_by_email,
    find_by_handle,
    handle_claimant,
    handle_taken,
    load_account,
    load_login,
    new_account_writes,
    release_claims,
    save_login,
    staff,
)
from venire.people.tokens import issue_token, revoke_all_tokens
from venire.storage.timers import timer
from venire.storage.verbs import Write
from venire.storage.world import World

_OPERATOR_SCOPES = ("profile", "read", "write", "follow", "push")
_TRIES = 4


def refuse_faults(faults: Sequence[Fault]) -> None:
    """Raise Invalid `validation_failed` with every fault by field, as Mastodon's sign-up does."""
    if not faults:
        return
    details: dict[str, list[dict[str, str]]] = {}
    for fault in faults:
        entry = {"error": fault.error, "description": fault.description}
        details.setdefault(fault.field, []).append(entry)
    said = ", ".join(
        f"{fault.field.replace('_', ' ').capitalize()} {fault.description}" for fault in faults
    )
    raise Invalid("validation_failed", f"Validation failed: {said}", details=details)


def _taken(field: str) -> Fault:
    return Fault(field, "ERR_TAKEN", "has already been taken")


async def sign_up(
    world: World,
    sign_up: SignUp,
    *,
    minimum_age: int,
    state: str = UNCONFIRMED,
    consent_age: int = 0,
    faults: Sequence[Fault] = (),
) -> Account:
    """Make an account for someone who joins; `faults` are those that a caller found already.

    Claim the name, claim the address, commit the account, which confirms both. Stopped anywhere
    before the commit, there is no account, and the claims lapse by themselves. Someone under
    `consent_age` waits for a guardian first. Invalid `validation_failed` names every fault at once.
    """
    await refuse_sign_up(world, sign_up, minimum_age=minimum_age, faults=faults)
    today = utc_day(world.now_ms())
    login = Login(
        account_id=AccountId(world.ids.next()),
        email=rules.normal_email(sign_up.email),
        password_hash=await hash_password(world, sign_up.password),
        confirmed_at_ms=None,
        locale=sign_up.locale,
        birth_year=int(sign_up.born[:4]) if sign_up.born else None,
        agreed_at_ms=world.now_ms() if sign_up.agreement else None,
        reason=sign_up.reason,
    )
    account = _new_account(world, login.account_id, sign_up.username, state=state)
    more: list[Write] = []
    if sign_up.born and not turned(sign_up.born, consent_age, today):
        account = msgspec.structs.replace(account, state=CONSENT)
        guardian = rules.normal_email(sign_up.guardian_email)
        more += consent_writes(world, account, next_state=state, guardian_email=guardian)
    if login.birth_year is not None and is_minor(login.birth_year, today):
        account = _of_a_minor(account)
        due_ms = adult_from_ms(login.birth_year)
        more.append(timer(f"account:{account.id}", ADULTHOOD, str(account.id), due_ms))
    return await _make(world, account, login, sign_up.address, more)


async def refuse_sign_up(
    world: World, sign_up: SignUp, *, minimum_age: int, faults: Sequence[Fault] = ()
) -> None:
    """Raise Invalid `validation_failed` where someone cannot join like this."""
    found = [*rules.check_sign_up(sign_up, minimum_age, utc_day(world.now_ms())), *faults]
    wrong = {fault.field for fault in found}
    if "username" not in wrong:
        names = [row.username for row in await staff(world)]
        if await handle_taken(world, sign_up.username):
            found.append(_taken("username"))
        else:
            found += rules.check_likeness(sign_up.username, names)
    if "email" not in wrong and await email_taken(world, sign_up.email):
        found.append(_taken("email"))
    refuse_faults(found)


def _of_a_minor(account: Account) -> Account:
    """A minor's account as it begins: to followers alone, who ask first, found by nobody."""
    return msgspec.structs.replace(
        account, minor=True, locked=True, privacy="private", hide_collections=True
    )


def _new_account(
    world: World,
    account_id: AccountId,
    username: str,
    *,
    state: str = ACTIVE,
    role: str = MEMBER,
    display_name: str = "",
    bot: bool = False,
) -> Account:
    return Account(
        id=account_id,
        version=1,
        username=username,
        display_name=display_name,
        note="",
        fields=(),
        uri=f"{world.site.base_url}/users/{username}",
        state=state,
        role=role,
        locked=False,
        bot=bot,
        discoverable=False,
        indexable=False,
        hide_collections=False,
        privacy="public",
        sensitive=False,
        language=None,
        created_at_ms=world.now_ms(),
    )


async def _make(
    world: World,
    account: Account,
    login: Login | None,
    address: str,
    more: Sequence[Write] = (),
) -> Account:
    email = login.email if login is not None else ""
    started_ms = world.now_ms()
    if not await claim_handle(world, account.username, account.id):
        refuse_faults([_taken("username")])
    if login is not None and not await claim_email(world, email, account.id):
        await release_claims(world, account.id, account.username, "")
        refuse_faults([_taken("email")])
    remembered = await address_writes(world, account.id, address)
    if world.now_ms() - started_ms > rules.CLAIM_MS - rules.CLAIM_SPARE_MS:
        await release_claims(world, account.id, account.username, email)
        raise Conflict("try_again", "This took too long: try again")
    await world.storage.commit(
        f"account:{account.id}",
        [*new_account_writes(account, login), *remembered, *more],
        [AccountCreated(account.id)],
        expect=0,
    )
    return account


async def create_account(
    world: World, username: str, email: str, password: str | None = None, role: str = MEMBER
) -> Created:
    """Make an account as operator, confirmed, with a token; a password is drawn if none is given.

    Invalid `validation_failed`.
    """
    password = password or base64.urlsafe_b64encode(world.chance.token(18)).decode()
    faults = [
        *rules.check_username(username, operator=True),
        *rules.check_email(email, operator=True),
        *rules.check_password(password),
    ]
    if role not in ROLES:
        faults.append(Fault("role", "ERR_INCLUSION", f"is one of {', '.join(ROLES)}"))
    if not faults and await handle_taken(world, username):
        faults.append(_taken("username"))
    if not faults and await email_taken(world, email):
        faults.append(_taken("email"))
    refuse_faults(faults)
    now_ms = world.now_ms()
    login = Login(
        account_id=AccountId(world.ids.next()),
        email=rules.normal_email(email),
        password_hash=await hash_password(world, password),
        confirmed_at_ms=now_ms,
        locale=world.site.language,
        birth_year=None,
        agreed_at_ms=None,
        reason=None,
    )
    account = _new_account(world, login.account_id, username, role=role)
    await _make(world, account, login, "")
    app = await own_app(world, "operator", SCOPES)
    scopes = (
        _OPERATOR_SCOPES if role == MEMBER else (*_OPERATOR_SCOPES, "admin:read", "admin:write")
    )
    token = await issue_token(world, client_id=app.client_id, scopes=scopes, account_id=account.id)
    return Created(
        id=str(account.id),
        username=account.username,
        email=login.email,
        password=password,
        access_token=token.access_token,
        role=role,
    )


async def ensure_site_account(world: World) -> Account:
    """The account that speaks for the site, made at the first start; nobody can sign in to it."""
    for _ in range(_TRIES):
        found = await find_by_handle(world, SITE_USERNAME)
        if found is not None:
            return found
        # A start that was killed here left its claim: go on with its id, or the site could not
        # start again until the claim lapses.
        claimed = await handle_claimant(world, SITE_USERNAME)
        account_id = claimed or AccountId(world.ids.next())
        account = _new_account(
            world, account_id, SITE_USERNAME, display_name=world.site.title, bot=True
        )
        try:
            return await _make(world, account, None, "")
        except (Conflict, Invalid):
            continue
    raise Conflict("try_again", "This changed meanwhile: try again")


async def sign_in(world: World, name: str, password: str) -> Account | None:
    """Who has this e-mail address or username, and this password; None for anything else.

    The same work is done whether or not there is such an account. Undoes a departure of late, where
    a password is all that is asked.
    """
    find = find_by_email if "@" in name else find_by_handle
    account = await find(world, name.strip())
    login = await load_login(world, account.id) if account is not None else None
    good = await verify_password(world, login, password[: rules.PASSWORD_MOST])
    if not good or account is None:
        return None
    if account.state == DELETED:
        # Whoever signs in within a week of leaving has thought better of it; where a password is
        # half of it, after the other half (`second_step`).
        if (await factor_rows.load(world, account.id)).needed:
            return account if await departures.returnable(world, account.id) else None
        return await departures.come_back(world, account.id)
    return None if account.disabled else account


async def check_password(world: World, account_id: int, password: str) -> bool:
    """Whether a password is an account's; the same work where there is no such account."""
    login = await load_login(world, account_id)
    return await verify_password(world, login, password[: rules.PASSWORD_MOST])


async def change_password(world: World, account_id: AccountId, password: str) -> None:
    """Set a new password; every token and session of the account ends."""
    refuse_faults(rules.check_password(password))
    fresh = await hash_password(world, password)
    login = await load_login(world, account_id)
    if login is None:
        raise NotFound("record_not_found", "Record not found")
    if not await save_login(world, login, msgspec.structs.replace(login, password_hash=fresh)):
        raise Conflict("try_again", "This changed meanwhile: try again")
    await revoke_all_tokens(world, account_id)
    await end_all_sessions(world, account_id)


async def change_profile(world: World, account_id: AccountId, changes: Changes) -> Account:
    """Change what a member chose to change. Invalid `validation_failed`."""
    refuse_faults(rules.check_changes(changes))
    given = {
        name: value for name, value in msgspec.structs.asdict(changes).items() if value is not None
    }
    if changes.fields is not None:
        given["fields"] = rules.clean_fields(changes.fields)
    account = await load_account(world, account_id)
    if account is not None and account.minor:
        # Clients send every switch at once: what is not a minor's to turn on stays off.
        given |= {"discoverable": False, "indexable": False}
    old, new = await change_account(world, account_id, **given)
    if old.locked and not new.locked:
        await follows.accept_all_requests(world, new)
    return new


async def delete_account(world: World, account_id: AccountId, *, returnable: bool = True) -> None:
    """Close an account at once; what it holds is erased when the time to come back is over."""
    await departures.leave(world, account_id, returnable=returnable)


async def language_of(world: World, account_id: int) -> str:
    """The language in which a person is written to."""
    login = await load_login(world, account_id)
    return supported(world.site.language if login is None else login.locale)
