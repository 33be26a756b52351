"""Over real connections: the server that runs the site, and clients that others wrote."""

from __future__ import annotations

import json
import logging
import threading
import urllib.request

import pytest
from mastodon import Mastodon, StreamListener
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.api.telling_site import telling_subscriptions
from tests.kit.served import serve_site
from venire.people.tokens import revoke_token
from venire.server.logs import _WithoutCallers

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]


@pytest.fixture
def served(socket_enabled, tmp_path):
    with serve_site(tmp_path, subscriptions=telling_subscriptions) as opened:
        yield opened


def member(served, username: str):
    return served.call(served.site.member(username))


def socket_of(served, someone, query: str = "", **more):
    address = served.url.replace("http", "ws", 1) + "/api/v1/streaming" + query
    headers = someone.headers if someone is not None else {}
    return connect(address, additional_headers=headers, **more)


def client_of(served, someone) -> Mastodon:
    return Mastodon(
        access_token=someone.created.access_token,
        api_base_url=served.url,
        request_timeout=10,
        ratelimit_method="throw",
    )


def test_a_socket_hears_a_post_in_a_text_frame_uncompressed(served):
    ani = member(served, "ani")
    with socket_of(served, ani, "?stream=public:local") as line:
        assert not line.protocol.extensions
        posted = client_of(served, ani).status_post("halo")
        said = line.recv(timeout=5)
        assert isinstance(said, str)
        frame = json.loads(said)
        assert (frame["stream"], frame["event"]) == (["public:local"], "update")
        assert json.loads(frame["payload"])["id"] == str(posted.id)


def test_a_browsers_token_in_the_protocol_is_echoed_beside_one_in_the_address(served):
    ani = member(served, "ani")
    token = ani.created.access_token
    for query in ("?stream=user", f"?stream=user&access_token={token}"):
        with socket_of(served, None, query, subprotocols=[token]) as line:
            assert line.subprotocol == token


def test_a_handshake_without_a_token_is_refused_in_json(served):
    with pytest.raises(InvalidStatus) as refused, socket_of(served, None, "?stream=user"):
        pass
    answer = refused.value.response
    assert answer.status_code == 401
    assert json.loads(answer.body)["error"] == "The access token is invalid"


def test_a_token_in_an_address_is_written_down_nowhere(served, caplog):
    ani = member(served, "ani")
    token = ani.created.access_token
    caplog.set_level(logging.DEBUG)
    serving = logging.getLogger("uvicorn.error")
    # As `configure_logging` sets the server's logger up.
    cut, level = _WithoutCallers(), serving.level
    serving.addFilter(cut)
    serving.setLevel(logging.INFO)
    try:
        with socket_of(served, None, f"?access_token={token}&stream=user", subprotocols=[token]):
            pass
        with pytest.raises(InvalidStatus), socket_of(served, None, f"?access_token={token}x"):
            pass
    finally:
        serving.removeFilter(cut)
        serving.setLevel(level)
    told = [one.getMessage() for one in caplog.records if one.name == "uvicorn.error"]
    assert any("connection rejected" in one for one in told)
    assert not any(token in one or "127.0.0.1" in one for one in told)


def test_a_revoked_token_closes_its_socket_at_the_client(served):
    ani = member(served, "ani")
    with socket_of(served, ani, "?stream=user") as line:
        served.call(revoke_token(served.site.world, ani.created.access_token))
        with pytest.raises(ConnectionClosed) as closed:
            line.recv(timeout=5)
        assert closed.value.rcvd.code == 1008


class Heard(StreamListener):
    """Notes what a stream tells."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []
        self.more = threading.Condition()

    def _note(self, name: str, what: object) -> None:
        with self.more:
            self.told.append((name, what))
            self.more.notify_all()

    def on_update(self, status) -> None:
        self._note("update", status.content)

    def on_status_update(self, status) -> None:
        self._note("status.update", status.content)

    def on_delete(self, status_id) -> None:
        self._note("delete", str(status_id))

    def on_notification(self, notification) -> None:
        self._note("notification", notification.type)

    def on_conversation(self, conversation) -> None:
        self._note("conversation", conversation.last_status.content)

    def on_filters_changed(self) -> None:
        self._note("filters_changed", None)

    def wait_for(self, *wanted: tuple[str, object]) -> None:
        with self.more:
            found = self.more.wait_for(lambda: set(wanted) <= set(self.told), timeout=10)
        assert found, self.told


def follow_stream(client: Mastodon, heard: Heard, name: str, *args: object):
    handle = getattr(client, name)(*args, heard, run_async=True)
    assert handle.is_alive()
    return handle


def test_mastodon_py_hears_every_kind_of_event_on_its_streams(served):
    ani, bob = member(served, "ani"), member(served, "bob")
    mine, theirs = client_of(served, ani), client_of(served, bob)
    assert mine.stream_healthy()
    mine.account_follow(bob.id)
    heard, tagged, direct, public = Heard(), Heard(), Heard(), Heard()
    handles = [
        follow_stream(mine, heard, "stream_user"),
        follow_stream(mine, tagged, "stream_hashtag", "gempa"),
        follow_stream(mine, direct, "stream_direct"),
        follow_stream(mine, public, "stream_public"),
    ]
    try:
        posted = theirs.status_post("halo #gempa")
        content = posted.content
        heard.wait_for(("update", content))
        tagged.wait_for(("update", content))
        public.wait_for(("update", content))
        theirs.status_update(posted.id, "berubah #gempa")
        heard.wait_for(("status.update", theirs.status(posted.id).content))
        theirs.status_delete(posted.id)
        for one in (heard, tagged, public):
            one.wait_for(("delete", str(posted.id)))
        secret = theirs.status_post("@ani rahasia", visibility="direct")
        direct.wait_for(("conversation", secret.content))
        heard.wait_for(("notification", "mention"))
        mine.create_filter_v2("x", ["home"], "warn")
        heard.wait_for(("filters_changed", None))
    finally:
        served.close_streams()
        for handle in handles:
            handle.close()


def test_the_stream_of_events_says_hello_at_once(served):
    ani = member(served, "ani")
    request = urllib.request.Request(  # noqa: S310 - our own server, on loopback
        f"{served.url}/api/v1/streaming/user", headers=ani.headers
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.read(1) == b":"
