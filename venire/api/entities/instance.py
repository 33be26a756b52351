"""Mastodon's `Instance` in both versions. Source: docs.joinmastodon.org/entities/Instance.

What this site does not do is said, so that clients do not ask for it: no translation.
`max_characters` stands in both versions, since old clients read the first.
"""

from __future__ import annotations

from typing import Any

import msgspec

from venire import __version__
from venire.api.settings import ApiSettings, RuleText
from venire.kernel.i18n import LANGUAGES
from venire.people import rules
from venire.people.counts import SiteCounts
from venire.posts.media import rules as media
from venire.posts.rules import ATTACHMENTS_MOST
from venire.posts.tag_choices import FEATURED_MOST
from venire.storage.world import Site

VERSION = f"4.5.0 (compatible; Venire {__version__})"
"""Clients switch features on by the first number; Mastodon.py splits at the first space."""

THUMBNAIL = "/thumbnail.png"
_URL_CHARACTERS = 23


class RuleEntity(msgspec.Struct, frozen=True):
    """One rule of the site."""

    id: str
    text: str
    hint: str
    translations: dict[str, dict[str, str]]


def build_rule(rule: RuleText) -> RuleEntity:
    """The entity of a rule."""
    return RuleEntity(
        id=rule.id,
        text=rule.text,
        hint=rule.hint,
        translations={
            language: {"text": text, "hint": hint} for language, text, hint in rule.translations
        },
    )


def _statuses(settings: ApiSettings) -> dict[str, Any]:
    return {
        "max_characters": settings.max_characters,
        "max_media_attachments": ATTACHMENTS_MOST,
        "characters_reserved_per_url": _URL_CHARACTERS,
    }


def _media(settings: ApiSettings) -> dict[str, Any]:
    films = settings.films
    return {
        "supported_mime_types": media.supported_types(films=films),
        "description_limit": media.DESCRIPTION_CHARACTERS,
        "image_size_limit": media.IMAGE_BYTES,
        "image_matrix_limit": media.IMAGE_PIXELS_MOST,
        "video_size_limit": media.FILM_BYTES if films else 0,
        "video_frame_rate_limit": media.FRAME_RATE_MOST if films else 0,
        "video_matrix_limit": media.FILM_PIXELS_MOST if films else 0,
    }


_POLLS = {
    "max_options": 4,
    "max_characters_per_option": 50,
    "min_expiration": 300,
    "max_expiration": 2_629_746,
}
_ACCOUNTS = {
    "max_featured_tags": FEATURED_MOST,
    "max_pinned_statuses": 0,
    "max_display_name_length": rules.DISPLAY_NAME_LENGTH,
    "max_note_length": rules.NOTE_LENGTH,
    "max_avatar_description_length": 0,
    "max_header_description_length": 0,
    "max_profile_fields": rules.FIELDS,
    "profile_field_name_limit": rules.FIELD_LENGTH,
    "profile_field_value_limit": rules.FIELD_LENGTH,
}


def _languages(site: Site) -> list[str]:
    return [site.language, *(code for code in LANGUAGES if code != site.language)]


def streaming_address(site: Site) -> str:
    """Where streams are: clients put the path behind it."""
    return "ws" + site.base_url.removeprefix("http")


def _configuration(site: Site, settings: ApiSettings) -> dict[str, Any]:
    access = {"local": "public", "remote": "disabled"}
    return {
        "urls": {
            "streaming": streaming_address(site),
            "status": None,
            "about": f"{site.base_url}/about",
            "privacy_policy": None,
            "terms_of_service": None,
        },
        "vapid": {"public_key": settings.vapid_public_key},
        "accounts": _ACCOUNTS,
        "statuses": _statuses(settings),
        "media_attachments": _media(settings),
        "polls": _POLLS,
        "translation": {"enabled": False},
        "timelines_access": {
            "live_feeds": access,
            "hashtag_feeds": access,
            "trending_link_feeds": {"local": "public", "remote": "disabled"},
        },
        "limited_federation": True,
    }


def build_instance(
    site: Site, settings: ApiSettings, counts: SiteCounts, contact: msgspec.Raw | None
) -> dict[str, Any]:
    """Version 2. `contact`: the account that answers for the site."""
    closed = settings.registrations == "closed"
    return {
        "domain": site.domain,
        "title": site.title,
        "version": VERSION,
        "source_url": settings.source_url or f"{site.base_url}/about",
        "description": settings.description,
        "usage": {"users": {"active_month": counts.active_month}},
        "thumbnail": {
            "url": site.base_url + THUMBNAIL,
            "blurhash": None,
            "description": "",
            "versions": {"@1x": site.base_url + THUMBNAIL, "@2x": site.base_url + THUMBNAIL},
        },
        "icon": [{"src": site.base_url + THUMBNAIL, "size": "512x512"}],
        "languages": _languages(site),
        "configuration": _configuration(site, settings),
        "registrations": {
            "enabled": not closed,
            "approval_required": settings.registrations == "approval",
            "reason_required": settings.registrations == "approval",
            "message": None,
            "min_age": settings.minimum_age or None,
            "url": None,
        },
        "api_versions": {"mastodon": 1},
        "contact": {"email": site.contact, "account": contact},
        "rules": [build_rule(rule) for rule in settings.rules],
        "wrapstodon": None,
    }


def build_instance_v1(
    site: Site, settings: ApiSettings, counts: SiteCounts, contact: msgspec.Raw | None
) -> dict[str, Any]:
    """Version 1, which clients read when the second fails them, and some read first."""
    return {
        "uri": site.domain,
        "title": site.title,
        "short_description": settings.description,
        "description": settings.description,
        "email": site.contact,
        "version": VERSION,
        "urls": {"streaming_api": streaming_address(site)},
        "stats": {
            "user_count": counts.users,
            "status_count": counts.statuses,
            "domain_count": 0,
        },
        "thumbnail": site.base_url + THUMBNAIL,
        "languages": _languages(site),
        "registrations": settings.registrations != "closed",
        "approval_required": settings.registrations == "approval",
        "invites_enabled": False,
        "configuration": {
            "accounts": {"max_featured_tags": FEATURED_MOST},
            "statuses": _statuses(settings),
            "media_attachments": _media(settings),
            "polls": _POLLS,
        },
        "contact_account": contact,
        "rules": [build_rule(rule) for rule in settings.rules],
        "max_toot_chars": settings.max_characters,
    }
