"""Several processes for one site: forked after everything is imported, so that they share memory.

Each answers requests on a socket of its own (`SO_REUSEPORT`: the kernel spreads connections); one
of them, whichever holds the leader lock, also runs the workers. They share one data folder; a byte
on a socket tells the others that something was committed. The first process is one of them: it
starts another for a helper that dies, and the kernel ends the helpers when it dies itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

from venire.kernel.errors import Problem

_log = logging.getLogger(__name__)
_PR_SET_PDEATHSIG = 1
_RING, _CALL = b"!", b"?"
_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_FAREWELL_S = 12.0
"""Longer than a server takes to finish what it answers."""


class Bell:
    """Tells the other processes of a site that there is news; heard late or twice is harmless."""

    def __init__(self, mine: socket.socket, others: Sequence[socket.socket]) -> None:
        self._mine = mine
        self._others = others
        self._rung = False
        self._called = False
        self._wakes: list[Callable[[], None]] = []
        self._hurries: list[Callable[[], None]] = []

    def listen(self) -> None:
        """Begin to hear, on the running loop."""
        asyncio.get_running_loop().add_reader(self._mine.fileno(), self._hear)

    def close(self) -> None:
        """Hear no more."""
        asyncio.get_running_loop().remove_reader(self._mine.fileno())

    def on_ring(self, wake: Callable[[], None]) -> None:
        """Call `wake` when another process has committed something."""
        self._wakes.append(wake)

    def on_call(self, hurry: Callable[[], None]) -> None:
        """Call `hurry` when somebody in another process waits for a store."""
        self._hurries.append(hurry)

    def ring(self) -> None:
        """Tell the others, once for all that is committed in this turn of the loop."""
        if not self._rung and self._others:
            self._rung = True
            asyncio.get_running_loop().call_soon(self._send)

    def call(self) -> None:
        """Tell the others that somebody here waits for what was committed to be in a store."""
        self._called = True
        self.ring()

    def _send(self) -> None:
        said = _CALL if self._called else _RING
        self._rung = self._called = False
        for other in self._others:
            # Whoever has not heard the last ring yet will hear of this one by it.
            with contextlib.suppress(BlockingIOError, ConnectionError, OSError):
                other.send(said, socket.MSG_DONTWAIT)

    def _hear(self) -> None:
        called = False
        with contextlib.suppress(BlockingIOError):
            while said := self._mine.recv(64, socket.MSG_DONTWAIT):
                called = called or said == _CALL
        for wake in self._wakes:
            wake()
        for hurry in self._hurries if called else ():
            hurry()


def follow_parent(parent: int) -> None:
    """End with the process that started this one, however that ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


class Helpers:
    """The other processes of a site, seen from the first one."""

    def __init__(self, replacement: Sequence[str]) -> None:
        self._replacement = list(replacement)
        self._pids: set[int] = set()
        self._gate_out, self._gate_in = os.pipe()
        self._pause_s = _PAUSE_S
        self._ending = False

    def fork(self, count: int, work: Callable[[int], None]) -> None:
        """Start helpers 1 to `count`; each waits until `open_gate`, then runs `work(number)`."""
        # What lives until now lives for ever: a collection would touch, and so copy, every page.
        gc.collect()
        gc.freeze()
        parent = os.getpid()
        for number in range(1, count + 1):
            pid = os.fork()
            if pid == 0:
                self._live(number, parent, work)
            self._pids.add(pid)

    def _live(self, number: int, parent: int, work: Callable[[int], None]) -> NoReturn:
        status = 1
        try:
            follow_parent(parent)
            os.close(self._gate_in)
            # Nothing comes where the first process could not open the site: it has said why.
            if os.read(self._gate_out, 1) == b"!":
                work(number)
            status = 0
        except Problem as problem:
            sys.stderr.write(problem.told)
            sys.stderr.flush()
        except BaseException:  # noqa: BLE001 - a child must end here, whatever happened to it
            _log.exception("process_failed")
        finally:
            os._exit(status)

    def open_gate(self) -> None:
        """Let the helpers begin: keys and tables are there. On the running loop."""
        os.write(self._gate_in, b"!" * len(self._pids))
        for pid in self._pids:
            self._watch(pid)

    def _watch(self, pid: int) -> None:
        descriptor = os.pidfd_open(pid)
        loop = asyncio.get_running_loop()

        def ended() -> None:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            _, status = os.waitpid(pid, 0)
            self._pids.discard(pid)
            if not self._ending:
                _log.error("process_ended", extra={"status": os.waitstatus_to_exitcode(status)})
                loop.call_later(self._pause_s, self._replace)
                self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

        loop.add_reader(descriptor, ended)

    def _replace(self) -> None:
        """Start a helper from the beginning: a fork of a process that works would not be safe."""
        if self._ending:
            return
        process = subprocess.Popen([*self._replacement, str(os.getpid())])  # noqa: S603 - ourselves
        # Waited for by its number, as the forked ones are.
        process.returncode = 0
        self._pids.add(process.pid)
        self._watch(process.pid)

    def expect_end(self) -> None:
        """The site is being stopped: a helper that ends from now on is neither missed nor replaced.

        Who stops a service tells all of its processes at once.
        """
        self._ending = True

    def end(self) -> None:
        """Stop all helpers and wait for them."""
        self.expect_end()
        for pid in self._pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        until_s = time.monotonic() + _FAREWELL_S
        while self._pids:
            for pid in list(self._pids):
                if self._gone(pid):
                    self._pids.discard(pid)
                elif time.monotonic() > until_s:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)

    @staticmethod
    def _gone(pid: int) -> bool:
        try:
            return os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:
            return True


def bells(count: int) -> list[Bell]:
    """One bell for each of `count` processes; to be made before they are forked."""
    pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(count)]
    return [Bell(pair[0], [other[1] for other in pairs if other is not pair]) for pair in pairs]
