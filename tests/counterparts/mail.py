"""OpenSMTPD of Debian: a genuine mail server, in a view of the file system of its own.

Its paths are fixed (spool, control socket, the users that it runs as), so it gets its own mounts,
which this machine never sees: nothing is installed, no user is added, no other mail server is
touched. That takes root, as the server itself does.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.counterparts.installing import BUILD, MissingError, debian_program
from tests.counterparts.process import ADDRESS, Process, free_port

DOMAIN = "reader.example"
DRILL_DOMAIN = "drill.invalid"
"""Where the people of drills have their mailboxes."""
_KEEPER = "mailkeeper"
_UIDS = {"opensmtpd": 64_101, "opensmtpq": 64_102, _KEEPER: 64_103}
_MOUNTS = """set -e
mount -t tmpfs none /var/spool
mount -t tmpfs none /run
mount -t tmpfs none /var/lib
mkdir -p /var/lib/opensmtpd/empty /run/lock
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
if [ -d "$2" ]; then
    mkdir -p /run/libexec
    cp -r "$2" /run/libexec/
    mount --bind /run/libexec /usr/libexec
fi
exec "$3" -d -f "$1/smtpd.conf"
"""
_CONF = """table keepers {{ "@{domain}" = {keeper}, "@{drill}" = {keeper} }}
filter later phase rcpt-to match rcpt-to {{ "later@{domain}" }} reject "451 4.7.1 Later"
filter full phase rcpt-to match rcpt-to {{ "full@{domain}" }} reject "552 5.2.2 Full"
filter unknown phase rcpt-to match rcpt-to {{ "unknown@{domain}" }} reject "550 5.1.1 Unknown"
filter put_out phase mail-from match mail-from {{ "put-out@venire.example" }} reject \
"550 5.7.1 Not you"
filter all chain {{ later, full, unknown, put_out }}
listen on {address} port {port} hostname mail.example filter all
action keep maildir "{kept}/%{{dest.user}}" virtual <keepers>
match from any for domain "{domain}" action keep
match from any for domain "{drill}" action keep
"""


def opensmtpd(folder: Path) -> tuple[Process, dict[str, str]]:
    """Start one; return it with its addresses, by what they are for.

    Letters lie in `MAILDIR/USER/new`. It refuses `unknown@`, `full@` for good and `later@` for now,
    and the sender `put-out@venire.example`. Without TLS: its key lives in a process of its own by
    an interface that OpenSSL 3 no longer honours ("EVP lib"), so no handshake ends.
    """
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise MissingError("OpenSMTPD runs as root alone, in mounts of its own (unshare)")
    program, environment = debian_program("opensmtpd", "usr/sbin/smtpd")
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "kept"
    kept.mkdir()
    os.chown(kept, _UIDS[_KEEPER], _UIDS[_KEEPER])
    # Letters are written by a user of its own, who has to get here; both folders are ours.
    for each in (folder.parent, folder):
        each.chmod(0o711)
    if not all(each.stat().st_mode & 0o001 for each in folder.parents):
        raise MissingError(f"OpenSMTPD's users cannot reach {folder}: set TMPDIR to an open folder")
    for name, tail in (("passwd", "::/nonexistent:/bin/sh"), ("group", "")):
        text = Path("/etc", name).read_text(encoding="utf-8")
        lines = [f"{user}:x:{uid}:{uid if tail else ''}{tail}" for user, uid in _UIDS.items()]
        (folder / name).write_text("\n".join([text.rstrip("\n"), *lines, ""]), encoding="utf-8")
    port = free_port()
    conf = folder / "smtpd.conf"
    conf.write_text(
        _CONF.format(
            domain=DOMAIN,
            drill=DRILL_DOMAIN,
            keeper=_KEEPER,
            address=ADDRESS,
            port=port,
            kept=kept,
        ),
        encoding="utf-8",
    )
    conf.chmod(0o600)
    libexec = BUILD / "debian" / "usr" / "libexec" / "opensmtpd"
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _MOUNTS, "sh"]
    process = Process(
        "opensmtpd", [*command, str(folder), str(libexec), program], folder, environment
    )
    process.wait_for(port)
    return process, {"SMTP": f"smtp://{ADDRESS}:{port}", "SMTP_MAILDIR": str(kept)}
