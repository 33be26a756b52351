"""`venire verify draw`: from a folder, from a site's address, from a data folder."""

from __future__ import annotations

import functools
import http.server
import threading

import anyio
import pytest

from tests.cases.test_drawing import a_house, a_threat, wait
from tests.cli.calling import call, only_json, told
from tests.kit.beacons import RANDOMNESS_1000, Relay
from tests.kit.published import publish
from venire.record.note import Signer


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A data folder, what it publishes (below `record`), and a case that was drawn in it."""
    folder = tmp_path_factory.mktemp("site")
    found = {}

    async def begin() -> None:
        async with a_house(folder, Relay()) as house:
            found["case"] = (await a_threat(house)).public_id
            await wait(house, 45_000, step_ms=1_000)
            found["public"] = await publish(house, folder / "public" / "record")

    anyio.run(begin)
    return folder, found["public"], found["case"]


def test_the_report_says_what_the_draw_was(made):
    _, public, case = made
    report = only_json(call("verify", "draw", case, "--data", public, "--json", "-"))
    (drawn,) = report["rounds"]
    assert (report["case"], report["verified"], report["key"]) == (case, True, "of the site itself")
    assert (drawn["strength"], drawn["beacon_round"]) == ("beacon", 1000)
    assert drawn["randomness"] == RANDOMNESS_1000
    assert (drawn["size"], drawn["fallback"], drawn["shared_sheet"]) == (12, None, False)
    assert len(drawn["seated"]) == 3
    shown = call("verify", "draw", case, "--data", public)
    assert shown.stdout.startswith(f"The draw of case {case} verifies.")
    assert "Compare it with one that you have from elsewhere" in shown.stdout


def test_a_key_from_elsewhere_is_believed_and_no_other(made, tmp_path):
    _, public, case = made
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_bytes((public / "key").read_bytes())
    wrong.write_text(str(Signer("venire.test/record", b"x" * 32).verifier))
    with_key = only_json(
        call("verify", "draw", case, "--data", public, "--key", right, "--json", "-")
    )
    assert with_key["key"] == "given"
    told(call("verify", "draw", case, "--data", public, "--key", wrong), "bad_signature")


@pytest.mark.loopback
def test_a_site_is_checked_by_its_address_alone(made):
    _, public, case = made
    handler = functools.partial(Quiet, directory=str(public.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}"
        try:
            for address in (url, f"{url}/record", f"{url}/"):
                report = only_json(call("verify", "draw", case, "--url", address, "--json", "-"))
                assert report["verified"] is True
            told(call("verify", "draw", "0" * 32, "--url", url), "case_not_drawn")
        finally:
            server.shutdown()
    told(call("verify", "draw", case, "--url", url), "source_unreachable")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_a_data_folder_is_checked_as_the_site_would_publish_it(made):
    folder, _, case = made
    report = only_json(call("verify", "draw", case, "--data", folder, "--json", "-"))
    assert report["verified"] is True
    assert report["rounds"][0]["beacon_round"] == 1000


@pytest.mark.parametrize("case", ["x", "0" * 31, "A" * 32, "../../etc/passwd", ""])
def test_what_is_no_case_is_refused(made, case):
    told(call("verify", "draw", "--data", made[1], "--", case), "case_malformed")


def test_one_place_to_look_is_enough(made, tmp_path):
    assert call("verify", "draw", made[2], "--url", "x", "--data", made[1]).exit_code == 2
    told(call("verify", "draw", made[2], "--data", tmp_path), "record_not_there")
    told(call("verify", "draw", made[2], "--url", "ftp://x"), "url_malformed")
