"""Building the C++ programs by the CMake presets, with progress."""

import re

from compose.account import Owner
from compose.follow import follow
from compose.report import Failure

PROGRESS = re.compile(r"\[(\d+/\d+)\]")


def build(checkout, preset, step, targets=()):
    """Configures if needed and builds; returns the folder of the programs."""
    folder = checkout / "build" / preset
    log = new_log(checkout, f"build-{preset}")
    steps = [["cmake", "--build", "--preset", preset]]
    if targets:
        steps[0] += ["--target", *targets]
    if not (folder / "build.ninja").exists():
        steps.insert(0, ["cmake", "--preset", preset])
    owner = Owner(checkout)
    for command in steps:
        where = {"cwd": checkout, "env": owner.environment(), **owner.identity()}
        if follow(command, log, step, PROGRESS, **where):
            raise Failure(f"{' '.join(command)} failed", log=log)
    return folder / "bin"


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
