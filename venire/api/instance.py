"""What the site is: https://docs.joinmastodon.org/methods/instance/, NodeInfo, WebFinger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import msgspec
from starlette.responses import Response

from venire import __version__
from venire.api.entities.account import account_jsons
from venire.api.entities.instance import build_instance, build_instance_v1, build_rule
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response, raw_json_response
from venire.api.settings import ApiSettings
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import NotFound
from venire.people.counts import SiteCounts, load_site_counts
from venire.people.finding import local_name
from venire.people.model import ACTIVE, SITE_USERNAME
from venire.people.profile import note_html
from venire.people.store import find_by_handle
from venire.storage.world import Site

_PICTURES = Path(__file__).parent / "static"
_KEPT = {"Cache-Control": "public, max-age=86400"}
_FRESH = {"Cache-Control": "public, max-age=60"}


async def _contact(court: Court) -> msgspec.Raw | None:
    account = await find_by_handle(court.world, SITE_USERNAME)
    if account is None:
        return None
    return (await account_jsons(court.world, [account.id])).get(account.id)


class _Kept(msgspec.Struct, frozen=True):
    """What an answer was written from, and the answer."""

    site: Site
    settings: ApiSettings
    counts: SiteCounts
    contact: msgspec.Raw | None
    body: bytes


_Build = Callable[[Site, ApiSettings, SiteCounts, msgspec.Raw | None], object]
_WRITTEN: dict[_Build, _Kept] = {}


async def _written(court: Court, request: ApiRequest, build: _Build) -> bytes:
    """The most asked for answer of all: written again only when something in it has changed."""
    counts = await load_site_counts(court.world)
    contact = await _contact(court)
    kept = _WRITTEN.get(build)
    if (
        kept is None
        or kept.site is not court.world.site
        or kept.settings is not request.settings
        or kept.contact is not contact
        or kept.counts != counts
    ):
        built = build(court.world.site, request.settings, counts, contact)
        kept = _Kept(
            court.world.site, request.settings, counts, contact, msgspec.json.encode(built)
        )
        _WRITTEN[build] = kept
    return kept.body


async def show_instance(court: Court, request: ApiRequest) -> Response:
    """The site, version 2."""
    return raw_json_response(await _written(court, request, build_instance), headers=_FRESH)


async def show_instance_v1(court: Court, request: ApiRequest) -> Response:
    """The site, version 1."""
    return raw_json_response(await _written(court, request, build_instance_v1), headers=_FRESH)


async def rules(_court: Court, request: ApiRequest) -> Response:
    """The rules of the site."""
    return json_response([build_rule(rule) for rule in request.settings.rules])


async def extended_description(court: Court, request: ApiRequest) -> Response:
    """The site in its own words, and what reads here."""
    text = "\n\n".join(
        part for part in (request.settings.description, request.settings.detectors_read) if part
    )
    return json_response({"content": note_html(text), "updated_at": iso_ms(court.world.now_ms())})


async def health(_court: Court, _request: ApiRequest) -> Response:
    """Alive: for whatever watches over the process."""
    return Response("OK", media_type="text/plain", headers={"Cache-Control": "no-store"})


async def nodeinfo_index(court: Court, _request: ApiRequest) -> Response:
    """Where NodeInfo is (nodeinfo.diaspora.software)."""
    base_url = court.world.site.base_url
    schema = "http://nodeinfo.diaspora.software/ns/schema/2.0"
    return json_response({"links": [{"rel": schema, "href": f"{base_url}/nodeinfo/2.0"}]})


async def nodeinfo(court: Court, request: ApiRequest) -> Response:
    """What software this is. No protocol is named, since none is spoken yet."""
    counts = await load_site_counts(court.world)
    body: dict[str, Any] = {
        "version": "2.0",
        "software": {"name": "venire", "version": __version__},
        "protocols": [],
        "services": {"inbound": [], "outbound": []},
        "usage": {
            "users": {"total": counts.users, "activeMonth": counts.active_month},
            "localPosts": counts.statuses,
        },
        "openRegistrations": request.settings.registrations != "closed",
        "metadata": {"nodeName": court.world.site.title},
    }
    return json_response(body, headers=_FRESH)


async def host_meta(court: Court, _request: ApiRequest) -> Response:
    """Where WebFinger is (RFC 6415)."""
    template = quoteattr(f"{court.world.site.base_url}/.well-known/webfinger?resource={{uri}}")
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'  <Link rel="lrdd" template={template}/>\n</XRD>\n'
    )
    return Response(body, media_type="application/xrd+xml", headers=_KEPT)


async def webfinger(court: Court, request: ApiRequest) -> Response:
    """Who a handle of this site is (RFC 7033)."""
    resource = request.query.required("resource", limit=1_000)
    username = local_name(court.world, resource.removeprefix("acct:"))
    account = await find_by_handle(court.world, username) if username else None
    if account is None or account.state != ACTIVE:
        raise NotFound("record_not_found", "Record not found")
    page = f"{court.world.site.base_url}/@{account.username}"
    rel = "http://webfinger.net/rel/profile-page"
    body = {
        "subject": f"acct:{account.username}@{court.world.site.domain}",
        "aliases": [page, account.uri],
        "links": [{"rel": rel, "type": "text/html", "href": page}],
    }
    return Response(msgspec.json.encode(body), media_type="application/jrd+json")


def _picture(name: str) -> bytes:
    return (_PICTURES / name).read_bytes()


_AVATAR, _HEADER, _THUMBNAIL = (_picture(f"{n}.png") for n in ("avatar", "header", "thumbnail"))


def _png(content: bytes) -> Response:
    return Response(content, media_type="image/png", headers=_KEPT)


async def avatar(_court: Court, _request: ApiRequest) -> Response:
    """The picture of whoever set none."""
    return _png(_AVATAR)


async def header(_court: Court, _request: ApiRequest) -> Response:
    """The banner of whoever set none."""
    return _png(_HEADER)


async def thumbnail(_court: Court, _request: ApiRequest) -> Response:
    """The picture of the site."""
    return _png(_THUMBNAIL)
