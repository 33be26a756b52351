"""The site's lists of closed doors: docs.joinmastodon.org/methods/admin, five of its pages.

Admins alone change them. The lists of other sites are kept for the day this one federates: it
speaks to no other yet, so they stop nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from venire.api.admin_accounts import check_admin
from venire.api.entities import admin as entities
from venire.api.form import Form
from venire.api.paging import newest_first, page_of, paged_response
from venire.api.parameters import ApiRequest
from venire.api.routing import Handler, json_response
from venire.cases.court import Court
from venire.kernel.clock import SECOND_MS
from venire.kernel.errors import Invalid
from venire.people import networks, site_rules
from venire.people.mail_rules import canonical_hash, parse_domain
from venire.people.site_rules import Rule

Entity = Callable[[Rule], dict[str, Any]]
_ENTITIES: dict[str, Entity] = {
    site_rules.EMAIL_DOMAIN: entities.email_domain_block,
    site_rules.CANONICAL_EMAIL: entities.canonical_email_block,
    site_rules.NETWORK: entities.ip_block,
    site_rules.DOMAIN_BLOCK: entities.domain_block,
    site_rules.DOMAIN_ALLOW: entities.domain_allow,
}
_SEVERITIES = ("silence", "suspend", "noop")
_FLAGS = ("reject_media", "reject_reports", "obfuscate")
_HASH = re.compile(r"[0-9a-f]{64}")
_LASTS_MOST_S = 10 * 365 * 86_400


def listing(kind: str) -> Handler:
    """The handler that lists the rules of a kind, newest first."""

    async def show_all(court: Court, request: ApiRequest) -> Response:
        page = page_of(request, 100, 200)
        read = await site_rules.rule_page(court.world, kind, **page.bounds)
        rules = newest_first(page, read)
        return paged_response(
            court.world,
            request,
            [_ENTITIES[kind](rule) for rule in rules],
            [rule.id for rule in rules],
            more=len(read) == page.limit,
        )

    return show_all


def showing(kind: str) -> Handler:
    """The handler that shows a rule of a kind."""

    async def show(court: Court, request: ApiRequest) -> Response:
        rule = await site_rules.load_rule(court.world, kind, request.path("id"))
        return json_response(_ENTITIES[kind](rule))

    return show


def removing(kind: str) -> Handler:
    """The handler that takes a rule of a kind away."""

    async def remove(court: Court, request: ApiRequest) -> Response:
        actor_id = check_admin(request)
        rule = await site_rules.load_rule(court.world, kind, request.path("id"))
        await site_rules.remove_rule(court.world, rule, actor_id=actor_id)
        networks.forget_networks(court.world)
        return json_response({})

    return remove


async def _made(court: Court, request: ApiRequest, rule: Rule) -> Response:
    made = await site_rules.add_rule(court.world, rule, actor_id=request.account_id)
    networks.forget_networks(court.world)
    return json_response(_ENTITIES[rule.kind](made))


def _comment(form: Form, name: str) -> str:
    return form.text(name, limit=site_rules.COMMENT_CHARACTERS) or ""


async def block_email_domain(court: Court, request: ApiRequest) -> Response:
    """Let nobody join with an address of a domain, or one whose mail goes there."""
    check_admin(request)
    form = await request.form()
    value = parse_domain(form.required("domain", limit=300))
    return await _made(court, request, Rule(site_rules.EMAIL_DOMAIN, 0, value))


async def block_email(court: Court, request: ApiRequest) -> Response:
    """Let nobody join with a mailbox, however its address is written."""
    check_admin(request)
    form = await request.form()
    hashed = (form.text("canonical_email_hash", limit=100) or "").strip().lower()
    if not hashed:
        hashed = canonical_hash(form.required("email", limit=320))
    if not _HASH.fullmatch(hashed):
        raise Invalid("hash_invalid", "Validation failed: a hash is SHA-256 in hex")
    return await _made(court, request, Rule(site_rules.CANONICAL_EMAIL, 0, hashed))


async def test_email(court: Court, request: ApiRequest) -> Response:
    """Which blocks an address meets."""
    form = await request.form()
    hashed = canonical_hash(form.required("email", limit=320))
    rule = await site_rules.find_rule(court.world, site_rules.CANONICAL_EMAIL, hashed)
    return json_response([] if rule is None else [entities.canonical_email_block(rule)])


async def block_network(court: Court, request: ApiRequest) -> Response:
    """Close a network to sign-ups, or altogether."""
    check_admin(request)
    form = await request.form()
    value = networks.parse_network(form.required("ip", limit=60))
    rule = Rule(
        site_rules.NETWORK,
        0,
        value,
        severity=_severity(form.required("severity", limit=40), networks.SEVERITIES),
        comment=_comment(form, "comment"),
        until_ms=_until(court, form),
    )
    _not_from_within(request, rule)
    return await _made(court, request, rule)


async def change_network(court: Court, request: ApiRequest) -> Response:
    """Change what is closed, how far or until when; without `expires_in` it stays for good."""
    actor_id = check_admin(request)
    form = await request.form()
    rule = await site_rules.load_rule(court.world, site_rules.NETWORK, request.path("id"))
    changes: dict[str, Any] = {"until_ms": _until(court, form)}
    if form.text("ip", limit=60):
        changes["value"] = networks.parse_network(form.required("ip", limit=60))
    if form.text("severity", limit=40):
        changes["severity"] = _severity(form.required("severity"), networks.SEVERITIES)
    if "comment" in form:
        changes["comment"] = _comment(form, "comment")
    _not_from_within(request, Rule(**{**_values(rule), **changes}))
    changed = await site_rules.change_rule(court.world, rule, actor_id=actor_id, **changes)
    networks.forget_networks(court.world)
    return json_response(entities.ip_block(changed))


def _values(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in rule.__struct_fields__}


def _not_from_within(request: ApiRequest, rule: Rule) -> None:
    """An admin who closes their own network could not open it again."""
    own = networks.Matcher([(rule.value, rule.severity)]).severity(request.address)
    if own == networks.NO_ACCESS:
        raise Invalid("own_network", "Validation failed: this would lock you out yourself")


def _until(court: Court, form: Form) -> int | None:
    seconds = form.integer("expires_in", 0, high=_LASTS_MOST_S)
    return court.world.now_ms() + seconds * SECOND_MS if seconds > 0 else None


def _severity(text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise Invalid("severity_unknown", "Validation failed: Severity is not included in the list")
    return text


async def allow_domain(court: Court, request: ApiRequest) -> Response:
    """Note a site to speak with."""
    check_admin(request)
    form = await request.form()
    value = parse_domain(form.required("domain", limit=300))
    there = await site_rules.find_rule(court.world, site_rules.DOMAIN_ALLOW, value)
    if there is not None:
        return json_response(entities.domain_allow(there))
    return await _made(court, request, Rule(site_rules.DOMAIN_ALLOW, 0, value))


async def block_domain(court: Court, request: ApiRequest) -> Response:
    """Note a site not to speak with, or less."""
    check_admin(request)
    form = await request.form()
    rule = Rule(
        site_rules.DOMAIN_BLOCK,
        0,
        parse_domain(form.required("domain", limit=300)),
        severity=_severity(form.text("severity", limit=20) or "silence", _SEVERITIES),
        comment=_comment(form, "private_comment"),
        public_comment=_comment(form, "public_comment"),
        options={name: bool(form.flag(name)) for name in _FLAGS},
    )
    return await _made(court, request, rule)


async def change_domain(court: Court, request: ApiRequest) -> Response:
    """Change what is noted of a site."""
    actor_id = check_admin(request)
    form = await request.form()
    rule = await site_rules.load_rule(court.world, site_rules.DOMAIN_BLOCK, request.path("id"))
    given = {name: form.flag(name) for name in _FLAGS if form.flag(name) is not None}
    changes: dict[str, Any] = {"options": {**rule.options, **given}}
    if form.text("severity", limit=20):
        changes["severity"] = _severity(form.required("severity"), _SEVERITIES)
    for name, field in (("private_comment", "comment"), ("public_comment", "public_comment")):
        if name in form:
            changes[field] = _comment(form, name)
    changed = await site_rules.change_rule(court.world, rule, actor_id=actor_id, **changes)
    return json_response(entities.domain_block(changed))
