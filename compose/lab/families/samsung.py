"""Samsung Tizen: `/api/v2/` on 8001, SSDP remote control receiver described on 7676,
a Netflix target.

The liar tells the truth once and then, as sets do while waking, mostly gives nothing away: `"none"`
for its MAC and "Unknown" or an empty text for its firmware.
"""

import json

from ..answer import Advert, json_answer, not_found, xml_answer, xml_lines
from . import netflix

PORTS = (8001, 7676, netflix.PORT)
_RECEIVER = "urn:samsung.com:device:RemoteControlReceiver:1"
_SERVER = "SHP, UPnP/1.0, Samsung UPnP SDK/1.0"
_NETFLIX_SERVER = "Linux/5.4.77, UPnP/1.0, Portable SDK for UPnP devices"


def answer(device, request):
    if request.port == 8001 and request.path in ("/api/v2", "/api/v2/"):
        return json_answer(
            _device(device, request), "application/json; charset=utf-8",
            ("API-Version", "v2.00"), ("Secure-Mode", "true"),
            ("Access-Control-Allow-Origin", "*"),
        )
    if request.port == 7676 and request.path == "/rcr/":
        return xml_answer(_description(device), ("Server", _SERVER))
    if request.port == netflix.PORT and request.path == "/":
        return netflix.description(device, _NETFLIX_SERVER)
    return not_found()


def adverts(device, address):
    location = f"http://{address}:7676/rcr/"
    return [
        Advert("upnp:rootdevice", f"uuid:{device.udn}::upnp:rootdevice", location, _SERVER),
        Advert(_RECEIVER, f"uuid:{device.udn}::{_RECEIVER}", location, _SERVER),
        *netflix.adverts(device, address, _NETFLIX_SERVER),
    ]


def _told(device, earlier):
    """(wifiMac, firmwareVersion) as this set tells them the next time it is asked."""
    truth = (device.mac.upper(), device.firmware)
    if not device.lies:
        return truth
    return (truth, ("none", "Unknown"), ("none", ""))[earlier % 3]


def _device(device, request):
    identity = f"uuid:{device.udn}"
    mac, firmware = _told(device, request.earlier)
    support = {
        "DMP_DRM_PLAYREADY": "false", "DMP_DRM_WIDEVINE": "false", "DMP_available": "true",
        "EDEN_available": "true", "FrameTVSupport": "false", "ImeSyncedSupport": "true",
        "TokenAuthSupport": "true", "remote_available": "true", "remote_fourDirections": "true",
        "remote_touchPad": "true", "remote_voiceControl": "true",
    }
    return {
        "device": {
            "FrameTVSupport": "false",
            "GamePadSupport": "true",
            "ImeSyncedSupport": "true",
            "Language": "en_US",
            "OS": "Tizen",
            "PowerState": "on",
            "TokenAuthSupport": "true",
            "VoiceSupport": "true",
            "WallScreenRatio": "-1",
            "WallService": "false",
            "countryCode": "US",
            "description": "Samsung DTV RCR",
            "developerIP": "0.0.0.0",
            "developerMode": "0",
            "duid": identity,
            "firmwareVersion": firmware,
            "id": identity,
            "ip": request.address,
            "model": device.model_number,
            "modelName": device.model,
            "name": device.friendly_name,
            "networkType": "wired" if device.wired else "wireless",
            "resolution": "3840x2160",
            "smartHubAgreement": "true",
            "type": "Samsung SmartTV",
            "udn": identity,
            "wifiMac": mac,
        },
        "id": identity,
        # A JSON text inside the JSON, with its newline: so does the real one.
        "isSupport": json.dumps(support, separators=(",", ":")) + "\n",
        "name": device.friendly_name,
        "remote": "1.0",
        "type": "Samsung SmartTV",
        "uri": f"http://{request.address}:8001/api/v2/",
        "version": "2.0.25",
    }


def _description(device):
    fields = [
        ("deviceType", _RECEIVER),
        ("friendlyName", device.friendly_name),
        ("manufacturer", "Samsung Electronics"),
        ("manufacturerURL", "http://www.samsung.com/sec"),
        ("modelDescription", "Samsung TV RCR"),
        ("modelName", device.model),
        ("modelNumber", "1.0"),
        ("modelURL", "http://www.samsung.com/sec"),
        ("serialNumber", "20090804RCR"),  # every set says this one: worthless as a serial
        ("UDN", f"uuid:{device.udn}"),
        ("sec:deviceID", ""),
        ("sec:ProductCap", "Resolution:3840X2160,Tizen"),
    ]
    return ('<?xml version="1.0"?>\n<root xmlns="urn:schemas-upnp-org:device-1-0"'
            ' xmlns:sec="http://www.sec.co.kr/dlna">\n'
            "  <specVersion>\n    <major>1</major>\n    <minor>0</minor>\n  </specVersion>\n"
            f"  <device>\n{xml_lines(fields, 4)}\n  </device>\n</root>\n")
