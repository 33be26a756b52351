"""Files for the machine around a site: the service, the proxy with TLS in front of it."""

from __future__ import annotations

import os
import pwd
import re
import sys
from pathlib import Path

from venire.kernel.errors import Invalid
from venire.server.settings import Settings

_BODY_MB = 200
"""The largest body that is taken: a notice with its screenshots."""
_PRIVILEGED = 1_024
_PLAIN = re.compile(r"[A-Za-z0-9/._@+-]+")
_IDLE_S = 75

_UNIT = """\
[Unit]
Description=Venire at {url}
Documentation=https://www.freedesktop.org/software/systemd/man/systemd.service.html
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
User={user}
WorkingDirectory={data}
ExecStart={program} run --data {data}
Restart=on-failure
RestartSec=2
# It ends what it is answering, then writes what is queued.
KillMode=mixed
TimeoutStopSec=30
LimitNOFILE=65536
UMask=0077
# Pictures and films are opened by children of their own: one that asks too much dies alone.
MemoryHigh={high}
MemoryMax={most}
OOMPolicy=continue

NoNewPrivileges=yes
CapabilityBoundingSet={capabilities}
AmbientCapabilities={capabilities}
ProtectSystem=strict
ReadWritePaths={data}
ProtectHome={home}
PrivateTmp=yes
PrivateDevices=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def systemd_unit(settings: Settings) -> str:
    """A service that may write to its data folder and nowhere else. Invalid `folder_unfit`."""
    data = settings.folder.resolve()
    if not _PLAIN.fullmatch(str(data)):
        raise Invalid(
            "folder_unfit", f"{data}: a service needs a folder of letters, digits and /._@+-"
        )
    small = settings.workers == 1
    at_home = any(Path(place).is_relative_to(home) for place in (data, _bin()) for home in _HOMES)
    return _UNIT.format(
        url=settings.url,
        user=service_user(data),
        data=data,
        program=_program(),
        high="70%" if small else "80%",
        most="85%" if small else "90%",
        capabilities="CAP_NET_BIND_SERVICE" if settings.port < _PRIVILEGED else "",
        home="read-only" if at_home else "yes",
    )


_HOMES = ("/home", "/root", "/run/user")


def _bin() -> Path:
    return Path(sys.executable).parent


def _program() -> str:
    beside = _bin() / "venire"
    if beside.exists():
        return str(beside)
    return f"{sys.executable} -m venire"


def service_user(data: Path) -> str:
    """Whose the data is: the service runs as they do; never as root."""
    owner = data.stat().st_uid if data.exists() else os.getuid()
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        return str(owner)
    return "venire" if name == "root" else name


def caddyfile(settings: Settings) -> str:
    """Caddy gets and renews the certificate; it sets the forwarded headers anew by itself."""
    return f"""\
{settings.domain} {{
    request_body {{
        max_size {_BODY_MB}MB
    }}
    header Strict-Transport-Security "max-age=31536000"
    @plain not path /api/v1/streaming*
    encode @plain zstd gzip
    # WebSockets and event streams go through as they are.
    reverse_proxy {_upstream(settings)} {{
        transport http {{
            keepalive 60s
        }}
    }}
}}
"""


def nginx_site(settings: Settings) -> str:
    """The same for nginx with a certificate of your own."""
    host = settings.domain.partition(":")[0]
    return f"""\
map $http_upgrade $venire_connection {{
    default upgrade;
    ''      '';
}}
upstream venire {{
    server {_upstream(settings)};
    keepalive 32;
    keepalive_timeout 60s;
}}
server {{
    listen 80;
    listen [::]:80;
    server_name {host};
    return 301 https://$host$request_uri;
}}
server {{
    listen 443 ssl;
    listen [::]:443 ssl;
    server_name {host};
    ssl_certificate     /etc/ssl/{host}/fullchain.pem;
    ssl_certificate_key /etc/ssl/{host}/privkey.pem;
    client_max_body_size {_BODY_MB}m;
    add_header Strict-Transport-Security "max-age=31536000" always;
    location / {{
        proxy_pass http://venire;
        proxy_http_version 1.1;
        proxy_set_header Host $host;
        # The caller's own address alone: what they claim about themselves is not passed on.
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $venire_connection;
        proxy_read_timeout {_IDLE_S}s;
        proxy_buffering off;
    }}
}}
"""


def _upstream(settings: Settings) -> str:
    host = settings.host if settings.host not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104
    return f"[{host}]:{settings.port}" if ":" in host else f"{host}:{settings.port}"
