"""What a process that serves must not have in memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

SERVING = "import sys, venire.server.run, venire.server.subscriptions; print(*sys.modules)"


@pytest.fixture(scope="module")
def loaded():
    """The modules that a serving process has loaded before its first request."""
    done = subprocess.run(
        [sys.executable, "-c", SERVING], capture_output=True, text=True, check=True
    )
    return frozenset(done.stdout.split())


def test_no_decoder_of_pictures_lives_where_secrets_do(loaded):
    assert "venire.posts.media.uploading" in loaded
    assert "venire.notices.ocr" in loaded
    assert not {name for name in loaded if name.partition(".")[0] in {"PIL", "rapidocr", "cv2"}}


@pytest.mark.parametrize("library", ["rich", "pygments", "charset_normalizer"])
def test_what_only_commands_show_costs_a_server_no_memory(loaded, library):
    assert library not in loaded
