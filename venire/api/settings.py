"""What an operator decides about the API's face. Built in `server/` from the one settings tree."""

from __future__ import annotations

import dataclasses
from typing import Literal

from venire.api.counters import SharedCounters
from venire.people.joining import Door


@dataclasses.dataclass(frozen=True, slots=True)
class RuleText:
    """One rule of the site as members read it; `translations`: language -> (text, hint)."""

    id: str
    text: str
    hint: str = ""
    translations: tuple[tuple[str, str, str], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class ApiSettings:
    """Read by handlers as `request.settings`."""

    registrations: Literal["open", "approval", "closed"] = "open"
    confirmed_contact_required: bool = True
    """Whether a member's token works only once the e-mail address is confirmed."""
    minimum_age: int = 16
    """Years; 0 asks for no date of birth."""
    rate_limits: bool = True
    max_characters: int = 1000
    description: str = ""
    rules: tuple[RuleText, ...] = ()
    source_url: str = ""
    vapid_public_key: str = ""
    """The key that devices subscribe to pushes with; empty where there are none."""
    films: bool = False
    """Whether video and sound can be uploaded: there is an ffmpeg."""
    door: Door = dataclasses.field(default_factory=Door)
    """The defences of the sign-up."""
    counters: SharedCounters | None = None
    """Where calls are counted when several processes serve one site."""
    country_header: str = ""
    """The header in which a trusted proxy says from which country a request comes."""
    bounce_secret: str = dataclasses.field(default="", repr=False)
    """What the site's own mail server shows when it brings letters back; empty: none are taken."""
    detectors_read: str = "Public and unlisted posts are read by detectors on this server."
