"""Network namespaces held by file descriptors: no names in /run, no mounts, nothing to clean up.

A namespace lives as long as a process is in it or a descriptor holds it; when the process that
owns these objects dies, the kernel removes everything.
"""

import ctypes
import os
import socket
import subprocess

from .errors import LabError

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """One network namespace, with loopback up."""

    def __init__(self, name):
        self.name = name
        self.fd = _create()
        self.ip("link set lo up")

    @property
    def path(self):
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    def enter(self):
        """The words before a command that make it run in here."""
        return ["nsenter", f"--net={self.path}", "--"]

    def ip(self, *lines):
        """Runs `ip` commands, one per line, as one batch; stops at the first failure."""
        run([*self.enter(), "ip", "-batch", "-"], "\n".join(lines) + "\n")

    def setting(self, path, value):
        """Writes one line below /proc/sys/net, as this namespace sees it."""
        run([*self.enter(), "sh", "-c", 'echo "$1" > "/proc/sys/net/$2"', "sh", value, path])

    def listen(self, address):
        """A listening TCP socket that belongs to this namespace, whoever holds it."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            child = os.fork()
            if child == 0:
                os._exit(_listen_in(self.fd, address, theirs))
            theirs.close()
            _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != 0 or not descriptors:
            raise LabError(f"cannot listen on {address[0]}:{address[1]} in namespace {self.name}:"
                           f" {os.strerror(status)}")
        return socket.socket(fileno=descriptors[0])


def run(command, text=None):
    """Runs one short system command; its words and its complaint are in the LabError."""
    try:
        done = subprocess.run(command, input=text, text=True, capture_output=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{' '.join(command)}: {error}") from error
    if done.returncode != 0:
        what = f"{' '.join(command)} {text or ''}".strip()
        raise LabError(f"{what}: {done.stderr.strip() or f'exit {done.returncode}'}")
    return done.stdout


def _create():
    """A child makes the namespace and we keep a descriptor of it.

    We never leave our own: without root there would be no way back.
    """
    ready, ready_child = socket.socketpair()
    with ready, ready_child:
        child = os.fork()
        if child == 0:
            failed = _libc.unshare(_CLONE_NEWNET)
            ready_child.send(b"x" if failed else b".")
            ready_child.recv(1)
            os._exit(0)
        try:
            if ready.recv(1) != b".":
                raise LabError("the kernel refused a network namespace")
            return os.open(f"/proc/{child}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            ready.send(b".")
            os.waitpid(child, 0)


def _listen_in(namespace_fd, address, channel):
    """Runs in a forked child; the exit code is the errno."""
    if _libc.setns(namespace_fd, _CLONE_NEWNET):
        return ctypes.get_errno()
    try:
        with socket.create_server(address, backlog=64) as listener:
            socket.send_fds(channel, [b"."], [listener.fileno()])
    except OSError as error:
        return error.errno
    return 0
