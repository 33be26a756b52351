"""What a node is run with: Java 17 and Cassandra's jars, fetched where they are missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

VERSION = "5.0.9"
ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "cassandra"
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>venire</groupId><artifactId>cassandra-test-node</artifactId><version>1</version>
<packaging>pom</packaging><dependencies><dependency><groupId>org.apache.cassandra</groupId>
<artifactId>cassandra-all</artifactId><version>{VERSION}</version></dependency></dependencies>
</project>
"""


class MissingError(Exception):
    """Something that a node needs is not here and could not be fetched; says what, and how to."""


def java() -> str:
    """A Java 17: of the PATH, of JAVA_HOME, of Debian, installed by apt where that is allowed."""
    if (found := _java_17()) is None:
        _apt("openjdk-17-jre-headless", "Java 17")
        found = _java_17()
    if found is None:
        raise MissingError("Java 17 is needed to run Cassandra: apt-get install openjdk-17-jre")
    return found


def jars() -> Path:
    """The folder of Cassandra's jars, fetched once by Maven into the cache of this checkout."""
    library = CACHE / f"lib-{VERSION}"
    if library.is_dir():
        return library
    java()
    if shutil.which("mvn") is None:
        _apt("maven", "Maven")
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "pom.xml").write_text(_POM)
    partial = CACHE / "lib.partial"
    shutil.rmtree(partial, ignore_errors=True)
    command = ["mvn", "-B", "-q", "-f", str(CACHE / "pom.xml"), "dependency:copy-dependencies"]
    options = ["-DincludeScope=runtime", f"-DoutputDirectory={partial}"]
    try:
        done = subprocess.run([*command, *options], check=False, capture_output=True, text=True)
    except OSError as error:
        raise MissingError(f"Maven did not run: {error.strerror}") from error
    if done.returncode:
        raise MissingError(f"Maven could not fetch Cassandra {VERSION}:\n{done.stdout[-1500:]}")
    # Renamed at the end: a fetch that was cut short is not taken for a whole one.
    partial.rename(library)
    return library


def _java_17() -> str | None:
    places = [shutil.which("java")]
    if home := os.environ.get("JAVA_HOME"):
        places.append(f"{home}/bin/java")
    places += [str(path) for path in Path("/usr/lib/jvm").glob("*17*/bin/java")]
    for place in places:
        if place is None or not Path(place).exists():
            continue
        told = subprocess.run([place, "-version"], check=False, capture_output=True, text=True)
        if re.search(r'version "17[."]', told.stderr):
            return place
    return None


def _apt(package: str, what: str) -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingError(f"{what} is needed: apt-get install {package}")
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise MissingError(f"{what} could not be installed by apt:\n{done.stderr[-1500:]}")
