"""The site's certificate, kept by itself: looked at each hour, renewed when it is time.

What serves TLS reads `tls/site.pem` and is told by its own means that the file has changed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography import x509

from venire.continuity.names import certificate_files, renewal
from venire.continuity.names.certificates import Certificate, Certificates
from venire.continuity.names.name_hosts import NameHosts
from venire.kernel.clock import Clock
from venire.kernel.errors import Problem
from venire.kernel.vendors import VendorFault

_log = logging.getLogger(__name__)
_LOOK_S: Final = 3_600.0
_ASK_S: Final = 12 * 3_600.0


async def keep_certified(
    certificates: Certificates, names: Sequence[str], data: Path, clock: Clock
) -> None:
    """Look each hour, for ever; a fault is tried again at the next look, and told when it is late.

    Renewing at two thirds leaves hundreds of tries, of authorities that may be all away for a day.
    """
    while True:
        try:
            await look(certificates, names, data, clock)
        except (VendorFault, Problem) as problem:
            _say(problem, data, clock)
        await asyncio.sleep(_LOOK_S)


async def keep_asking(hosts: NameHosts, certificates: Certificates | None) -> None:
    """Ask all hosts of names and all authorities twice a day whether we are served, for ever."""
    while True:
        try:
            faults = await hosts.check() | (await certificates.check() if certificates else {})
            if faults:
                _log.warning("names_not_served", extra={"vendors": faults})
        except Problem:
            _log.exception("names_not_asked")
        await asyncio.sleep(_ASK_S)


async def look(
    certificates: Certificates, names: Sequence[str], data: Path, clock: Clock
) -> Certificate:
    """Renew what is due, or missing, or for other names; return what is served now.

    Raises the faults of `Certificates.obtain`; Unavailable `certificate_not_written`.
    """
    held = await asyncio.to_thread(certificate_files.read, data)
    if held is not None and covers(held, names):
        at_ms = await certificates.renew_at_ms(held)
        if clock.now_ms() < at_ms:
            return held
    fresh = await certificates.obtain(names)
    await asyncio.to_thread(certificate_files.keep, data, fresh)
    _log.info(
        "certificate_renewed",
        extra={"authority": fresh.authority, "before": dict(fresh.before)},
    )
    return fresh


def covers(held: Certificate, names: Sequence[str]) -> bool:
    """Whether a certificate is for these names."""
    first = x509.load_pem_x509_certificates(held.chain)[0]
    try:
        found = first.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    return set(found.value.get_values_for_type(x509.DNSName)) >= set(names)


def _say(problem: VendorFault | Problem, data: Path, clock: Clock) -> None:
    held = certificate_files.read(data)
    late = held is None or renewal.is_late(held.begin_ms, held.end_ms, clock.now_ms())
    said = problem.said if isinstance(problem, VendorFault) else problem.code
    level = logging.CRITICAL if late else logging.WARNING
    _log.log(level, "certificate_not_renewed", extra={"said": said, "late": late})
