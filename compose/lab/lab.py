"""The lab's face: start it, stop it, ask it. All calls are synchronous and may be repeated.

    mode, why = choose_mode()
    lab = Lab(state_folder, user)     # user: whom root works for, the folder's owner; else ""
    lab.start(mode, report, agent=…)  # the fields of Facts; starts what is missing or different
    lab.status()                      # a dict; {"running": False} if it does not run
    lab.stop()                        # nothing is left, whatever state it was in

Root may have lent itself to the folder's owner before (real user root, effective user the owner):
what needs root takes it back, and files are always written as the owner.
"""

import contextlib
import dataclasses
import functools
import http.client
import os
import select
import signal
import subprocess
import sys
import time

from . import control
from .claim import Claim
from .errors import LabError
from .facts import CHECKOUT, Facts
from .files import as_owner, bound_log, open_log, write

MODES = ("namespaces", "loopback")
_BOOT_S_MAX = 20.0
_DEATH_S_MAX = 10.0


def available():
    """None if this machine can have the lab in namespaces, else the reason why not."""
    return _namespaces_refused()


def choose_mode(environment=os.environ):
    """(mode, why): DMP_LAB decides, else namespaces where they work."""
    forced = environment.get("DMP_LAB", "")
    if forced:
        if forced not in MODES:
            raise LabError(f"DMP_LAB={forced} is no lab mode; use {' or '.join(MODES)}")
        return forced, f"DMP_LAB={forced}"
    reason = available()
    return ("loopback", reason) if reason else ("namespaces", "")


class Lab:
    """The lab of one state folder. Holds no state itself: any process may have a Lab object."""

    def __init__(self, state, user=""):
        self._facts = Facts(state=os.path.abspath(state), user=user)
        self._claim = Claim(self._facts.lock)

    def start(self, mode, report=print, unplugged=(), **fields):
        """Brings up what is missing and returns when all devices have their addresses. `fields` are
        those of Facts; without `agent` there are only the devices. `unplugged`: devices that are
        not plugged in if the lab is new."""
        facts = dataclasses.replace(self._facts, mode=mode, **fields)
        facts.make_folders()
        if self._claim.holder():
            mode = self._mode()
            if mode != facts.mode:
                report(f"lab: {f'changing from {mode}' if mode else 'was half built'}, starts anew")
                self.stop()
        if not self._claim.holder():
            self._boot(facts)
        order = {"do": "ensure", "facts": dataclasses.asdict(facts), "unplugged": list(unplugged)}
        result = control.send(self._facts.socket, order)
        if result["started"]:
            report(f"lab: started {', '.join(result['started'])}")
        else:
            report("lab: runs already")
        self._note_agent_pid()
        return result

    def stop(self):
        """A clean end if the lab still listens, and the end in any case."""
        holder = self._claim.holder()
        if not holder:
            return
        with contextlib.suppress(ProcessLookupError):
            process = os.pidfd_open(holder)
            try:
                # Broken or hung: the kill below is the cure.
                with contextlib.suppress(LabError):
                    control.send(self._facts.socket, {"do": "stop"})
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(process, signal.SIGKILL)
                if not select.select([process], [], [], _DEATH_S_MAX)[0]:
                    raise LabError(f"the lab's process {holder} does not die; see"
                                   f" /proc/{holder}/stack")
            finally:
                os.close(process)
        self._note_agent_pid()

    def order(self, what, **arguments):
        """One order to the running lab; its result."""
        if not self._claim.holder():
            raise LabError("the lab does not run; start it with ./dmp up")
        result = control.send(self._facts.socket, {"do": what, **arguments})
        self._note_agent_pid()
        return result

    def status(self):
        """What runs; adds to the lab's own view what is only known outside: pids, readiness."""
        holder = self._claim.holder()
        if not holder:
            return {"running": False}
        status = self.order("status")
        pids = _children(holder)
        status["parts"] = {name: pids.get(pid, 0) for name, pid in status["parts"].items()}
        agent = status["agent"]
        agent["pid"] = status["parts"].get("agent", 0)
        agent["ready"], agent["why"] = self._readiness(status)
        return {"running": True, "pid": holder, **status}

    def enter(self, place):
        """The words before a command that make it run at a place: rae, wan, or a device."""
        places = self.order("status")["places"]
        holder = self._claim.holder()
        if not places:
            return []
        if place not in places:
            raise LabError(f"no place '{place}' in the lab. Places: {', '.join(places)}")
        words = ["nsenter", f"--net=/proc/{holder}/fd/{places[place]}"]
        if os.getuid() != 0:
            words[1:1] = [f"--user=/proc/{holder}/ns/user", "--preserve-credentials"]
        return [*words, "--"]

    def _mode(self):
        try:
            return self.order("status")["mode"]
        except LabError:
            return None  # not built, or not answering: start over

    def _boot(self, facts):
        command = [sys.executable, "-B", "-m", "compose.lab.supervisor", facts.state, facts.user]
        if facts.mode == "namespaces":
            command = [*_unshare(), *command]
        bound_log(facts.user, facts.log)
        with open_log(facts.user, facts.log) as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env={**os.environ, "PYTHONPATH": CHECKOUT}, start_new_session=True, **_full_rights(),
            )
        try:
            self._await(process, facts.log)
        except BaseException:
            process.kill()  # nobody else could find it before it listens
            process.wait()
            raise
        process.returncode = 0  # it outlives us on purpose and is not waited for

    def _await(self, process, log):
        deadline = time.monotonic() + _BOOT_S_MAX
        while not self._listens():
            if process.poll() is not None:
                raise LabError(f"the lab ended at once, exit {process.returncode}; see {log}")
            if time.monotonic() > deadline:
                raise LabError(f"the lab did not come up in {_BOOT_S_MAX:.0f} s; see {log}")
            time.sleep(0.02)

    def _listens(self):
        if not self._claim.holder():
            return False
        try:
            control.send(self._facts.socket, {"do": "status"})
        except control.NotListening:
            return False
        except LabError:
            pass  # "not built yet" is an answer
        return True

    def _readiness(self, status):
        if not status["agent"]["pid"]:
            exit_code = status["agent"]["exit"]
            return False, "not started" if exit_code is None else f"ended with exit {exit_code}"
        connection = http.client.HTTPConnection("127.0.0.1", status["admin_port"], timeout=2.0)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            text = response.read(1024).decode("utf-8", "replace").strip()
        except (OSError, http.client.HTTPException) as error:
            return False, f"its admin port does not answer ({error or 'closed'})"
        finally:
            connection.close()
        return response.status == 200, text

    def _note_agent_pid(self):
        """Keeps run/local-registry.pid true, for people and `./dmp status`."""
        path = os.path.join(self._facts.state, "run", "local-registry.pid")
        holder = self._claim.holder()
        inner = 0
        if holder:
            with contextlib.suppress(LabError):
                parts = control.send(self._facts.socket, {"do": "status"})["parts"]
                inner = parts.get("agent", 0)
        pid = _children(holder).get(inner, 0)
        if not pid:
            with as_owner(self._facts.user), contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            return
        write(self._facts.user, path, f"{pid}\n")


def _unshare():
    """Own pids, so that one kill ends all; own mounts for /proc; own users if we are not root."""
    user = [] if os.getuid() == 0 else ["-U", "-r"]
    return ["unshare", *user, "-m", "-p", "--fork", "--kill-child", "--mount-proc"]


def _full_rights():
    """Arguments for subprocess: root that lent itself to another user is root again."""
    return {"user": 0, "group": 0} if os.getuid() == 0 else {}


@functools.cache
def _namespaces_refused():
    """None, or what stands in the way. Tries what the lab needs, in namespaces of its own."""
    trial = ("ip link add lab0 type bridge && ip link add lab1 type veth peer name lab2"
             " && ip link set lab1 master lab0")
    try:
        done = subprocess.run([*_unshare(), "-n", "sh", "-c", trial], capture_output=True,
                              text=True, timeout=20, check=False, **_full_rights())
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"namespaces cannot be tried here: {error}"
    if done.returncode == 0:
        return None
    complaint = done.stderr.strip().splitlines()
    return f"no network namespaces here ({complaint[-1] if complaint else 'refused'})"


def _children(holder):
    """{pid as seen in the lab: pid as seen here} of the lab's processes."""
    found = {}
    for entry in os.listdir("/proc") if holder else ():
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/status", encoding="ascii", errors="replace") as file:
                fields = dict(line.split(":", 1) for line in file if ":" in line)
        except OSError:
            continue  # ended while we looked
        if int(fields["PPid"]) == holder:
            found[int(fields["NSpid"].split()[-1])] = int(entry)
    return found
