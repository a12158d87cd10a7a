"""What each family answers, against golden answers; and that a probe which only knows the protocol
reads the right values out of them. No sockets but the emulator's own on loopback."""

import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from compose.lab import device as devices  # noqa: E402
from compose.lab import ssdp  # noqa: E402
from compose.lab.answer import Request  # noqa: E402
from compose.lab.families import FAMILIES  # noqa: E402

ADDRESS = "10.77.0.57"
DATE = "Sat, 06 Jul 2024 14:52:38 GMT"

GOLDEN = (  # golden file, device, port, path, query
    ("roku-1.device-info.xml", "roku-1", 8060, "/query/device-info", ""),
    ("roku-2.device-info.xml", "roku-2", 8060, "/query/device-info", ""),
    ("roku-1.dd.xml", "roku-1", 8060, "/dial/dd.xml", ""),
    ("samsung-1.api-v2.json", "samsung-1", 8001, "/api/v2/", ""),
    ("samsung-1.rcr.xml", "samsung-1", 7676, "/rcr/", ""),
    ("cast-1.eureka_info.json", "cast-1", 8008, "/setup/eureka_info", ""),
    ("cast-1.eureka_info.detail.json", "cast-1", 8008, "/setup/eureka_info", "options=detail"),
    ("cast-2.eureka_info.params.json", "cast-2", 8008, "/setup/eureka_info",
     "params=name,device_info,build_info,net"),
    ("cast-1.device-desc.xml", "cast-1", 8008, "/ssdp/device-desc.xml", ""),
    ("dial-1.dd.xml", "dial-1", 9080, "/dd.xml", ""),
    ("dial-1.mdx.xml", "dial-1", 9080, "/", ""),
    ("samsung-1.mdx.xml", "samsung-1", 9080, "/", ""),
    ("cast-1.mdx.xml", "cast-1", 9080, "/", ""),
    ("dial-1.netflix.xml", "dial-1", 9080, "/apps/Netflix", ""),
)


def ask(name, port, path, query="", earlier=0, **changes):
    device = devices.dataclasses.replace(devices.find(name), **changes)
    request = Request(port, path, ADDRESS, query, earlier, uptime_s=90.5)
    return FAMILIES[device.family].answer(device, request)


def samsung(earlier, **changes):
    answer = ask("samsung-liar", 8001, "/api/v2/", earlier=earlier, **changes)
    return json.loads(answer.body)["device"]


def search_replies(name, target):
    device = devices.find(name)
    adverts = FAMILIES[device.family].adverts(device, ADDRESS)
    return [ssdp.reply(advert, DATE).decode() for advert in ssdp.matching(adverts, target)]


class Answers(unittest.TestCase):
    maxDiff = None

    def test_equal_the_golden_ones(self):
        for file, name, port, path, query in GOLDEN:
            with self.subTest(file):
                text = ask(name, port, path, query).body.decode()
                if file.endswith(".json"):
                    text = json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
                self.assertEqual((HERE / "golden" / file).read_text(encoding="utf-8"), text)

    def test_carry_the_headers_that_real_devices_send(self):
        cases = (
            ("roku-1", 8060, "/query/device-info", "Server", "Roku/12.0.0 UPnP/1.0 Roku/12.0.0"),
            ("roku-1", 8060, "/query/device-info", "Content-Type", 'text/xml; charset="utf-8"'),
            ("samsung-1", 8001, "/api/v2/", "Content-Type", "application/json; charset=utf-8"),
            ("cast-1", 8008, "/setup/eureka_info", "Content-Type", "application/json"),
            ("cast-1", 8008, "/ssdp/device-desc.xml", "Application-URL",
             f"http://{ADDRESS}:8008/apps/"),
            ("dial-1", 9080, "/dd.xml", "Application-URL", f"http://{ADDRESS}:9080/apps/"),
            ("dial-1", 9080, "/dd.xml", "Server", "Linux/4.19.116, UPnP/1.0, LabTV/6.5.1"),
        )
        for name, port, path, header, expected in cases:
            with self.subTest(name=name, header=header):
                self.assertEqual(dict(ask(name, port, path).headers)[header], expected)

    def test_are_404_for_what_the_family_does_not_have(self):
        for device in devices.CATALOGUE.values():
            for port in FAMILIES[device.family].PORTS:
                with self.subTest(device.name):
                    self.assertEqual(ask(device.name, port, "/nothing").status, "404 Not Found")

    def test_escape_names_in_xml(self):
        body = ask("roku-1", 8060, "/query/device-info", friendly_name="Tom & <Jerry>").body
        self.assertIn(b"<user-device-name>Tom &amp; &lt;Jerry&gt;</user-device-name>", body)

    def test_follow_a_changed_value(self):
        cases = (
            ("roku-1", 8060, "/query/device-info", {"firmware": "12.5.0"}, "12.5.0"),
            ("roku-2", 8060, "/query/device-info", {"mac": "02:00:5e:10:00:01"},
             "<wifi-mac>02:00:5e:10:00:01<"),
            ("samsung-1", 8001, "/api/v2/", {"mac": "02:00:5e:10:00:01"}, "02:00:5E:10:00:01"),
            ("cast-1", 8008, "/setup/eureka_info", {"firmware": "1.37.1"}, '"1.37.1"'),
            ("dial-1", 9080, "/dd.xml", {"firmware": "7.0.0"}, "7.0.0"),
        )
        for name, port, path, changes, expected in cases:
            with self.subTest(name=name, **changes):
                self.assertIn(expected, ask(name, port, path, **changes).body.decode())


class Liar(unittest.TestCase):
    def test_tells_the_truth_first_and_then_mostly_nothing(self):
        told = [(d["wifiMac"], d["firmwareVersion"]) for d in map(samsung, range(4))]
        truth = ("8C:79:F5:4D:73:04", "T-PTMDEUC-1460.5")
        self.assertEqual(told, [truth, ("none", "Unknown"), ("none", ""), truth])

    def test_never_lies_about_who_it_is(self):
        self.assertEqual(len({samsung(earlier)["duid"] for earlier in range(6)}), 1)


class Search(unittest.TestCase):
    def test_replies_equal_the_golden_ones(self):
        for file, name, target in (
            ("roku-1.ssdp.txt", "roku-1", "roku:ecp"),
            ("samsung-1.ssdp.txt", "samsung-1", "urn:samsung.com:device:RemoteControlReceiver:1"),
            ("cast-1.ssdp.txt", "cast-1", "urn:dial-multiscreen-org:service:dial:1"),
            ("samsung-1.mdx.ssdp.txt", "samsung-1", "urn:mdx-netflix-com:service:target:3"),
            ("dial-1.mdx.ssdp.txt", "dial-1", "urn:mdx-netflix-com:service:target:3"),
        ):
            with self.subTest(file):
                golden = (HERE / "golden" / file).read_text(encoding="utf-8")
                self.assertEqual([golden.replace("\n", "\r\n")], search_replies(name, target))

    def test_finds_every_target_and_only_those_asked_for(self):
        cases = (("roku-1", "ssdp:all", 3), ("roku-1", "roku:ecp", 1), ("cast-1", "roku:ecp", 0),
                 ("dial-1", "ssdp:all", 6), ("silent-1", "ssdp:all", 0))
        for name, target, expected in cases:
            with self.subTest(name=name, target=target):
                self.assertEqual(len(search_replies(name, target)), expected)

    def test_understands_only_well_formed_searches(self):
        good = 'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\n' \
               "MX: 1\r\nST: roku:ecp\r\n\r\n"
        cases = (
            (good.encode(), "roku:ecp"),
            (good.replace("MAN", "man").encode(), "roku:ecp"),
            (good.replace("M-SEARCH", "NOTIFY").encode(), None),
            (good.replace("discover", "alive").encode(), None),
            (good.replace("ST: roku:ecp\r\n", "").encode(), None),
            (b"", None),
            (bytes(range(256)), None),
        )
        for datagram, expected in cases:
            with self.subTest(datagram=datagram[:40]):
                self.assertEqual(ssdp.search_target(datagram), expected)

    def test_says_alive_and_byebye_of_the_same_name(self):
        device = devices.find("dial-1")
        for advert in FAMILIES["dial"].adverts(device, ADDRESS):
            alive, byebye = ssdp.alive(advert).decode(), ssdp.byebye(advert).decode()
            self.assertIn("NTS: ssdp:alive\r\n", alive)
            self.assertIn("NTS: ssdp:byebye\r\n", byebye)
            for line in (f"USN: {advert.usn}\r\n", f"NT: {advert.target}\r\n"):
                self.assertIn(line, alive)
                self.assertIn(line, byebye)


if __name__ == "__main__":
    unittest.main()
