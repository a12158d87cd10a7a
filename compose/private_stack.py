"""A stack of its own for tests, demo and bench: made, used, and gone without a trace."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from compose import endings
from compose.report import Failure
from compose.stack import Stack
from compose.state import State

FOLDER = "/var/tmp"


@contextlib.contextmanager
def private_stack(report, account, purpose):
    """A stack in a temporary folder, nothing of it started yet, acting as `account` from here on.
    However the block ends, by Ctrl-C too (and what endings.unwind makes like it), its processes end
    and the folder is deleted.
    """
    state = State(tempfile.mkdtemp(prefix=f"dmp-{purpose}-", dir=FOLDER), account)
    stack = None
    try:
        os.chown(state.root, account.uid, account.gid)
        account.become()
        stack = Stack(state, report)
        state.make()
        with state.lock():
            _remove_abandoned(report, account, purpose)
            yield stack
    finally:
        with endings.undisturbed(report.note):
            _remove(state, stack)


def _remove(state, stack):
    try:
        if stack:
            stack.stop()
    finally:
        with state.account.as_root():
            shutil.rmtree(state.root)


def _remove_abandoned(report, account, purpose):
    """Takes down what a killed one left: nobody holds the lock of its folder any more."""
    for folder in Path(FOLDER).glob(f"dmp-{purpose}-*"):
        state = State(folder, account)
        with contextlib.suppress(OSError, Failure):
            if folder.lstat().st_uid == account.uid and state.exists():
                with state.lock():
                    report.say(f"a killed ./dmp {purpose} left {folder}")
                    Stack(state, report).stop()
                    state.remove()
