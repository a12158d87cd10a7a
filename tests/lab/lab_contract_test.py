"""The real lab, in namespaces and on loopback: eight devices that answer, break and come back, and
nothing left when it ends. Needs root or user namespaces for the first half; says so if not."""

import json
import os
import signal
import subprocess
import sys
import unittest

import running_lab
from running_lab import RunningLab, Watch, eventually, namespaces

from compose.lab import device as devices
from compose.lab import ssdp
from compose.lab.errors import LabError
from compose.lab.facts import Facts
from compose.lab.families import FAMILIES
from compose.lab.lab import available
from compose.lab.parts import Parts
from compose.lab.site_loopback import LoopbackSite

LISTENER = """
import socket, struct
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind(("239.255.255.250", 1900))
member = socket.inet_aton("239.255.255.250") + socket.inet_aton("10.77.0.1")
sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
print("listening", flush=True)
while True:
    fields = dict(line.partition(": ")[::2] for line in sock.recv(4096).decode().split("\\r\\n"))
    print(fields.get("NTS"), fields.get("USN"), flush=True)
"""
SEARCH = """
import json
from compose.lab.probe import search
print(json.dumps([reply["USN"] for reply in search("239.255.255.250", "ssdp:all", "10.77.0.1")]))
"""


class EitherMode:
    """What holds wherever the lab runs."""

    def test_every_device_says_by_its_own_protocol_what_it_is(self):
        for device in devices.CATALOGUE.values():
            if device.family == "silent":
                continue
            with self.subTest(device.name):
                told, now = self.lab.order("ask", device=device.name), self.device(device.name)
                for field in ("serial", "udn", "model", "esn"):
                    self.assertEqual(told.get(field, ""), now[field])
                if not device.lies:
                    self.assertEqual(told["firmware"], now["firmware"])
                    self.assertEqual(told.get("mac", now["mac"]), now["mac"])

    def test_an_upgrade_shows_at_once_and_is_kept(self):
        result = self.lab.order("set", device="cast-1", field="firmware", value="1.69.400001")
        self.assertEqual((result["was"], result["now"]), ("1.68.382576", "1.69.400001"))
        self.assertEqual(self.lab.order("ask", device="cast-1")["firmware"], "1.69.400001")
        self.assertEqual(devices.load(self.state / "data" / "lab", "cast-1").firmware,
                         "1.69.400001")

    def test_a_silent_device_does_not_answer_until_it_wakes(self):
        self.lab.order("silence", device="roku-1")
        with self.assertRaisesRegex(LabError, "roku-1 is silent"):
            self.lab.order("ask", device="roku-1")
        self.lab.order("wake", device="roku-1")
        self.assertEqual(self.lab.order("ask", device="roku-1")["serial"], "X01900LAB001")

    def test_an_unplugged_device_does_not_answer_until_it_is_plugged_in(self):
        self.lab.order("unplug", device="samsung-1")
        with self.assertRaisesRegex(LabError, "samsung-1 is unplugged"):
            self.lab.order("ask", device="samsung-1")
        self.start()
        self.assertEqual(self.device("samsung-1")["condition"], "unplugged")
        self.lab.order("plug", device="samsung-1")
        self.assertEqual(self.lab.order("ask", device="samsung-1")["model"], "UE43BU8070UXZT")

    def test_orders_that_make_no_sense_are_refused_with_the_way_out(self):
        for what, arguments, words in (
            ("plug", {"device": "roku-2"}, "roku-2 is plugged in.*unplug or silence"),
            ("wake", {"device": "roku-2"}, "Possible now: ./dmp lab unplug or silence roku-2"),
            ("unplug", {"device": "roku-9"}, "Did you mean roku-"),
            ("ask", {"device": "silent-1"}, "ARP only"),
            ("agent", {"action": "start"}, "without an agent"),
        ):
            if what == "agent" and self.lab.status()["agent"]["expected"]:
                continue
            with self.subTest(what), self.assertRaisesRegex(LabError, words):
                self.lab.order(what, **arguments)

    def test_starting_it_again_changes_nothing(self):
        before = self.lab.status()["parts"]
        self.assertEqual(self.start(), ["lab: runs already"])
        self.assertEqual(self.lab.status()["parts"], before)

    def test_a_part_that_died_is_seen_and_started_again(self):
        before = self.lab.status()["parts"]
        os.kill(before["roku-2"], signal.SIGKILL)
        eventually(lambda: "roku-2" in self.lab.status()["ended"], "the death is seen")
        self.assertEqual(self.start(), ["lab: started roku-2"])
        after = self.lab.status()["parts"]
        self.assertNotEqual(after.pop("roku-2"), before.pop("roku-2"))
        self.assertEqual(after, before)
        self.assertEqual(self.lab.order("ask", device="roku-2")["serial"], "X01F00LAB002")

    def test_the_agent_reaches_the_broker_and_its_admin_port_is_reachable(self):
        self.start_agent()
        self.assertEqual(self.greeting(), "hello from rae-lab-1")
        settings = json.loads(eventually(self.admin_page, "the admin page"))
        self.assertEqual(settings["database"], str(self.state / "data" / "local-registry.db"))
        status = self.lab.status()
        self.assertTrue(status["agent"]["ready"])
        noted = (self.state / "run" / "local-registry.pid").read_text(encoding="ascii")
        self.assertEqual(int(noted), status["agent"]["pid"])
        self.assertIn(str(self.agent), self.words(status["agent"]["pid"]))
        for action in ("kill", "stop"):
            with self.subTest(action):
                self.assertTrue(self.lab.order("agent", action=action)["done"])
                self.assertIsNone(self.admin_page())
                self.assertFalse(self.lab.status()["agent"]["ready"])
                self.assertFalse((self.state / "run" / "local-registry.pid").exists())
                self.assertTrue(self.lab.order("agent", action="start")["done"])
                self.assertEqual(self.greeting(), "hello from rae-lab-1")
                eventually(self.admin_page, "the admin page")

    def test_a_killed_lab_leaves_nothing_and_starts_again_with_its_values(self):
        self.lab.order("set", device="dial-1", field="firmware", value="7.1.0")
        os.kill(self.lab.status()["pid"], signal.SIGKILL)
        eventually(lambda: not self.processes(), "all its processes are gone")
        self.assertEqual(self.lab.status(), {"running": False})
        self.start()
        self.assertEqual(self.lab.order("ask", device="dial-1")["firmware"], "7.1.0")

    def test_zz_nothing_is_left_when_it_has_stopped(self):
        self.lab.stop()
        self.assertEqual(self.processes(), [])
        self.assertEqual(self.lab.status(), {"running": False})
        eventually(lambda: namespaces() <= self.namespaces_before, "its namespaces are gone")
        self.lab.stop()  # stopping what does not run is fine
        if self.user:
            alien = [path for path in self.state.rglob("*")
                     if path.owner() != self.user and path != self.agent]
            self.assertEqual(alien, [], "files that root left in the user's folder")

    @classmethod
    def setUpClass(cls):
        cls.namespaces_before = namespaces()
        super().setUpClass()

    @staticmethod
    def words(pid):
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            return file.read().split("\0")


@unittest.skipIf(available(), available() or "")
class LabInNamespaces(EitherMode, RunningLab):
    mode = "namespaces"

    def neighbours(self):
        text = subprocess.run([*self.lab.enter("rae"), "ip", "-json", "neigh", "show", "dev",
                               "br-lan"], check=True, capture_output=True, text=True).stdout
        return {entry["dst"]: entry for entry in json.loads(text)}

    def probe_always(self, address):
        subprocess.run([*self.lab.enter("rae"), "ip", "neigh", "replace", address, "dev", "br-lan",
                        "managed"], check=True)

    def leases(self):
        """{mac: (address, hostname)} as dnsmasq tells it to whoever watches its file."""
        text = (self.state / "data" / "lab" / "dnsmasq.leases").read_text(encoding="ascii")
        return {mac: (address, host)
                for _, mac, address, host, _ in map(str.split, text.splitlines())}

    def test_every_device_has_a_lease_under_its_real_name(self):
        leases = self.leases()
        for device in self.lab.status()["devices"]:
            with self.subTest(device["name"]):
                self.assertEqual(leases[device["mac"]], (device["address"], device["hostname"]))

    def test_a_search_to_the_group_finds_everything_that_speaks(self):
        found = subprocess.run([*self.lab.enter("rae"), sys.executable, "-B", "-c", SEARCH],
                               cwd=running_lab.CHECKOUT, check=True, capture_output=True, text=True)
        expected = {advert.usn for device in devices.load_all(self.state / "data" / "lab")
                    for advert in FAMILIES[device.family].adverts(device, "10.77.0.1")}
        self.assertEqual(set(json.loads(found.stdout)), expected)

    def test_silence_fails_the_neighbour_while_its_port_stays_up(self):
        address = self.device("cast-2")["address"]
        with Watch(self.lab, "rae", "ip", "monitor", "neigh", "link") as watch:
            self.probe_always(address)
            watch.sees("the neighbour", lambda line: address in line and "REACHABLE" in line)
            self.lab.order("silence", device="cast-2")
            line = watch.sees("its loss", lambda line: address in line and "FAILED" in line)
            self.assertNotIn("Deleted", line)
            links = subprocess.run([*self.lab.enter("rae"), "ip", "-json", "link", "show",
                                    "cast-2"], check=True, capture_output=True, text=True)
            self.assertEqual(json.loads(links.stdout)[0]["operstate"], "UP")
            self.lab.order("wake", device="cast-2")
            self.probe_always(address)
            watch.sees("its return", lambda line: address in line and "REACHABLE" in line)

    def test_unplugging_takes_the_carrier_of_its_port_and_plugging_gives_it_back(self):
        with Watch(self.lab, "rae", "ip", "monitor", "link") as watch:
            eventually(lambda: self.ready(watch), "the monitor listens")
            self.lab.order("unplug", device="silent-1")
            watch.sees("the loss", lambda line: "silent-1" in line and "NO-CARRIER" in line)
            self.lab.order("plug", device="silent-1")
            watch.sees("the return", lambda line: "silent-1" in line and ",LOWER_UP" in line)

    def ready(self, watch):
        """Makes something happen until the watcher has seen it."""
        for state in ("down", "up"):
            subprocess.run([*self.lab.enter("rae"), "ip", "link", "set", "lo", state], check=True)
        try:
            return watch.sees("lo", lambda line: " lo:" in line)
        except AssertionError:
            return False

    def test_a_new_mac_is_on_the_wire_in_the_lease_and_in_what_it_says(self):
        mac = "02:00:5e:10:00:02"
        before = self.device("roku-2")
        result = self.lab.order("set", device="roku-2", field="mac", value=mac)
        self.assertEqual((result["was"], result["now"]), (before["mac"], mac))
        after = self.device("roku-2")
        self.assertEqual(self.leases()[mac], (after["address"], after["hostname"]))
        told = self.lab.order("ask", device="roku-2")
        self.assertEqual((told["mac"], told["serial"]), (mac, before["serial"]))
        self.assertEqual(self.neighbours()[after["address"]]["lladdr"], mac)

    def test_a_new_esn_says_byebye_to_the_old_name_and_hello_with_the_new(self):
        old, new = self.device("dial-1")["esn"], "NFLABTV-PRV-LTV43D1-000000000700"
        with Watch(self.lab, "rae", sys.executable, "-u", "-c", LISTENER) as watch:
            watch.sees("readiness", lambda line: line == "listening")
            self.lab.order("set", device="dial-1", field="esn", value=new)
            target = f"::{FAMILIES['dial'].netflix.TARGET}"
            self.assertEqual(watch.sees("byebye", lambda line: target in line),
                             f"ssdp:byebye uuid:{old}{target}")
            self.assertEqual(watch.sees("alive", lambda line: target in line),
                             f"ssdp:alive uuid:{new}{target}")

    def test_places_are_checked_by_name(self):
        with self.assertRaisesRegex(LabError, "no place 'nowhere'.*rae"):
            self.lab.enter("nowhere")


class LabOnLoopback(EitherMode, RunningLab):
    mode = "loopback"

    def test_every_device_has_an_address_of_its_own_for_the_agents_static_source(self):
        self.start_agent()
        self.greeting()
        settings = json.loads(eventually(self.admin_page, "the admin page"))
        addresses = [device["address"] for device in self.lab.status()["devices"]]
        self.assertEqual(settings["static"].split(","), addresses)
        self.assertEqual(len(set(addresses)), 8)
        self.assertEqual(settings["lan-interface"], "")

    def test_a_search_sent_to_a_device_is_answered_by_that_device_only(self):
        from compose.lab import probe  # after the path is set

        address = self.device("roku-1")["address"]
        usns = {reply["USN"] for reply in probe.search(address, "ssdp:all")}
        adverts = FAMILIES["roku"].adverts(devices.find("roku-1"), address)
        self.assertEqual(usns, {advert.usn for advert in ssdp.matching(adverts, "ssdp:all")})

    def test_labs_that_start_at_the_same_moment_claim_different_addresses(self):
        facts = Facts(str(self.state), self.mode)
        one, other = (LoopbackSite(facts, Parts()) for _ in range(2))  # neither listens yet
        addresses = [{site.address(name) for name in devices.CATALOGUE} for site in (one, other)]
        self.assertFalse(addresses[0] & addresses[1])

    def test_a_second_lab_finds_room_beside_the_first(self):
        class Second(RunningLab):
            mode = "loopback"

        Second.setUpClass()
        self.addCleanup(Second.doClassCleanups)
        mine = {device["address"] for device in self.lab.status()["devices"]}
        theirs = {device["address"] for device in Second.lab.status()["devices"]}
        self.assertFalse(mine & theirs)
        self.assertEqual(Second.lab.order("ask", device="roku-1")["serial"], "X01900LAB001")


if __name__ == "__main__":
    unittest.main(verbosity=2)
