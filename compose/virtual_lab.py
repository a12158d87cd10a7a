"""The lab as a part of the stack: a RAE with devices, and our agent on it. How it is made is in
compose/lab/; here it is given what it needs of the stack around it."""

import os
from contextlib import contextmanager

from compose.lab import commands, lab
from compose.lab.errors import LabError
from compose.report import Failure

SERIAL = "rae-lab-1"
AGENT = "local-registry"
ADMIN_PORT = f"{AGENT}-admin"


class VirtualLab:
    """All of it needs root's rights if `./dmp` has them; without, it uses user namespaces."""

    def __init__(self, state, ports, authority, mosquitto):
        self.state = state
        self._ports = ports
        self._authority = authority
        self._mosquitto = mosquitto
        self._lab = lab.Lab(state.root, state.account.name if os.getuid() == 0 else "")

    def start(self, profiles, report, unplugged=()):
        """Starts what is missing of it. `profiles`: the agent's probe profiles; `unplugged`:
        devices a new lab does not plug in yet. Returns the names of all devices."""
        certificate, key = self._authority.issue(SERIAL)
        with self._acting():
            mode, why = lab.choose_mode()
            if why:
                report.say(f"  {why}: the devices are on loopback addresses, probed from a list")
            self._lab.start(
                mode,
                report=lambda text: None,  # `up` has a line of its own for it
                unplugged=unplugged,
                agent=str(self.state.bin / f"dmp-{AGENT}"),
                profiles=str(profiles),
                serial=SERIAL,
                broker_port=self._mosquitto.port,
                ca=str(self._authority.certificate),
                certificate=str(certificate),
                key=str(key),
                admin_port=self._ports[ADMIN_PORT],
            )
            return [device["name"] for device in self._lab.order("status")["devices"]]

    def order(self, what, **arguments):
        """One order to the running lab; its result."""
        with self._acting():
            return self._lab.order(what, **arguments)

    def runs(self):
        with self._acting():
            return self._lab.status()["running"]

    def stop(self):
        """True if it ran."""
        ran = self.runs()
        with self._acting():
            self._lab.stop()
        return ran

    def status(self):
        """Two entries for `./dmp status`: the devices' side, and the agent's."""
        with self._acting():
            found = self._lab.status()
        if not found["running"]:
            nothing = {"pid": None, "port": None, "ready": False, "why": "not running"}
            return {"lab": nothing, AGENT: nothing}
        agent = found["agent"]
        ended = ", ".join(found["ended"])
        return {
            "lab": {
                "pid": found["pid"],
                "port": None,
                "ready": not ended,
                "why": f"ended: {ended}" if ended else "",
                "mode": found["mode"],
                "devices": {device["name"]: device["condition"] for device in found["devices"]},
            },
            AGENT: {
                "pid": agent["pid"] or None,
                "port": found["admin_port"],
                "admin": f"http://127.0.0.1:{found['admin_port']}" if found["admin_port"] else None,
                "ready": agent["ready"],
                "why": "" if agent["ready"] else agent["why"],
            },
        }

    def command(self, words):
        """`./dmp lab WORDS`; its exit code."""
        with self.state.account.as_root():
            return commands.main(words, self._lab)

    @contextmanager
    def _acting(self):
        with self.state.account.as_root():
            try:
                yield
            except LabError as error:
                raise Failure(f"lab: {error}", log=self.state.log / "lab.log") from error
