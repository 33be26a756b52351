"""DATA/names.toml: what the site's handles end with, fixed at first start, and where it has been.

A site whose name is taken away goes on at another address, and nobody is called anything else for
it. What counts, in this order: the setting `handle_domain`; what was fixed at first start; where
that is lost, the host in the identity of the site's own account, which never changes; the host of
`base_url`. A name that only one machine knows (an address, `localhost`) fixes nothing: a trial is
no first start. The file travels with snapshots, as every DATA/*.toml does.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from venire.kernel.errors import Unavailable
from venire.kernel.own_names import form_of, is_lasting
from venire.people.model import SITE_USERNAME
from venire.people.store import find_by_handle
from venire.server.settings import Settings
from venire.server.settings_file import replace_file
from venire.storage.world import World

NAME: Final = "names.toml"
_MOST: Final = 50
"""Moves that are remembered; the first name always is."""
_log = logging.getLogger(__name__)


class Names(msgspec.Struct, frozen=True):
    """What handles end with (empty: the host of `base_url`), and where the site is or was."""

    handle_domain: str = ""
    known: tuple[str, ...] = ()


def read(folder: Path) -> Names:
    """What the file says; nothing where there is none. Unavailable `names_unreadable`."""
    try:
        names = msgspec.toml.decode((folder / NAME).read_bytes(), type=Names)
    except FileNotFoundError:
        return Names()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unreadable(str(error)) from error
    if names.handle_domain and not is_lasting(names.handle_domain):
        # Passed over, everybody would be called otherwise without a word.
        raise _unreadable("handle_domain: a name in small letters, as example.org")
    return names


def _unreadable(why: str) -> Unavailable:
    return Unavailable(
        "names_unreadable",
        f"{NAME}: {why}; it says what handles end with: put a copy of it back, or take it away and"
        " name handle_domain in venire.toml",
    )


def decide(settings: Settings, kept: Names, identity: str) -> Names:
    """The names that count from now on. `identity`: the site's own account, empty where unknown."""
    served = settings.domain.lower()
    first = _host_of(identity)
    chosen = (settings.handle_domain, kept.handle_domain, first, served)
    ends = next((name for name in chosen if is_lasting(name)), "")
    # The first stays whatever comes later; of all others the latest are kept.
    known = _each_once((*kept.known, first, kept.handle_domain, ends, served))
    return Names(ends, (*known[:1], *known[1:][-_MOST:]))


def in_force(settings: Settings) -> Names:
    """The names that count, of a folder that nobody has to open for it. `names_unreadable`."""
    return decide(settings, read(settings.folder), "")


def handle_domain(settings: Settings) -> str:
    """What handles end with. Raises what `read` does."""
    return in_force(settings).handle_domain or settings.domain


async def keep(settings: Settings, world: World) -> Names:
    """The names that count, and the file that says so from now on. Raises what `read` does."""
    kept = read(settings.folder)
    identity = ""
    if not kept.handle_domain:
        own = await find_by_handle(world, SITE_USERNAME)
        identity = "" if own is None else own.uri
    names = decide(settings, kept, identity)
    if names != kept:
        content = _written(names).encode()
        replace_file(settings.folder / NAME, content, 0o600, world.chance)
        _tell(settings, kept, names)
    return names


def moved(settings: Settings, names: Names) -> bool:
    """Whether handles end with another name than the one at which the site is reached."""
    return bool(names.handle_domain) and form_of(names.handle_domain) != form_of(settings.domain)


def _tell(settings: Settings, kept: Names, names: Names) -> None:
    said = {"handles_end_with": names.handle_domain, "reached_at": settings.domain}
    if kept.handle_domain and kept.handle_domain != names.handle_domain:
        _log.warning("handles_changed", extra={**said, "before": kept.handle_domain})
    elif moved(settings, names):
        hint = "identities stay as they are; the setting handle_domain says otherwise"
        _log.warning("handles_stay", extra={**said, "hint": hint})
    else:
        _log.info("handles_fixed", extra=said)


def _host_of(identity: str) -> str:
    try:
        return urlsplit(identity).netloc.lower()
    except ValueError:
        return ""


def _each_once(names: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for name in names:
        if is_lasting(name):
            found.setdefault(form_of(name), name)
    return list(found.values())


def _written(names: Names) -> str:
    return (
        "# Written by the site: what handles end with for good, and every name it was reached at.\n"
        f"handle_domain = {json.dumps(names.handle_domain)}\n"
        f"known = {json.dumps(list(names.known))}\n"
    )
