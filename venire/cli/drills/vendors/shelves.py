"""Stores for drills: folders, or real S3 servers where one is named, which vanish and come back.

`VENIRE_DRILL_S3` names the program of versitygw. Its objects lie in a folder as what they are, so
that a drill can look at what a store holds without asking it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx

from venire.cli.drills import site
from venire.kernel.errors import Unavailable

PROGRAM: Final = "VENIRE_DRILL_S3"
_ACCESS: Final = "venire-drill"
_SECRET: Final = "a-secret-of-the-drill"  # noqa: S105 - of a stand-in
_BUCKET: Final = "venire"
_UP_S: Final = 20.0


class Shelf:
    """A store in a folder; `a` is in one country, others not."""

    def __init__(self, place: Path, name: str) -> None:
        self.name = name
        self._place = place
        self.come_back()

    @property
    def folder(self) -> Path:
        """Where its objects lie, as what they are called."""
        return self._place

    @property
    def block(self) -> tuple[str, dict[str, Any]]:
        """Its `[[stores]]` block."""
        owner, country = ("One Inc.", "US") if self.name.startswith("a") else ("Two Ltd.", "HR")
        said = {"name": self.name, "owner": owner, "country": country, **self._reached()}
        return "stores", said

    @property
    def source(self) -> list[str]:
        """How a restore is told of it."""
        return [f"file://{self.folder}"]

    def _reached(self) -> dict[str, Any]:
        return {"url": f"file://{self.folder}"}

    def vanish(self) -> None:
        """Gone in one moment, whoever is writing to it, and empty should it come back."""
        gone = self._place.with_name(f"{self._place.name}-gone-{time.monotonic_ns()}")
        self._place.rename(gone)
        # What is being written there goes on for an instant.
        shutil.rmtree(gone, ignore_errors=True)

    def come_back(self) -> None:
        """There again, with nothing in it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)


class ServedShelf(Shelf):
    """A store behind an S3 server of its own, which checks signatures."""

    def __init__(self, place: Path, name: str, program: str, secret_file: str) -> None:
        self._program = program
        self._secret_file = secret_file
        self._port = site.free_port()
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__(place, name)

    @property
    def folder(self) -> Path:
        """See `Shelf`."""
        return self._place / "kept" / _BUCKET

    @property
    def source(self) -> list[str]:
        """See `Shelf`."""
        secret = self._place.with_name("store.secret")
        secret.touch(mode=0o600)
        secret.write_text(_SECRET)
        reached = ["--endpoint", self._endpoint, "--region", "us-east-1", "--allow-http"]
        known = ["--key-id", _ACCESS, "--secret-file", str(secret)]
        return [f"s3://{_BUCKET}", *reached, *known]

    @property
    def _endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _reached(self) -> dict[str, Any]:
        return {
            "url": f"s3://{_BUCKET}",
            "endpoint": self._endpoint,
            "region": "us-east-1",
            "key_id": _ACCESS,
            "secret_file": self._secret_file,
            "allow_http": True,
        }

    def vanish(self) -> None:
        """See `Shelf`: the server is ended with it."""
        self.close()
        super().vanish()

    def close(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def come_back(self) -> None:
        """See `Shelf`: at the same address."""
        super().come_back()
        beside = self._place / "beside"
        beside.mkdir(exist_ok=True)
        command = [self._program, "--access", _ACCESS, "--secret", _SECRET]
        command += ["--port", f"127.0.0.1:{self._port}", "posix"]
        command += ["--sidecar", str(beside), str(self._place / "kept")]
        log = (self._place / "log").open("ab")
        with log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - named by whoever runs the drill
        until_s = time.monotonic() + _UP_S
        while time.monotonic() < until_s:
            try:
                httpx.get(self._endpoint, timeout=1, trust_env=False)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        raise Unavailable("store_did_not_start", f"{self._program}: not within {_UP_S:.0f} s")


def open_shelf(
    place: Path,
    name: str,
    secret: Callable[[str, str], str],
    at_end: Callable[[Callable[[], None]], None],
) -> Shelf:
    """A store of a drill: `secret` keeps one for the site, `at_end` is told what to end."""
    program = os.environ.get(PROGRAM, "")
    if not program:
        return Shelf(place, name)
    served = ServedShelf(place, name, program, secret("drill-store", _SECRET))
    at_end(served.close)
    return served
