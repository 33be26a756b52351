"""Checkpoints: three lines, read strictly, under the log's own key."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.errors import Invalid, Refused
from venire.record import checkpoint, note, tree
from venire.record.model import Checkpoint
from venire.record.note import Signer

ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
SPEC_TEXT = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"
LOG = Signer("log.example", hashlib.sha256(b"log").digest())


def test_the_example_of_the_specification_is_read():
    read = checkpoint.parse_checkpoint(SPEC_TEXT)
    assert read == Checkpoint("example.com/behind-the-sofa", 20_852_163, base64.b64decode(ROOT))
    assert checkpoint.encode_checkpoint(read) == SPEC_TEXT


@given(
    st.integers(0, (1 << 63) - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text("abc xyz0123", min_size=1, max_size=9), max_size=3),
)
def test_a_signed_checkpoint_reads_back(size, root, extensions):
    head = Checkpoint("log.example", size, root, tuple(extensions))
    signed = checkpoint.sign_checkpoint(head, LOG)
    assert checkpoint.open_checkpoint(signed, LOG.verifier) == head


def test_an_empty_log_has_a_checkpoint():
    signed = checkpoint.sign_checkpoint(Checkpoint("log.example", 0, tree.EMPTY_ROOT), LOG)
    assert signed.decode().split("\n")[:3] == [
        "log.example",
        "0",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "log\n1\n",
        f"log\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"log\n\n{ROOT}\n",
        f"log\n01\n{ROOT}\n",
        f"log\n+1\n{ROOT}\n",
        f"log\n-1\n{ROOT}\n",
        f"log\n1 \n{ROOT}\n",
        f"log\n1e3\n{ROOT}\n",
        f"log\n١\n{ROOT}\n",
        f"log\n9223372036854775808\n{ROOT}\n",
        f"log\n1\n{ROOT[:-1]}\n",
        f"log\n1\n{ROOT[:-2]}3=\n",
        f"log\n1\n {ROOT}\n",
        "log\n1\nAAAA\n",
        "log\n1\n\u00e9\n",
        f"log\n1\n{ROOT}\n\n",
        f"log\n1\n{ROOT}\n\nextension\n",
    ],
)
def test_a_checkpoint_in_any_other_form_is_refused(text):
    with pytest.raises(Invalid, match="checkpoint_malformed"):
        checkpoint.parse_checkpoint(text)


def test_extension_lines_are_kept():
    read = checkpoint.parse_checkpoint(SPEC_TEXT + "extra one\nextra two\n")
    assert read.extensions == ("extra one", "extra two")


@pytest.mark.parametrize(
    "head",
    [
        Checkpoint("log.example", -1, bytes(32)),
        Checkpoint("log.example", 1, bytes(31)),
        Checkpoint("log.example", 1, bytes(32), ("",)),
        Checkpoint("log.example", 1, bytes(32), ("two\nlines",)),
    ],
)
def test_a_head_that_would_not_read_back_is_not_signed(head):
    with pytest.raises(Refused, match="checkpoint_malformed"):
        checkpoint.sign_checkpoint(head, LOG)


def test_a_log_signs_under_its_own_name_only():
    with pytest.raises(Refused, match="origin_mismatch"):
        checkpoint.sign_checkpoint(Checkpoint("other.example", 0, tree.EMPTY_ROOT), LOG)


def test_the_right_key_over_the_head_of_another_log_is_refused():
    text = checkpoint.encode_checkpoint(Checkpoint("other.example", 0, tree.EMPTY_ROOT))
    with pytest.raises(Invalid, match="origin_mismatch"):
        checkpoint.open_checkpoint(note.sign_note(text, [LOG]), LOG.verifier)


def test_a_signed_note_that_is_no_checkpoint_is_refused():
    with pytest.raises(Invalid, match="checkpoint_malformed"):
        checkpoint.open_checkpoint(note.sign_note("hello\n", [LOG]), LOG.verifier)
