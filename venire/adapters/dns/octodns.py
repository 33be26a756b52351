"""Zones kept as files that octodns carries to a host of names, any of the thirty that it knows.

Implements `kernel.ports.DnsService`: a file per zone, in the format of octodns's `YamlProvider` (as
JSON, which is YAML), and the operator's own `octodns-sync` run after each change. octodns is a
program beside the site, not a part of it: it brings its hosts' libraries and keeps their keys.
In its configuration the source needs `enforce_order: false`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from venire.kernel.errors import Invalid
from venire.kernel.vendors import VendorUnavailable
from venire.kernel.zones import DnsRecord, RecordKind, check_records, is_name, zone_of

_WHOLE_S: Final = 60.0
_END_S: Final = 5.0
_MOST_BYTES: Final = 4 << 20


class Octodns:
    """Implements `kernel.ports.DnsService`.

    `folder`: where the zone files lie, `ZONE.yaml`; each must be there, since what is not in a file
    is deleted at the host. `command`: how octodns is run, e.g.
    `("octodns-sync", "--config-file", "octodns.yaml", "--doit")`.
    """

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        zones: Sequence[str],
        *,
        whole_s: float = _WHOLE_S,
    ) -> None:
        for zone in zones:
            if not is_name(zone):
                raise Invalid("dns_zone_invalid", f"no zone: {zone[:100]!r}")
        self.zones = tuple(zones)
        self._folder = folder
        self._command = tuple(command)
        self._whole_s = whole_s
        self._turn = asyncio.Lock()

    async def replace(self, records: Sequence[DnsRecord]) -> None:
        """See `DnsService.replace`. A zone that octodns did not carry over is as it was before."""
        check_records(records)
        by_zone: dict[str, list[DnsRecord]] = {}
        for record in records:
            by_zone.setdefault(zone_of(record.name, self.zones), []).append(record)
        async with self._turn:
            before = {zone: self._load(zone) for zone in by_zone}
            for zone, ours in by_zone.items():
                self._save(zone, changed(before[zone], zone, ours))
            try:
                await self._run()
            except VendorUnavailable as fault:
                if not fault.in_doubt:
                    for zone, held in before.items():
                        self._save(zone, held)
                raise

    async def look(self, name: str, kind: RecordKind) -> tuple[str, ...]:
        """See `DnsService.look`: what the file holds, which the last run carried over."""
        zone = zone_of(name, self.zones)
        async with self._turn:
            held = self._load(zone)
        for entry in _entries(held, _label(name, zone)):
            if entry.get("type") == kind:
                return tuple(sorted(_values(kind, entry)))
        return ()

    async def check(self) -> None:
        """See `DnsService.check`: octodns plans, and does nothing."""
        async with self._turn:
            for zone in self.zones:
                self._load(zone)
            await self._run(tuple(word for word in self._command if word != "--doit"))

    async def _run(self, command: tuple[str, ...] | None = None) -> None:
        ask = command or self._command
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        try:
            process = await asyncio.create_subprocess_exec(
                *ask,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=self._folder,
                env=plain,
            )
        except OSError:
            raise VendorUnavailable("octodns_missing") from None
        try:
            async with asyncio.timeout(self._whole_s):
                code = await process.wait()
        except TimeoutError:
            # Some of it may be there.
            raise VendorUnavailable("octodns_timeout", in_doubt=True) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if code:
            raise VendorUnavailable(f"octodns_exit_{code}")

    def _load(self, zone: str) -> dict[str, Any]:
        path = self._folder / f"{zone}.yaml"
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise VendorUnavailable("zone_file_too_long")
            held = json.loads(path.read_bytes() or b"{}")
        except OSError:
            raise VendorUnavailable("zone_file_missing") from None
        except (ValueError, RecursionError):
            # A zone that a person wrote as plain YAML is not ours to rewrite.
            raise VendorUnavailable("zone_file_not_json") from None
        if not isinstance(held, dict):
            raise VendorUnavailable("zone_file_not_json")
        return held

    def _save(self, zone: str, held: dict[str, Any]) -> None:
        path = self._folder / f"{zone}.yaml"
        beside = path.with_suffix(".new")
        text = json.dumps(held, indent=1, sort_keys=True) + "\n"
        try:
            with beside.open("w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError:
            raise VendorUnavailable("zone_file_not_written") from None


def changed(held: dict[str, Any], zone: str, records: Sequence[DnsRecord]) -> dict[str, Any]:
    """A zone file with these records in the place of what it had of their kind."""
    after = dict(held)
    for record in records:
        label = _label(record.name, zone)
        kept = [one for one in _entries(after, label) if one.get("type") != record.kind]
        if record.values:
            values = [_written(record.kind, value) for value in record.values]
            several = {"value": values[0]} if record.kind == "CNAME" else {"values": values}
            kept.append({"type": record.kind, "ttl": record.ttl_s, **several})
        if kept:
            after[label] = sorted(kept, key=lambda one: str(one.get("type")))
        else:
            after.pop(label, None)
    return after


def _label(name: str, zone: str) -> str:
    return name.removesuffix(zone).rstrip(".")


def _entries(held: dict[str, Any], label: str) -> list[dict[str, Any]]:
    found = held.get(label, [])
    listed = found if isinstance(found, list) else [found]
    return [one for one in listed if isinstance(one, dict)]


def _written(kind: RecordKind, value: str) -> Any:
    if kind == "TXT":
        return value.replace(";", "\\;")
    if kind == "CAA":
        flags, tag, text = value.split(" ", 2)
        return {"flags": int(flags), "tag": tag, "value": text.strip('"')}
    if kind == "MX":
        preference, exchange = value.split(" ", 1)
        return {"preference": int(preference), "exchange": exchange.rstrip(".") + "."}
    return value.rstrip(".") + "." if kind in {"CNAME", "NS"} else value


def _values(kind: RecordKind, entry: dict[str, Any]) -> list[str]:
    listed = entry["values"] if "values" in entry else [entry.get("value")]
    found = listed if isinstance(listed, list) else [listed]
    if kind == "CAA":
        return [f'{one["flags"]} {one["tag"]} "{one["value"]}"' for one in found]
    if kind == "MX":
        return [f"{one['preference']} {one['exchange']}" for one in found]
    return [str(one).replace("\\;", ";") if kind == "TXT" else str(one) for one in found]
