"""The processes of the lab: what each should be, and the table of those that run."""

import dataclasses
import os
import pwd
import select
import signal
import subprocess
import time

from . import ready
from .errors import LabError
from .files import open_log

_KILL_S_MAX = 5.0
_READY_S_MAX = 15.0


@dataclasses.dataclass(frozen=True)
class Spec:
    """A process as it should run. Two equal specs mean: nothing to restart.

    `user` owns the log. `reads` is what its configuration files say, so that a changed file is a changed spec.
    `reports` is true for a program that calls report_ready() when it can be asked.
    """

    name: str
    command: tuple
    log: str
    user: str = ""
    environment: tuple = ()
    descriptors: tuple = ()
    reads: str = ""
    reports: bool = False


# What a program needs to configure its own network namespace.
NETWORK = ("net_admin", "net_raw", "net_bind_service")


def as_user(user, capabilities=()):
    """The words before a command that take root's rights away (all but `capabilities`) and tie its
    life to ours. Without `user` we are not root, or root only of our own user namespace."""
    words = ["setpriv", "--pdeathsig", "KILL"]
    if user:
        group = str(pwd.getpwnam(user).pw_gid)
        words += ["--reuid", user, "--regid", group, "--init-groups", "--no-new-privs"]
        if capabilities:
            names = ",".join(f"+{name}" for name in capabilities)
            words += [f"--inh-caps={names}", f"--ambient-caps={names}"]
    return [*words, "--"]


class Parts:
    """The running processes by name. Owned by the supervisor's loop; not thread-safe."""

    def __init__(self):
        self._running = {}  # name -> (spec, process)
        self._starting = {}  # name -> our end of the pipe it reports on

    def ensure(self, spec):
        """Runs `spec`: starts it if it is not there, replaces it if it is different. True if so."""
        if self.alive(spec.name) and self._running[spec.name][0] == spec:
            return False
        self.stop(spec.name)
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8", **dict(spec.environment),
        }
        descriptors = spec.descriptors
        if spec.reports:
            reader, writer = os.pipe()
            environment[ready.VARIABLE] = str(writer)
            descriptors += (writer,)
        with open_log(spec.user, spec.log) as log:
            try:
                process = subprocess.Popen(
                    spec.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env=environment, pass_fds=descriptors,
                )
            except OSError as error:
                raise LabError(f"cannot start {spec.name}: {error}") from error
            finally:
                if spec.reports:
                    os.close(writer)
        self._running[spec.name] = (spec, process)
        if spec.reports:
            self._starting[spec.name] = reader
        return True

    def await_ready(self):
        """Waits for all that were started and report; a LabError names the one that failed."""
        deadline = time.monotonic() + _READY_S_MAX
        starting, self._starting = self._starting, {}
        failed = []
        for name, reader in starting.items():
            readable = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]
            if not (readable and os.read(reader, 1)):
                failed.append(name)
            os.close(reader)
        if failed:
            log = self._running[failed[0]][0].log
            for name in failed:
                self.kill(name)  # the next start tries again
            raise LabError(f"{', '.join(failed)} did not come up; see {log}")

    def alive(self, name):
        return self.pid(name) != 0

    def pid(self, name):
        """Its pid as seen in the lab, 0 if it does not run."""
        if name not in self._running:
            return 0
        process = self._running[name][1]
        return process.pid if process.poll() is None else 0

    def names(self):
        return list(self._running)

    def ended(self):
        """{name: exit code} of those that ended by themselves."""
        return {name: process.returncode for name, (_, process) in self._running.items()
                if process.poll() is not None}

    def signal(self, name, number):
        if self.alive(name):
            self._running[name][1].send_signal(number)

    def stop(self, name, grace_s=2.0):
        """Asks it to end, then makes it. True if asking was enough."""
        if name not in self._running:
            return True
        process = self._running.pop(name)[1]
        if process.poll() is not None:
            return True
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)  # a frozen one could not hear us
        try:
            process.wait(grace_s)
            return True
        except subprocess.TimeoutExpired:
            _kill(process)
            return False

    def kill(self, name):
        if name in self._running:
            _kill(self._running.pop(name)[1])

    def stop_all(self):
        """Asks all at once, waits for all, kills the rest."""
        for _, process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + 2.0
        for _, process in self._running.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _kill(process)
        self._running.clear()

    def reap_orphans(self):
        """As process 1 we inherit whatever our children leave behind. Call between orders."""
        for _, process in self._running.values():
            process.poll()  # takes the exit code of ours first
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass  # nobody is left


def _kill(process):
    process.kill()
    process.wait(_KILL_S_MAX)
