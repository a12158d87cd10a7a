"""Locust, a load tool that is widely used, from the Python package index: installed once for all
stacks of this machine, in the versions that locust/requirements.txt pins."""

import hashlib
import os
import re
from pathlib import Path

from compose import kept
from compose.follow import follow
from compose.log_extract import last_line
from compose.report import Failure

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
    site = kept.cache(environment) / f"locust-{DIGEST}"
    return kept.ensure(site, _download, step)


def _download(fresh, log, step):
    wanted = fresh.with_suffix(".txt")
    wanted.write_text(REQUIREMENTS)
    pip = [
        *(PYTHON, "-m", "pip", "install", "--no-deps", "--only-binary=:all:", "--no-cache-dir"),
        *("--retries", 1, "--target", fresh, "--requirement", wanted),
    ]
    if follow(pip, log, step, PROGRESS, env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}):
        raise Failure(f"pip cannot install Locust: {last_line(log)}", log=log)
