"""Mastodon's `ScheduledStatus`. Source: docs.joinmastodon.org/entities/ScheduledStatus."""

from __future__ import annotations

import msgspec

from venire.api.entities.media import MediaAttachmentEntity, build_attachment
from venire.kernel.clock import iso_ms
from venire.posts.model import PollDraft
from venire.posts.scheduled import Plan
from venire.storage.world import World


class PollParams(msgspec.Struct, frozen=True):
    """The question that a planned post will ask."""

    options: tuple[str, ...]
    expires_in: int
    multiple: bool
    hide_totals: bool


class ScheduledParams(msgspec.Struct, frozen=True):
    """What a post was planned with; the two last are kept for clients of old."""

    text: str
    poll: PollParams | None
    media_ids: tuple[str, ...] | None
    sensitive: bool | None
    spoiler_text: str | None
    visibility: str
    in_reply_to_id: int | None
    language: str | None
    idempotency: str | None
    quoted_status_id: str | None
    quote_approval_policy: str | None
    scheduled_at: None = None
    application_id: int = 0
    with_rate_limit: bool = False


class ScheduledStatusEntity(msgspec.Struct, frozen=True):
    """A post that is to be published at a moment."""

    id: str
    scheduled_at: str
    params: ScheduledParams
    media_attachments: tuple[MediaAttachmentEntity, ...]


def build_scheduled(world: World, plan: Plan) -> ScheduledStatusEntity:
    """A plan as its author sees it."""
    draft = plan.draft
    base = world.site.base_url
    return ScheduledStatusEntity(
        id=str(plan.id),
        scheduled_at=iso_ms(plan.at_ms),
        params=ScheduledParams(
            text=draft.text,
            poll=_poll(draft.poll),
            media_ids=tuple(str(one) for one in draft.media_ids) or None,
            sensitive=draft.sensitive,
            spoiler_text=draft.spoiler,
            visibility=draft.visibility or "",
            in_reply_to_id=draft.in_reply_to_id,
            language=draft.language,
            idempotency=draft.idempotency_key,
            quoted_status_id=None if draft.quoted_id is None else str(draft.quoted_id),
            quote_approval_policy=draft.quote_policy,
        ),
        media_attachments=tuple(build_attachment(one, base) for one in plan.media),
    )


def _poll(poll: PollDraft | None) -> PollParams | None:
    if poll is None:
        return None
    return PollParams(poll.options, poll.expires_in_s, poll.multiple, poll.hide_totals)
