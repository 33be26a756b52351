"""Libraries that load a terminal's toolkit where there is one, loaded as if there were none.

httpx has a command of its own and structlog colours tracebacks: `rich` and `pygments` for both are
5 MB in each process that serves, and are never used there.
"""

from __future__ import annotations

import sys

_absent = [name for name in ("rich", "pygments") if name not in sys.modules]
sys.modules.update(dict.fromkeys(_absent))  # type: ignore[arg-type]
import httpx  # noqa: E402
import structlog  # noqa: E402

for _name in _absent:
    del sys.modules[_name]

LOADED = (httpx, structlog)
