"""The process that is the lab: `python3 -m compose.lab.supervisor STATE USER`. One loop, one owner of all.

In namespaces it is process 1 of its own pid namespace, so its death is the death of everything in
the lab. It does what it is told over its socket (control.py) and nothing by itself: a part that
died stays dead, and is seen so, until the next start.
"""

import dataclasses
import json
import selectors
import signal
import subprocess
import sys

from . import control, device as devices
from .claim import Claim
from .errors import LabError
from .facts import CHECKOUT, Facts
from .files import as_owner, write
from .parts import Parts
from .site_loopback import LoopbackSite
from .site_namespaces import NamespaceSite

_AGENT_STOP_S_MAX = 15.0
_ASK_S_MAX = 30.0
_SITES = {"namespaces": NamespaceSite, "loopback": LoopbackSite}
_PRESENT, _UNPLUGGED, _SILENT = "plugged in", "unplugged", "silent"


class Supervisor:
    """Performs orders, one at a time. Every order is answered when its effect is there."""

    def __init__(self):
        self._parts = Parts()
        self._facts = None
        self._site = None
        self._conditions = {name: _PRESENT for name in devices.CATALOGUE}
        self.done = False

    def perform(self, order):
        orders = {
            "ensure": self._ensure, "status": self._status, "stop": self._stop, "set": self._set,
            "unplug": self._unplug, "plug": self._plug, "silence": self._silence,
            "wake": self._wake, "ask": self._ask, "agent": self._agent,
        }
        what = order.pop("do")
        if what not in ("ensure", "stop") and self._site is None:
            raise LabError("the lab is not built yet; run ./dmp up")
        return orders[what](**order)

    def reap(self):
        self._parts.reap_orphans()

    def _ensure(self, facts, unplugged=()):
        self._facts = Facts(**facts)
        if self._site is None:
            self._build()
            for name in unplugged:
                self._unplug(name)
        self._site.adopt(self._facts)
        present = [name for name, state in self._conditions.items() if state == _PRESENT]
        started = self._site.ensure_lan(present)
        if self._facts.agent:
            started += self._site.ensure_agent()
        else:
            self._parts.stop("agent", _AGENT_STOP_S_MAX)
        return {"started": started, "admin_port": self._site.admin_port}

    def _build(self):
        try:
            self._site = _SITES[self._facts.mode](self._facts, self._parts)
        except (LabError, OSError) as error:
            self.done = True  # half a lab is of no use: everything made so far goes with us
            raise LabError(f"the lab could not be built: {error}") from error

    def _stop(self):
        self._parts.stop("agent", _AGENT_STOP_S_MAX)
        self._parts.stop_all()
        self.done = True

    def _status(self):
        ended = self._parts.ended()
        return {
            "mode": self._facts.mode,
            "admin_port": self._site.admin_port,
            "places": self._site.places(),
            "parts": {name: self._parts.pid(name) for name in self._parts.names()},
            "agent": {"exit": ended.get("agent"), "expected": bool(self._facts.agent)},
            "ended": ended,
            "devices": [
                {**dataclasses.asdict(device), "address": self._site.address(device.name),
                 "condition": self._conditions[device.name]}
                for device in devices.load_all(self._facts.devices)
            ],
        }

    def _set(self, device, field, value):
        name = devices.find(device).name
        everybody = devices.load_all(self._facts.devices)
        before = devices.load(self._facts.devices, name)
        value = devices.check(before, field, value, everybody)
        was = getattr(before, field)
        if value != was:
            if field == "mac":
                self._need(name, _PRESENT)
            changed = dataclasses.replace(before, **{field: value})
            write(self._facts.user, devices.value_file(self._facts.devices, name),
                  devices.changed_values(changed))
            if field == "mac":
                self._site.change_mac(name, value)
            else:
                self._site.announce(name)
        return {"was": was, "now": value, **self._where(name)}

    def _unplug(self, device):
        name = self._need(device, _PRESENT)
        self._site.unplug(name)
        self._conditions[name] = _UNPLUGGED
        return self._where(name)

    def _plug(self, device):
        name = self._need(device, _UNPLUGGED)
        self._site.plug(name)
        self._conditions[name] = _PRESENT
        return self._where(name)

    def _silence(self, device):
        name = self._need(device, _PRESENT)
        self._site.silence(name)
        self._conditions[name] = _SILENT
        return self._where(name)

    def _wake(self, device):
        name = self._need(device, _SILENT)
        self._site.wake(name)
        self._conditions[name] = _PRESENT
        return self._where(name)

    def _where(self, name):
        return {"address": self._site.address(name), "condition": self._conditions[name]}

    def _need(self, device, condition):
        """The device's name, if it is in the condition that an order starts from."""
        name = devices.find(device).name
        now = self._conditions[name]
        if now != condition:
            cure = {_PRESENT: f"unplug or silence {name}", _UNPLUGGED: f"plug {name}",
                    _SILENT: f"wake {name}"}[now]
            raise LabError(f"{name} is {now}, not {condition}. Possible now: ./dmp lab {cure}")
        return name

    def _ask(self, device):
        """What the device says of itself, asked from the RAE by its own protocol."""
        name = devices.find(device).name
        family = devices.CATALOGUE[name].family
        if family == "silent":
            raise LabError(f"{name} answers ARP only: there is nothing to ask")
        probe = [*self._site.enter_rae(), sys.executable, "-B", "-m", "compose.lab.probe"]
        done = subprocess.run([*probe, family, self._site.address(name)], text=True,
                              capture_output=True, timeout=_ASK_S_MAX, check=False, cwd=CHECKOUT)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
            raise LabError(f"{name} is {self._conditions[name]}: {lines[-1]}")
        return json.loads(done.stdout)

    def _agent(self, action, clock=""):
        if not self._facts.agent:
            raise LabError("this lab was started without an agent; run ./dmp up")
        if action == "start":
            return {"done": bool(self._site.ensure_agent(clock))}
        running = self._parts.alive("agent")
        if action == "kill":
            self._parts.kill("agent")
            return {"done": running}
        clean = self._parts.stop("agent", _AGENT_STOP_S_MAX)
        return {"done": running, "clean": clean}


def main():
    facts = Facts(state=sys.argv[1], user=sys.argv[2])
    claim = Claim(facts.lock)
    with as_owner(facts.user):
        if not claim.take():
            sys.exit("another process runs this lab")
        listener = control.listen(facts.socket)
    # Inherited by the emulators until they listen to it: an early "announce" must not end them.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    supervisor = Supervisor()
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while not supervisor.done:
            if selector.select(1.0):
                control.serve_one(listener, supervisor.perform)
            supervisor.reap()


if __name__ == "__main__":
    main()
