"""An operator who leaves a drawn juror out, or rewrites the record: how much of it is found."""

from __future__ import annotations

import hashlib

import pytest

from venire.jury.draw import check_offers, order
from venire.kernel.errors import Invalid, NotFound
from venire.record import checkpoint, entry, tiles, tree
from venire.record.model import Checkpoint
from venire.record.note import Signer
from venire.record.verify import RecordFault, verify_path

POOL = sorted(hashlib.sha256(b"member %d" % number).digest() for number in range(60))
ROOT = hashlib.sha256(b"root").digest()
EXCLUDED = frozenset(range(0, 60, 7))
OFFERED = 8


def a_log(case: int) -> tuple[list[int], list[int]]:
    """The order of a case, and the summonses that should go out."""
    randomness = hashlib.sha256(b"beacon %d" % case).digest()
    drawn = order(POOL, randomness, f"case {case}", ROOT, 0)
    return drawn, [index for index in drawn if index not in EXCLUDED][:OFFERED]


def is_found(drawn: list[int], log: list[int]) -> bool:
    try:
        check_offers(drawn, EXCLUDED, log)
    except Invalid as fault:
        return fault.code == "draw_not_followed"
    return False


def test_every_juror_left_out_exchanged_or_slipped_in_is_found(figure):
    tried = found = 0
    for case in range(60):
        drawn, log = a_log(case)
        assert not is_found(drawn, log), "an honest log passes"
        stranger = drawn[-1] if drawn[-1] not in log else drawn[-2]
        forged = [log[:place] + log[place + 1 :] for place in range(OFFERED - 1)]
        forged += [[*log[:place], stranger, *log[place + 1 :]] for place in range(OFFERED)]
        forged += [[*log[:place], stranger, *log[place:]] for place in range(OFFERED + 1)]
        forged += [
            [*log[:place], log[place + 1], log[place], *log[place + 2 :]]
            for place in range(OFFERED - 1)
        ]
        tried += len(forged)
        found += sum(is_found(drawn, each) for each in forged)
    figure(f"{found} of {tried} departures from the order found")
    assert found == tried == 60 * 31


def test_an_excluded_juror_who_is_seated_after_all_is_found():
    for case in range(60):
        drawn, log = a_log(case)
        friend = next(index for index in drawn if index in EXCLUDED)
        assert is_found(drawn, [friend, *log])


def test_another_case_number_or_randomness_after_the_draw_is_another_order():
    """Who would choose among draws has to change what the record already says."""
    _, log = a_log(1)
    others = [order(POOL, ROOT, "case 1", ROOT, 0)]
    others += [
        order(POOL, hashlib.sha256(b"beacon 1").digest(), "case 1", ROOT, batch)
        for batch in range(1, 20)
    ]
    assert all(is_found(other, log) for other in others)


# the record


class Files:
    """A log held in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def read(self, path: str, limit: int) -> bytes:
        if path not in self.files:
            raise NotFound("path_missing", path=path)
        assert len(self.files[path]) <= limit
        return self.files[path]

    def paths(self) -> list[str]:
        return list(self.files)


SIGNER = Signer("venire.test/record", b"k" * 32)
ENTRIES = 40


def an_entry(number: int, verdict: str = "violates") -> bytes:
    salt = hashlib.sha256(b"%d" % number).digest()
    header = {
        "type": "verdict",
        "hour": "2026-11-21T10Z",
        "rules": "2026-11",
        "category": "incitement",
        "verdict": verdict,
        "ballots": 3 + number % 9,
        "automated": False,
        "source": "report",
    }
    return entry.encode_entry(header, entry.commit_all({"post": str(number)}, salt))


def published(entries: list[bytes]) -> dict[str, bytes]:
    """A whole log, every hash right, signed with the operator's own key."""
    written: dict[object, bytes] = {}
    leaves = [tree.leaf_hash(each) for each in entries]
    written |= tiles.tiles_for(0, leaves, written.__getitem__)
    written |= tiles.bundles_for(0, entries, written.__getitem__)
    head = Checkpoint("venire.test/record", len(entries), tree.root_of(leaves))
    files = {tiles.tile_path(tile): content for tile, content in written.items()}
    return files | {"checkpoint": checkpoint.sign_checkpoint(head, SIGNER)}


def test_an_entry_that_the_operator_rewrites_is_found_by_whoever_kept_a_checkpoint(figure):
    """The operator has the key: a rewritten log verifies by itself. An older checkpoint ends it."""
    entries = [an_entry(number) for number in range(ENTRIES)]
    kept, key = published(entries)["checkpoint"], str(SIGNER.verifier)
    found = 0
    for number in range(ENTRIES):
        rewritten = [*entries]
        rewritten[number] = an_entry(number, "keeps")
        log = Files(published([*rewritten, an_entry(ENTRIES)]))
        assert verify_path(log, key).size == ENTRIES + 1
        with pytest.raises(RecordFault) as fault:
            verify_path(log, key, earlier=kept)
        found += fault.value.code == "inconsistent"
    figure(f"{found} of {ENTRIES} rewritten entries found, {ENTRIES - found} not")
    assert found == ENTRIES


def test_an_entry_that_the_operator_takes_out_is_found_too():
    entries = [an_entry(number) for number in range(ENTRIES)]
    kept, key = published(entries)["checkpoint"], str(SIGNER.verifier)
    codes = set()
    for number in range(ENTRIES):
        shorter = entries[:number] + entries[number + 1 :]
        for log in (published(shorter), published([*shorter, an_entry(99)])):
            with pytest.raises(RecordFault) as fault:
                verify_path(Files(log), key, earlier=kept)
            codes.add(fault.value.code)
    assert codes == {"size_behind", "inconsistent"}


def test_who_kept_nothing_still_finds_what_is_changed_without_the_key():
    entries = [an_entry(number) for number in range(ENTRIES)]
    key = str(SIGNER.verifier)
    signed = published(entries)
    for number in range(ENTRIES):
        rewritten = [*entries]
        rewritten[number] = an_entry(number, "keeps")
        forged = published(rewritten) | {"checkpoint": signed["checkpoint"]}
        with pytest.raises(RecordFault):
            verify_path(Files(forged), key)
