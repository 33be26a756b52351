"""Stores of other programs, by an address in the environment: S3, GCS and Azure as they are spoken.

`make test-vendors` starts them (`tests/counterparts`).
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from obstore.store import AzureStore, GCSStore, S3Store


def counterpart(address: str, prefix: str) -> Any:
    """Open the store at `SCHEME+http://KEY:SECRET@HOST:PORT/BUCKET`, under a prefix of it.

    Schemes: gs, az; without one it is S3.
    """
    kind, plus, rest = address.partition("+")
    parts = urlsplit(rest if plus else address)
    endpoint = f"{parts.scheme}://{parts.hostname}:{parts.port}"
    bucket, key = parts.path.strip("/"), unquote(parts.username or "")
    secret = unquote(parts.password or "")
    more: dict[str, Any] = {
        "prefix": prefix,
        "client_options": {"allow_http": True, "connect_timeout": "2s"},
        "retry_config": {"max_retries": 0},
    }
    if not plus:
        return S3Store(
            bucket,
            endpoint=endpoint,
            region="us-east-1",
            access_key_id=key,
            secret_access_key=secret,
            virtual_hosted_style_request=False,
            **more,
        )
    if kind == "gs":
        account = {"gcs_base_url": endpoint, "disable_oauth": True}
        nobody = {"client_email": "", "private_key": "", "private_key_id": ""}
        return GCSStore(bucket, service_account_key=json.dumps({**account, **nobody}), **more)
    return AzureStore(
        bucket, account_name=key, account_key=secret, endpoint=f"{endpoint}/{key}", **more
    )
