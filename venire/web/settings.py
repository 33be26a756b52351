"""What the pages read of an operator's settings: the shape that `server/` fills for both faces."""

from __future__ import annotations

from typing import Protocol

from limits.aio.storage import Storage

from venire.people.joining import Door


class WebSettings(Protocol):
    """The part of the face's settings that pages need."""

    @property
    def registrations(self) -> str:
        """Who may join: open, approval or closed."""

    @property
    def confirmed_contact_required(self) -> bool:
        """Whether a member may sign in only once the e-mail address is confirmed."""

    @property
    def minimum_age(self) -> int:
        """Years; 0 asks for no date of birth."""

    @property
    def door(self) -> Door:
        """The defences of the sign-up."""

    @property
    def rate_limits(self) -> bool:
        """Whether calls are counted."""

    @property
    def counters(self) -> Storage | None:
        """Where calls are counted together with other processes; None: in this one alone."""

    @property
    def max_characters(self) -> int:
        """Of a post."""

    @property
    def description(self) -> str:
        """The site in its operator's words; may be empty."""

    @property
    def detectors_read(self) -> str:
        """What detectors read, in one sentence: said at sign-up and beside the compose box."""
