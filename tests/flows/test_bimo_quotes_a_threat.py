"""Bimo quotes a threat to condemn it, and is held: told at once, judged in time, put back in place.

He, his readers and strangers use Mastodon.py. Jurors and outsiders ask our own public addresses.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from mastodon import MastodonNotFoundError

from tests.flows.phones import Phones, open_phones, until
from tests.posts.media import files
from venire.kernel.clock import HOUR_MS, MINUTE_MS, parse_iso_ms
from venire.people import standing
from venire.record.tiles import parse_bundle

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(120)]

FIRST = (
    "Somebody left a note under my door this morning. Nobody should have to read that. #neighbours"
)
QUOTED = "we will hang you from the nearest tree tonight, count on it"
WHOLE = f"Under my door this morning a note: {QUOTED}. Nobody should have to read that. #neighbours"
TOLD_WITHIN_S = 10.0


def ids_of(statuses) -> list[str]:
    return [str((one.reblog or one).id) for one in statuses]


def places(reader, bimo_id, post_id) -> dict[str, object]:
    """Everywhere a post stands for a reader, each list whole and in its order."""
    context = reader.status_context(post_id)
    return {
        "home": ids_of(reader.timeline_home()),
        "public": ids_of(reader.timeline_local()),
        "hashtag": ids_of(reader.timeline_hashtag("neighbours")),
        "profile": ids_of(reader.account_statuses(bimo_id)),
        "bookmarks": ids_of(reader.bookmarks()),
        "favourites": ids_of(reader.favourites()),
        "replies": ids_of(context.descendants),
        # That he changed it is news to whoever boosted it; what it was told of before stays.
        "notifications": [
            (one.type, one.id)
            for one in reader.notifications(exclude_types=["update"])
            if one.account.id == bimo_id
        ],
    }


def counts(reader, post_id) -> dict[str, object]:
    """What a reader sees of the post itself that a hold must not change."""
    shown = reader.status(post_id)
    return {
        "id": str(shown.id),
        "url": shown.url,
        "created_at": shown.created_at,
        "visibility": shown.visibility,
        "favourites": shown.favourites_count,
        "boosts": shown.reblogs_count,
        "replies": shown.replies_count,
        "mine": (shown.favourited, shown.reblogged, shown.bookmarked),
        "media": [(str(one.id), one.url) for one in shown.media_attachments],
        "favourited_by": [one.username for one in reader.status_favourited_by(post_id)],
        "boosted_by": [one.username for one in reader.status_reblogged_by(post_id)],
    }


def figures(phones: Phones) -> tuple[int, int]:
    """Holds and false holds as published, which are what anyone counts in the public log."""
    phones.settle()
    shown = phones.outside.get("/api/v1/judgement/figures").json()
    assert (shown["holds"], shown["false_holds"]) == by_hand(phones)
    return shown["holds"], shown["false_holds"]


def by_hand(phones: Phones) -> tuple[int, int]:
    """Holds and false holds, counted by an outsider from the entries of the public log."""
    size = int(phones.outside.get("/record/checkpoint").text.split("\n")[1])
    assert size < 256
    tile = phones.outside.get(f"/record/tile/entries/000.p/{size}").content
    headers = [json.loads(leaf)["header"] for leaf in parse_bundle(tile, size)]
    lifts = [one for one in headers if one["type"] == "lift"]
    return (
        sum(one["type"] == "hold" for one in headers),
        sum(one["cause"] == "verdict" for one in lifts),
    )


class Story:
    """Bimo, who quotes; Citra and Dewi, who follow him; and what stood before he was held."""

    def __init__(self, phones: Phones) -> None:
        self.phones = phones
        self.bimo, self.citra, self.dewi = (
            phones.sign_up(name) for name in ("bimo", "citra", "dewi")
        )
        self.readers = (self.citra, self.dewi)
        self.id = self.bimo.me().id
        self.medium = self.bimo.media_post(files.picture(), "image/png", description="the note")

    def told(self, kind: str) -> list[Any]:
        return [one for one in self.bimo.notifications() if one.type == kind]

    def acts_on_his(self) -> list[Any]:
        """What his readers did, as his app lists it: favourites, the boost, the reply."""
        names = {"citra", "dewi"}
        return [one.id for one in self.bimo.notifications() if one.account.username in names]

    def statements(self) -> list[dict[str, Any]]:
        with self.phones.browser(self.bimo) as bimo:
            found: list[dict[str, Any]] = bimo.get("/api/v1/statements").json()
        return found

    def is_posted_and_answered(self) -> None:
        """All that happens to the post before the threat is quoted in it."""
        for reader in self.readers:
            reader.account_follow(self.id)
        self.phones.settle()
        earlier = self.bimo.status_post("The bakery is open again.")
        self.post = self.bimo.status_post(FIRST, media_ids=[self.medium])
        later = self.citra.status_post("Good morning, #neighbours.")
        reply = self.dewi.status_reply(self.post, "How awful. What did it say?")
        for reader in self.readers:
            reader.status_favourite(self.post)
        self.dewi.status_reblog(self.post)
        self.citra.status_bookmark(self.post)
        self.phones.settle()
        self.stood = [places(reader, self.id, self.post.id) for reader in self.readers]
        self.counted = [counts(reader, self.post.id) for reader in self.readers]
        assert self.stood[0]["public"] == ids_of([later, self.post, earlier])
        self.his = self.acts_on_his()
        assert len(self.his) == len(("follow", "favourite") * 2 + ("reblog", "mention"))
        assert self.stood[1]["replies"] == [str(reply.id)]
        first = self.counted[0]
        assert (first["favourites"], first["boosts"], first["replies"]) == (2, 1, 1)

    def is_held_and_told(self) -> None:
        """He says what the note said; what looks for threats takes its words for his."""
        live = self.phones.listen(self.bimo.stream_user)
        began, at_ms = time.monotonic(), self.phones.house.site.clock.now_ms()
        self.bimo.status_update(self.post.id, WHOLE, media_ids=[self.medium])
        warning = until(lambda: self.told("moderation_warning"), TOLD_WITHIN_S)[0]
        (statement,) = until(self.statements, TOLD_WITHIN_S)
        until(lambda: any("moderation_warning" in text for _, text in live.events), TOLD_WITHIN_S)
        letter = until(lambda: self.letters("hidden from others"), TOLD_WITHIN_S)[0]
        seconds = time.monotonic() - began
        assert seconds < TOLD_WITHIN_S
        assert self.phones.house.site.clock.now_ms() == at_ms, "told after the clock was moved"
        assert (statement["kind"], statement["rule"]) == ("hold", 1)
        assert statement["rule_text"]["en"].startswith("Do not threaten anyone")
        assert statement["text"].startswith(WHOLE)
        pointed_at = [word for word in statement["words"] if word in QUOTED]
        assert any("hang" in word for word in pointed_at), statement["words"]
        assert all(word in WHOLE for word in statement["words"])
        for text in (warning.moderation_warning.text, letter.status.content):
            assert "rule 1, Threats and incitement of violence" in text
            assert f"{self.phones.url}/statements/{statement['id']}" in text
            assert any(f"“{word}”" in text for word in pointed_at if "hang" in word)
        assert letter.status.visibility == "direct"
        self.held = statement
        self.seconds = seconds

    def letters(self, words: str) -> list[Any]:
        return [one for one in self.told("mention") if words in one.status.content]

    def is_hidden_from_all_but_him(self) -> None:
        self.phones.settle()
        post_id = self.post.id
        for reader in (*self.readers, self.phones.anonymous()):
            with pytest.raises(MastodonNotFoundError):
                reader.status(post_id)
            assert str(post_id) not in ids_of(reader.timeline_local())
        for reader in self.readers:
            assert str(post_id) not in ids_of(reader.timeline_home())
        for address in (self.medium.url, self.medium.preview_url):
            assert self.phones.outside.get(address).status_code == 404
        mine = self.bimo.status(post_id)
        assert QUOTED in mine.content
        assert (mine.favourites_count, mine.reblogs_count) == (2, 1)

    def is_judged_though_two_do_not_come(self) -> None:
        """Those who are drawn first let their summons lapse; the next in order vote."""
        house = self.phones.house
        asked = self.phones.call(house.summoned)
        assert len(asked) >= 3
        away = [juror for juror, _ in asked[:2]]
        house.jurors = [one for one in house.jurors if one not in away]
        lapse = house.court.policy.panel.summons_minutes
        self.phones.pass_time((lapse + 1) * MINUTE_MS)
        assert self.phones.call(house.vote, "keeps") >= 3
        self.phones.settle()

    def is_back_in_time_and_in_place(self) -> None:
        lifted = self.statements()[0]
        assert (lifted["kind"], lifted["decided_by"]) == ("lift", "panel")
        took = parse_iso_ms(lifted["created_at"]) - parse_iso_ms(self.held["created_at"])
        allowed = self.phones.house.court.policy.category("incitement").clock_hours
        assert 2 * HOUR_MS < took < allowed * HOUR_MS
        assert self.letters("is visible again")
        assert [places(one, self.id, self.post.id) for one in self.readers] == self.stood
        assert [counts(one, self.post.id) for one in self.readers] == self.counted
        assert self.acts_on_his() == self.his
        shown = self.phones.anonymous().status(self.post.id)
        assert QUOTED in shown.content
        for address in (self.medium.url, self.medium.preview_url):
            assert self.phones.outside.get(address).status_code == 200
        # No points: none in the statement, none on the account, and he posts as before.
        assert (lifted["points"], lifted["standing_points"]) == (0, 0)
        assert not [one for one in self.statements() if one["points"]]
        house = self.phones.house
        assert self.phones.call(standing.standing, house.world, int(self.id)).points == 0
        self.bimo.status_post("Thank you all.")


def test_bimo_is_told_at_once_judged_in_time_and_put_back_in_place(tmp_path, record_property):
    with open_phones(tmp_path, jurors=9) as phones:
        story = Story(phones)
        story.is_posted_and_answered()
        holds, false_holds = figures(phones)
        story.is_held_and_told()
        story.is_hidden_from_all_but_him()
        assert figures(phones) == (holds + 1, false_holds)
        story.is_judged_though_two_do_not_come()
        story.is_back_in_time_and_in_place()
        assert figures(phones) == (holds + 1, false_holds + 1)
        record_property("figure", f"Bimo was told after {story.seconds:.2f} s")
