"""The bare ceiling: uvicorn and Starlette with answers made beforehand, one process.

What a site in Python would cost if it did nothing: HTTP in, bytes out. Run as
`python -m venire.cli.benchmarks.ceiling PORT`.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from venire.cli.benchmarks.load import Call
from venire.cli.benchmarks.measure import Meter
from venire.cli.drills.site import free_port, stop
from venire.kernel.errors import Unavailable

NAME = "ceiling"
CALLS = {"tiny": [Call("/tiny")], "40KB": [Call("/large")]}
"""What the ceiling serves, by the name operations know it under."""
_TINY = b'{"ok":true}'
_LARGE = b'"' + b"x" * 40_000 + b'"'
_READY_S = 20.0
_MODULE = "venire.cli.benchmarks.ceiling"


async def _tiny(_request: Request) -> Response:
    return Response(_TINY, media_type="application/json")


async def _large(_request: Request) -> Response:
    return Response(_LARGE, media_type="application/json")


app = Starlette(routes=[Route("/tiny", _tiny), Route("/large", _large)])


@contextlib.contextmanager
def running_ceiling() -> Iterator[tuple[str, Meter]]:
    """The ceiling, served while the block runs; its address and a meter."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", _MODULE, str(port)])  # noqa: S603 - our own
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url)
        yield url, Meter(process.pid)
    finally:
        stop(process)


def _wait(url: str) -> None:
    until = time.monotonic() + _READY_S
    while time.monotonic() < until:
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{url}/tiny", timeout=2, trust_env=False)
            return
        time.sleep(0.1)
    raise Unavailable("ceiling_did_not_start", "the bare server does not answer")


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
