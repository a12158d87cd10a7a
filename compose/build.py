"""Building the C++ programs by the CMake presets, with progress."""

import re

from compose.account import Owner
from compose.follow import follow
from compose.report import Failure

PROGRESS = re.compile(r"\[(\d+/\d+)\]")


def build(checkout, preset, step, targets=()):
    """Configures if needed and builds; returns the folder of the programs."""
    folder = configure(checkout, preset, step)
    chosen = ["--target", *targets] if targets else []
    _run(checkout, ["cmake", "--build", "--preset", preset, *chosen], f"build-{preset}", step)
    return folder / "bin"


def configure(checkout, preset, step):
    """Prepares a preset's folder, unless that is done, and returns it."""
    folder = checkout / "build" / preset
    if not (folder / "build.ninja").exists():
        _run(checkout, ["cmake", "--preset", preset], f"configure-{preset}", step)
    return folder


def _run(checkout, command, log_name, step):
    log = new_log(checkout, log_name)
    owner = Owner(checkout)
    where = {"cwd": checkout, "env": owner.environment(), **owner.identity()}
    if follow(command, log, step, PROGRESS, **where):
        raise Failure(f"{' '.join(command)} failed", log=log)


def new_log(checkout, name):
    """An empty log below build/log, where builds and test runs leave their output."""
    owner = Owner(checkout)
    folder = checkout / "build" / "log"
    for path in (folder.parent, folder):
        if not path.exists():
            path.mkdir()
            owner.give(path)
    log = folder / f"{name}.log"
    log.write_bytes(b"")
    owner.give(log)
    return log
