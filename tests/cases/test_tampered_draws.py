"""Who tampers with a draw is found, by our command and by a program that is not ours."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.cases.tampering import EDITS, Edit, Leaf, first, leaves_of, place, write
from tests.cases.test_drawing import a_house, a_threat, by_command, independently, wait
from tests.kit.beacons import QUICKNET, Relay, Silent
from tests.kit.published import publish
from venire.jury.pool import exclusion_rule_hash
from venire.kernel.clock import MINUTE_MS

BY_BEACON, BY_SEED = "beacon", "weaker"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Two sites' public folders, by what orders their draws; each with its case."""
    made = {}

    async def open_one(kind: str) -> None:
        folder = tmp_path_factory.mktemp(kind)
        relay = Relay() if kind == BY_BEACON else None
        async with a_house(folder, relay, jurors=14) as house:
            # Somebody who follows the author, so that there is a place to leave out.
            author = await house.site.member("author")
            await house.jurors[3].post(f"/api/v1/accounts/{author.id}/follow")
            await house.settle()
            post = await house.post(author, "We will hang every one of you traitors tonight.")
            case = await house.case_on(post)
            await wait(house, 50_000, step_ms=1_000)
            (first, summons), *_ = await house.summoned()
            await first.post(f"/api/v1/jury/summons/{summons['id']}/decline")
            await house.settle()
            await wait(house, 121 * MINUTE_MS, step_ms=30 * MINUTE_MS)
            made[kind] = (await publish(house, folder / "public"), case)

    for kind in (BY_BEACON, BY_SEED):
        anyio.run(open_one, kind)
    return made


def refused(folder: Path, case: Any, codes: tuple[str, ...], *, alone: bool = False) -> None:
    """Our command ends with one of these codes; so does the other program, unless we are `alone`.

    Only we have what checks a BLS signature.
    """
    ours, theirs = by_command(folder, case), independently(folder, case)
    assert ours.exit_code == 1
    assert isinstance(ours.exception, SystemExit), ours.exception
    assert ours.stderr.split("\n")[0].removeprefix("error: ") in codes
    assert ours.stdout == ""
    assert alone or theirs.returncode == 1, theirs.stdout


@pytest.mark.parametrize("kind", [BY_BEACON, BY_SEED])
def test_what_nobody_touched_verifies(published, kind):
    folder, case = published[kind]
    assert by_command(folder, case).exit_code == 0
    assert independently(folder, case).returncode == 0


@pytest.mark.parametrize("kind", [BY_BEACON, BY_SEED])
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_an_operator_who_rewrites_a_draw_and_signs_it_anew_is_found(
    published, tmp_path, kind, edit
):
    folder, case = published[kind]
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    leaves = leaves_of(copy)
    edit(leaves)
    write(copy, leaves)
    refused(copy, case, EDITS[edit])


@pytest.mark.parametrize("kind", [BY_BEACON, BY_SEED])
def test_an_entry_that_is_edited_and_not_signed_is_found(published, tmp_path, kind):
    folder, case = published[kind]
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (bundle,) = [path for path in (copy / "tile" / "entries").rglob("*") if path.is_file()]
    # As long as it was, and an entry like any other.
    bundle.write_bytes(bundle.read_bytes().replace(b'"panel_rule":"seq', b'"panel_rule":"sea', 1))
    refused(copy, case, ("entry_malformed",))
    (bundle,) = [path for path in (folder / "tile" / "entries").rglob("*") if path.is_file()]
    there = copy / bundle.relative_to(folder)
    there.write_bytes(bundle.read_bytes().replace(b'"round":1', b'"round":2', 1))
    refused(copy, case, ("tile_mismatch",))


def edited(folder: Path, to: Path, edit: Edit) -> Path:
    copy = Path(shutil.copytree(folder, to))
    leaves = leaves_of(copy)
    edit(leaves)
    write(copy, leaves)
    return copy


def another_signature(leaves: list[Leaf]) -> None:
    """A round of the beacon that suits the operator better, with all that follows from it."""
    import hashlib

    chance = first(leaves, "chance")
    chance["signature"] = QUICKNET[1001]
    chance["randomness"] = hashlib.sha256(bytes.fromhex(QUICKNET[1001])).hexdigest()


def another_round(leaves: list[Leaf]) -> None:
    first(leaves, "chance")["beacon_round"] = 1001


def a_round_of_another_hour(leaves: list[Leaf]) -> None:
    """One of another hour."""
    for kind in ("draw", "chance"):
        first(leaves, kind)["beacon_round"] = 657413


def a_round_that_another_draw_had(leaves: list[Leaf]) -> None:
    """The record itself shows that it was known when the draw was written."""
    leaf = json.loads(json.dumps(leaves[place(leaves, "chance")]))
    leaf["header"] |= {"case": "ab" * 16, "beacon_round": 1001, "signature": QUICKNET[1001]}
    leaves.insert(place(leaves, "draw"), leaf)


def the_seed_without_a_word(leaves: list[Leaf]) -> None:
    chance = first(leaves, "chance")
    chance.pop("signature")
    chance |= {"strength": "weaker", "seed": "ab" * 32}


def let_followers_in(leaves: list[Leaf]) -> None:
    """By the rule of small pools, in one that is none."""
    first(leaves, "draw")["exclusion_rule"] = exclusion_rule_hash(one_way_follows=True)


@pytest.mark.parametrize(
    ("edit", "code", "alone"),
    [
        (another_signature, "beacon_invalid", True),
        (another_round, "beacon_round_changed", False),
        (a_round_of_another_hour, "beacon_round_too_soon", False),
        (a_round_that_another_draw_had, "beacon_round_known", False),
        (the_seed_without_a_word, "draw_malformed", False),
        (let_followers_in, "draw_malformed", True),
    ],
)
def test_a_beacon_that_is_not_the_one_that_was_fixed_is_found(
    published, tmp_path, edit, code, alone
):
    folder, case = published[BY_BEACON]
    refused(edited(folder, tmp_path / "copy", edit), case, (code,), alone=alone)


def test_a_seed_that_was_not_committed_to_is_found(published, tmp_path):
    folder, case = published[BY_SEED]

    def other_seed(leaves: list[Leaf]) -> None:
        first(leaves, "chance")["seed"] = "ab" * 32

    refused(edited(folder, tmp_path / "copy", other_seed), case, ("seed_not_committed",))


def test_a_pool_that_is_not_the_one_that_was_frozen_is_found(published, tmp_path):
    folder, case = published[BY_SEED]
    for field, value in (
        ("pseudonyms", []),
        ("size", 13),
        ("root", "ab" * 32),
        ("roots", []),
        ("nonces_root", "ab" * 32),
        ("pool", 0),
        ("epoch", 2),
    ):
        copy = Path(shutil.copytree(folder, tmp_path / field))
        (document,) = (copy / "pool").iterdir()
        content = json.loads(document.read_bytes()) | {field: value}
        document.write_text(json.dumps(content))
        refused(copy, case, ("pool_document_invalid", "pool_not_of_the_record"))


def test_a_past_that_was_rewritten_does_not_go_on_from_the_checkpoint_that_one_kept(
    published, tmp_path
):
    from click.testing import CliRunner

    from venire.cli.main import main

    folder, case = published[BY_SEED]

    def more_excluded(leaves: list[Leaf]) -> None:
        """Nobody who was asked: the draw itself stays right."""
        leaves_of_seats = [leaf["header"] for leaf in leaves if leaf["header"]["type"] == "seat"]
        asked = {index for seat in leaves_of_seats for index in seat["indices"]}
        draw = first(leaves, "draw")
        spare = next(n for n in range(14) if n not in asked and n not in draw["excluded"])
        draw["excluded"] = sorted([*draw["excluded"], spare])

    copy = edited(folder, tmp_path / "copy", more_excluded)
    assert by_command(copy, case).exit_code == 0
    kept = ["--earlier", str(folder / "checkpoint")]
    arguments = ["verify", "draw", case.public_id, "--data", str(copy), *kept]
    told = CliRunner().invoke(main, arguments)
    assert told.exit_code == 1
    assert told.stderr.startswith("error: inconsistent")


def test_a_draw_that_waits_for_its_round_is_said_to_wait(tmp_path):
    found = {}

    async def begin() -> None:
        async with a_house(tmp_path, Silent()) as house:
            found["case"] = await a_threat(house)
            await publish(house, tmp_path / "public")

    anyio.run(begin)
    refused(tmp_path / "public", found["case"], ("not_drawn_yet",))
