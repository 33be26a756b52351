"""Options and requests of the commands that also work on a site elsewhere, by its URL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import httpx

from venire.kernel.errors import Invalid, Unavailable

_TIMEOUT_S = 120

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
url_option: Decorator = click.option("--url", default=None, help="A site elsewhere.")
token_option: Decorator = click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="A file with the token to act with on --url.",
)


def _headers(token_file: Path | None) -> dict[str, str]:
    if token_file is None:
        raise Invalid("token_file_missing", "--url needs --token-file")
    token = token_file.read_text(errors="replace").strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Invalid("token_file_invalid", f"{token_file} holds no token")
    return {"authorization": f"Bearer {token}"}


def ask(method: str, url: str, path: str, token_file: Path | None, **sent: Any) -> Any:
    """What a site elsewhere answers. Unavailable `site_unreachable`, `site_refused`."""
    headers = _headers(token_file)
    try:
        with httpx.Client(base_url=url, timeout=_TIMEOUT_S, trust_env=False) as client:
            answer = client.request(method, path, headers=headers, **sent)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable("site_unreachable", f"{url} does not answer: {error}") from error
    if not answer.is_success:
        raise Unavailable("site_refused", f"{answer.status_code}: {answer.text[:500]}")
    try:
        shown = answer.json()
    except ValueError as error:
        raise Unavailable("site_refused", f"{url} does not answer as a site does") from error
    return shown
