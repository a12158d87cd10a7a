"""What work costs: CPU time and memory of processes, read from /proc."""

import contextlib
import os
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


def stolen_s():
    """CPU seconds that a virtual machine's host gave to others although this one wanted them."""
    return int(Path("/proc/stat").read_text().split(maxsplit=9)[8]) / TICKS_PER_S


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
