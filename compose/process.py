"""Processes that outlive `./dmp`: always found again, and never mistaken for a stranger's."""

import contextlib
import hashlib
import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from compose.report import Failure

LOG_KEPT_BYTES = 8 * 1024 * 1024

# The child writes who it is before it becomes the server: a `./dmp up` killed at any instant leaves
# no process it does not know. A pid alone is recycled; pid, start time and boot together are not.
LAUNCHER = (
    'read -r stat <"/proc/$$/stat" && read -r boot </proc/sys/kernel/random/boot_id && '
    'echo "$boot $stat" >"$1.born" && echo "$$" >"$1.pid" && shift && exec "$@"'
)
# A parent that stays and collects its child: where the first process of a container does not, a
# killed PostgreSQL would stay a zombie, and its successor would refuse to start beside it.
PARENT = ("/usr/bin/setsid", "--fork", "--wait")
LAUNCHED_WITHIN_S = 10.0


@dataclass(frozen=True)
class Process:
    """A process that was seen alive, held by a pidfd: signals reach this one or nobody."""

    pid: int
    pidfd: int

    def alive(self):
        return not self.wait(0)

    def send(self, number):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, number)

    def wait(self, seconds):
        """Whether it ended within `seconds`."""
        return bool(select.select([self.pidfd], [], [], seconds)[0])

    def stop(self, number=signal.SIGTERM, seconds=10.0):
        """Asks, waits, then kills. True if asking was enough."""
        self.send(number)
        if self.wait(seconds):
            return True
        self.send(signal.SIGKILL)
        self.wait(5.0)
        return False


def find(run, name):
    """The process that was launched as `name`, if it still lives."""
    try:
        pid = int((run / f"{name}.pid").read_text())
        boot, born = _split((run / f"{name}.born").read_text())
        pidfd = os.pidfd_open(pid)
    except (OSError, ValueError):
        return None
    found = Process(pid, pidfd)
    # Looked at after the pidfd is open: from here on the pid cannot change its owner unnoticed.
    if boot == _boot_id() and born == start_time(pid) and found.alive():
        return found
    os.close(pidfd)
    return None


def names(run):
    """Under which names processes were launched."""
    return {path.stem for path in run.glob("*.born")}


def launch(state, name, argv, *, environment=None, inputs=()):
    """Starts `argv` as the stack's user, detached, logging to log/NAME.log."""
    log = state.log / f"{name}.log"
    _keep_bounded(log)
    forget(state.run, name)
    state.write(state.run / f"{name}.made-of", made_of(argv, inputs))
    with log.open("ab") as out:
        parent = subprocess.Popen(
            [*PARENT, "/bin/sh", "-c", LAUNCHER, "sh", str(state.run / name), *map(str, argv)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=state.root,
            env={**state.account.environment(), **(environment or {})},
            start_new_session=True,
            **state.account.identity(),
        )
    return _first_seen(state, name, parent, log)


def _first_seen(state, name, parent, log):
    """The launched process; its parent outlives `./dmp` on purpose and is not waited for."""
    deadline = time.monotonic() + LAUNCHED_WITHIN_S
    while time.monotonic() < deadline:
        found = find(state.run, name)
        if found:
            parent.returncode = 0
            return found
        if parent.poll() is not None:
            raise Failure(f"{name} ended as soon as it was started", log=log)
        time.sleep(0.005)
    raise Failure(f"{name} could not be started within {LAUNCHED_WITHIN_S:.0f} s", log=log)


def made_of(argv, inputs):
    """A digest of the command and of every file that decides how it runs: when it differs from what
    a running process was started with, that process is out of date."""
    digest = hashlib.sha256("\0".join(map(str, argv)).encode())
    for path in inputs:
        digest.update(b"\0")
        digest.update(Path(path).read_bytes())
    return digest.hexdigest() + "\n"


def forget(run, name):
    """Removes what is known of a process that has ended."""
    for ending in ("pid", "born", "made-of"):
        (run / f"{name}.{ending}").unlink(missing_ok=True)


def start_time(pid):
    """Start of the process in clock ticks since boot; None if there is no such process."""
    try:
        return _split(f"- {Path(f'/proc/{pid}/stat').read_text()}")[1]
    except (OSError, ValueError):
        return None


def _split(text):
    """Boot id and start time (field 22) of 'BOOT PID (NAME) STATE …'; NAME may hold anything."""
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20:
        raise ValueError("not a line of /proc/PID/stat")
    return text.split(" ", 1)[0], int(fields[19])


def _boot_id():
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _keep_bounded(log):
    """One older piece is kept. Only at a start: a running server holds its log open."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_KEPT_BYTES:
            log.replace(log.with_suffix(".log.1"))
