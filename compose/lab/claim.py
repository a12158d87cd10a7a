"""Who runs this lab? The kernel knows: the holder of a record lock on one file.

Unlike a pid file it cannot be stale, cannot name a recycled pid, and is right across pid
namespaces (the kernel translates the holder's pid for whoever asks).
"""

import fcntl
import os
import struct

_FLOCK = "hhqqi4x"  # struct flock on 64-bit Linux


def _lock_record():
    return struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


class Claim:
    """The right to run the lab of one state folder; held until the process ends."""

    def __init__(self, path):
        self._path = path
        self._file = None

    def take(self):
        """True if this process now holds the claim. Never open the file again afterwards: closing
        any descriptor of it would give the lock away."""
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.fcntl(self._file, fcntl.F_SETLK, _lock_record())
        except OSError:
            return False
        return True

    def holder(self):
        """The pid of the process that holds the claim, as seen from here; 0 if nobody does."""
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return 0
        try:
            answer = fcntl.fcntl(file, fcntl.F_GETLK, _lock_record())
        finally:
            os.close(file)
        kind, _, _, _, pid = struct.unpack(_FLOCK, answer)
        return 0 if kind == fcntl.F_UNLCK else pid
