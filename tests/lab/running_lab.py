"""A lab of its own for a test class, with a broker that only listens; gone when the class ends."""

import contextlib
import http.client
import os
import pathlib
import pwd
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path.insert(0, str(CHECKOUT))

from compose.lab.lab import Lab  # noqa: E402

WAIT_S_MAX = 30.0


def eventually(condition, what):
    """The condition's first true value; fails after a generous bound."""
    deadline = time.monotonic() + WAIT_S_MAX
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WAIT_S_MAX:.0f} s: {what}")
        time.sleep(0.05)


def namespaces():
    """Every network namespace somebody is in."""
    found = set()
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/{entry}/ns/net"))
    return found


class RunningLab(unittest.TestCase):
    """`mode` is set by the subclass. As root the lab runs for another user, as in real life."""

    mode = ""

    @classmethod
    def setUpClass(cls):
        cls.state = pathlib.Path(tempfile.mkdtemp(prefix="dmp-lab-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.state, ignore_errors=True)
        cls.user = "nobody" if os.getuid() == 0 else ""
        cls.agent = cls.state / "fake-agent"
        shutil.copy(HERE / "fake_agent.py", cls.agent)
        cls.agent.chmod(0o755)
        if cls.user:
            entry = pwd.getpwnam(cls.user)
            os.chown(cls.state, entry.pw_uid, entry.pw_gid)
        cls.broker = socket.create_server(("127.0.0.1", 0))
        cls.broker.settimeout(WAIT_S_MAX)
        cls.addClassCleanup(cls.broker.close)
        cls.lab = Lab(cls.state, cls.user)
        cls.addClassCleanup(cls.lab.stop)
        cls.start()

    fields = {}

    @classmethod
    def start(cls):
        """Starts the lab as it was started last; returns what was said."""
        said = []
        cls.lab.start(cls.mode, said.append, **cls.fields)
        return said

    def start_agent(self):
        """Gives the lab a freshly started agent, which then waits for greeting()."""
        if self.lab.status()["agent"]["expected"]:
            self.lab.order("agent", action="kill")
        port = self.broker.getsockname()[1]
        type(self).fields = {"agent": str(self.agent), "broker_port": port}
        self.start()

    def greeting(self):
        connection, _ = self.broker.accept()
        with connection:
            return connection.makefile().readline().strip()

    def admin_page(self):
        """The agent's admin page as anybody on this machine sees it; None if nobody answers."""
        port = self.lab.status()["admin_port"]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def processes(self):
        """Processes of this lab, by the state folder in their words."""
        listed = subprocess.run(["ps", "-eo", "stat=,pid=,args="], text=True, check=True,
                                capture_output=True).stdout.splitlines()
        return [line for line in listed if str(self.state) in line and not line.startswith("Z")]

    def device(self, name):
        return next(d for d in self.lab.status()["devices"] if d["name"] == name)


class Watch:
    """The lines of a command that runs at a place of the lab, as they come."""

    def __init__(self, lab, place, *command):
        self._process = subprocess.Popen(
            [*lab.enter(place), *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd=CHECKOUT,
        )
        os.set_blocking(self._process.stdout.fileno(), False)
        self._text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def sees(self, what, matches):
        """Waits for a line for which `matches` is true and returns it; forgets those before it."""
        deadline = time.monotonic() + WAIT_S_MAX
        seen = []
        while True:
            while "\n" in self._text:
                line, _, self._text = self._text.partition("\n")
                seen.append(line)
                if matches(line):
                    return line
            left = deadline - time.monotonic()
            if left < 0 or self._process.poll() is not None:
                raise AssertionError(f"{what} was not seen in:\n" + "\n".join(seen))
            if select.select([self._process.stdout], [], [], left)[0]:
                self._text += (self._process.stdout.read() or b"").decode()
