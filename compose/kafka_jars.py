"""Kafka's jars: resolved by Maven from the pinned pom, kept once for all stacks of this machine."""

import fcntl
import hashlib
import os
import re
import shutil
from pathlib import Path

from compose.follow import follow
from compose.report import Failure

PROGRESS = re.compile(r"\[INFO\] (Downloading) from \S+: \S+/(\S+\.jar)")

FOLDER = Path(__file__).parent / "kafka"
POM = FOLDER / "pom.xml"
# Read here and now: later `./dmp` acts as a user who need not reach the checkout.
POM_DIGEST = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
LOGGING = (FOLDER / "log4j2.properties").read_text()


def folder(environment):
    """Where the jars of exactly this pom are. Root's cache is readable by the servers' user; an
    ordinary user's cache belongs to the servers anyway."""
    if os.getuid() == 0:
        cache = Path("/var/cache/dmp")
    else:
        cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dmp"
    return cache / f"kafka-{POM_DIGEST}"


def resolve(environment, step):
    """The folder with the jars; downloads them the first time on this machine."""
    jars = folder(environment)
    if jars.exists():
        return jars
    jars.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (jars.parent / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another stack may be at it
        if not jars.exists():
            _download(jars, step)
    return jars


def _download(jars, step):
    """Into a folder beside, which takes its place when it is complete."""
    fresh = jars.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    log = jars.with_suffix(".log")
    maven = [
        "/usr/bin/mvn", "--batch-mode", "--strict-checksums", "--file", POM,
        "dependency:copy-dependencies", f"-DoutputDirectory={fresh}",
    ]  # fmt: skip
    log.write_bytes(b"")
    if follow(maven, log, step, PROGRESS, cwd=jars.parent):
        raise Failure(
            "Maven cannot resolve Kafka's jars", "is the Maven repository reachable?", log
        )
    for path in (fresh, *fresh.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    fresh.rename(jars)
