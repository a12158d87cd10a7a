"""The one ordinary user that owns a stack and runs everything in it.

PostgreSQL refuses to run as root and Mosquitto leaves root by itself, so nothing runs as root.
When `./dmp` is root it lends itself to that user: it takes the user's effective identity, so every
file has the right owner from birth and no file the user could have planted is followed with root's
rights. Root's own rights come back only inside `as_root()`.
"""

import contextlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from compose.report import Failure

DEFAULT = "postgres"  # who runs the servers for root: a user every PostgreSQL brings along


@dataclass(frozen=True)
class Account:
    """Who runs the servers and our programs."""

    name: str
    uid: int
    gid: int
    home: str

    def become(self):
        """Takes this identity for the rest of the run; only root has anything to change."""
        if os.geteuid() != 0:
            return
        os.setgroups(os.getgrouplist(self.name, self.gid))
        os.setegid(self.gid)
        os.seteuid(self.uid)

    @contextlib.contextmanager
    def as_root(self):
        """Root's rights for the block if `./dmp` was started with them. Not for threads: the
        effective identity belongs to the whole process."""
        lent = os.getuid() == 0 and os.geteuid() != 0
        if lent:
            os.seteuid(0)
            os.setegid(0)
        try:
            yield
        finally:
            if lent:
                os.setegid(self.gid)
                os.seteuid(self.uid)

    def identity(self):
        """Arguments for subprocess: the child is this user for good, saved ids included."""
        return {"user": self.uid, "group": self.gid} if os.getuid() == 0 else {}

    def environment(self):
        """Nothing of root's own session reaches a server: no LD_*, no PG*, no proxies."""
        return {
            "HOME": self.home,
            "USER": self.name,
            "LOGNAME": self.name,
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
        }

    def run(self, arguments, *, environment=None, stdin="", seconds=120):
        """Runs a short command as this user and returns what subprocess.run returns."""
        try:
            return subprocess.run(
                list(map(str, arguments)),
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds,
                env={**self.environment(), **(environment or {})},
                **self.identity(),
            )
        except subprocess.TimeoutExpired:
            name = Path(arguments[0]).name
            raise Failure(f"{name} did not end within {seconds:.0f} s and was ended") from None

    def reaches(self, folder):
        """Whether this user can enter `folder` (a checkout below /root cannot be entered)."""
        identity = self.identity()
        if identity:
            identity["extra_groups"] = os.getgrouplist(self.name, self.gid)
        with self.as_root():
            test = subprocess.run(["/usr/bin/test", "-x", str(folder)], check=False, **identity)
        return test.returncode == 0


def end_lending():
    """Root is root again: what is left to do is telling what happened."""
    if os.getuid() == 0:
        os.seteuid(0)
        os.setegid(0)


def named(name, way_out="--user with an existing, ordinary user"):
    """The account of that name; the way out is for a name that will not do."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise Failure(
            f"there is no user {name!r} on this machine",
            "./dmp up: it comes with PostgreSQL, which up installs" if name == DEFAULT else way_out,
        ) from None
    if entry.pw_uid == 0:
        raise Failure("the servers cannot run as root (PostgreSQL refuses to)", way_out)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir)


def by_uid(uid):
    """The account with that uid."""
    try:
        return named(pwd.getpwuid(uid).pw_name)
    except KeyError:
        raise Failure(f"uid {uid} has no entry in /etc/passwd") from None


def choose(wanted, environment):
    """Ordinary users run as themselves; root as `--user`, else who called sudo, else postgres."""
    if os.getuid() == 0:
        sudo_user = environment.get("SUDO_USER", "root")
        usual = sudo_user if sudo_user != "root" else DEFAULT
        way_out = f"without --user it is {usual!r}; or --user with an existing, ordinary user"
        return named(wanted or usual, way_out)
    try:
        me = pwd.getpwuid(os.getuid())
    except KeyError:
        raise Failure(
            f"uid {os.getuid()} is not in /etc/passwd, and PostgreSQL does not start without",
            "add the user to /etc/passwd, or run ./dmp as another user",
        ) from None
    if wanted and wanted != me.pw_name:
        way_out = f"without --user it is you, {me.pw_name!r}"
        named(wanted, way_out)  # or sudo would not help either
        raise Failure(f"only root can run a stack as {wanted!r}", f"the same with sudo; {way_out}")
    return Account(me.pw_name, me.pw_uid, me.pw_gid, me.pw_dir)


class Owner:
    """Who owns `folder`: a build by root leaves no file of root's in somebody's checkout."""

    def __init__(self, folder):
        found = Path(folder).stat()
        self._uid, self._gid = found.st_uid, found.st_gid
        self._is_other = os.getuid() == 0 and found.st_uid != 0

    def identity(self):
        """Arguments for subprocess; needs root's rights in effect."""
        if not self._is_other:
            return {}
        try:
            entry = pwd.getpwuid(self._uid)
        except KeyError:
            return {"user": self._uid, "group": self._gid, "extra_groups": []}
        groups = os.getgrouplist(entry.pw_name, self._gid)
        return {"user": self._uid, "group": self._gid, "extra_groups": groups}

    def environment(self):
        """Ours, but with the owner's home: compilers keep their caches there."""
        if not self._is_other:
            return dict(os.environ)
        with contextlib.suppress(KeyError):
            return {**os.environ, "HOME": pwd.getpwuid(self._uid).pw_dir}
        return {**os.environ, "HOME": "/nonexistent"}

    def give(self, path):
        """Hands over a file or folder just made."""
        if self._is_other:
            os.chown(path, self._uid, self._gid, follow_symlinks=False)
