"""The vendor register: what everyone may know, and what an admin looks after.

Published are kinds, counts, countries and drills; never a vendor's name unless it agrees, since
vendors were harassed for whom they served.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.api.admin_accounts import check_admin
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.continuity.vendors.breaker import Health
from venire.continuity.vendors.register import Drilled, KindState
from venire.continuity.vendors.survey import Known, Survey, find, survey
from venire.continuity.vendors.survey import reset as reset_vendor
from venire.continuity.vendors.survey import used as note_used
from venire.kernel.clock import iso_ms
from venire.kernel.vendors import Listed

_NOT_KEPT = {"Cache-Control": "private, no-store"}


def _drill(drill: Drilled | None) -> dict[str, Any] | None:
    if drill is None:
        return None
    return {
        "drill": drill.drill,
        "at": iso_ms(drill.at_ms),
        "passed": drill.passed,
        "switched_s": drill.switched_s,
    }


def _kind(state: KindState, found: Survey) -> dict[str, Any]:
    public = [one.listed for one in found.vendors if one.listed.kind == state.kind]
    return {
        "kind": state.kind,
        "colour": state.colour,
        "reasons": list(state.reasons),
        "count": state.count,
        "owners": state.owners,
        "countries": list(state.countries),
        "used_this_week": state.used_this_week,
        "named": [one.owner or one.name for one in public if one.public],
        "drill": _drill(state.drill),
    }


async def show(court: Court, _request: ApiRequest) -> Response:
    """How each kind of vendor stands, and what drills have shown."""
    found = await survey(court.world)
    answer = {
        "kinds": [_kind(state, found) for state in found.kinds],
        "drills": [_drill(found.drills[name]) for name in sorted(found.drills)],
    }
    return json_response(answer, headers={"Cache-Control": "public, max-age=60"})


def _vendor(listed: Listed, health: Health) -> dict[str, Any]:
    success_ms, fault_ms = health.last_success_ms, health.last_fault_ms
    return {
        "kind": listed.kind,
        "name": listed.name,
        "owner": listed.owner,
        "country": listed.country,
        "notice_days": listed.notice_days,
        "lead_days": listed.lead_days,
        "data_held": listed.data_held,
        "replacement": listed.replacement,
        "usable": listed.usable,
        "state": health.state,
        "since": iso_ms(health.since_ms) if health.since_ms else None,
        "rests_until": iso_ms(health.until_ms) if health.until_ms else None,
        "said": health.said,
        "last_success": iso_ms(success_ms) if success_ms else None,
        "last_fault": iso_ms(fault_ms) if fault_ms else None,
    }


def _vendors(known: list[Known]) -> list[dict[str, Any]]:
    return [_vendor(one.listed, one.health) for one in known]


async def index(court: Court, request: ApiRequest) -> Response:
    """Every vendor of the settings, and how it does: for admins."""
    check_admin(request)
    return json_response(_vendors((await survey(court.world)).vendors), headers=_NOT_KEPT)


def _named(court: Court, request: ApiRequest) -> Listed:
    check_admin(request)
    return find(court.world, request.path_text("kind"), request.path_text("name"))


async def reset(court: Court, request: ApiRequest) -> Response:
    """A person has looked: the vendor may be asked again."""
    one = _named(court, request)
    return json_response(_vendor(one, await reset_vendor(court.world, one)), headers=_NOT_KEPT)


async def used(court: Court, request: ApiRequest) -> Response:
    """A person says that a vendor no adapter speaks to was used today."""
    one = _named(court, request)
    return json_response(_vendor(one, await note_used(court.world, one)), headers=_NOT_KEPT)
