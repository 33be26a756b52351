"""What an operator gets who does not choose each setting: a village, or a town."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from venire.cases import policy
from venire.kernel.errors import Refused

SMALL: Final = "small"
LARGE: Final = "large"
PRESETS: Final[dict[str, dict[str, Any]]] = {
    SMALL: {
        "registrations": "approval",
        "workers": 1,
        "ocr_workers": 1,
        "media_workers": 1,
        "mail_per_hour": 100,
        "auto_upgrade": True,
    },
    LARGE: {
        "registrations": "open",
        "sign_up_challenge": True,
        "workers": 0,
        "ocr_workers": 2,
        "media_workers": 2,
        "mail_per_hour": 2_000,
        "auto_upgrade": False,
    },
}
"""Small: up to 1,000 people on one core and 1 GB. Large: what one machine has."""


def small_policy() -> str:
    """The policy that ships, with the jury of a small site and a version of its own."""
    text = Path(policy.__file__).with_name("policy.toml").read_text(encoding="utf-8")
    text, presets = re.subn(r'^preset = "large".*$', 'preset = "small"', text, flags=re.MULTILINE)
    text, versions = re.subn(
        r'^version = "([^"]+)"$', r'version = "\1-small"', text, flags=re.MULTILINE
    )
    if (presets, versions) != (1, 1):
        raise Refused("policy_not_as_expected")
    return text
