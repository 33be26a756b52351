"""What we depend on may be used as we use it, and whoever's data we learned from is named."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

from tools.licences import EXCEPTIONS, LOCK, findings, judged, locked, look

SOURCES = {
    "ThreatGram101": ("ThreatGram 101", "CC BY 4.0"),
    "HatemojiBuild": ("HatemojiBuild", "CC BY 4.0"),
    "Davidson2017": ("Davidson", "MIT"),
    "GoEmotions": ("GoEmotions", "Apache-2.0"),
    "IndoNLU-SmSA": ("SmSA", "Apache-2.0"),
    "IndoNLU-EmoT": ("EmoT", "Apache-2.0"),
    "IndoNLU-NER-news": ("NER", "Apache-2.0"),
    "own_templates": ("Templates and sentences written for this project", "CC0-1.0"),
    "Venire": ("Templates and sentences written for this project", "CC0-1.0"),
}
"""What the model card calls a source: its words in NOTICE, and its licence there."""
LEFT_OUT = ("Vicomtech", "Stormfront")
"""CC BY-SA: weights trained on it would have to be shared under the same terms."""


def test_every_dependency_is_under_a_licence_of_the_list() -> None:
    found = list(findings())
    assert len(found) > 30
    assert not [each for each in found if each.problem]


@pytest.mark.parametrize(
    ("statement", "licence"),
    [
        ("MIT", "MIT"),
        ("Apache Software License", "Apache-2.0"),
        ("GPL-3.0-only OR MIT", "MIT"),
        ("BSD-3-Clause AND Zlib", "BSD-3-Clause AND Zlib"),
        ("BSD-3-Clause AND GPL-3.0-only", None),
        ("GPL-3.0-or-later", None),
        ("LGPL-2.1", None),
        ("AGPL-3.0 OR SSPL-1.0", None),
        ("MIT AND (Apache-2.0 OR GPL-2.0)", None),
        ("Proprietary", None),
        ("any-OSI", None),
        ("", None),
    ],
)
def test_a_statement_counts_only_when_all_of_it_is_known(
    statement: str, licence: str | None
) -> None:
    assert judged(statement) == licence


def test_a_locked_package_that_is_not_installed_is_a_problem_unless_it_is_for_other_machines() -> (
    None
):
    assert look("no-such-package-anywhere", optional=False).problem
    assert not look("no-such-package-anywhere", optional=True).problem


def test_an_exception_is_only_for_what_its_metadata_says_today() -> None:
    for name, (stated, _, reason) in EXCEPTIONS.items():
        assert name in locked(LOCK)
        assert (metadata.metadata(name)["License"] or "") == stated
        assert len(reason.split()) > 4


def test_the_notice_names_all_the_data_that_the_detector_learned_from(root: Path) -> None:
    card = (root / "venire" / "detectors" / "weights" / "incitement.md").read_text("utf-8")
    rows = re.findall(r"^\| \w+ \| ([\w-]+) \| [\w.-]+[^|]*\| [\d,]+ \| \d", card, re.MULTILINE)
    assert len(rows) > 5, "the card names the data it was trained on"
    entries = (root / "NOTICE").read_text(encoding="utf-8").split("\n- ")
    for source in rows:
        name, licence = SOURCES[source]
        entry = next((each for each in entries if name in each), "")
        assert licence in entry, f"{source} ({licence}) is not in NOTICE"


def test_the_notice_names_no_data_that_was_left_out(root: Path) -> None:
    notice = (root / "NOTICE").read_text(encoding="utf-8")
    assert not [name for name in LEFT_OUT if name in notice]


def test_the_licence_is_apache_2_0_whole(root: Path) -> None:
    text = (root / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert text.count("\n") > 190
    assert "END OF TERMS AND CONDITIONS" in text
