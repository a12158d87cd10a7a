"""The eight devices: what they are by birth, and the few values that change.

A device is its row in CATALOGUE plus the values of its own small file (`NAME.json`), which
`upgrade`, `mac` and `esn` write and which outlives the lab. Checks raise LabError and are pure.
"""

import dataclasses
import difflib
import json
import os
import re

from .errors import LabError

CHANGEABLE = ("firmware", "mac", "esn")


@dataclasses.dataclass(frozen=True)
class Device:
    """One device. Empty strings are things this device does not have."""

    name: str
    family: str
    friendly_name: str
    mac: str
    hostname: str = ""
    vendor_class: str = ""
    model: str = ""
    model_number: str = ""
    serial: str = ""
    udn: str = ""
    firmware: str = ""
    esn: str = ""
    wired: bool = False
    lies: bool = False


_ROWS = (
    Device(
        "roku-1", "roku", "Lab Roku Ultra", "b0:a7:37:1a:40:01",
        hostname="Roku-Ultra", vendor_class="Roku/DVP", model="Roku Ultra", model_number="4800X",
        serial="X01900LAB001", udn="29780001-1001-1084-8001-b0a7371a4001",
        firmware="12.0.0", wired=True,
    ),
    Device(
        "roku-2", "roku", "Lab Roku Stick", "c8:3a:6b:2b:51:02",
        hostname="Roku-Streaming-Stick", vendor_class="Roku/DVP", model="Roku Streaming Stick 4K",
        model_number="3820X", serial="X01F00LAB002",
        udn="29a10002-2002-1084-8002-c83a6b2b5102", firmware="11.5.0",
    ),
    Device(
        "samsung-1", "samsung", "[TV] Lab Samsung 43", "e0:9d:13:3c:62:03",
        hostname="Tizen-BU8070", vendor_class="udhcp 1.27.2", model="UE43BU8070UXZT",
        model_number="22_KANTSU2E_UB2", udn="4815273f-0003-420d-a185-e09d133c6203",
        firmware="T-KSU2EDEUC-2112.3", esn="SSTV-KANTSU2E-0000000000000000000003", wired=True,
    ),
    Device(
        "samsung-liar", "samsung", "[TV] Lab Samsung 55", "8c:79:f5:4d:73:04",
        hostname="Tizen-Q60BA", vendor_class="udhcp 1.27.2", model="QE55Q60BAUXXH",
        model_number="22_PONTUSM_QTV_8K", udn="be9554b9-0004-41f4-8920-8c79f54d7304",
        firmware="T-PTMDEUC-1460.5", esn="SSTV-PONTUSM-0000000000000000000004", lies=True,
    ),
    Device(
        "cast-1", "cast", "Lab Chromecast", "6c:ad:f8:5e:84:05",
        hostname="Chromecast", vendor_class="android-dhcp-10", model="Chromecast",
        model_number="sabrina", udn="38002ef2-0005-4c5d-8e05-6cadf85e8405",
        firmware="1.68.382576", esn="NFANDROID2-PRV-SABRINA-GOOGLCHROMECAST-21505-000000000005",
    ),
    Device(
        "cast-2", "cast", "Lab Chromecast HD", "54:60:09:6f:95:06",
        hostname="Chromecast-HD", vendor_class="android-dhcp-12", model="Chromecast HD",
        model_number="boreal", udn="74a18069-0006-40f0-92e8-5460096f9506",
        firmware="3.72.446070", esn="NFANDROID2-PRV-BOREAL-GOOGLCHROMECAST=HD-21505-000000000006",
    ),
    Device(
        "dial-1", "dial", "Lab Television", "fc:d5:d9:70:a6:07",
        hostname="LabTV", vendor_class="udhcp 1.31.1", model="LTV-43D1", model_number="43D1",
        serial="LTV43D1A0007", udn="5d1a0007-1dd2-11b2-bc7e-fcd5d970a607", firmware="6.5.1",
        esn="NFLABTV-PRV-LTV43D1-000000000007", wired=True,
    ),
    Device(
        "silent-1", "silent", "A host that says nothing", "dc:a6:32:81:b7:08",
        hostname="silent-1", wired=True,
    ),
)
CATALOGUE = {device.name: device for device in _ROWS}

_FIRMWARE = {  # family -> (shape of a real version string, an example)
    "roku": (re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}"), "12.5.0"),
    "samsung": (re.compile(r"[A-Z0-9]-[A-Z0-9]{3,16}-\d{1,4}(\.\d{1,2})?"), "T-KSU2EDEUC-2113.0"),
    "cast": (re.compile(r"\d{1,2}\.\d{1,3}\.\d{5,7}"), "3.73.451000"),
    "dial": (re.compile(r"\d{1,3}(\.\d{1,4}){1,3}"), "6.6.0"),
}
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_ESN = re.compile(r"[A-Z0-9][A-Z0-9=_-]{7,126}[A-Z0-9]")


def find(name):
    """The device of that name, or a LabError with the nearest name and the list."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    near = difflib.get_close_matches(name, CATALOGUE, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise LabError(f"no device '{name}' in the lab.{hint} Devices: {', '.join(CATALOGUE)}")


def check(device, field, value, all_devices):
    """The value to store for `field`, or a LabError that says why not and what would do."""
    return {"firmware": _check_firmware, "mac": _check_mac, "esn": _check_esn}[field](
        device, value, all_devices
    )


def _check_firmware(device, value, _all_devices):
    if device.family not in _FIRMWARE:
        able = [d.name for d in CATALOGUE.values() if d.firmware]
        raise LabError(
            f"{device.name} shows no firmware version to anybody. Devices to upgrade: "
            + ", ".join(able)
        )
    shape, example = _FIRMWARE[device.family]
    if not shape.fullmatch(value):
        raise LabError(f"'{value}' is no {device.family} version. One looks like {example}")
    return value


def _check_mac(device, value, all_devices):
    mac = value.lower().replace("-", ":")
    if not _MAC.fullmatch(mac):
        raise LabError(f"'{value}' is no MAC address. One looks like 02:00:5e:10:00:01")
    if int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00":
        raise LabError(
            f"'{value}' is a {'group' if int(mac[:2], 16) & 1 else 'null'} address; a device needs"
            " one of its own (first octet even), e.g. 02:00:5e:10:00:01"
        )
    for other in all_devices:
        if other.name != device.name and other.mac == mac:
            raise LabError(f"{mac} belongs to {other.name}; choose another")
    return mac


def _check_esn(device, value, all_devices):
    if not device.esn:
        able = [d.name for d in CATALOGUE.values() if d.esn]
        raise LabError(f"{device.name} has no ESN. Devices with one: {', '.join(able)}")
    if not _ESN.fullmatch(value):
        raise LabError(
            f"'{value}' is no ESN (9 to 128 of A-Z 0-9 = _ -). One looks like {device.esn}"
        )
    for other in all_devices:
        if other.name != device.name and other.esn == value:
            raise LabError(f"{value} belongs to {other.name}; choose another")
    return value


def value_file(folder, name):
    """Where the device's changed values are kept."""
    return os.path.join(folder, f"{name}.json")


def load(folder, name):
    """The device as it is now: its catalogue row with the values of its file."""
    path = value_file(folder, name)
    try:
        with open(path, encoding="utf-8") as file:
            values = json.load(file)
    except FileNotFoundError:
        return CATALOGUE[name]
    except ValueError as error:
        raise LabError(f"{path} is damaged ({error}); delete it to reset {name}") from error
    if not isinstance(values, dict) or not all(
        key in CHANGEABLE and isinstance(value, str) for key, value in values.items()
    ):
        raise LabError(f"{path} may only hold {', '.join(CHANGEABLE)}; delete it to reset {name}")
    return dataclasses.replace(CATALOGUE[name], **values)


def load_all(folder):
    """All devices as they are now, in catalogue order."""
    return [load(folder, name) for name in CATALOGUE]


def changed_values(device):
    """What its file must hold, as text."""
    values = {
        field: getattr(device, field)
        for field in CHANGEABLE
        if getattr(device, field) != getattr(CATALOGUE[device.name], field)
    }
    return json.dumps(values) + "\n"
