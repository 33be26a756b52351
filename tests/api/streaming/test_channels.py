"""What may be listened to, and what a frame looks like."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.api.streaming.channels import NAMES, channel_of, name_of_path
from venire.api.streaming.mailbox import BYTES_MOST, ITEMS_MOST, Mailbox
from venire.api.streaming.messages import Message
from venire.kernel.errors import Invalid

pytestmark = pytest.mark.anyio


def test_an_address_names_a_stream_of_mastodons():
    assert name_of_path("user/notification/") == "user:notification"
    assert name_of_path("public/local") in NAMES
    assert name_of_path("") == ""


@pytest.mark.parametrize("tag", ["Gempa", "#gempa", " GEMPA "])
def test_a_tag_is_the_same_channel_however_it_is_written_and_is_named_as_asked(tag):
    channel = channel_of("hashtag", tag=tag)
    assert channel.key == ("hashtag", "gempa")
    assert channel.stream == ("hashtag", tag)


@pytest.mark.parametrize(
    ("name", "given_as", "code"),
    [
        ("", {}, "stream_unknown"),
        ("everything", {}, "stream_unknown"),
        ("hashtag", {}, "tag_missing"),
        ("hashtag", {"tag": "#"}, "tag_missing"),
        ("hashtag:local", {"tag": "x" * 101}, "tag_missing"),
        ("list", {}, "list_missing"),
        ("list", {"list_id": "one"}, "list_missing"),
        ("list", {"list_id": str(1 << 63)}, "list_missing"),
    ],
)
def test_what_is_no_channel_is_refused_with_its_code(name, given_as, code):
    with pytest.raises(Invalid) as caught:
        channel_of(name, **given_as)
    assert caught.value.code == code


def test_only_media_is_another_channel_of_the_public_streams_alone():
    assert channel_of("public:local", only_media=True).stream == ("public:local:media",)
    assert channel_of("user", only_media=True).stream == ("user",)


@given(st.text(), st.text(min_size=1, max_size=20))
def test_the_payload_of_a_frame_is_a_string_that_holds_the_json(text, tag):
    payload = json.dumps({"content": text}).encode()
    message = Message("update", payload)
    try:
        channel = channel_of("hashtag", tag=tag)
    except Invalid:
        channel = channel_of("public")
    frame = json.loads(message.frame(channel))
    assert frame["stream"] == list(channel.stream)
    assert json.loads(frame["payload"]) == {"content": text}
    event, data, *rest = message.lines().decode().split("\n")
    assert (event, rest) == ("event: update", ["", ""])
    assert json.loads(data.removeprefix("data: ")) == {"content": text}


def test_a_frame_is_written_once_for_a_channel_however_many_hear_it():
    message = Message("update", b'{"id":"1"}')
    public, local = channel_of("public"), channel_of("public:local")
    assert message.frame(public) is message.frame(channel_of("public"))
    assert message.frame(local) != message.frame(public)
    assert message.lines() is message.lines()


def test_filters_changed_has_no_payload_and_a_deletion_a_bare_id():
    assert json.loads(Message("filters_changed", None).frame(channel_of("user"))) == {
        "stream": ["user"],
        "event": "filters_changed",
    }
    assert json.loads(Message("delete", b"42").frame(channel_of("user")))["payload"] == "42"


async def test_a_mailbox_gives_what_was_put_in_order_and_then_its_end():
    box: Mailbox[str] = Mailbox()
    assert box.put("one")
    assert box.put("two")
    assert (await box.next(), await box.next()) == ("one", "two")
    box.end()
    assert await box.next() is None
    assert not box.put("late")


async def test_a_mailbox_is_full_by_count_and_by_size_and_has_room_again():
    box: Mailbox[bytes] = Mailbox()
    assert all(box.put(b"x") for _ in range(ITEMS_MOST))
    assert not box.put(b"x")
    await box.next()
    assert box.put(b"x")
    large: Mailbox[bytes] = Mailbox()
    assert large.put(b"x" * BYTES_MOST)
    assert not large.put(b"x")
    await large.next()
    assert large.put(b"x")
