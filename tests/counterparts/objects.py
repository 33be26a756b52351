"""versitygw: the S3 protocol with real signatures, over a folder."""

from __future__ import annotations

from pathlib import Path

from tests.counterparts.installing import go_program
from tests.counterparts.process import ADDRESS, Process, free_port

ACCESS = "venire-test"
SECRET = "a-secret-of-the-tests"
BUCKET = "venire"


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
