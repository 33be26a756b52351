"""A site with mail, from `venire init` to a member who confirmed their address; killed midway."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from typing import Self

import httpx
import pytest

from tests.kit.mailbox import Mailbox, served, speaking
from tests.web.browser import hidden_fields
from venire.cli.drills.site import free_port

pytestmark = pytest.mark.loopback


def venire(*arguments) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "venire", *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout


@contextlib.contextmanager
def running(folder, port):
    """A site in a process of its own, killed at the end."""
    log = folder.parent / f"{time.monotonic_ns()}.log"
    with log.open("wb") as sink:
        command = [sys.executable, "-m", "venire", "run", "--data", str(folder)]
        process = subprocess.Popen(command, stdout=sink, stderr=sink)
    try:
        until = time.monotonic() + 30
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).is_success:
                    break
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield log
    finally:
        process.kill()
        process.wait()


class Person:
    """Somebody with a browser."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.client = httpx.Client(base_url=self.url, trust_env=False, follow_redirects=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def send(self, page: str, action: str, **fields: str) -> str:
        shown = self.client.get(page).text
        data = {**hidden_fields(shown, action), **fields}
        answer = self.client.post(action, data=data, headers={"Origin": self.url})
        assert answer.is_success, answer.text
        return answer.text


def founded(folder, port, mail_port):
    venire(
        "init", "--data", folder, "--yes", "--tls", "none", "--preset", "small",
        "--base-url", f"http://127.0.0.1:{port}", "--port", port, "--registrations", "open",
        "--title", "Warga", "--admin", "ayu", "--admin-email", "ayu@mail.test",
        "--mail", f"smtp://127.0.0.1:{mail_port}", "--mail-from", "no-reply@warga.test",
    )  # fmt: skip
    settings = folder / "venire.toml"
    settings.write_text(settings.read_text() + "check_mail_hosts = false\nminimum_age = 0\n")


def test_a_member_joins_by_a_letter_that_outlives_a_killed_site(tmp_path):
    folder, port = tmp_path / "data", free_port()
    with served(Mailbox()) as mail_port:
        founded(folder, port, mail_port)
    # A mail server that takes the connection and never says a word.
    with speaking(b"", port=mail_port), running(folder, port) as log, Person(port) as ani:
        waiting = ani.send(
            "/sign-up", "/sign-up", username="ani", email="ani@mail.test",
            password="correct horse", agreement="1",
        )  # fmt: skip
        assert "We have written to you" in waiting
        time.sleep(1.5)
    assert "ani@mail.test" not in log.read_text()
    mailbox = Mailbox()
    with served(mailbox, port=mail_port), running(folder, port) as log, Person(port) as ani:
        assert mailbox.arrived.wait(20), log.read_text()
        (letter,) = mailbox.letters
        assert (letter["To"], letter["From"]) == ("ani@mail.test", "Warga <no-reply@warga.test>")
        path = re.search(r"http://127\.0\.0\.1:\d+(/confirm/\S+)", letter.get_content())[1]
        assert "address is confirmed" in ani.send(path, path)
        ani.send("/sign-in", "/sign-in", name="ani", password="correct horse")
        assert ani.client.get("/home").url.path == "/home"
        assert "ani@mail.test" not in log.read_text()


def test_the_first_admin_chooses_a_password_by_the_link_of_init_and_is_in(tmp_path):
    folder, port = tmp_path / "data", free_port()
    mailbox = Mailbox()
    with served(mailbox) as mail_port:
        founded(folder, port, mail_port)
        venire("init", "--data", folder, "--check", "--test-mail", "ayu@mail.test")
        assert mailbox.letters[0]["Subject"] == "A letter from Warga"
        said = venire("init", "--data", folder, "--yes", "--admin", "ayu")
        path = re.search(r"http://127\.0\.0\.1:\d+(/password/\S+)", said)[1]
        with running(folder, port), Person(port) as ayu:
            ayu.send(path, path, password="another fine horse")
            assert ayu.client.get("/moderation").url.path == "/moderation"
