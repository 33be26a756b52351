"""Mastodon's `Admin::` entities: every key, always.

Source: docs.joinmastodon.org/entities/Admin_Account and its neighbours. No address of a member is
in them: we keep only a hash of the network from which they signed up, for 30 days.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from venire.api.entities.account import account_entity, role_entity
from venire.api.entities.instance import build_rule
from venire.api.entities.status import status_jsons
from venire.api.parameters import ApiRequest
from venire.cases import discipline, judges, report_desk, reports, rules
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import NotFound
from venire.people.model import PENDING
from venire.people.site_rules import Rule
from venire.people.standing import standing
from venire.people.store import load_account, load_login
from venire.posts import actions as posts
from venire.posts.model import DELETED, LISTED, REMOVED


async def admin_account(court: Court, account_id: int) -> dict[str, Any]:
    """`Admin::Account`. NotFound `record_not_found`."""
    world = court.world
    account = await load_account(world, account_id)
    if account is None:
        raise NotFound("record_not_found", "Record not found")
    login = await load_login(world, account_id)
    stands = await standing(world, account_id)
    limits = await discipline.limits_of(court, account_id)
    suspended = "suspend" in limits or await discipline.suspended_otherwise(court, account_id)
    return {
        "id": str(account.id),
        "username": account.username,
        "domain": None,
        "created_at": iso_ms(account.created_at_ms),
        "email": "" if login is None else login.email,
        "ip": None,
        "ips": [],
        "locale": "en" if login is None else login.locale,
        "invite_request": None if login is None else login.reason,
        "role": role_entity(account.role),
        "confirmed": login is not None and login.confirmed_at_ms is not None,
        "approved": account.state != PENDING,
        "disabled": "disable" in limits,
        "sensitized": "sensitive" in limits,
        "silenced": "silence" in limits,
        "suspended": suspended or stands.terminated,
        "account": await account_entity(court, account_id),
        "created_by_application_id": None,
        "invited_by_account_id": None,
        "state": account.state,
        "minor": account.minor,
    }


async def admin_report(
    court: Court, request: ApiRequest, filed: report_desk.Filed
) -> dict[str, Any]:
    """`Admin::Report`, and the cases that it went into, which it does not end."""
    row, desk = filed.report, filed.desk
    rule_ids = report_desk.rules_of(filed)
    known = {rule.id: rule for rule in request.settings.rules}
    cases = await report_desk.cases_of(court, row)
    # What a report says of what may harm a child is as sealed as the post: one person reads it.
    sealed = any(rules.is_sealed(case) for case in cases)
    sealed = sealed or reports.category_of(row, court) == judges.SEALED
    return {
        "id": str(row.id),
        "action_taken": desk.state == report_desk.RESOLVED,
        "action_taken_at": None if desk.resolved_at_ms is None else iso_ms(desk.resolved_at_ms),
        "category": desk.category or row.category,
        "comment": "" if sealed else row.comment,
        "forwarded": False,
        "created_at": iso_ms(row.created_at_ms),
        "updated_at": iso_ms(desk.updated_at_ms),
        "account": await admin_account(court, row.reporter_id),
        "target_account": await admin_account(court, row.target_account_id),
        "assigned_account": await _maybe(court, desk.assigned_id),
        "action_taken_by_account": await _maybe(court, desk.resolved_by),
        "statuses": await _statuses(court, request, row.post_ids),
        "rules": [build_rule(known[str(one)]) for one in rule_ids if str(one) in known],
        "cases": [
            {
                "case": case.public_id,
                "state": case.state,
                "waits_for": case.waits_for,
                "verdict": case.verdict if case.measured_at_ms is not None else None,
                "measure": case.measure or None,
            }
            for case in cases
        ],
    }


async def _maybe(court: Court, account_id: int | None) -> dict[str, Any] | None:
    return None if account_id is None else await admin_account(court, account_id)


async def _statuses(court: Court, request: ApiRequest, post_ids: bytes) -> list[Any]:
    """The posts that were reported, as far as a moderator may read them.

    What was not said in public is the bench's alone, and what may harm a child one named person's,
    who has a desk for it.
    """
    found = []
    for post_id in msgspec.json.decode(post_ids, type=list[int]):
        post = await posts.load(court.world, post_id)
        if post is None or post.visibility not in LISTED or post.state in {DELETED, REMOVED}:
            continue
        if not await _sealed(court, post_id):
            found.append(post)
    return list(await status_jsons(court.world, found, request.viewer_id))


async def _sealed(court: Court, post_id: int) -> bool:
    case = await report_desk.case_on_post(court, post_id)
    return case is not None and rules.is_sealed(case)


def ip_block(rule: Rule) -> dict[str, Any]:
    """`Admin::IpBlock`."""
    return {
        "id": str(rule.id),
        "ip": rule.value,
        "severity": rule.severity,
        "comment": rule.comment,
        "created_at": iso_ms(rule.created_at_ms),
        "expires_at": None if rule.until_ms is None else iso_ms(rule.until_ms),
    }


def email_domain_block(rule: Rule) -> dict[str, Any]:
    """`Admin::EmailDomainBlock`. Its history is empty: attempts are not counted."""
    return {
        "id": str(rule.id),
        "domain": rule.value,
        "created_at": iso_ms(rule.created_at_ms),
        "history": [],
    }


def canonical_email_block(rule: Rule) -> dict[str, Any]:
    """`Admin::CanonicalEmailBlock`."""
    return {"id": str(rule.id), "canonical_email_hash": rule.value}


def domain_allow(rule: Rule) -> dict[str, Any]:
    """`Admin::DomainAllow`."""
    return {
        "id": str(rule.id),
        "domain": rule.value,
        "created_at": iso_ms(rule.created_at_ms),
    }


def domain_block(rule: Rule) -> dict[str, Any]:
    """`Admin::DomainBlock`."""
    return {
        "id": str(rule.id),
        "domain": rule.value,
        "digest": hashlib.sha256(rule.value.encode()).hexdigest(),
        "created_at": iso_ms(rule.created_at_ms),
        "severity": rule.severity,
        "reject_media": bool(rule.options.get("reject_media")),
        "reject_reports": bool(rule.options.get("reject_reports")),
        "private_comment": rule.comment or None,
        "public_comment": rule.public_comment or None,
        "obfuscate": bool(rule.options.get("obfuscate")),
    }
