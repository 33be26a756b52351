"""Templates: everything is escaped, a missing value is a fault, and no page carries a script."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup, escape

from venire.kernel.clock import iso_ms, parse_iso_ms
from venire.kernel.i18n import LANGUAGES
from venire.web import moments, security_words, words
from venire.web.static_files import address_of

if TYPE_CHECKING:
    from venire.web.visit import Visit

TEMPLATES = Path(__file__).parent / "templates"


@functools.cache
def environment() -> jinja2.Environment:
    """The templates of the pages."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = address_of
    made.globals["words"] = words
    made.filters["marked"] = marked
    made.filters["longest"] = longest
    return made


def marked(text: str, found: Sequence[str]) -> Markup:
    """A text as HTML, with every place of the words that stood out in `<mark>`."""
    stands_out = [False] * len(text)
    for word in found:
        place = text.find(word) if word else -1
        while place >= 0:
            stands_out[place : place + len(word)] = [True] * len(word)
            place = text.find(word, place + 1)
    pieces: list[Markup] = []
    for out, signs in itertools.groupby(range(len(text)), key=stands_out.__getitem__):
        run = "".join(text[place] for place in signs)
        pieces.append(Markup("<mark>{}</mark>").format(run) if out else escape(run))
    return Markup().join(pieces)


def longest(found: Sequence[str]) -> list[str]:
    """Words without those that are part of a longer one."""
    return [word for word in found if not any(word != other and word in other for other in found)]


def render(template: str, visit: Visit, **values: Any) -> str:
    """The HTML of a page for a visit."""
    return environment().get_template(template).render(**_standing(visit), **values)


def _standing(visit: Visit) -> dict[str, Any]:
    """What every template may use."""
    language = visit.language
    now_ms = visit.world.now_ms()

    def when(at: int | str) -> Markup:
        exact = moments.exact(at, language)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            iso_ms(at if isinstance(at, int) else parse_iso_ms(at)),
            exact,
            moments.ago(at, now_ms, language),
        )

    def moment(at: int | str) -> Markup:
        at_ms = at if isinstance(at, int) else parse_iso_ms(at)
        return Markup('<time datetime="{}">{}</time>').format(
            iso_ms(at_ms), moments.exact(at, language)
        )

    return {
        "t": visit.t,
        "language": language,
        "other_languages": [
            (code, name, _in_other_language(visit, code))
            for code, name in LANGUAGES.items()
            if code != language
        ],
        "site": visit.world.site,
        "viewer": visit.viewer,
        "moderates": visit.moderates,
        "takes": visit.takes,
        "path": visit.request.url.path,
        "here": _here(visit),
        "form_token": visit.form_token,
        "done": _done(visit.request.query_params.get("done", "")),
        "in_language": visit.in_language,
        "when": when,
        "moment": moment,
        "day": lambda at: moments.day(at, language),
        "month_name": lambda name: moments.month(name, language),
        "lasting": lambda length_ms: moments.lasting(length_ms, language),
        "max_characters": visit.settings.max_characters,
        "detectors_read": visit.settings.detectors_read,
    }


def _done(code: str) -> str:
    """What a form that was sent says."""
    return words.DONE.get(code) or security_words.DONE.get(code, "")


def _here(visit: Visit) -> str:
    """The address of this page, for forms that lead back to it."""
    asked = visit.request.query_params.multi_items()
    kept = [(name, value) for name, value in asked if name in {"before", "after"}]
    return f"{visit.request.url.path}?{urlencode(kept)}" if kept else visit.request.url.path


def _in_other_language(visit: Visit, code: str) -> str:
    """The address of this page in another language."""
    asked = visit.request.query_params.multi_items()
    kept = [(name, value) for name, value in asked if name not in {"lang", "done"}]
    path = visit.request.url.path if visit.request.method in {"GET", "HEAD"} else "/"
    return f"{path}?{urlencode([*kept, ('lang', code)])}"
