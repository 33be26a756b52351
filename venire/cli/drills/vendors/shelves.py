"""Stores for drills, which vanish and come back: folders, or real ones behind a proxy of ours."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import obstore
from obstore.store import S3Store

from venire.cli.drills.counterparts.relayed import StreamProxy
from venire.cli.drills.vendors.endpoints import Endpoint
from venire.kernel.errors import Refused

_MANY: Final = 1_000
_MARK: Final = "drill/mark"


class Shelf:
    """A store in a folder; `a` is in one country, others not."""

    def __init__(self, place: Path, name: str) -> None:
        self.name = name
        self._place = place
        self.come_back()

    @property
    def block(self) -> tuple[str, dict[str, Any]]:
        """Its `[[stores]]` block."""
        owner, country = ("One Inc.", "US") if self.name.startswith("a") else ("Two Ltd.", "HR")
        said = {"name": self.name, "owner": owner, "country": country, **self._reached()}
        return "stores", said

    @property
    def source(self) -> list[str]:
        """How a restore is told of it."""
        return [f"file://{self._place}"]

    def _reached(self) -> dict[str, Any]:
        return {"url": f"file://{self._place}"}

    def names(self, prefix: str = "") -> list[str]:
        """What it holds below a prefix, looked up past the site."""
        folder = self._place / prefix
        if not folder.is_dir():
            return []
        found = (one for one in folder.rglob("*") if one.is_file())
        return [one.relative_to(self._place).as_posix() for one in found]

    @property
    def suffices(self) -> bool:
        """Whether a site could be built from it alone."""
        return any(one.endswith("/manifest.json") for one in self.names("snapshots"))

    def vanish(self) -> None:
        """Gone in one moment, whoever is writing to it, and empty should it come back."""
        gone = self._place.with_name(f"{self._place.name}-gone-{time.monotonic_ns()}")
        self._place.rename(gone)
        # What is being written there goes on for an instant.
        shutil.rmtree(gone, ignore_errors=True)

    def come_back(self) -> None:
        """There again, with nothing in it."""
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)


class RealShelf(Shelf):
    """A bucket at a real store, reached through a proxy: signatures are made for its address."""

    def __init__(
        self, place: Path, name: str, proxy: StreamProxy, real: Endpoint, secret_file: str
    ) -> None:
        self._proxy = proxy
        self._real = real
        self._secret_file = secret_file
        self._store = S3Store(
            real.options["bucket"],
            endpoint=real.address,
            region=real.options["region"],
            access_key_id=real.options["key_id"],
            secret_access_key=real.secret,
            client_options={"allow_http": real.address.startswith("http://")},
            virtual_hosted_style_request=False,
        )
        super().__init__(place, name)

    @property
    def source(self) -> list[str]:
        """See `Shelf`."""
        secret = self._place.with_name(f"{self._place.name}.secret")
        secret.touch(mode=0o600)
        secret.write_text(self._real.secret)
        said = self._reached()
        reached = ["--endpoint", said["endpoint"], "--region", said["region"], "--allow-http"]
        known = ["--key-id", said["key_id"], "--secret-file", str(secret)]
        return [said["url"], *reached, *known]

    def _reached(self) -> dict[str, Any]:
        return {
            "url": f"s3://{self._real.options['bucket']}",
            "endpoint": self._proxy.url,
            "region": self._real.options["region"],
            "key_id": self._real.options["key_id"],
            "secret_file": self._secret_file,
            "allow_http": True,
        }

    def names(self, prefix: str = "") -> list[str]:
        """See `Shelf`."""
        return [one["path"] for page in self._pages(prefix) for one in page]

    def _pages(self, prefix: str) -> Any:
        return obstore.list(self._store, prefix=prefix or None, chunk_size=_MANY)

    def vanish(self) -> None:
        """See `Shelf`."""
        self._proxy.lost = "refuses"

    def come_back(self) -> None:
        """See `Shelf`: at the same address. Refused `bucket_not_of_drills`."""
        found = self.names()
        if found and _MARK not in found:
            hint = (
                f"{self._real.options['bucket']}: a drill clears its bucket, and this one is used"
            )
            raise Refused("bucket_not_of_drills", hint)
        if found:
            obstore.delete(self._store, found)
        obstore.put(self._store, _MARK, b"Drills clear this bucket.\n")
        self._proxy.lost = ""


def open_shelf(
    place: Path,
    name: str,
    real: Endpoint | None,
    serve: Callable[[StreamProxy], str],
    secret: Callable[[str, str], str],
) -> Shelf:
    """A store of a drill: `serve` lets a proxy stand, `secret` keeps one for the site."""
    if real is None:
        return Shelf(place, name)
    proxy = StreamProxy(real.address)
    serve(proxy)
    return RealShelf(place, name, proxy, real, secret(f"drill-store-{name}", real.secret))
