"""The lab in network namespaces: a RAE with a bridge and dnsmasq, each device on its own cable.

    this machine          |  wan namespace   |  rae namespace              |  device namespaces
    broker <- uplink <----|- 10.99.0.1:8883 <|- wan   agent   br-lan ------|- eth0 (DHCP) emulator
    admin page -> admin --|------------------|-------> agent               |
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

from . import agent, device as devices, doorway
from .errors import LabError
from .facts import CHECKOUT
from .families import FAMILIES
from .files import as_owner
from .namespace import Namespace
from .parts import NETWORK, Spec, as_user

LAN = "10.77.0"
_BRIDGE_MAC = "02:da:b0:00:00:01"  # fixed: a bridge that changes its MAC loses all its neighbours
_UPLINK = ("10.99.0.1", 8883)
_AGENT_ADMIN_PORT = 9464  # in the rae namespace only
_LEASE_S_MAX = 20.0
_HOOK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "udhcpc-hook")

# A silent device is noticed in about two seconds instead of half a minute.
_NEIGHBOUR_TIMING = {
    "base_reachable_time_ms": "2000",
    "delay_first_probe_time": "1",
    "interval_probe_time_ms": "500",
    "retrans_time_ms": "300",
    "ucast_solicit": "2",
}


class NamespaceSite:
    """The topology is built by the constructor and dies with the process, whatever happens."""

    def __init__(self, facts, parts):
        self._facts = facts
        self._parts = parts
        self._wan = Namespace("wan")
        self._rae = Namespace("rae")
        self._hook = self._place_hook()
        _take_own_shared_memory()
        self._lans = {name: Namespace(name) for name in devices.CATALOGUE}
        self._build_wan()
        self._build_lan()
        self._uplink = self._wan.listen(_UPLINK)
        self._admin = socket.create_server(("127.0.0.1", facts.admin_port))
        self.admin_port = self._admin.getsockname()[1]

    def adopt(self, facts):
        self._facts = facts

    def ensure_lan(self, present):
        """Runs dnsmasq and what the `present` devices consist of; returns what was started."""
        started = [spec.name for spec in [self._dnsmasq()] if self._parts.ensure(spec)]
        for name in present:
            if not self._parts.alive(f"{name}-dhcp"):
                self._forget_address(name)
            for spec in (self._emulator(name), self._dhcp(name)):
                if spec and self._parts.ensure(spec):
                    started.append(spec.name)
        self._settle([n for n in present if n in started or f"{n}-dhcp" in started])
        return started

    def ensure_agent(self, clock=""):
        """Runs the agent and its two doors; returns what was started. `clock` is what the agent's
        is off by, as faketime writes it."""
        facts = self._facts
        inside = self._rae.enter()
        specs = [
            doorway.spec(facts, "uplink", self._uplink, [], f"127.0.0.1:{facts.broker_port}"),
            doorway.spec(facts, "admin", self._admin, inside, f"127.0.0.1:{_AGENT_ADMIN_PORT}"),
            agent.spec(facts, inside, {
                "mqtt-uri": f"ssl://{_UPLINK[0]}:{_UPLINK[1]}", "lan-interface": "br-lan",
                "lease-file": facts.leases, "static": "", "admin-port": _AGENT_ADMIN_PORT,
            }, clock),
        ]
        return [spec.name for spec in specs if self._parts.ensure(spec)]

    def places(self):
        """{place: descriptor of its namespace}, for whoever wants to run a command there."""
        return {space.name: space.fd for space in (self._wan, self._rae, *self._lans.values())}

    def enter_rae(self):
        return self._rae.enter()

    def address(self, name):
        """The device's address by its current lease, empty if it has none."""
        try:
            with open(self._facts.address_file(name), encoding="ascii") as file:
                return file.read().strip()
        except FileNotFoundError:
            return ""

    def unplug(self, name):
        """The RAE's port loses carrier, as when the cable is pulled."""
        self._lans[name].ip("link set eth0 down")

    def plug(self, name):
        self._lans[name].ip("link set eth0 up")
        if emulator := self._emulator(name):
            self._parts.ensure(emulator)
        self._new_lease(name)

    def silence(self, name):
        """Carrier stays, but nothing comes back: ARP is off and the device's processes hang."""
        for part in (name, f"{name}-dhcp"):
            self._parts.signal(part, signal.SIGSTOP)
        self._lans[name].ip("link set eth0 arp off")

    def wake(self, name):
        self._lans[name].ip("link set eth0 arp on")
        for part in (name, f"{name}-dhcp"):
            self._parts.signal(part, signal.SIGCONT)
        self._new_lease(name)

    def announce(self, name):
        self._parts.signal(name, signal.SIGHUP)

    def change_mac(self, name, mac):
        self._lans[name].ip("link set eth0 down", f"link set eth0 address {mac}",
                            "link set eth0 up")
        self._new_lease(name)

    def _new_lease(self, name):
        """A device that comes back to the network asks for its address again and says hello."""
        self._parts.stop(f"{name}-dhcp")
        self._forget_address(name)
        self._parts.ensure(self._dhcp(name))
        self._settle([name])

    def _forget_address(self, name):
        """A file left by a client that was killed says nothing about the next one's lease."""
        with as_owner(self._facts.user), contextlib.suppress(FileNotFoundError):
            os.unlink(self._facts.address_file(name))

    def _settle(self, names):
        """Waits until these devices have their leases, then lets them announce themselves."""
        self._parts.await_ready()
        deadline = time.monotonic() + _LEASE_S_MAX
        waiting = list(names)
        while waiting:
            if time.monotonic() > deadline:
                raise LabError(f"no DHCP lease within {_LEASE_S_MAX:.0f} s for"
                               f" {', '.join(waiting)}; see {self._facts.log}")
            time.sleep(0.02)
            waiting = [name for name in waiting if not self.address(name)]
        for name in names:
            self.announce(name)

    def _place_hook(self):
        """A copy for the DHCP clients: their user may not be able to enter the checkout."""
        with open(_HOOK, encoding="utf-8") as file:
            return self._facts.write_config("lab-udhcpc-hook", file.read(), 0o700)

    def _build_wan(self):
        self._wan.ip(
            f"link add wan0 type veth peer name wan netns {self._rae.path}",
            f"address add {_UPLINK[0]}/24 dev wan0",
            "link set wan0 up",
        )
        self._rae.ip("address add 10.99.0.2/24 dev wan", "link set wan up")

    def _build_lan(self):
        current = {d.name: d for d in devices.load_all(self._facts.devices)}
        self._rae.ip(
            f"link add br-lan address {_BRIDGE_MAC} type bridge",
            f"address add {LAN}.1/24 dev br-lan",
            "link set br-lan up",
            *(line for name, space in self._lans.items() for line in (
                f"link add {name} type veth peer name eth0 address {current[name].mac}"
                f" netns {space.path}",
                f"link set {name} master br-lan up",
            )),
        )
        for space in self._lans.values():
            space.ip("link set eth0 up")
        for setting, value in _NEIGHBOUR_TIMING.items():
            self._rae.setting(f"ipv4/neigh/br-lan/{setting}", value)

    def _dnsmasq(self):
        text = f"""\
port=0
interface=br-lan
except-interface=lo
bind-interfaces
dhcp-range={LAN}.50,{LAN}.199,255.255.255.0,2m
dhcp-leasefile={self._facts.leases}
dhcp-authoritative
no-ping
no-resolv
no-hosts
quiet-dhcp
log-facility=-
"""
        path = self._facts.write_config("lab-dnsmasq.conf", text)
        # -d: as the one who starts it; its change of group is refused in a user namespace.
        command = (*self._rae.enter(), *as_user(self._facts.user, NETWORK), "dnsmasq", "-d",
                   "-C", path)
        return Spec("dnsmasq", command, self._facts.log, self._facts.user, reads=text)

    def _emulator(self, name):
        if not FAMILIES[devices.CATALOGUE[name].family].PORTS:
            return None
        user = ("--user", self._facts.user) if self._facts.user else ()
        command = (*self._lans[name].enter(), sys.executable, "-B", "-m", "compose.lab.emulator",
                   "--folder", self._facts.devices, *user, name)
        return Spec(name, command, self._facts.log, self._facts.user, (("PYTHONPATH", CHECKOUT),),
                    reports=True)

    def _dhcp(self, name):
        device = devices.CATALOGUE[name]
        vendor = ("-V", device.vendor_class) if device.vendor_class else ()
        command = (*self._lans[name].enter(), *as_user(self._facts.user, NETWORK), "busybox", "udhcpc",
                   "-f", "-i", "eth0", "-s", self._hook, "-x", f"hostname:{device.hostname}", *vendor,
                   "-t", "5", "-T", "1", "-A", "2")
        environment = (("LAB_ADDRESS_FILE", self._facts.address_file(name)),)
        return Spec(f"{name}-dhcp", command, self._facts.log, self._facts.user, environment)


def _take_own_shared_memory():
    """What a program leaves in /dev/shm goes with the lab (libfaketime leaves files named by pid,
    over which another user's next one would stumble)."""
    mount = ["mount", "-t", "tmpfs", "-o", "mode=1777,size=16m", "lab", "/dev/shm"]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"no /dev/shm of the lab's own: {done.stderr.strip()}")
