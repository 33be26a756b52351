"""One real Cassandra node on loopback, started from the jars of its release, stopped by its pid.

For tests: little heap, no waiting for a ring that has one member. What is acknowledged is synced to
disk first (`commitlog_sync: batch`), as on a host that holds the only copy.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.cluster.jars import MissingError, jars, java

READY_S = 180.0
_OPTIONS_FRAME = b"\x04\x00\x00\x00\x05\x00\x00\x00\x00"
_EXPORTS = [
    "java.base/jdk.internal.misc",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "java.base/java.lang.ref",
    "jdk.unsupported/sun.misc",
    "jdk.attach/sun.tools.attach",
]
_OPENS = [
    "java.base/java.lang.module",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.util.jar",
    "jdk.management/com.sun.management.internal",
    "java.base/sun.nio.ch",
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.reflect",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/java.nio",
]
_SEEDS = "org.apache.cassandra.locator.SimpleSeedProvider"
_LOGBACK = """<configuration>
<appender name="F" class="ch.qos.logback.core.FileAppender"><file>{folder}/system.log</file>
<encoder><pattern>%-5level [%thread] %date %logger{{0}} - %msg%n</pattern></encoder></appender>
<root level="INFO"><appender-ref ref="F"/></root>
</configuration>"""


@dataclasses.dataclass(frozen=True)
class Shape:
    """How large a node is. `options`: of its Java; `settings`: of its cassandra.yaml, over ours."""

    heap: str
    options: tuple[str, ...]
    settings: Mapping[str, object] = dataclasses.field(default_factory=dict)


FOR_TESTS = Shape(
    # The first compiler alone: half the CPU to start, which is what a test run mostly is.
    "320M",
    ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:MaxDirectMemorySize=256M"),
)
AS_A_HOST = Shape(
    "3G",
    ("-XX:+UseParallelGC",),
    {
        "commitlog_segment_size": "32MiB",
        "commitlog_total_space": "4GiB",
        "memtable_heap_space": "1GiB",
        "memtable_offheap_space": "1GiB",
        "memtable_allocation_type": "offheap_objects",
        # As the release's own `cassandra_latest.yaml` has it.
        "memtable": {"configurations": {"default": {"class_name": "TrieMemtable"}}},
        "sstable": {"selected_format": "bti"},
        "commitlog_disk_access_mode": "auto",
        "key_cache_size": "0MiB",
        # A write waits for the disk here, and holds its thread meanwhile.
        "concurrent_writes": 1024,
        "native_transport_max_threads": 256,
    },
)


class Node:
    """A node, its data folder and its port. `start` may follow `kill`: the data stays."""

    def __init__(
        self,
        folder: Path,
        address: str = "127.0.0.1",
        *,
        sync: str = "batch",
        shape: Shape = FOR_TESTS,
    ) -> None:
        self.shape = shape
        self.folder = folder
        self.address = address
        self.sync = sync
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises MissingError where it cannot be run."""
        program, library = java(), jars()
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.port:
            self.port = free_port(self.address)
        storage_port, jmx_port = free_port(self.address), free_port(self.address)
        (self.folder / "cassandra.yaml").write_text(json.dumps(self._settings(storage_port)))
        (self.folder / "logback.xml").write_text(_LOGBACK.format(folder=self.folder))
        with (self.folder / "stdout.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(program, library, jmx_port),
                stdout=log,
                stderr=log,
                cwd=self.folder,
                # A Ctrl-C is for the tests; they stop the node, which would otherwise go first.
                start_new_session=True,
            )
        self._wait()

    @property
    def pid(self) -> int:
        """The node's process."""
        if self._process is None:
            raise MissingError("the node does not run")
        return self._process.pid

    def kill(self) -> None:
        """`kill -9`, as a host that fails."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop it properly."""
        self._end(signal.SIGTERM)

    def remove(self) -> None:
        """Stop it and delete its data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(with_signal)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _wait(self) -> None:
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            if self._process is not None and self._process.poll() is not None:
                break
            try:
                with socket.create_connection((self.address, self.port), 1) as connection:
                    connection.settimeout(5)
                    connection.sendall(_OPTIONS_FRAME)
                    if connection.recv(9):
                        return
            except OSError:
                time.sleep(0.1)
        self._end(signal.SIGKILL)
        tail = (self.folder / "stdout.log").read_text(errors="replace")[-2000:]
        raise MissingError(f"Cassandra did not start within {READY_S:.0f} s:\n{tail}")

    def _settings(self, storage_port: int) -> dict[str, object]:
        folder, seeds = str(self.folder), f"{self.address}:{storage_port}"
        settings: dict[str, object] = {
            "cluster_name": "venire-test",
            "num_tokens": 1,
            "initial_token": str(-(2**63) + 1),
            "auto_bootstrap": False,
            "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
            "storage_compatibility_mode": "NONE",
            "data_file_directories": [f"{folder}/data"],
            "commitlog_directory": f"{folder}/commitlog",
            "saved_caches_directory": f"{folder}/saved_caches",
            "hints_directory": f"{folder}/hints",
            "cdc_raw_directory": f"{folder}/cdc",
            "commitlog_sync": self.sync,
            "commitlog_segment_size": "8MiB",
            "commitlog_total_space": "256MiB",
            "commitlog_disk_access_mode": "legacy",
            "listen_address": self.address,
            "rpc_address": self.address,
            "storage_port": storage_port,
            "native_transport_port": self.port,
            "start_native_transport": True,
            "endpoint_snitch": "SimpleSnitch",
            "seed_provider": [{"class_name": _SEEDS, "parameters": [{"seeds": seeds}]}],
            "concurrent_reads": 16,
            "concurrent_writes": 32,
            "memtable_heap_space": "64MiB",
            "memtable_offheap_space": "64MiB",
            "memtable_allocation_type": "heap_buffers",
            "file_cache_size": "32MiB",
            "networking_cache_size": "16MiB",
            "key_cache_size": "8MiB",
            "disk_optimization_strategy": "ssd",
            "auto_snapshot": False,
            "dynamic_snitch": False,
            "native_transport_max_threads": 64,
            # A commit of 64 KB is a batch of 128; the defaults warn at 5 and refuse at 50.
            "batch_size_warn_threshold": "160KiB",
            "batch_size_fail_threshold": "256KiB",
            "concurrent_compactors": 1,
        }
        if self.sync == "periodic":
            settings["commitlog_sync_period"] = "10000ms"
        elif self.sync == "group":
            settings["commitlog_sync_group_window"] = "5ms"
        return {**settings, **self.shape.settings}

    def _command(self, program: str, library: Path, jmx_port: int) -> list[str]:
        agent = next(iter(sorted(library.glob("jamm-*.jar"))))
        return [
            program,
            f"-Xms{self.shape.heap}",
            f"-Xmx{self.shape.heap}",
            "-Xss512k",
            *self.shape.options,
            "-XX:+PerfDisableSharedMem",
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.net.preferIPv4Stack=true",
            "-Djdk.attach.allowAttachSelf=true",
            "-Dio.netty.tryReflectionSetAccessible=true",
            "-Dio.netty.eventLoopThreads=4",
            f"-javaagent:{agent}",
            *(f"--add-exports={name}=ALL-UNNAMED" for name in _EXPORTS),
            *(f"--add-opens={name}=ALL-UNNAMED" for name in _OPENS),
            f"-Dcassandra.config=file://{self.folder}/cassandra.yaml",
            f"-Dcassandra.storagedir={self.folder}",
            f"-Dcassandra.logdir={self.folder}",
            f"-Dlogback.configurationFile={self.folder}/logback.xml",
            f"-Dcassandra.jmx.local.port={jmx_port}",
            "-Djava.rmi.server.hostname=127.0.0.1",
            "-Dcassandra-foreground=yes",
            "-Dcassandra.superuser_setup_delay_ms=0",
            "-Dcassandra.skip_wait_for_gossip_to_settle=0",
            "-Dcassandra.ring_delay_ms=2000",
            "-Dcassandra.consistent.rangemovement=false",
            "-cp",
            f"{self.folder}:{library}/*",
            "org.apache.cassandra.service.CassandraDaemon",
        ]


def free_port(address: str) -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def cpu_s(pid: int) -> float:
    """User and system seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    # For a shell: starts a node in the folder named, says where, stops at the end of its input.
    node = Node(Path(sys.argv[1]).resolve(), sync=(sys.argv[2:] or ["batch"])[0])
    node.start()
    sys.stdout.write(f"{node.address}:{node.port} pid {node.pid}\n")
    sys.stdout.flush()
    try:
        sys.stdin.read()
    finally:
        node.stop()
