"""Where an answer of ours may differ from the OpenAPI document, each with its reason.

An entry names the operation, the status (or `*`), the place within the answer (a prefix, `*` for
one step), and why. The document is generated from documentation: 4 % of true Mastodon answers do
not fit it.
"""

from __future__ import annotations

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
)
