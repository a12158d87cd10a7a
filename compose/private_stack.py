"""A stack of its own for tests, demo and bench: made, used, and gone without a trace."""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from compose.report import Failure
from compose.stack import Stack
from compose.state import State

FOLDER = "/var/tmp"
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def private_stack(report, account, purpose):
    """A stack in a temporary folder, nothing of it started yet, acting as `account` from here on.
    However the block ends, by Ctrl-C or SIGTERM too, its processes end and the folder is deleted.
    """
    with _ending_by_exception():
        root = tempfile.mkdtemp(prefix=f"dmp-{purpose}-", dir=FOLDER)
        os.chown(root, account.uid, account.gid)
        account.become()
        state = State(root, account)
        stack = Stack(state, report)
        state.make()
        with state.lock():
            _remove_abandoned(report, account, purpose)
            try:
                yield stack
            finally:
                with _undisturbed(report):
                    try:
                        stack.stop()
                    finally:
                        with account.as_root():
                            shutil.rmtree(root)


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


@contextlib.contextmanager
def _ending_by_exception():
    """SIGTERM and SIGHUP unwind like Ctrl-C does: a default action would leave everything."""

    def leave(number, _frame):
        sys.exit(128 + number)

    with _handling({number: leave for number in ENDINGS if number != signal.SIGINT}):
        yield


@contextlib.contextmanager
def _undisturbed(report):
    """Clean-up is not left half done by an impatient second Ctrl-C."""

    def ask_for_patience(_number, _frame):
        report.note("stopping what was started; this takes some seconds")

    with _handling(dict.fromkeys(ENDINGS, ask_for_patience)):
        yield


@contextlib.contextmanager
def _handling(handlers):
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
