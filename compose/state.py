"""The folder a stack lives in: its layout, how files get there, and who works in it."""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path

from compose.report import Failure

FOLDERS = ("pki", "etc", "data", "log", "run", "secrets", "bin")
MARK = "ports.json"  # what tells a stack's folder from somebody's documents


class State:
    """`root` and its sub-folders, as attributes: pki, etc, data, log, run, secrets, bin."""

    def __init__(self, root, account):
        self.root = Path(root)
        self.account = account
        for folder in FOLDERS:
            setattr(self, folder, self.root / folder)

    def exists(self):
        return (self.root / MARK).exists()

    def make(self):
        """Makes the folders, readable by the owner only."""
        self._make_root()
        for folder in FOLDERS:
            (self.root / folder).mkdir(mode=0o700, exist_ok=True)

    def is_vacant(self):
        """Nothing is there yet, or an empty folder that root may give away."""
        if not self.root.exists():
            return True
        return os.getuid() == 0 and not any(self.root.iterdir())

    def _make_root(self):
        with self.account.as_root():
            if self.is_vacant():
                self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.chown(self.root, self.account.uid, self.account.gid, follow_symlinks=False)
                # Whoever made it empty before us may have left it open to everybody.
                folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                os.fchmod(folder, 0o700)
                os.close(folder)
        found = self.root.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.account.uid:
            raise Failure(
                f"{self.root} is not a folder of user {self.account.name}",
                "DMP_STATE=/another/folder ./dmp up",
            )

    def write(self, path, text, mode=0o600):
        """Replaces the file in one step, so that nobody ever reads half of it. False if the same
        text stood there already."""
        path = Path(path)
        data = text if isinstance(text, bytes) else text.encode()
        with contextlib.suppress(FileNotFoundError):
            if path.read_bytes() == data and stat.S_IMODE(path.stat().st_mode) == mode:
                return False
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                os.fchmod(file.fileno(), mode)
            temporary.replace(path)
        except BaseException:
            temporary.unlink()
            raise
        return True

    def secret(self, name):
        """A random secret, generated the first time it is asked for."""
        path = self.secrets / name
        with contextlib.suppress(FileNotFoundError):
            return path.read_text().strip()
        self.write(path, secrets.token_hex(24) + "\n")
        return path.read_text().strip()

    @contextlib.contextmanager
    def lock(self):
        """One `./dmp` at a time changes a stack. The kernel drops the lock of a killed one."""
        with (self.root / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise Failure(
                    f"another ./dmp (pid {file.read().strip()}) is at work in {self.root}",
                    "wait for it, or stop it with Ctrl-C where it runs",
                ) from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield

    def remove(self):
        """Deletes the whole stack. Refuses a folder that does not look like one."""
        if not self.exists():
            raise Failure(f"{self.root} holds no stack (no {MARK} in it): not deleted")
        with self.account.as_root():
            shutil.rmtree(self.root)


def locate(checkout, account, environment):
    """Where this checkout's stack lives, and the sentence to say if that is not the usual place."""
    named = environment.get("DMP_STATE")
    if named:
        root = Path(named).absolute()
        if not account.reaches(_nearest_existing(root)):
            raise Failure(
                f"DMP_STATE={named} cannot be entered by user {account.name}, who runs the servers",
                "name a folder that user can reach, e.g. below /var/tmp",
            )
        return root, ""
    if account.reaches(checkout):
        return Path(checkout) / ".dmp", ""
    tag = hashlib.sha256(str(checkout).encode()).hexdigest()[:8]
    root = Path(f"/var/tmp/dmp-{account.uid}-{tag}")
    return root, (
        f"user {account.name}, who runs the servers, cannot enter {checkout}: using {root}"
    )


def _nearest_existing(path):
    while not path.exists():
        path = path.parent
    return path
