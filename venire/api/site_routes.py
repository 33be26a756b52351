"""Routes of what the site says of itself, and of Mastodon's parts that it has nothing of."""

from __future__ import annotations

from venire.api import absences, absent_parts, site_papers
from venire.api.routing import Route

_I = "/api/v1/instance"
_Y = "/api/v1/annual_reports"
_C = "/api/v1/collections"

SITE = (
    Route("GET", f"{_I}/activity", site_papers.activity, "open"),
    Route("GET", f"{_I}/languages", site_papers.languages, "open"),
    Route("GET", f"{_I}/privacy_policy", site_papers.privacy_policy, "open"),
    Route("GET", f"{_I}/terms_of_service", site_papers.terms_of_service, "open"),
    Route("GET", f"{_I}/terms_of_service/{{date}}", site_papers.dated_terms, "open"),
    Route("GET", f"{_I}/peers", absences.nothing, "open"),
    Route("GET", f"{_I}/domain_blocks", absences.nothing, "open"),
    Route("GET", f"{_I}/translation_languages", absences.no_entries, "open"),
    Route("GET", "/api/v1/peers/search", absences.nothing, "open"),
    Route("GET", "/manifest", site_papers.manifest, "open", "none"),
    Route("GET", "/api/oembed", absent_parts.oembed, "open"),
)

ABSENT_PARTS = (
    Route("GET", _Y, absent_parts.no_annual_reports, "read:accounts"),
    Route("GET", f"{_Y}/{{year}}", absent_parts.lost, "read:accounts"),
    Route("GET", f"{_Y}/{{year}}/state", absent_parts.annual_report_state, "read:accounts"),
    Route("POST", f"{_Y}/{{year}}/generate", absences.no_entries, "write:accounts"),
    Route("POST", f"{_Y}/{{year}}/read", absent_parts.lost, "write:accounts"),
    Route(
        "GET",
        "/api/v1/accounts/{id}/collections",
        absent_parts.no_collections,
        "read:collections?",
    ),
    Route(
        "GET",
        "/api/v1/accounts/{id}/in_collections",
        absent_parts.no_collections,
        "read:collections",
    ),
    Route("POST", _C, absent_parts.lost, "write:collections"),
    Route("GET", f"{_C}/{{id}}", absent_parts.lost, "read:collections?"),
    Route("PATCH", f"{_C}/{{id}}", absent_parts.lost, "write:collections"),
    Route("DELETE", f"{_C}/{{id}}", absent_parts.lost, "write:collections"),
    Route("POST", f"{_C}/{{id}}/items", absent_parts.lost, "write:collections"),
    Route("DELETE", f"{_C}/{{id}}/items/{{item_id}}", absent_parts.lost, "write:collections"),
    Route("POST", f"{_C}/{{id}}/items/{{item_id}}/revoke", absent_parts.lost, "write:collections"),
    Route("GET", "/api/v1/statuses/{id}/card", absent_parts.no_card, "read:statuses?"),
    Route("POST", "/api/v1/statuses/{id}/translate", absent_parts.no_translation, "read:statuses?"),
    Route("GET", "/api/v1/timelines/link", absences.nothing, "read:statuses?"),
    Route("GET", "/api/v1/timelines/direct", absent_parts.direct_timeline, "read:statuses"),
    Route("GET", "/api/proofs", absent_parts.lost, "open"),
    Route("GET", "/api/v1_alpha/async_refreshes/{id}", absent_parts.lost, "read"),
)
