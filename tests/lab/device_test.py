"""The devices' values: which are refused and with which words, and that they are kept."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from compose.lab import device as devices  # noqa: E402
from compose.lab import files  # noqa: E402
from compose.lab.errors import LabError  # noqa: E402

ALL = list(devices.CATALOGUE.values())


class Catalogue(unittest.TestCase):
    def test_no_two_devices_share_an_identity(self):
        for field in ("name", "mac", "serial", "udn", "esn", "firmware", "hostname"):
            values = [getattr(device, field) for device in ALL if getattr(device, field)]
            self.assertEqual(len(values), len(set(values)), field)


class Check(unittest.TestCase):
    def test_refuses_what_the_device_cannot_be_and_names_the_way_out(self):
        cases = (
            ("roku-1", "firmware", "banana", "One looks like 12.5.0"),
            ("roku-1", "firmware", "12.5.0 ", "no roku version"),
            ("samsung-1", "firmware", "12.5.0", "T-KSU2EDEUC"),
            ("silent-1", "firmware", "1.0.0", "Devices to upgrade: roku-1"),
            ("roku-1", "mac", "02:00:5e:10:00", "no MAC address"),
            ("roku-1", "mac", "01:00:5e:10:00:01", "group address"),
            ("roku-1", "mac", "00:00:00:00:00:00", "null address"),
            ("roku-1", "mac", "DC:A6:32:81:B7:08", "belongs to silent-1"),
            ("roku-1", "esn", "NFANDROID2-PRV-X", "Devices with one: samsung-1"),
            ("dial-1", "esn", "short", "no ESN"),
            ("dial-1", "esn", "NFLABTV PRV 0001", "no ESN"),
        )
        for name, field, value, words in cases:
            with self.subTest(name=name, field=field, value=value):
                with self.assertRaisesRegex(LabError, words):
                    devices.check(devices.find(name), field, value, ALL)

    def test_takes_good_values_in_their_usual_spelling(self):
        cases = (
            ("roku-1", "firmware", "12.5.0", "12.5.0"),
            ("cast-1", "firmware", "1.37.160001", "1.37.160001"),
            ("samsung-1", "firmware", "T-KTM2-1", "T-KTM2-1"),
            ("roku-1", "mac", "02-00-5E-10-00-01", "02:00:5e:10:00:01"),
            ("roku-1", "mac", "b0:a7:37:1a:40:01", "b0:a7:37:1a:40:01"),
            ("dial-1", "esn", "NFANDROID2-PRV-LAB=TV-0000000001", "NFANDROID2-PRV-LAB=TV-0000000001"),
        )
        for name, field, value, expected in cases:
            with self.subTest(name=name, value=value):
                self.assertEqual(devices.check(devices.find(name), field, value, ALL), expected)

    def test_an_unknown_name_gets_the_nearest_and_the_list(self):
        with self.assertRaisesRegex(LabError, "Did you mean dial-1.*Devices: roku-1, .*silent-1"):
            devices.find("dail-1")


class Values(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def keep(self, name, **values):
        changed = devices.dataclasses.replace(devices.load(self.folder, name), **values)
        files.write("", devices.value_file(self.folder, name), devices.changed_values(changed))

    def test_a_device_without_a_file_is_as_it_was_born(self):
        self.assertEqual(devices.load_all(self.folder), ALL)

    def test_changes_add_up_and_leave_the_others_alone(self):
        self.keep("dial-1", firmware="7.0.0")
        self.keep("dial-1", esn="NFLABTV-PRV-OTHER-0000000001")
        loaded = devices.load(self.folder, "dial-1")
        self.assertEqual((loaded.firmware, loaded.esn, loaded.serial),
                         ("7.0.0", "NFLABTV-PRV-OTHER-0000000001", "LTV43D1A0007"))
        self.assertEqual(devices.load(self.folder, "roku-1"), devices.find("roku-1"))

    def test_a_damaged_file_is_named(self):
        for text in ("{", "[]", '{"serial": "X"}', '{"mac": 1}'):
            with self.subTest(text):
                pathlib.Path(self.folder, "roku-1.json").write_text(text, encoding="utf-8")
                with self.assertRaisesRegex(LabError, r"roku-1\.json .*delete it"):
                    devices.load(self.folder, "roku-1")


if __name__ == "__main__":
    unittest.main()
