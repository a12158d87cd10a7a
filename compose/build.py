"""Building the C++ programs by the CMake presets, with progress."""

import contextlib
import re

from compose import turns
from compose.account import Owner
from compose.follow import follow
from compose.report import Failure

PROGRESS = re.compile(r"\[(\d+/\d+)\]")


def build(checkout, preset, step, targets=()):
    """Configures if needed and builds; returns the folder of the programs."""
    chosen = ["--target", *targets] if targets else []
    with alone(checkout, preset, step) as folder:
        _configure(checkout, preset, step)
        _run(checkout, ["cmake", "--build", "--preset", preset, *chosen], f"build-{preset}", step)
    return folder / "bin"


def configure(checkout, preset, step):
    """Prepares a preset's folder, unless that is done."""
    with alone(checkout, preset, step):
        _configure(checkout, preset, step)


@contextlib.contextmanager
def alone(checkout, preset, step):
    """The preset's folder, in which no other ./dmp builds meanwhile: two would take the half-made
    files of each other for finished ones."""
    folder = _own_folder(checkout, preset)
    with turns.alone(folder, "building in", step.news):
        yield folder


def _configure(checkout, preset, step):
    if not (checkout / "build" / preset / "build.ninja").exists():
        _run(checkout, ["cmake", "--preset", preset], f"configure-{preset}", step)


def _run(checkout, command, log_name, step):
    log = new_log(checkout, log_name)
    owner = Owner(checkout)
    where = {"cwd": checkout, "env": owner.environment(), **owner.identity()}
    if follow(command, log, step, PROGRESS, **where):
        raise Failure(f"{' '.join(command)} failed", log=log)


def _own_folder(checkout, name):
    """One below build/, its owner's who has the checkout."""
    owner = Owner(checkout)
    folder = checkout / "build" / name
    for path in (folder.parent, folder):
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            owner.give(path)
    return folder


def new_log(checkout, name):
    """An empty log below build/log, where builds and test runs leave their output."""
    owner = Owner(checkout)
    folder = _own_folder(checkout, "log")
    log = folder / f"{name}.log"
    log.write_bytes(b"")
    owner.give(log)
    return log
