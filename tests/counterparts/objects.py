"""Stores of objects: versitygw (S3) and Azurite (Azure), both of which check signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote

import httpx

from tests.counterparts.installing import MissingError, go_program, npm_program
from tests.counterparts.process import ADDRESS, Process, free_port

ACCESS = "venire-test"
SECRET = "a-secret-of-the-tests"
BUCKET = "venire"
AZURE_ACCOUNT = "veniretest"
AZURE_KEY = base64.b64encode(
    b"a key of the tests, sixty-four bytes long, as Azure's own are...."
).decode()
_AZURE_VERSION = "2023-11-03"


def versitygw(folder: Path, name: str = "versitygw", port: int = 0) -> tuple[Process, str]:
    """Start one over `folder`; return it with `http://ACCESS:SECRET@ADDRESS:PORT/BUCKET`.

    The bucket is there. Started again over the same folder it has what was put.
    """
    program = go_program("versitygw")
    port = port or free_port()
    kept, beside = folder / "kept", folder / "beside"
    (kept / BUCKET).mkdir(parents=True, exist_ok=True)
    beside.mkdir(exist_ok=True)
    command = [str(program), "--access", ACCESS, "--secret", SECRET]
    # Without a sidecar it needs extended attributes; without any metadata multipart fails.
    command += ["--port", f"{ADDRESS}:{port}", "posix", "--sidecar", str(beside), str(kept)]
    process = Process(name, command, folder)
    process.wait_for(port)
    return process, f"http://{ACCESS}:{SECRET}@{ADDRESS}:{port}/{BUCKET}"


def azurite(folder: Path) -> tuple[Process, str]:
    """Start Azurite; return it with `az+http://ACCOUNT:KEY@ADDRESS:PORT/CONTAINER`, which is made.

    It checks signatures (shared key) as Azure does.
    """
    command = npm_program("azurite-blob")
    port = free_port()
    options = ["--blobHost", ADDRESS, "--blobPort", str(port), "--location", str(folder)]
    options += ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    account = {"AZURITE_ACCOUNTS": f"{AZURE_ACCOUNT}:{AZURE_KEY}"}
    process = Process("azurite", [*command, *options], folder, account)
    process.wait_for(port)
    made = _make_container(f"http://{ADDRESS}:{port}")
    if made not in {201, 409}:
        process.stop()
        raise MissingError(f"azurite makes no container: {made}")
    key = quote(AZURE_KEY, safe="")
    return process, f"az+http://{AZURE_ACCOUNT}:{key}@{ADDRESS}:{port}/{BUCKET}"


def _make_container(address: str) -> int:
    """`PUT /CONTAINER?restype=container`, signed (Azure docs, Authorize with Shared Key)."""
    date = formatdate(usegmt=True)
    path = f"/{AZURE_ACCOUNT}/{BUCKET}"
    said = f"x-ms-date:{date}\nx-ms-version:{_AZURE_VERSION}\n"
    # Twice the account: once as the owner, once as the path where there is no host of its own.
    signed = f"PUT{chr(10) * 12}{said}/{AZURE_ACCOUNT}{path}\nrestype:container"
    signature = hmac.digest(base64.b64decode(AZURE_KEY), signed.encode(), hashlib.sha256)
    headers = {
        "x-ms-date": date,
        "x-ms-version": _AZURE_VERSION,
        "Authorization": f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(signature).decode()}",
        "Content-Length": "0",
    }
    with httpx.Client(base_url=address, trust_env=False) as client:
        return client.put(path, params={"restype": "container"}, headers=headers).status_code
