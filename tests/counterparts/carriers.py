"""npm's `smpp` as a carrier's message centre: a peer for SMPP 3.4 that is not our library."""

from __future__ import annotations

from pathlib import Path

from tests.counterparts.installing import BUILD, HERE, npm_program
from tests.counterparts.process import ADDRESS, Process, free_port

SYSTEM_ID = "venire"
PASSWORD = "secret08"


def message_centre(folder: Path) -> tuple[Process, dict[str, str]]:
    """Start one; return it with `SMPP` (`ADDRESS:PORT`) and `SMPP_SEEN`, a file of JSON lines."""
    node = npm_program("prism")[0]
    port = free_port()
    modules = BUILD / "npm" / "node_modules"
    script = str(HERE / "message_centre.js")
    command = [node, script, str(modules), str(port), SYSTEM_ID, PASSWORD]
    process = Process("smpp", command, folder)
    process.wait_for(port)
    return process, {"SMPP": f"{ADDRESS}:{port}", "SMPP_SEEN": str(process.log)}
