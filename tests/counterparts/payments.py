"""stripe-mock: Stripe's own mock, which checks every parameter against Stripe's own description."""

from __future__ import annotations

from pathlib import Path

from tests.counterparts.installing import go_program
from tests.counterparts.process import ADDRESS, Process, free_port


def stripe_mock(folder: Path) -> tuple[Process, str]:
    """Start one; return it with its address. It keeps nothing and sends no webhooks."""
    program = go_program("stripe-mock")
    port = free_port()
    process = Process("stripe-mock", [str(program), "-http-addr", f"{ADDRESS}:{port}"], folder)
    process.wait_for(port)
    return process, f"http://{ADDRESS}:{port}"
