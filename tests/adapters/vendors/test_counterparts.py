"""Each counterpart answers as the thing that it is: what the tests beside this one build on."""

from __future__ import annotations

import os
import smtplib
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

import dns.message
import dns.query
import dns.rdatatype
import httpx
import obstore.exceptions
import pytest
from obstore.store import S3Store

from tests.counterparts import names, objects


def where(name):
    return os.environ[f"VENIRE_COUNTERPART_{name.upper()}"]


def store(name, secret=None):
    url = urlsplit(where(name))
    return S3Store(
        url.path.strip("/"),
        endpoint=f"http://{url.hostname}:{url.port}",
        access_key_id=url.username,
        secret_access_key=secret or url.password,
        region="us-east-1",
        client_options={"allow_http": True},
    )


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.vendors(n)) for n in ("versitygw_a", "versitygw_b")]
)
def test_a_store_keeps_bytes_and_refuses_a_wrong_secret(name):
    store(name).put("sha256/ab/cd", b"bytes")
    assert bytes(store(name).get("sha256/ab/cd").bytes()) == b"bytes"
    with pytest.raises(obstore.exceptions.BaseError):
        store(name, secret=objects.SECRET + "x").get("sha256/ab/cd")


@pytest.mark.vendors("stripe")
def test_stripe_mock_takes_what_stripe_takes_and_refuses_the_rest():
    headers = {"Authorization": "Bearer sk_test_venire"}
    with httpx.Client(base_url=where("stripe"), headers=headers, trust_env=False) as client:
        sent = client.post("/v1/payment_intents", data={"amount": "500", "currency": "usd"})
        wrong = client.post("/v1/payment_intents", data={"amount": "x", "currency": "usd"})
    assert sent.status_code == 200
    assert sent.json()["object"] == "payment_intent"
    assert wrong.status_code == 400


@pytest.mark.vendors("smtp")
def test_a_mail_server_delivers_and_has_classes_of_refusal():
    url = urlsplit(where("smtp"))
    kept = Path(where("smtp_maildir")) / "sari" / "new"
    refused = {}
    with smtplib.SMTP(url.hostname, url.port, local_hostname="venire.example") as client:
        client.sendmail("desk@venire.example", ["sari@reader.example"], "Subject: a\r\n\r\nText")
        for name in ("unknown", "full", "later"):
            with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
                client.sendmail("desk@venire.example", [f"{name}@reader.example"], "Text")
            refused[name] = next(iter(caught.value.recipients.values()))[0]
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail("put-out@venire.example", ["sari@reader.example"], "Text")
    assert refused == {"unknown": 550, "full": 552, "later": 451}
    until = time.monotonic() + 10
    while not (kept.is_dir() and list(kept.iterdir())) and time.monotonic() < until:
        time.sleep(0.05)
    assert "Subject: a" in next(kept.iterdir()).read_text()


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.vendors(n)) for n in ("bind", "knot")]
)
def test_a_name_server_answers_for_its_zones(name):
    host, _, port = where(name).partition(":")
    for zone in names.ZONES:
        asked = dns.message.make_query(zone, "SOA")
        answer = dns.query.udp(asked, host, port=int(port), timeout=5).answer
        assert answer[0].rdtype == dns.rdatatype.SOA


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.vendors(n)) for n in ("acme_a", "acme_b")]
)
def test_an_authority_says_where_to_ask_and_speaks_tls_of_its_own(name):
    trusted = ssl.create_default_context(cafile=where(f"{name}_root"))
    with httpx.Client(verify=trusted, trust_env=False) as client:
        directory = client.get(where(name)).json()
    assert {"newNonce", "newAccount", "newOrder", "renewalInfo"} <= directory.keys()
    with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ConnectError):
        client.get(where(name))
