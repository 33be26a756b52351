"""Loading what a command needs."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Import without looking for garbage: modules stay, and a sixth of a start went into that."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
