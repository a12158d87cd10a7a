"""One emulated device: `python3 -m compose.lab.emulator --folder F [--address A | --interface I] NAME`.

Answers its family's HTTP and SSDP. Reads its values from its file at every question, so a change
shows at once. SIGHUP: look at the values again and announce (byebye for what is no longer true,
alive for what is). SIGTERM: byebye, then exit. SIGKILL is the power cord: nothing is said.
"""

import argparse
import ctypes
import fcntl
import os
import pwd
import selectors
import signal
import socket
import struct
import sys
import time

from . import device as devices
from . import ssdp
from .families import FAMILIES
from .http_server import HttpServer
from .ready import report_ready

_SIOCGIFADDR = 0x8915
_PR_SET_PDEATHSIG = 1
_TICK_S = 1.0


class Emulator:
    """Owned by one loop. `address` is given on loopback; else it is the interface's, by DHCP."""

    def __init__(self, folder, name, address, interface):
        self._folder = folder
        self._name = name
        self._fixed_address = address
        self._interface = interface
        self._selector = selectors.DefaultSelector()
        self._announced = []
        self._announce_at = float("inf")
        self._stopping = False
        family = FAMILIES[devices.find(name).family]
        self._family = family
        self._http = HttpServer(self._selector, address or "0.0.0.0", family.PORTS, self._respond)
        self._ssdp = self._open_ssdp() if family.PORTS else None

    def run(self):
        self._catch_signals()
        report_ready()
        self._announce()
        while not self._stopping:
            for key, _ in self._selector.select(_TICK_S):
                key.data(key.fileobj)
            self._http.close_overdue()
            if time.monotonic() >= self._announce_at:
                self._announce()
        self._send_group(ssdp.byebye(advert) for advert in self._announced)

    def _respond(self, request):
        return self._family.answer(devices.load(self._folder, self._name), request)

    def _adverts(self):
        address = self._own_address()
        if not address:
            return []
        return self._family.adverts(devices.load(self._folder, self._name), address)

    def _own_address(self):
        if self._fixed_address:
            return self._fixed_address
        request = struct.pack("256s", self._interface.encode())
        try:
            reply = fcntl.ioctl(self._ssdp.fileno(), _SIOCGIFADDR, request)
        except OSError:
            return ""  # no lease yet
        return socket.inet_ntoa(reply[20:24])

    def _open_ssdp(self):
        """On loopback there is no group to join: the device answers searches sent to it."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self._fixed_address or "0.0.0.0", ssdp.PORT))
        if not self._fixed_address:
            index = socket.if_nametoindex(self._interface)
            member = struct.pack("4s4si", socket.inet_aton(ssdp.GROUP), bytes(4), index)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, member)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 4)
        sock.setblocking(False)
        self._selector.register(sock, selectors.EVENT_READ, self._search)
        return sock

    def _search(self, sock):
        try:
            datagram, sender = sock.recvfrom(2048)
        except OSError:
            return
        target = ssdp.search_target(datagram)
        if target is None:
            return
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        for advert in ssdp.matching(self._adverts(), target):
            self._send(ssdp.reply(advert, date), sender)

    def _announce(self):
        adverts = self._adverts()
        usns = {advert.usn for advert in adverts}
        gone = [advert for advert in self._announced if advert.usn not in usns]
        self._send_group(ssdp.byebye(advert) for advert in gone)
        self._send_group(ssdp.alive(advert) for advert in adverts)
        self._announced = adverts
        max_age_s = min((advert.max_age_s for advert in adverts), default=float("inf"))
        self._announce_at = time.monotonic() + max_age_s / 2

    def _send_group(self, messages):
        if self._fixed_address or self._ssdp is None:
            return
        for message in messages:
            self._send(message, (ssdp.GROUP, ssdp.PORT))

    def _send(self, message, to):
        try:
            self._ssdp.sendto(message, to)
        except OSError as error:  # link down, or nobody there: a device does not care
            print(f"{self._name}: not sent to {to[0]}: {error}", file=sys.stderr, flush=True)

    def _catch_signals(self):
        """Signals wake the loop through a socket, so nothing happens in the middle of anything."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        self._wakeup_writer = writer
        self._selector.register(reader, selectors.EVENT_READ, self._on_signal)

    def _on_signal(self, reader):
        numbers = reader.recv(64)
        if signal.SIGTERM in numbers:
            self._stopping = True
        if signal.SIGHUP in numbers:
            self._announce()


def main():
    parser = argparse.ArgumentParser(prog="compose.lab.emulator")
    parser.add_argument("--folder", required=True)
    parser.add_argument("--address", default="")
    parser.add_argument("--interface", default="eth0")
    parser.add_argument("--user", default="")
    parser.add_argument("name")
    options = parser.parse_args()
    emulator = Emulator(options.folder, options.name, options.address, options.interface)
    if options.user:
        drop_to(options.user)
    die_with_parent()
    emulator.run()


def drop_to(user):
    """Gives up root for good: nothing an emulator does after its start needs it."""
    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)


def die_with_parent():
    """After the change of user, which would undo it."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL):
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    main()
