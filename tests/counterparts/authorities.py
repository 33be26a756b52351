"""pebble: the test authority of Let's Encrypt (ACME, RFC 8555); it asks a name server for proof."""

from __future__ import annotations

import json
from pathlib import Path

from tests.counterparts.certificates import make
from tests.counterparts.installing import go_program
from tests.counterparts.process import ADDRESS, Process, free_port


def pebble(folder: Path, name_server: str, name: str = "pebble") -> tuple[Process, dict[str, str]]:
    """Start one that asks `name_server` (`ADDRESS:PORT`); return it with its addresses.

    `DIRECTORY` is where a client begins, `ROOT` the file of who signed its TLS, `ISSUER` where the
    certificate of what it issues can be read.
    """
    program = go_program("pebble")
    root, cert, key = make(folder)
    port, management = free_port(), free_port()
    settings = {
        "pebble": {
            "listenAddress": f"{ADDRESS}:{port}",
            "managementListenAddress": f"{ADDRESS}:{management}",
            "certificate": str(cert),
            "privateKey": str(key),
            "httpPort": free_port(),
            "tlsPort": free_port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
    }
    conf = folder / "pebble.json"
    conf.write_text(json.dumps(settings), encoding="utf-8")
    command = [str(program), "-config", str(conf), "-strict", "-dnsserver", name_server]
    # Without the wait of up to 15 s before it looks; one nonce in twenty is refused all the same.
    process = Process(name, command, folder, {"PEBBLE_VA_NOSLEEP": "1"})
    process.wait_for(port)
    return process, {
        "DIRECTORY": f"https://{ADDRESS}:{port}/dir",
        "ROOT": str(root),
        "ISSUER": f"https://{ADDRESS}:{management}/roots/0",
    }
