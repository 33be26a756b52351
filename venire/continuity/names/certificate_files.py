"""The certificate that is served: one file, so that key and chain are never of two certificates.

First a line of our own (RFC 7468 lets text stand around), then the key, then the chain. nginx,
HAProxy and others read key and chain from one file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from venire.continuity.names.certificates import Certificate, validity
from venire.kernel.errors import Invalid, Unavailable

FILE: Final = "tls/site.pem"
_HEAD: Final = "Certificate by "
_PARTS = re.compile(
    rb"Certificate by (?P<who>[a-z][a-z0-9-]{0,31})\n"
    rb"(?P<key>-----BEGIN [A-Z ]+-----\n.+?-----END [A-Z ]+-----\n)"
    rb"(?P<chain>-----BEGIN CERTIFICATE-----\n.+)",
    re.DOTALL,
)
_MOST_BYTES: Final = 256 * 1024


def keep(data: Path, certificate: Certificate) -> Path:
    """Write it beside and put it in place: whoever reads it has the old one or the new one.

    Raises Unavailable `certificate_not_written`.
    """
    path = data / FILE
    beside = path.with_suffix(".new")
    head = f"{_HEAD}{certificate.authority}\n".encode()
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(head + certificate.key + certificate.chain)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Unavailable("certificate_not_written", f"{FILE}: {error.strerror}") from error
    return path


def read(data: Path) -> Certificate | None:
    """Read what is served; None where there is none that can be used."""
    try:
        with (data / FILE).open("rb") as file:
            content = file.read(_MOST_BYTES)
    except OSError:
        return None
    match = _PARTS.fullmatch(content)
    if match is None:
        return None
    try:
        begin_ms, end_ms = validity(match["chain"])
    except Invalid:
        return None
    return Certificate(match["key"], match["chain"], match["who"].decode(), begin_ms, end_ms)
