"""A site of the third schema version, as it was first written, comes forward."""

from __future__ import annotations

import asyncio

import pytest

from tests.server.older_folder import made_older, sign_in
from venire.server.settings import Settings
from venire.server.upgrading import upgrade
from venire.storage.migrations import SCHEMA_VERSION

_CAME_LATER = ("label", "demoted", "withheld_in")


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A folder with what the third version was still to get taken out of it again."""
    columns = (f"ALTER TABLE posts DROP COLUMN {column}" for column in _CAME_LATER)
    return made_older(tmp_path / "data", 3, [*columns, "DROP TABLE juror_doses"])


def test_what_the_third_version_was_still_to_get_is_added_and_nothing_is_lost(settings):
    done = upgrade(settings)
    assert (done.found, done.version) == (3, SCHEMA_VERSION)
    assert asyncio.run(sign_in(settings)) == "ayu"
