"""Kafka's jars: resolved by Maven from the pinned pom, kept once for all stacks of this machine."""

import hashlib
import re
from pathlib import Path

from compose import kept
from compose.follow import follow
from compose.report import Failure

PROGRESS = re.compile(r"\[INFO\] (Downloading) from \S+: \S+/(\S+\.jar)")

FOLDER = Path(__file__).parent / "kafka"
POM = FOLDER / "pom.xml"
# Read here and now: later `./dmp` acts as a user who need not reach the checkout.
POM_DIGEST = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
LOGGING = (FOLDER / "log4j2.properties").read_text()


def folder(environment):
    """Where the jars of exactly this pom are."""
    return kept.cache(environment) / f"kafka-{POM_DIGEST}"


def resolve(environment, step):
    """The folder with the jars; downloads them the first time on this machine."""
    return kept.ensure(folder(environment), _download, step)


def _download(fresh, log, step):
    maven = [
        "/usr/bin/mvn", "--batch-mode", "--strict-checksums", "--file", POM,
        "dependency:copy-dependencies", f"-DoutputDirectory={fresh}",
    ]  # fmt: skip
    if follow(maven, log, step, PROGRESS, cwd=fresh.parent):
        raise Failure(
            "Maven cannot resolve Kafka's jars", "is the Maven repository reachable?", log
        )
