"""A whole log is verified from outside, and nothing that was changed in it passes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venire.kernel.errors import NotFound, TooLarge, Unavailable
from venire.record import checkpoint, tiles, tree
from venire.record.model import Checkpoint
from venire.record.note import Signer, add_signatures
from venire.record.verify import RecordFault, verify_path

CUTS = (5, 256, 300, 511)
SIZE = 530


class Files:
    """A log held in memory, which can be listed like a folder."""

    def __init__(self, files, *, listed=True):
        self.files, self.listed, self.asked = files, listed, []

    def read(self, path, limit):
        self.asked.append(path)
        if path not in self.files:
            raise NotFound("path_missing", path=path)
        if len(self.files[path]) > limit:
            raise TooLarge("response_too_large", path=path)
        return self.files[path]

    def paths(self):
        return list(self.files) if self.listed else []


@pytest.fixture(scope="session")
def log(log_of):
    """530 entries, grown in five steps: two full bundles and four sizes of partial ones."""
    return log_of(SIZE, cuts=CUTS)


def fault_of(files, key, **options):
    with pytest.raises(RecordFault) as found:
        verify_path(Files(files), key, **options)
    return found.value


def signed_head(signer, size, root, origin=None):
    return checkpoint.sign_checkpoint(
        Checkpoint(origin or signer.verifier.name, size, root), signer
    )


def test_a_log_verifies_and_is_counted(log, key, sample_entries):
    report = verify_path(Files(log), key)
    leaves = [tree.leaf_hash(each) for each in sample_entries(SIZE)]
    assert report.size == SIZE
    assert report.root == tree.root_of(leaves).hex()
    assert report.origin == "record.venire.example"
    assert key.split("+")[1] == report.key_id
    assert report.counts == {"hold": 397, "verdict": 133}
    assert report.earlier_size is None


def test_every_tile_and_bundle_is_looked_at(log, key):
    reader = Files(log)
    report = verify_path(reader, key)
    assert set(reader.asked) == set(log)
    assert report.tiles == len(log) - 1


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512])
def test_logs_at_the_edges_verify(size, log_of, key):
    assert verify_path(Files(log_of(size)), key).size == size


def test_a_folder_verifies(log, key, tmp_path, write_log):
    folder = write_log(tmp_path / "log", log)
    assert verify_path(folder, key) == verify_path(str(folder), key) == verify_path(Files(log), key)


def test_progress_counts_up_to_the_size(log, key):
    seen = []
    verify_path(Files(log), key, progress=lambda done, whole: seen.append((done, whole)))
    assert seen == [(256, SIZE), (512, SIZE), (SIZE, SIZE)]


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_a_single_changed_byte_anywhere_is_noticed(log, key, data):
    path = data.draw(st.sampled_from(sorted(log)))
    at = data.draw(st.integers(0, len(log[path]) - 1))
    content = bytearray(log[path])
    content[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(RecordFault):
        verify_path(Files({**log, path: bytes(content)}), key)


def test_every_byte_of_a_small_log_is_watched(log_of, key):
    files = log_of(3, cuts=(2,))
    assert len(files) == 5
    for path, content in files.items():
        for at in range(len(content)):
            changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            with pytest.raises(RecordFault):
                verify_path(Files({**files, path: changed}), key)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_byte_cut_off_or_added_anywhere_is_noticed(log, key, data):
    path = data.draw(st.sampled_from(sorted(log)))
    for changed in (log[path][:-1], log[path] + b"\n", b""):
        with pytest.raises(RecordFault):
            verify_path(Files({**log, path: changed}), key)


def test_each_missing_file_has_its_code(log, key):
    needed = {tiles.tile_path(tile) for tile in tiles.tiles_of(SIZE)} | {"checkpoint"}
    for path in needed:
        files = {name: content for name, content in log.items() if name != path}
        expected = (
            "missing_checkpoint"
            if path == "checkpoint"
            else "missing_bundle"
            if "entries" in path
            else "missing_tile"
        )
        fault = fault_of(files, key)
        assert fault.code == expected
        assert path == "checkpoint" or fault.data["path"] == path


def test_each_kind_of_damage_has_its_code(log, key):
    def changed(path, old, new):
        assert old in log[path]
        return {**log, path: log[path].replace(old, new, 1)}

    bundle = "tile/entries/001"
    assert fault_of(changed(bundle, b'"hate"', b'"hatf"'), key).code == "entry_malformed"
    assert fault_of(changed(bundle, b'"v":1', b'"v":7'), key).data["index"] == 256
    assert fault_of(changed(bundle, b"false", b"true "), key).code == "entry_malformed"
    # A well-formed lie is what the tree is for.
    assert fault_of(changed(bundle, b'"hour":"2026', b'"hour":"2025'), key).code == "tile_mismatch"
    assert fault_of({**log, bundle: log[bundle][:-9]}, key).code == "bundle_malformed"
    other = Signer("other.example", bytes(32))
    assert fault_of(log, str(other.verifier)).code == "bad_signature"
    assert fault_of(log, "nonsense").code == "verifier_key_malformed"
    assert fault_of({**log, "checkpoint": b"hello"}, key).code == "note_malformed"
    assert fault_of({**log, "checkpoint": b"x" * 1_000_001}, key).code == "response_too_large"
    old = "tile/entries/000.p/5"
    assert fault_of(changed(old, b'"hour":"2026', b'"hour":"2025'), key).code == "bundle_mismatch"


def test_another_key_of_the_same_name_does_not_do(log, signer):
    impostor = Signer(signer.verifier.name, bytes(32))
    assert fault_of(log, str(impostor.verifier)).code == "bad_signature"


def test_a_log_rewritten_whole_does_not_match_its_old_checkpoint(log, log_of, key):
    forged = log_of(SIZE, "forged")
    fault = fault_of({**forged, "checkpoint": log["checkpoint"]}, key)
    assert fault.code == "root_mismatch"


def test_a_root_that_the_operator_signed_wrongly_is_noticed(log, signer, key):
    head = signed_head(signer, SIZE, hashlib.sha256(b"wrong").digest())
    assert fault_of({**log, "checkpoint": head}, key).code == "root_mismatch"


def test_a_size_without_its_entries_is_noticed(log, signer, key):
    head = signed_head(signer, SIZE + 1, bytes(32))
    assert fault_of({**log, "checkpoint": head}, key).code == "missing_bundle"


def test_the_checkpoint_of_another_log_is_refused(log, signer, key):
    text = log["checkpoint"].decode().replace("record.venire.example\n", "other.example\n", 1)
    body = text.partition("\n\n")[0] + "\n"
    forged = add_signatures((body + "\n— x AAAAAAA=\n").encode(), [signer.sign(body)])
    assert fault_of({**log, "checkpoint": forged}, key).code == "origin_mismatch"


def test_lines_of_witnesses_do_not_disturb(log, key):
    witness = Signer("witness.example", bytes(32))
    cosigned = add_signatures(log["checkpoint"], [witness.sign("anything\n")])
    assert verify_path(Files({**log, "checkpoint": cosigned}), key).size == SIZE


# growth


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 300, 512, 529, SIZE])
def test_a_log_extends_every_checkpoint_it_has_given(size, log, log_of, key):
    earlier = log_of(size)["checkpoint"]
    assert verify_path(Files(log), key, earlier=earlier).earlier_size == size


@pytest.mark.parametrize("size", [1, 255, 256, 257, 300, 512, SIZE])
def test_a_rewritten_history_is_noticed_by_who_kept_a_checkpoint(size, log, log_of, key):
    earlier = log_of(size, "as it was")["checkpoint"]
    assert fault_of(log, key, earlier=earlier).code == "inconsistent"


def test_a_lie_about_the_empty_log_is_noticed(log, signer, key):
    assert fault_of(log, key, earlier=signed_head(signer, 0, bytes(32))).code == "inconsistent"


def test_a_log_that_lost_its_end_is_behind(log, log_of, key):
    shorter = log_of(529)
    fault = fault_of(shorter, key, earlier=log["checkpoint"])
    assert (fault.code, fault.data) == ("size_behind", {"size": 529, "was": SIZE})


def test_an_earlier_checkpoint_counts_only_when_the_key_signed_it(log, key):
    other = Signer("record.venire.example", bytes(32))
    earlier = signed_head(other, 0, tree.EMPTY_ROOT)
    assert fault_of(log, key, earlier=earlier).code == "bad_signature"


# partial tiles


def test_a_log_that_has_grown_on_still_verifies_at_its_older_checkpoint(log, log_of, key):
    """A client holds the checkpoint of 300; the server has dropped the partial tiles of then."""
    older = log_of(300)["checkpoint"]
    grown = {path: content for path, content in log.items() if ".p/" not in path}
    grown["tile/1/000.p/1"] = log["tile/1/000.p/1"]
    report = verify_path(Files({**grown, "checkpoint": older}), key)
    assert report.size == 300


def test_what_lies_beyond_the_checkpoint_is_not_vouched_for_and_not_refused(log, key):
    beyond = {"tile/0/002.p/99": b"x" * 99 * 32, "tile/entries/009": b"?", "tile/notes.txt": b"hi"}
    assert verify_path(Files({**log, **beyond}), key).size == SIZE


def test_a_source_that_fails_is_told_from_a_log_that_lies(log, key):
    class Broken(Files):
        def read(self, path, limit):
            if path == "tile/0/001":
                raise Unavailable("source_unreachable", path=path)
            return super().read(path, limit)

    with pytest.raises(RecordFault, match="source_unreachable"):
        verify_path(Broken(log), key)


def test_a_folder_that_is_not_there_is_told(key, tmp_path):
    with pytest.raises(RecordFault, match="path_missing"):
        verify_path(tmp_path / "nowhere", key)
    with pytest.raises(RecordFault, match="missing_checkpoint"):
        verify_path(tmp_path, key)
