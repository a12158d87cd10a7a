"""Locust, a load tool that is widely used, from the Python package index: installed once for all
stacks of this machine, in the versions that locust/requirements.txt pins."""

import fcntl
import hashlib
import os
import re
import shutil
from pathlib import Path

from compose import kafka_jars
from compose.follow import follow
from compose.report import Failure, last_lines

FOLDER = Path(__file__).parent / "locust"
# Read here and now: later `./dmp` acts as a user who need not reach the checkout.
REQUIREMENTS = (FOLDER / "requirements.txt").read_text()
CLIENTS = (FOLDER / "clients.py").read_text()
DIGEST = hashlib.sha256(REQUIREMENTS.encode()).hexdigest()[:12]
PYTHON = "/usr/bin/python3"
PROGRESS = re.compile(r"(Collecting|Installing) (\S+)")


def install(environment, step):
    """The folder for PYTHONPATH; a Failure says why there is none. With root's rights, if `./dmp`
    has them: it is kept where Kafka's jars are."""
    site = kafka_jars.folder(environment).parent / f"locust-{DIGEST}"
    site.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (site.parent / "locust.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another stack may be at it
        if not site.exists():
            _download(site, step)
    return site


def _download(site, step):
    """Into a folder beside, which takes its place when it is complete."""
    fresh, wanted, log = (site.with_suffix(kind) for kind in (".new", ".txt", ".log"))
    shutil.rmtree(fresh, ignore_errors=True)
    wanted.write_text(REQUIREMENTS)
    log.write_bytes(b"")
    pip = [
        *(PYTHON, "-m", "pip", "install", "--no-deps", "--only-binary=:all:", "--no-cache-dir"),
        *("--retries", 1, "--target", fresh, "--requirement", wanted),
    ]
    if follow(pip, log, step, PROGRESS, env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}):
        raise Failure(f"pip cannot install Locust: {last_lines(log, 1)[0]}", log=log)
    for path in (fresh, *fresh.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    fresh.rename(site)
