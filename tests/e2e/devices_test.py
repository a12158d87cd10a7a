"""What happens on the RAE's LAN is in the REST list."""

import unittest

from stack import eventually, shared


class DevicesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = shared()

    def presence(self, name):
        device = self.stack.device(name)
        return device and device["presence"]["status"]

    def explained(self, name):
        device = self.stack.device(name)
        return device and (device["presence"]["status"], device["presence"].get("reason"))

    def same_session(self, name, before):
        """The item with the device's MAC address of now, if it is of the session it was."""
        device = self.stack.device(name)
        return device if device and device["device_session_id"] == before["device_session_id"] else None

    def becomes(self, name, status, within_s=60):
        eventually(lambda: self.presence(name) == status, f"{name} is {status}", within_s)

    def test_a_all_devices_of_the_lab_are_listed_with_who_and_where_they_are(self):
        macs = self.stack.macs()
        self.assertEqual(len(macs), 8)
        for name, mac in macs.items():
            with self.subTest(name):
                device = eventually(lambda name=name: self.stack.device(name), f"{name} is listed")
                self.assertEqual(device["network"]["mac"], mac)
                self.assertTrue(device["network"]["ipv4"])
                self.assertEqual(device["presence"]["status"], "online")
                if name.startswith("silent"):
                    self.assertIn("onboarding", [b["code"] for b in device["blockers"]])
                    continue
                identity = device["identity"]
                self.assertTrue(identity["model"], identity)
                self.assertTrue(identity.get("serial") or identity.get("esn"), identity)
                if not name.endswith("liar"):  # it says its firmware is "Unknown"
                    self.assertTrue(device["software"]["firmware_version"])
                self.assertTrue(device["schedulable"], device["blockers"])

    def test_a_filter_answers_which_devices_can_be_used_now(self):
        usable = self.stack.devices(schedulable="true")
        self.assertTrue(usable)
        for device in usable:
            self.assertEqual((device["blockers"], device["presence"]["status"]), ([], "online"))
        model = usable[0]["identity"]["model"]
        found = self.stack.devices(model=model, presence="online")
        self.assertIn(usable[0]["device_id"], [device["device_id"] for device in found])
        self.assertEqual({device["identity"]["model"] for device in found}, {model})
        self.assertEqual(self.stack.devices(rae="no-such-rae"), [])

    def test_pages_join_to_the_whole_list(self):
        whole = [device["device_id"] for device in self.stack.devices()]
        paged = [device["device_id"] for device in self.stack.devices(limit=3)]
        self.assertEqual(paged, whole)
        self.assertEqual(len(set(whole)), len(whole))

    def test_an_upgrade_is_followed_and_history_shows_old_and_new(self):
        before = eventually(lambda: self.stack.device("roku-1"), "roku-1 is listed")
        old = before["software"]["firmware_version"]
        self.stack.lab("upgrade", "roku-1", "12.5.0")
        eventually(lambda: self.stack.device("roku-1")["software"]["firmware_version"] == "12.5.0",
                   "roku-1 shows 12.5.0", within_s=90)
        after = self.stack.device("roku-1")
        self.assertEqual(after["device_session_id"], before["device_session_id"])
        events = self.stack.get(f"/v1/devices/{after['device_id']}/events")["items"]
        changes = [change for event in events for change in event["changes"]
                   if change["field"] == "software.firmware_version"]
        self.assertEqual((changes[0]["old"], changes[0]["new"]), (old, "12.5.0"))

    def test_an_esn_change_is_followed(self):
        before = eventually(lambda: self.stack.device("dial-1"), "dial-1 is listed")
        self.stack.lab("esn", "dial-1", "NFANDROID2-PRV-E2E-0002")
        eventually(lambda: self.stack.device("dial-1")["identity"]["esn"] == "NFANDROID2-PRV-E2E-0002",
                   "dial-1 shows its new ESN", within_s=90)
        self.assertEqual(self.stack.device("dial-1")["device_id"], before["device_id"])

    def test_a_changed_mac_address_stays_the_same_device(self):
        before = eventually(lambda: self.stack.device("roku-2"), "roku-2 is listed")
        self.stack.lab("mac", "roku-2", "02:00:00:0e:2e:02")
        after = eventually(lambda: self.same_session("roku-2", before), "its session has the new MAC", 90)
        self.assertEqual(after["device_id"], before["device_id"])
        eventually(lambda: len(self.stack.devices()) == 8, "no second one stays in the list")

    def test_silence_and_unplugging_are_seen_and_end(self):
        for break_it, reason, mend_it in (("silence", "no_answer", "wake"),
                                          ("unplug", "link_down", "plug")):
            with self.subTest(break_it):
                self.stack.lab(break_it, "cast-1")
                eventually(lambda reason=reason: self.explained("cast-1") == ("offline", reason),
                           f"cast-1 is offline ({reason})")
                device = self.stack.device("cast-1")
                self.assertFalse(device["schedulable"])
                self.assertIn("offline", [blocker["code"] for blocker in device["blockers"]])
                self.stack.lab(mend_it, "cast-1")
                self.becomes("cast-1", "online")


if __name__ == "__main__":
    unittest.main()
