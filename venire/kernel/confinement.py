"""Child processes that can do one thing only: for whatever opens a stranger's file.

A decoder is where a crafted file does its work. So it runs in a process of its own that is told no
secret, opens nothing, calls nobody, takes little memory and time, and is killed with all it started
when it takes too long.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import platform
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_PACKAGES: Final = Path(__file__).resolve().parents[2]
_NO_NEW_PRIVILEGES: Final = 38
_SET_SECCOMP: Final = 22
_FILTER: Final = 2
_X32: Final = 0x4000_0000
_ALLOW: Final = 0x7FFF_0000
_REFUSE: Final = 0x0005_0000 | 13
_KILL: Final = 0x8000_0000
_CALLS: Final = {
    # socket, connect, socketpair, kill, tkill, tgkill, ptrace, process_vm_readv, process_vm_writev,
    # pidfd_send_signal, io_uring_setup: by machine, from the kernel's syscall tables.
    "x86_64": (0xC000_003E, (41, 42, 53, 62, 200, 234, 101, 310, 311, 424, 425)),
    "aarch64": (0xC000_00B7, (198, 203, 199, 129, 130, 131, 117, 270, 271, 424, 425)),
}


def limit_process(
    *, memory_bytes: int, open_files: int, cpu_seconds: int | None = None, file_bytes: int = 0
) -> None:
    """Give up, for good, what this process and its children do not need. Cores: none.

    `memory_bytes` is address space; `file_bytes` the size of any file written (0: none at all);
    `open_files` counts from 0, so 3 means that nothing more can be opened, no socket either.
    """
    wanted = (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, open_files),
    )
    if cpu_seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    for what, limit in wanted:
        hard = resource.getrlimit(what)[1]
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (bound, bound))


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("if_true", ctypes.c_ubyte),
        ("if_false", ctypes.c_ubyte),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def deny_calls() -> bool:
    """Refuse this process and its children sockets, and any hold on other processes, for good.

    By a seccomp filter (docs.kernel.org/userspace-api/seccomp_filter), which needs no privilege.
    False on a machine whose kernel or processor it does not know: there `limit_process` remains.
    """
    known = _CALLS.get(platform.machine()) if sys.platform == "linux" else None
    if known is None:
        return False
    machine, calls = known
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    steps = [(load, 0, 0, 4), (equal, 1, 0, machine), (answer, 0, 0, _KILL), (load, 0, 0, 0)]
    # Each comparison jumps over those that follow it, to the refusal after the permission.
    left = len(calls) + 1
    steps.append((at_least, left, 0, _X32))
    steps += [(equal, left - place, 0, call) for place, call in enumerate(calls, 1)]
    steps += [(answer, 0, 0, _ALLOW), (answer, 0, 0, _REFUSE)]
    instructions = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def child_environment() -> dict[str, str]:
    """The little that a child process is told. No setting and no secret of ours is in it."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(_PACKAGES),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OMP_THREAD_LIMIT": "1",
    }


async def run_confined(
    module: str,
    arguments: Sequence[str] = (),
    *,
    given: bytes | int,
    seconds: float,
    answer_bytes: int,
    files: Sequence[int] = (),
) -> bytes:
    """Run a module of this package in a child process; return what it says on stdout.

    Args:
        module: it must limit itself, by `limit_process`, before it looks at what it was given.
        arguments: of its command line.
        given: its stdin: bytes, or the descriptor of an open file.
        seconds: after that it is killed, with all it started. Raises TimeoutError.
        answer_bytes: the most it may say; one that says more has said nothing.
        files: further descriptors that it keeps, under the same numbers.

    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        # -P keeps the current folder off the path: no module of a stranger is ever imported.
        "-P",
        "-m",
        module,
        *arguments,
        stdin=given if isinstance(given, int) else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=child_environment(),
        cwd="/",
        pass_fds=tuple(files),
        # A group of its own, so that killing it takes what it has called with it.
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            feeding = asyncio.ensure_future(_feed(child, given))
            try:
                answer = await _take(child, answer_bytes)
            finally:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)
    finally:
        await _end(child)
    return answer


async def _feed(child: asyncio.subprocess.Process, given: bytes | int) -> None:
    if child.stdin is None or isinstance(given, int):
        return
    with contextlib.suppress(OSError):
        child.stdin.write(given)
        await child.stdin.drain()
        child.stdin.close()


async def _take(child: asyncio.subprocess.Process, most: int) -> bytes:
    answer = bytearray()
    while child.stdout is not None and (part := await child.stdout.read(1 << 16)):
        answer += part
        if len(answer) > most:
            return b""
    return bytes(answer)


async def _end(child: asyncio.subprocess.Process) -> None:
    # Also when it has ended by itself: what it started may still run in its group.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    if child.stdin is not None:
        child.stdin.close()
    # Reading stops while much waits to be taken, and without its end `wait` would never return.
    while child.stdout is not None and await child.stdout.read(1 << 16):
        pass
    await child.wait()
