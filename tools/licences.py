"""`python -m tools.licences`: what each locked run-time dependency may be used under.

Reads the metadata of the installed distributions that `requirements/run.lock` names, prints a table
and fails on a licence that is not on the list. Metadata may be wrong or vague, so a vague statement
is refused too, unless `EXCEPTIONS` names the package with a reason that somebody has checked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "run.lock"

ALLOWED: Mapping[str, str] = {
    "0bsd": "0BSD",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "bsd license": "BSD",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "cc0-1.0": "CC0-1.0",
    "hpnd": "HPND",
    "isc": "ISC",
    "mit": "MIT",
    "mit license": "MIT",
    "mit-0": "MIT-0",
    "mit-cmu": "MIT-CMU",
    "mpl-2.0": "MPL-2.0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psf-2.0": "PSF-2.0",
    "unlicense": "Unlicense",
    "zlib": "Zlib",
}
"""What metadata may say, in lower case, and the SPDX name it stands for.

MPL-2.0 binds files, not programs that use them, and none of them is changed here.
"""

EXCEPTIONS: Mapping[str, tuple[str, str, str]] = {
    "apsw": ("any-OSI", "Zlib", "its licence file is the zlib text, or any OSI licence"),
    "pyrage": ("", "MIT", "its metadata says nothing; its licence file is the MIT text"),
    "text-unidecode": ("Artistic License", "Artistic-1.0", "or the GPL; used as it is, by sepaxml"),
}
"""Package: what its metadata says ("": nothing), what that is taken as, why that is right."""

BUNDLED: Mapping[str, str] = {
    "shapely": "its wheel holds GEOS, LGPL-2.1: a library of its own, loaded",
    "opencv-python-headless": "its wheel holds FFmpeg, LGPL-2.1: libraries of their own, loaded",
    "numpy": "its wheel holds libgfortran, GPL-3.0 with the GCC runtime library exception",
}
"""What wheels bring along under another licence. We ship none of it: pip fetches it."""

_NAME = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+))?")
_WORDS = re.compile(r"\s+(AND|OR)\s+|[()]", re.IGNORECASE)


class Finding(NamedTuple):
    """One package: its version, what it may be used under, what is wrong or worth knowing."""

    name: str
    version: str
    licence: str
    problem: str
    remark: str


def locked(lock: Path = LOCK) -> dict[str, bool]:
    """The packages of a lock, and whether each one is only for some machines."""
    found: dict[str, bool] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        match = _NAME.match(line)
        if match:
            found[match[1].lower()] = bool(match[3])
    return found


def stated(package: metadata.PackageMetadata) -> list[str]:
    """What metadata says, the most exact statement first; texts of whole licences left out."""
    fields = package.json
    said = [str(fields.get(name) or "") for name in ("license_expression", "license")]
    classifiers = package.get_all("Classifier") or []
    said += [c.rpartition("::")[2].strip() for c in classifiers if c.startswith("License ::")]
    return [text for text in said if text and "\n" not in text and text != "OSI Approved"]


def judged(statement: str) -> str | None:
    """The SPDX form of a statement, or None when some part of it is not allowed.

    Of alternatives (OR) one allowed part is enough; of a sum (AND) each part must be.
    """
    whole = ALLOWED.get(statement.strip().lower())
    if whole is not None:
        return whole
    parts = [part for part in _WORDS.split(statement) if part and part.strip()]
    named = [part.strip() for part in parts if part.upper() not in {"AND", "OR"}]
    joins = {part.upper() for part in parts if part.upper() in {"AND", "OR"}}
    known = [ALLOWED.get(name.lower()) for name in named]
    if not joins or len(joins) > 1:
        return None
    if joins == {"OR"}:
        return next((name for name in known if name is not None), None)
    return " AND ".join(name for name in known if name) if all(known) else None


def look(name: str, *, optional: bool) -> Finding:
    """One package as it is installed here."""
    try:
        package = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        problem = "" if optional else "is locked but not installed: make setup"
        return Finding(name, "", "", problem, "not for this machine" if optional else "")
    said = stated(package)
    remark = BUNDLED.get(name, "")
    version = package["Version"]
    excepted = EXCEPTIONS.get(name)
    if excepted is not None and (excepted[0] in said if excepted[0] else not said):
        return Finding(name, version, excepted[1], "", excepted[2])
    for statement in said:
        licence = judged(statement)
        if licence is not None:
            return Finding(name, version, licence, "", remark)
    words = " / ".join(said)[:80]
    problem = f"says {words!r}, which is not on the list" if words else "says nothing"
    return Finding(name, version, "?", problem, remark)


def findings(lock: Path = LOCK) -> Iterator[Finding]:
    """Every locked package."""
    for name, optional in sorted(locked(lock).items()):
        yield look(name, optional=optional)


def main() -> int:
    """Print the table; return 1 when some licence is not allowed."""
    found = list(findings())
    for each in found:
        remark = each.problem or each.remark
        line = f"{each.name:<26} {each.version:<14} {each.licence:<46} {remark}"
        sys.stdout.write(f"{line.rstrip()}\n")
    problems = [each for each in found if each.problem]
    for each in problems:
        sys.stderr.write(f"{each.name}: {each.problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
