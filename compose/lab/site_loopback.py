"""The lab without namespaces: the same emulators on loopback addresses, probed by the agent's
`static` source. No DHCP, no neighbours, no multicast: a pulled cable is a stopped emulator here.
"""

import os
import signal
import socket
import sys

from . import agent, device as devices, ssdp
from .errors import LabError
from .facts import CHECKOUT
from .families import FAMILIES
from .parts import Spec

_LABS_MAX = 16


class LoopbackSite:
    """Device N of lab S answers on 127.77.S.N, with its real ports."""

    def __init__(self, facts, parts):
        self._facts = facts
        self._parts = parts
        self._claim, self._addresses = _claim_addresses()
        self.admin_port = facts.admin_port or _free_port()

    def adopt(self, facts):
        self._facts = facts

    def ensure_lan(self, present):
        specs = [self._emulator(name) for name in present]
        started = [spec.name for spec in specs if spec and self._parts.ensure(spec)]
        self._parts.await_ready()
        return started

    def ensure_agent(self, clock=""):
        spec = agent.spec(self._facts, [], {
            "mqtt-uri": f"ssl://127.0.0.1:{self._facts.broker_port}", "lan-interface": "",
            "lease-file": "", "static": ",".join(self._addresses.values()),
            "admin-port": self.admin_port,
        }, clock)
        return [spec.name] if self._parts.ensure(spec) else []

    def places(self):
        return {}

    def enter_rae(self):
        return []

    def address(self, name):
        return self._addresses[name]

    def unplug(self, name):
        self._parts.kill(name)

    def plug(self, name):
        spec = self._emulator(name)
        if spec:
            self._parts.ensure(spec)
            self._parts.await_ready()

    def silence(self, name):
        self._parts.signal(name, signal.SIGSTOP)

    def wake(self, name):
        self._parts.signal(name, signal.SIGCONT)

    def announce(self, name):
        self._parts.signal(name, signal.SIGHUP)

    def change_mac(self, name, _mac):
        self.announce(name)  # the interface is everybody's; only what the device says changes

    def _emulator(self, name):
        if not FAMILIES[devices.CATALOGUE[name].family].PORTS:
            return None
        user = ("--user", self._facts.user) if self._facts.user else ()
        command = (sys.executable, "-B", "-m", "compose.lab.emulator", "--folder", self._facts.devices,
                   "--address", self._addresses[name], *user, name)
        return Spec(name, command, self._facts.log, self._facts.user, (("PYTHONPATH", CHECKOUT),),
                    reports=True)


def _claim_addresses():
    """The first addresses that no other lab has and whose ports are all free.

    The socket that comes with them is the claim: only one process can hold it, so that of labs
    that start at the same moment each gets its own.
    """
    for lab in range(_LABS_MAX):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((f"127.77.{lab}.254", ssdp.PORT))
        except OSError:
            claim.close()
            continue
        addresses = {name: f"127.77.{lab}.{n}" for n, name in enumerate(devices.CATALOGUE, 1)}
        if all(_is_free(address, FAMILIES[devices.CATALOGUE[name].family].PORTS)
               for name, address in addresses.items()):
            return claim, addresses
        claim.close()
    raise LabError(f"the devices' ports are taken on 127.77.0.x to 127.77.{_LABS_MAX - 1}.x;"
                   " stop a program that listens on them (ss -ltnup)")


def _is_free(address, ports):
    wanted = [(socket.SOCK_STREAM, port) for port in ports]
    if ports:
        wanted.append((socket.SOCK_DGRAM, ssdp.PORT))
    for kind, port in wanted:
        with socket.socket(socket.AF_INET, kind) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((address, port))
            except OSError:
                return False
    return True


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]
