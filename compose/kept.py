"""Folders fetched once for all stacks of this machine, and kept until what pins them changes."""

import os
import shutil
from pathlib import Path

from compose import turns


def cache(environment):
    """Where they are. Root's is readable by the servers' user; an ordinary user's belongs to the
    servers anyway."""
    if os.getuid() == 0:
        return Path("/var/cache/dmp")
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dmp"


def ensure(folder, fetch, step):
    """The folder; the first time, `fetch(fresh, log, step)` fills one beside, which takes its place
    when it is complete and readable by all."""
    if folder.exists():
        return folder
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    lock = folder.parent / f"{folder.name}.lock"
    lock.touch()
    with turns.alone(lock, "filling the folder of", step.news):
        if not folder.exists():
            _fetch(folder, fetch, step)
    return folder


def _fetch(folder, fetch, step):
    fresh, log = folder.with_suffix(".new"), folder.with_suffix(".log")
    shutil.rmtree(fresh, ignore_errors=True)
    log.write_bytes(b"")
    fetch(fresh, log, step)
    for path in (fresh, *fresh.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    fresh.rename(folder)
