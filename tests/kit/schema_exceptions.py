"""Where an answer of ours may differ from the OpenAPI document, each with its reason.

An entry names the operation, the status (or `*`), the place within the answer (a prefix, `*` for
one step), and why. The document is generated from documentation: 4 % of true Mastodon answers do
not fit it.
"""

from __future__ import annotations

AMENDMENTS: tuple[tuple[str, str, str], ...] = (
    ("Quote", "quoted_status", "without it every quote is a ShallowQuote too, and `oneOf` fails"),
    ("ShallowQuote", "quoted_status_id", "the same from the other side"),
)
"""Keys that the document forgot to require: the schema, the key, why."""

EXCEPTIONS: tuple[tuple[str, str, str, str], ...] = (
    (
        "GET /api/v1/instance",
        "200",
        "urls/streaming_api",
        "empty where there is no streaming, so that clients do not try (docs: network.md)",
    ),
    (
        "GET /api/v1/instance",
        "200",
        "email",
        "a site without a contact address states none, instead of one that nobody reads",
    ),
    (
        "GET /api/v2/instance",
        "200",
        "contact/email",
        "the same in version 2",
    ),
    (
        "DELETE /api/v1/statuses/{id}",
        "200",
        "",
        "the true answer has `text` and no `content`; the document reuses Status",
    ),
    (
        "GET /api/v1/filters",
        "200",
        "",
        "a list of V1::Filter; the document forgot the list",
    ),
    (
        "DELETE /api/v2/filters/statuses/{id}",
        "200",
        "",
        "an empty object, as from every DELETE of a filter; the document reuses FilterStatus",
    ),
)
