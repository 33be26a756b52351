"""OAuth scopes: which there are, and what one includes. Pure.

Source: docs.joinmastodon.org/api/oauth-scopes. `follow` is the legacy name for the three pairs of
blocks, follows and mutes.
"""

from __future__ import annotations

from collections.abc import Iterable

_READ = (
    "accounts blocks bookmarks collections favourites filters follows lists mutes notifications"
    " search statuses"
)
_WRITE = (
    "accounts blocks bookmarks collections conversations favourites filters follows lists media"
    " mutes notifications reports statuses"
)
_ADMIN = (
    "accounts canonical_email_blocks domain_allows domain_blocks email_domain_blocks ip_blocks"
    " reports"
)
_FOLLOW = frozenset(
    f"{verb}:{noun}" for verb in ("read", "write") for noun in ("blocks", "follows", "mutes")
)

SCOPES: tuple[str, ...] = (
    "profile",
    "read",
    "write",
    "push",
    "follow",
    "admin:read",
    "admin:write",
    *(f"read:{noun}" for noun in _READ.split()),
    *(f"write:{noun}" for noun in _WRITE.split()),
    *(f"admin:read:{noun}" for noun in _ADMIN.split()),
    *(f"admin:write:{noun}" for noun in _ADMIN.split()),
)
"""In the order in which they are published."""

_KNOWN = frozenset(SCOPES)
DEFAULT = ("read",)


def parse(text: str) -> tuple[str, ...]:
    """Split a scope parameter (spaces, commas or `+`), in order and without repeats."""
    return tuple(dict.fromkeys(text.replace(",", " ").replace("+", " ").split()))


def unknown(scopes: Iterable[str]) -> list[str]:
    """Those that do not exist."""
    return [scope for scope in scopes if scope not in _KNOWN]


def covers(granted: frozenset[str], wanted: str) -> bool:
    """Whether a token with `granted` may do what needs `wanted`.

    A scope includes what is below it: `write` includes `write:statuses`, `admin:read` includes
    `admin:read:reports`. `read` does not include `admin:read`.
    """
    if wanted in granted or (wanted in _FOLLOW and "follow" in granted):
        return True
    parts = wanted.split(":")
    return any(":".join(parts[:size]) in granted for size in range(1, len(parts)))


def within(wanted: Iterable[str], allowed: Iterable[str]) -> bool:
    """Whether every scope of `wanted` is covered by `allowed`."""
    held = frozenset(allowed)
    return all(_covered(scope, held) for scope in wanted)


def _covered(scope: str, held: frozenset[str]) -> bool:
    if scope == "follow":
        return "follow" in held or all(covers(held, part) for part in _FOLLOW)
    return covers(held, scope)
