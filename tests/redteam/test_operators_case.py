"""A real case, drawn and judged; then its record as an operator would rather have it.

What departs from the draw is found from public data. What is rewritten so that it fits together
again takes a new history, which whoever kept a checkpoint finds (`test_operators.py`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from tests.cases.attacks import people_of
from tests.kit.courthouse import THREAT, open_courthouse
from venire.jury.surroundings import Entry
from venire.jury.verifying import DrawFault, verify_case
from venire.record.entry import decode_entry
from venire.storage.tables.record import ENTRIES

pytestmark = pytest.mark.anyio

Forged = Iterator[tuple[str, list[Entry]]]


@pytest.fixture
async def judged(tmp_path):
    """The case's public id, the whole record, and the pools by epoch, as they are served."""
    async with open_courthouse(tmp_path, jurors=20) as house:
        author, friend = await people_of(house, "author", "friend")
        await friend.post(f"/api/v1/accounts/{author.id}/follow")
        await house.jurors[0].post(f"/api/v1/accounts/{author.id}/follow")
        post = await house.post(author, THREAT)
        (juror, summons), *_ = await house.summoned()
        await juror.post(f"/api/v1/jury/summons/{summons['id']}/decline")
        await house.settle()
        await house.vote(["violates", "keeps", "violates", "keeps", "violates"])
        rows, _ = await house.site.storage.scan(ENTRIES)
        rows = sorted(rows, key=lambda row: row.leaf_index)
        record = [Entry(row.leaf_index, decode_entry(row.entry).header) for row in rows]
        drawn = [entry.header for entry in record if entry.header["type"] == "draw"]
        pools = {
            header["epoch"]: await house.court.pools.document(header["epoch"]) for header in drawn
        }
        yield (await house.case_on(post)).public_id, record, pools


def places(record: list[Entry], kind: str) -> list[int]:
    return [place for place, entry in enumerate(record) if entry.header["type"] == kind]


def with_header(record: list[Entry], place: int, **change: object) -> list[Entry]:
    changed = copy.deepcopy(record)
    changed[place].header.update(change)
    return changed


def departures(record: list[Entry], size: int) -> Forged:
    """Every single summons left out, given to somebody else, or made to change places."""
    asked = [index for place in places(record, "seat") for index in record[place].header["indices"]]
    excluded = record[places(record, "draw")[0]].header["excluded"]
    others = [index for index in range(size) if index not in {*asked, *excluded}]
    for place in places(record, "seat"):
        indices = record[place].header["indices"]
        for at, index in enumerate(indices):
            if index != asked[-1]:
                left = [*indices[:at], *indices[at + 1 :]]
                yield f"{index} left out", with_header(record, place, indices=left)
            for other in (*others[:2], *excluded[:1]):
                named = [*indices[:at], other, *indices[at + 1 :]]
                yield f"{other} for {index}", with_header(record, place, indices=named)
        if len(indices) > 1:
            yield "another order", with_header(record, place, indices=indices[::-1])
        if index != asked[-1]:
            yield "a seat's entry taken out", [*record[:place], *record[place + 1 :]]


def other_chances(record: list[Entry]) -> Forged:
    """Another seed, another randomness, another pool, or exclusions that came afterwards."""
    draw, chance = places(record, "draw")[0], places(record, "chance")[0]
    header = record[draw].header
    asked = record[places(record, "seat")[0]].header["indices"]
    yield "randomness", with_header(record, chance, randomness="00" * 32)
    yield "seed", with_header(record, chance, seed="00" * 32)
    yield "seed and randomness", with_header(record, chance, seed="0" * 64, randomness="1" * 64)
    yield "beacon claimed", with_header(record, chance, strength="beacon")
    yield "beacon claimed before", with_header(record, draw, strength="beacon")
    yield "chance taken out", [*record[:chance], *record[chance + 1 :]]
    yield (
        "chance before the draw",
        [
            *record[:draw],
            Entry(record[draw].index, record[chance].header),
            Entry(record[chance].index, record[draw].header),
            *record[chance + 1 :],
        ],
    )
    yield "drawn twice", [*record[: draw + 1], record[draw], *record[draw + 1 :]]
    yield "draw taken out", [*record[:draw], *record[draw + 1 :]]
    yield "another root", with_header(record, draw, root="00" * 32)
    yield "another epoch", with_header(record, draw, epoch=header["epoch"] + 1)
    yield "another batch", with_header(record, draw, batch=header["batch"] + 1)
    yield "another rule", with_header(record, draw, exclusion_rule="00" * 32)
    more = [*header["excluded"], asked[0]]
    yield "a drawn juror excluded afterwards", with_header(record, draw, excluded=sorted(more))
    yield "a friend let in", with_header(record, draw, excluded=header["excluded"][1:])
    for epoch in places(record, "epoch")[1:]:
        for name in ("sheets_root", "nonces_root"):
            yield f"another {name}", with_header(record, epoch, **{name: "00" * 32})
        yield "another size", with_header(record, epoch, size=record[epoch].header["size"] + 1)
    first = places(record, "epoch")[0]
    yield "another commitment", with_header(record, first, seed_commitment="00" * 32)


def is_found(case: str, record: list[Entry], pools: dict[int, bytes]) -> bool:
    try:
        verify_case(case, record, pools.__getitem__)
    except DrawFault:
        return True
    except KeyError:
        # Of another epoch: an honest site serves that pool as well, and it is not this one.
        return True
    return False


async def test_an_operator_who_departs_from_the_draw_is_found_from_public_data(judged, figure):
    case, record, pools = judged
    (report,) = verify_case(case, record, pools.__getitem__)
    assert report.excluded >= 1
    forged = [*departures(record, report.size), *other_chances(record)]
    missed = [what for what, each in forged if not is_found(case, each, pools)]
    figure(f"{len(forged) - len(missed)} of {len(forged)} forged records of a case found")
    assert len(forged) > 40
    assert missed == []


async def test_what_the_draw_itself_cannot_show_is_known(judged):
    """Who was asked last and does not come is not missed, nor is a decline that nobody wrote down.

    Neither lets anybody in. To take either out of a record that was signed is another history.
    """
    case, record, pools = judged
    last, gone = places(record, "seat")[-1], places(record, "decline")[0]
    indices = record[last].header["indices"][:-1]
    shorter = with_header(record, last, indices=indices) if indices else record[:last]
    assert not is_found(case, shorter, pools)
    assert not is_found(case, [*record[:gone], *record[gone + 1 :]], pools)
