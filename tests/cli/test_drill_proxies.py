"""The proxies of drills: they hand on what comes, and refuse as the vendor does once it is lost."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import struct

import dns.message
import dns.query
import dns.rcode
import dns.tsigkeyring
import dns.update
import httpx
import pytest

from tests.counterparts.objects import ACCESS, BUCKET, SECRET, versitygw
from venire.cli.drills.counterparts import name_server
from venire.cli.drills.counterparts.certified import certified
from venire.cli.drills.counterparts.name_server import NameServer
from venire.cli.drills.counterparts.proxied import (
    AuthorityProxy,
    StripeProxy,
    TwilioProxy,
    XenditProxy,
)
from venire.cli.drills.counterparts.relayed import (
    CentreProxy,
    NameProxy,
    StreamProxy,
    SubmissionProxy,
)
from venire.cli.drills.counterparts.server import Call, Counterpart, Reply, served
from venire.cli.drills.counterparts.smsc import MessageCentre
from venire.cli.drills.counterparts.smtp import Submission
from venire.cli.drills.vendors import endpoints
from venire.cli.drills.vendors.shelves import open_shelf
from venire.kernel.errors import Invalid, Refused

pytestmark = pytest.mark.loopback

ZONE = "drill.example"
FORM = {"To": "+628123456789", "Body": "Your code", "From": "+15005550006"}


class Mock(Counterpart):
    """A mock as others make them: it looks at the call, and answers with an example."""

    def __init__(self, status=200, content=None):
        super().__init__()
        self.status = status
        self.content = {"id": "example", "shape": "the mock's"} if content is None else content

    def answer(self, call: Call) -> Reply:
        return Reply(self.status, self.content, {"X-Seen": call.headers["host"]})


@pytest.fixture
def stand():
    """Serves what it is given until the test ends; where it is."""
    with contextlib.ExitStack() as stack:
        yield lambda one, **more: stack.enter_context(served(one, **more))


@pytest.fixture
def before(stand):
    """A proxy of a kind before a mock: its address, itself, the mock."""
    made = []

    def make(kind, mock=None):
        real = mock or Mock()
        proxy = kind(stand(real))
        made.append(proxy)
        return stand(proxy), proxy, real

    yield make
    for proxy in made:
        proxy.close()


def test_a_call_goes_on_with_its_query_and_its_host_and_the_answer_comes_back(before):
    at, proxy, real = before(TwilioProxy)
    answer = httpx.post(f"{at}/a%20b?x%5B%5D=1&x%5B%5D=2", data=FORM, trust_env=False)
    assert answer.json() == real.content
    assert real.calls[0].target == "/a%20b?x%5B%5D=1&x%5B%5D=2"
    assert answer.headers["x-seen"] == at.removeprefix("http://"), "signatures are made of it"
    assert proxy.sent == [(FORM["To"], FORM["Body"])]


def test_what_the_real_one_refuses_is_refused_and_was_not_sent(before):
    at, proxy, _ = before(TwilioProxy, Mock(422, {"code": 1}))
    assert httpx.post(at, data=FORM, trust_env=False).status_code == 422
    assert proxy.sent == []


def test_a_closed_account_never_reaches_the_real_one(before):
    at, proxy, real = before(TwilioProxy)
    proxy.closed = True
    answer = httpx.post(at, data=FORM, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (403, 20005)
    proxy.closed = False
    proxy.order("503")
    assert httpx.post(at, data=FORM, trust_env=False).status_code == 503
    assert real.calls == []


def test_a_real_one_that_is_not_there_is_no_success(stand):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        proxy = TwilioProxy(f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert httpx.post(stand(proxy), data=FORM, trust_env=False).status_code == 502
    proxy.close()


def test_a_mock_that_keeps_nothing_gives_the_shape_and_the_proxy_remembers(before):
    at, proxy, _ = before(StripeProxy)
    form = {
        "mode": "payment",
        "client_reference_id": "77",
        "line_items[0][price_data][currency]": "idr",
        "line_items[0][price_data][unit_amount]": "500",
    }
    head = {"Authorization": "Bearer sk_test_standin"}
    asked = {"headers": head, "trust_env": False}
    made = [httpx.post(f"{at}/v1/checkout/sessions", data=form, **asked).json() for _ in range(2)]
    assert {one["shape"] for one in made} == {"the mock's"}
    assert len({one["id"] for one in made}) == 2, "the mock's own is one and the same"
    read = httpx.get(f"{at}/v1/checkout/sessions/{made[0]['id']}", **asked).json()
    assert (read["client_reference_id"], read["amount_total"]) == ("77", 500)
    assert proxy.pay(77)[1]


def test_payers_are_led_back_by_https_where_the_vendor_takes_nothing_else(before):
    at, _, real = before(XenditProxy, Mock(201))
    httpx.post(f"{at}/sessions", json={"success_return_url": "http://a.test/"}, trust_env=False)
    assert real.calls[0].json() == {"success_return_url": "https://a.test/"}


def test_an_authority_is_reached_by_tls_of_the_proxys_own(stand, tmp_path):
    context, trusted = certified(tmp_path, "a-ca")
    proxy = AuthorityProxy(stand(Mock()))
    at = stand(proxy, context=context)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{at}/dir", trust_env=False)
    believes = ssl.create_default_context(cafile=str(trusted))
    assert httpx.get(f"{at}/dir", verify=believes, trust_env=False).is_success
    proxy.closed = True
    refused = httpx.get(f"{at}/dir", verify=believes, trust_env=False)
    assert refused.json()["type"].endswith(":unauthorized")
    proxy.close()


@pytest.mark.parametrize("loss", ["refuses", "hangs", "403", "503"])
def test_a_lost_store_cuts_whoever_is_connected_and_comes_back(stand, loss):
    proxy = StreamProxy(stand(Mock()))
    at = stand(proxy)
    with httpx.Client(base_url=at, trust_env=False, timeout=0.5) as client:
        assert client.get("/").is_success
        proxy.lost = loss
        if loss.isdigit():
            with contextlib.suppress(httpx.RemoteProtocolError, httpx.ReadError):
                assert client.get("/").status_code == int(loss)
            assert client.get("/").status_code == int(loss)
        else:
            for _ in range(2):
                with pytest.raises(httpx.TransportError):
                    client.get("/")
        proxy.lost = ""
        assert httpx.get(at, trust_env=False).is_success


def _letter(at: str) -> None:
    with smtplib.SMTP("127.0.0.1", int(at.rpartition(":")[2]), timeout=5) as client:
        client.sendmail("us@a.test", ["you@b.test"], "Subject: x\r\n\r\n.dot\r\n")


def test_a_letter_passes_whole_until_the_account_is_closed(stand):
    real = Submission()
    proxy = SubmissionProxy(stand(real))
    at = stand(proxy)
    _letter(at)
    assert proxy.letters == real.letters
    assert real.letters[0].recipients == ("you@b.test",)
    assert b"\r\n.dot" in real.letters[0].raw
    proxy.refuses = "closed"
    with pytest.raises(smtplib.SMTPSenderRefused):
        _letter(at)
    assert len(real.letters) == 1


def _update(at: str, key: tuple[str, str]) -> dns.rcode.Rcode:
    change = dns.update.UpdateMessage(ZONE, keyring=dns.tsigkeyring.from_text(dict([key])))
    change.replace(f"www.{ZONE}.", 60, "A", "192.0.2.1")
    where = at.rpartition(":")[2]
    return dns.query.tcp(change, "127.0.0.1", port=int(where), timeout=5).rcode()


def test_names_are_changed_at_the_real_host_until_it_is_lost(stand):
    real = NameServer(ZONE)
    proxy = NameProxy(stand(real), name_server.KEY, ZONE)
    at = stand(proxy)
    key = (name_server.KEY_NAME, name_server.SECRET)
    assert _update(at, key) == dns.rcode.NOERROR
    assert proxy.values(f"www.{ZONE}", "A") == real.values(f"www.{ZONE}", "A") == ["192.0.2.1"]
    proxy.closed = True
    assert _update(at, key) == dns.rcode.NOTAUTH
    proxy.closed = False
    proxy.lose(ZONE)
    assert _update(at, key) == dns.rcode.NOTZONE
    assert proxy.values(f"www.{ZONE}", "A") == []
    assert real.values(f"www.{ZONE}", "A") == ["192.0.2.1"]


def _pdu(command: int, number: int, body: bytes) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command, 0, number) + body


def _asked(line: socket.socket, command: int, number: int, body: bytes) -> tuple[int, int]:
    """What is answered: command and status."""
    line.sendall(_pdu(command, number, body))
    head = b""
    while len(head) < 16:
        piece = line.recv(16 - len(head))
        if not piece:
            raise EOFError
        head += piece
    length, answered, status, _ = struct.unpack(">IIII", head)
    line.recv(length - 16)
    return answered, status


def test_texts_pass_until_the_carrier_puts_us_out(stand):
    real = MessageCentre("secret")
    proxy = CentreProxy(stand(real))
    at = stand(proxy)
    bind = b"venire\0secret\0\0\x34\0\0\0"
    text = b"\0\0\0us\0\1\x01628123456789\0\0\0\0\0\0\1\0\0\0\x05hello"
    where = ("127.0.0.1", int(at.rpartition(":")[2]))
    with socket.create_connection(where, 5) as line:
        assert _asked(line, 9, 1, bind) == (0x80000009, 0)
        assert _asked(line, 4, 2, text) == (0x80000004, 0)
        assert proxy.sent == real.sent == [("+628123456789", "hello")]
        proxy.closed = True
        line.settimeout(5)
        with contextlib.suppress(ConnectionResetError):
            while line.recv(1024):
                pass
    with socket.create_connection(where, 5) as line:
        assert _asked(line, 9, 1, bind) == (0x80000009, 0x0E)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[moon]]\naddress = '127.0.0.1:1'", "moon"),
        ("[[sms]]\naddress = '127.0.0.1:1'", "adapter: twilio or infobip or smpp"),
        ("[[sms]]\nadapter = 'smpp'\naddress = '127.0.0.1:1'", "options: system_id, from"),
        ("[[mail]]", "address"),
        ("[[mail]]\nadapter = 'smtp'\naddress = '127.0.0.1:1'", "adapter"),
        ("[[payments]]\nadapter = 'xendit'\naddress = '127.0.0.1:1'", "stripe first"),
        ("[[mail]]\naddress = '127.0.0.1:1'\nweight = 3", "weight"),
        ("[[mail]]\naddress = 'smtp://mail.example.org:25'", "of this machine"),
        ("[[mail]]\naddress = 'smtp://192.168.1.1:25'", "of this machine"),
        ("[[mail]]\naddress = 'smtp://127.0.0.1'", "of this machine"),
        ("[[mail", "counterparts.toml"),
    ],
)
def test_a_file_of_counterparts_that_cannot_be_meant_is_refused(tmp_path, text, said):
    file = tmp_path / "counterparts.toml"
    file.write_text(text)
    with pytest.raises(Invalid, match="counterparts_invalid") as caught:
        endpoints.read(file)
    assert said in caught.value.hint


@pytest.mark.vendors("versitygw_a")
def test_a_bucket_that_somebody_uses_is_not_cleared(tmp_path):
    process, url = versitygw(tmp_path / "gateway")
    try:
        options = {"bucket": BUCKET, "region": "us-east-1", "key_id": ACCESS}
        at = "http://" + url.rpartition("@")[2].partition("/")[0]
        real = endpoints.Endpoint(address=at, secret=SECRET, options=options)

        def shelf():
            return open_shelf(tmp_path / "a", "a", real, lambda _: at, lambda *_: "keys/store")

        used = tmp_path / "gateway" / "kept" / BUCKET / "diary"
        used.write_text("of years")
        with pytest.raises(Refused, match="bucket_not_of_drills"):
            shelf()
        assert used.read_text() == "of years"
        used.unlink()
        shelf()
        used.write_text("of a drill")
        shelf()
        assert not used.exists()
    finally:
        process.stop()


def test_who_is_not_named_is_played_by_a_stand_in(tmp_path):
    file = tmp_path / "counterparts.toml"
    file.write_text("[[mail]]\naddress = 'smtp://127.0.0.1:25'\nsecret = 'hush'")
    named = endpoints.read(file)
    found = named.find("mail", 0)
    assert found.address == "smtp://127.0.0.1:25"
    assert "hush" not in repr(found)
    assert named.find("mail", 1) is None
    assert named.find("sms", 0) is None
    assert endpoints.read(None).find("mail", 0) is None
