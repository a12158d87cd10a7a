"""Commands that would write the same files take turns."""

import contextlib
import fcntl
import os
import time

from compose.report import Failure

LONGEST_S = 3600.0  # that the other one may take
LOOK_S = 0.2


@contextlib.contextmanager
def alone(path, doing, news=lambda _text: None):
    """The block in which no other ./dmp is `doing` `path`, a file or folder that is there. `news`
    is told if there is one."""
    lock = os.open(path, os.O_RDONLY)
    try:
        _wait(lock, f"{doing} {path}", news)
        yield
    finally:
        os.close(lock)


def _wait(lock, what, news):
    deadline = time.monotonic() + LONGEST_S
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                seen = f"another ./dmp has been {what} for {LONGEST_S / 60:.0f} min"
                raise Failure(seen, "end that one, then try again") from None
            news(f"waits for another ./dmp, which is {what}")
            time.sleep(LOOK_S)
