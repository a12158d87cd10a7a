"""What work costs: CPU time and memory of processes, read from /proc."""

import contextlib
import os
import time
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
KIB_PER_MIB = 1024


def cpu_s(pid, with_children=False):
    """CPU seconds of a process; on request also of its children, those that ended too."""
    if not with_children:
        return _times(pid)[0]
    while True:  # until none ended meanwhile: it would count twice, or not at all
        before = _times(pid)[1]
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            theirs = sum(cpu_s(child) for child in children(pid))
            own, ended = _times(pid)
            if ended == before:
                return own + ended + theirs


class Meter:
    """What named groups of processes, {name: pids}, spend from its making on. Their children count
    too, those that ended as well; but not this process's own, which are the other groups."""

    def __init__(self, pids):
        self._pids = pids
        self._began, self._before = time.monotonic(), self._cpu_s()

    def spent(self):
        """(seconds since then, {name: CPU seconds}), with `stolen` among the names, and `others`:
        what those not named spent."""
        seconds, now = time.monotonic() - self._began, self._cpu_s()
        return seconds, {name: now[name] - before for name, before in self._before.items()}

    def _cpu_s(self):
        own = os.getpid()
        named = {
            name: sum(cpu_s(pid, with_children=pid != own) for pid in pids)
            for name, pids in self._pids.items()
        }
        return {**named, "others": busy_s() - sum(named.values()), "stolen": stolen_s()}


def cores(seconds, spent_s):
    """Of {name: CPU seconds}, how many cores each kept busy, to be shown."""
    # What is told as a difference may be below 0.
    return {name: max(0.0, round(spent / seconds, 2)) for name, spent in spent_s.items()}


def stolen_s():
    """CPU seconds that a virtual machine's host gave to others although this one wanted them."""
    return _machine_s()[7]


def busy_s():
    """CPU seconds that were used on this machine, by whomever."""
    user, nice, system, _idle, _waiting, irq, soft_irq, *_ = _machine_s()
    return user + nice + system + irq + soft_irq


def peak_rss_mib(pid):
    """The most memory it ever held."""
    return _status_mib(pid, "VmHWM:")


def rss_mib(pid):
    """The memory it holds."""
    return _status_mib(pid, "VmRSS:")


def children(pid):
    """Its processes that have not ended."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def _machine_s():
    line = Path("/proc/stat").read_text().partition("\n")[0]
    return [int(ticks) / TICKS_PER_S for ticks in line.split()[1:]]


def _status_mib(pid, name):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / KIB_PER_MIB
    raise LookupError(f"process {pid} tells no {name}")


def _fields(pid):
    """What follows the name, which may hold anything, in /proc/PID/stat."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _times(pid):
    user, system, ended_user, ended_system = map(int, _fields(pid)[11:15])
    return (user + system) / TICKS_PER_S, (ended_user + ended_system) / TICKS_PER_S
