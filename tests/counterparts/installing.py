"""What counterparts are run from, fetched where it is missing, into `build/counterparts` alone.

Go's own checksum database, hashes of the npm lock and apt's signed lists vouch for what comes.
Debian's packages are unpacked, not installed: a mail server must not take the place of this
machine's, nor a name server begin to listen.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
BUILD = ROOT / "build" / "counterparts"
GO_PROGRAMS = {
    "versitygw": ("github.com/versity/versitygw/cmd/versitygw", "v1.8.0"),
    "stripe-mock": ("github.com/stripe/stripe-mock", "v0.203.0"),
    "pebble": ("github.com/letsencrypt/pebble/v2/cmd/pebble", "v2.10.1"),
    "litestream": ("github.com/benbjohnson/litestream/cmd/litestream", "v0.5.18"),
}
"""Each a pinned version: a counterpart that changes by itself proves nothing."""
_FETCH_S = 1_800
_INST = re.compile(r"^Inst (\S+)", re.MULTILINE)


class MissingError(Exception):
    """Something that a counterpart needs is not here and could not be fetched; says what."""


def go_program(name: str) -> Path:
    """A program built by `go install` at its pinned version, once."""
    package, version = GO_PROGRAMS[name]
    program = BUILD / "bin" / name
    go = shutil.which("go")
    if program.is_file() and (go is None or version in _built_from(go, program)):
        return program
    if go is None:
        raise MissingError(f"{name} is built by Go, which is not here")
    program.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOBIN": str(program.parent)}
    _fetch([go, "install", f"{package}@{version}"], f"{name} {version}", environment)
    return program


def _built_from(go: str, program: Path) -> str:
    told = subprocess.run(
        [go, "version", "-m", str(program)], check=False, capture_output=True, text=True
    )
    return next((line for line in told.stdout.splitlines() if line.startswith("\tmod\t")), "")


def npm_program(name: str) -> list[str]:
    """A command of the packages in `package-lock.json`, which is all that is installed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise MissingError(f"{name} needs Node.js and npm")
    folder = BUILD / "npm"
    lock = (HERE / "package-lock.json").read_text(encoding="utf-8")
    done = folder / "installed.json"
    if not done.is_file() or done.read_text(encoding="utf-8") != lock:
        folder.mkdir(parents=True, exist_ok=True)
        for each in ("package.json", "package-lock.json"):
            shutil.copyfile(HERE / each, folder / each)
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts"]
        _fetch([npm, "ci", "--prefix", str(folder), *quiet], "the npm packages")
        # Written at the end: what was cut short is not taken for whole.
        done.write_text(lock, encoding="utf-8")
    return [node, str((folder / "node_modules" / ".bin" / name).resolve())]


def debian_program(package: str, program: str) -> tuple[str, dict[str, str]]:
    """A program of a Debian package and the environment it runs in: unpacked, never installed."""
    folder = BUILD / "debian"
    unpacked = folder / program
    here = shutil.which(Path(program).name, path=f"/usr/sbin:/usr/bin:{os.environ['PATH']}")
    if not unpacked.is_file() and here is not None:
        return here, {}
    if not unpacked.is_file():
        _unpack(package, folder)
    if not unpacked.is_file():
        raise MissingError(f"{program} is not in what {package} brings")
    libraries = {path.parent for path in folder.glob("**/lib*.so*")}
    return str(unpacked), {"LD_LIBRARY_PATH": ":".join(sorted(map(str, libraries)))}


def debian_installed(package: str) -> None:
    """Install a package that listens to nothing and replaces nothing, where that is allowed."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingError(f"{package} is needed: apt-get install {package}")
    _fetch(["apt-get", "install", "-y", "-q", "--no-install-recommends", package], package)


def _unpack(package: str, folder: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise MissingError(f"{package} of Debian is needed, and there is no apt here")
    wanted = _needed(package)
    if not wanted and os.geteuid() == 0:
        # An image without package lists.
        _fetch(["apt-get", "update", "-q"], "apt's lists of packages")
        wanted = _needed(package)
    if not wanted:
        raise MissingError(f"apt knows no {package}: apt-get update")
    fetched = folder / "fetched"
    fetched.mkdir(parents=True, exist_ok=True)
    _fetch(["apt-get", "download", "-q", *wanted], package, within=fetched)
    for archive in sorted(fetched.glob("*.deb")):
        _fetch(["dpkg-deb", "-x", str(archive), str(folder)], archive.name)
        archive.unlink()


def _needed(package: str) -> list[str]:
    """The package and what of its dependencies this machine lacks; nothing is changed by asking."""
    command = ["apt-get", "-s", "-q", "install", "--no-install-recommends", package]
    told = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
    )
    return _INST.findall(told.stdout)


def oracles() -> Path:
    """The Python of the environment that holds the vendors' own libraries, from its lock."""
    lock = (HERE / "oracles.lock").read_text(encoding="utf-8")
    folder = BUILD / "oracles"
    done = folder / "installed.lock"
    python = folder / "bin" / "python"
    if not done.is_file() or done.read_text(encoding="utf-8") != lock:
        shutil.rmtree(folder, ignore_errors=True)
        _fetch([sys.executable, "-m", "venv", str(folder)], "an environment for the oracles")
        quiet = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
        install = [str(python), "-m", "pip", "install", *quiet, "-r", str(HERE / "oracles.lock")]
        _fetch(install, "the vendors' libraries")
        done.write_text(lock, encoding="utf-8")
    return python


def lock_npm() -> None:
    """Write `package-lock.json` anew: names, versions and hashes, and no address of anything."""
    npm = shutil.which("npm")
    if npm is None:
        raise MissingError("npm is needed")
    plain = ["--omit-lockfile-registry-resolved=true", "--ignore-scripts", "--no-audit"]
    _fetch([npm, "install", "--package-lock-only", *plain], "the npm lock", within=HERE)
    path = HERE / "package-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        package.pop("funding", None)
    path.write_text(json.dumps(lock, indent=1) + "\n", encoding="utf-8")


def _fetch(
    command: Sequence[str],
    what: str,
    environment: Mapping[str, str] | None = None,
    within: Path | None = None,
) -> None:
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env=dict(environment or os.environ),
            cwd=within,
            timeout=_FETCH_S,
        )
    except OSError as error:
        raise MissingError(f"{what}: {command[0]} did not run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise MissingError(f"{what}: {command[0]} took longer than {_FETCH_S} s") from error
    if done.returncode:
        last = " / ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise MissingError(f"{what} could not be had: {last[-400:]}")
