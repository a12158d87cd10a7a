"""How the lab touches the state folder: always as its owner, never with root's rights.

The folder belongs to the user the programs run as. A file that user planted there (a link to
somewhere else) must not be followed by root.
"""

import contextlib
import os
import pwd
import tempfile

_LOG_KEPT_BYTES = 8 * 1024 * 1024


@contextlib.contextmanager
def as_owner(user):
    """Files made in the block belong to `user`; nothing to do without one, or if we are not root.
    Not for threads: the effective identity belongs to the whole process."""
    if not user or os.geteuid() != 0:
        yield
        return
    entry = pwd.getpwnam(user)
    os.setegid(entry.pw_gid)
    os.seteuid(entry.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def write(user, path, text, mode=0o600):
    """Replaces the file in one step: a reader sees the old text or the new, never half of it."""
    with as_owner(user):
        descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


def open_log(user, path):
    """The log, to append to."""
    with as_owner(user):
        return open(path, "ab")


def bound_log(user, path):
    """Keeps one older piece of a log that has grown large. Only while nobody writes to it."""
    with as_owner(user), contextlib.suppress(FileNotFoundError):
        if os.path.getsize(path) > _LOG_KEPT_BYTES:
            os.replace(path, path + ".1")
