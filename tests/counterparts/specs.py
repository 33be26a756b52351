"""prism: a server that answers, and checks what it is asked, by an OpenAPI document.

No package registry carries the vendors' documents, so those in `specs/` are our own: the few
endpoints that we call, written from the vendors' published reference.
"""

from __future__ import annotations

from pathlib import Path

from tests.counterparts.installing import HERE, npm_program
from tests.counterparts.process import ADDRESS, Process, free_port

SPECS = sorted(path.stem for path in (HERE / "specs").glob("*.yaml"))
"""The vendors that have one."""


def prism(folder: Path, vendor: str) -> tuple[Process, str]:
    """Start one for a vendor; return it with its address. What breaks the document is refused."""
    command = npm_program("prism")
    port = free_port()
    spec = HERE / "specs" / f"{vendor}.yaml"
    options = ["mock", "--host", ADDRESS, "--port", str(port), "--errors", "--cors=false"]
    process = Process(f"prism-{vendor}", [*command, *options, str(spec)], folder)
    process.wait_for(port)
    return process, f"http://{ADDRESS}:{port}"
