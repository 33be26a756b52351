"""A site that is stopped as a service is: every process of it is told at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.server.test_running import answers, eventually
from venire.cli.drills.site import free_port

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(90)]


def test_a_helper_that_ends_with_the_site_is_neither_missed_nor_replaced(tmp_path):
    port, log = free_port(), tmp_path / "log"
    command = ["-m", "venire", "run", "--data", str(tmp_path / "data"), "--port", str(port)]
    flags = ["--profile", "acceptance", "--workers", "2"]
    with log.open("wb") as sink:
        first = subprocess.Popen(
            [sys.executable, *command, *flags], stdout=sink, stderr=sink, start_new_session=True
        )
    try:
        eventually(lambda: answers(port), within_s=40)
        eventually(lambda: log.read_text().count('"event": "Started server process') == 2)
        os.killpg(first.pid, signal.SIGTERM)
        assert first.wait(20) == 0
    finally:
        if first.poll() is None:
            os.killpg(first.pid, signal.SIGKILL)
            first.wait()
    told = log.read_text()
    assert "process_ended" not in told
    assert '"level": "error"' not in told
    assert told.count('"event": "Started server process') == 2
