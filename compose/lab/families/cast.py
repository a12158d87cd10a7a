"""Google Cast with Google TV: `/setup/eureka_info` on 8008, SSDP by DIAL, a Netflix target.

Asked plainly the device gives the flat list with `device_info` in it; `?options=detail` adds
`detail`; `?params=a,b` gives only the named sections, nested.
"""

from ..answer import Advert, json_answer, not_found, xml_answer, xml_lines
from . import netflix

PORTS = (8008, netflix.PORT)
_DEVICE = "urn:dial-multiscreen-org:device:dial:1"
_SERVICE = "urn:dial-multiscreen-org:service:dial:1"
_UPNP_OPT = '"http://schemas.upnp.org/upnp/1/0/"; ns=01'


def answer(device, request):
    if request.port == netflix.PORT:
        if request.path == "/":
            return netflix.description(device, _server(device))
        return not_found()
    if request.path == "/setup/eureka_info":
        return json_answer(_eureka_info(device, request), "application/json",
                           ("Access-Control-Allow-Headers", "Content-Type"),
                           ("Cache-Control", "no-cache"))
    if request.path == "/ssdp/device-desc.xml":
        return xml_answer(_description(device, request.address),
                          ("Application-URL", f"http://{request.address}:8008/apps/"))
    return not_found()


def adverts(device, address):
    location = f"http://{address}:8008/ssdp/device-desc.xml"
    server = _server(device)
    identity = f"uuid:{device.udn}"
    extra = (("OPT", _UPNP_OPT), ("01-NLS", device.udn), ("X-User-Agent", "redsonic"),
             ("BOOTID.UPNP.ORG", "1"), ("CONFIGID.UPNP.ORG", "1"))
    targets = ("upnp:rootdevice", _DEVICE, _SERVICE)
    return [
        Advert(identity, identity, location, server, 1800, extra),
        *(Advert(t, f"{identity}::{t}", location, server, 1800, extra) for t in targets),
        *netflix.adverts(device, address, server),
    ]


def _server(device):
    return f"Linux/4.9.180, UPnP/1.0, Chromecast/{device.firmware}"


def _eureka_info(device, request):
    query = dict(pair.partition("=")[::2] for pair in request.query.split("&"))
    if "params" in query:
        wanted = query["params"].split(",")
        sections = {**_sections(device, request), "name": device.friendly_name, "version": 12}
        return {key: sections[key] for key in wanted if key in sections}
    flat = _flat(device, request)
    if "detail" in query.get("options", "").split(","):
        flat["detail"] = {
            "icon_list": [],
            "locale": {"display_string": "English (United States)"},
            "manufacturer": "Google Inc.",
            "model_name": device.model,
            "timezone": {"display_string": "Pacific Time", "offset": -480},
        }
    return flat


def _device_info(device, request):
    return {
        "4k_blocked": 0,
        "capabilities": {
            "aogh_supported": True, "bluetooth_supported": False, "display_supported": True,
            "hi_res_audio_supported": False, "multizone_supported": True, "wifi_supported": True,
        },
        "cloud_device_id": device.udn.replace("-", "").upper(),
        "factory_country_code": "US",
        "hotspot_bssid": "FA:8F:CA:" + device.mac[9:].upper(),
        "mac_address": device.mac.upper(),
        "manufacturer": "Google Inc.",
        "model_name": device.model,
        "product_name": device.model_number,
        "ssdp_udn": device.udn,
        "uptime": round(request.uptime_s, 2),
    }


def _sections(device, request):
    return {
        "build_info": {
            "build_type": 2,
            "cast_build_revision": device.firmware,
            "cast_control_version": 1,
            "preview_channel_state": 0,
            "release_track": "stable-channel",
            "system_build_number": device.firmware.rpartition(".")[2],
        },
        "device_info": _device_info(device, request),
        "net": {
            "ethernet_connected": device.wired, "ip_address": request.address, "online": True,
        },
        "wifi": {"bssid": "02:1a:11:00:00:01", "noise_level": -90, "signal_level": -51,
                 "ssid": "lab", "wpa_configured": True, "wpa_id": 0, "wpa_state": 10},
    }


def _flat(device, request):
    return {
        "bssid": "02:1a:11:00:00:01",
        "build_version": device.firmware.rpartition(".")[2],
        "cast_build_revision": device.firmware,
        "connected": True,
        "ethernet_connected": device.wired,
        "has_update": False,
        "hotspot_bssid": "FA:8F:CA:" + device.mac[9:].upper(),
        "ip_address": request.address,
        "locale": "en-US",
        "location": {"country_code": "US", "latitude": 255.0, "longitude": 255.0},
        "mac_address": device.mac.upper(),
        "name": device.friendly_name,
        "noise_level": -90,
        "opt_in": {"crash": False, "opencast": False, "stats": False},
        "release_track": "stable-channel",
        "setup_state": 60,
        "setup_stats": {"historically_succeeded": True, "num_check_connectivity": 0,
                        "num_connect_wifi": 0, "num_initial_eureka_info": 0,
                        "num_obtain_ip": 0},
        "signal_level": -51,
        "ssdp_udn": device.udn,
        "ssid": "lab",
        "time_format": 1,
        "timezone": "America/Los_Angeles",
        "tos_accepted": True,
        "uptime": round(request.uptime_s, 2),
        "version": 12,
        "wpa_configured": True,
        "wpa_id": 0,
        "wpa_state": 10,
        "device_info": _device_info(device, request),
    }


def _description(device, address):
    fields = [
        ("deviceType", _DEVICE),
        ("friendlyName", device.friendly_name),
        ("manufacturer", "Google Inc."),
        ("modelName", device.model),
        ("UDN", f"uuid:{device.udn}"),
    ]
    service = [("serviceType", _SERVICE),
               ("serviceId", "urn:dial-multiscreen-org:serviceId:dial"),
               ("controlURL", "/ssdp/notfound"), ("eventSubURL", "/ssdp/notfound"),
               ("SCPDURL", "/ssdp/notfound")]
    return ('<?xml version="1.0"?>\n<root xmlns="urn:schemas-upnp-org:device-1-0">\n'
            "  <specVersion>\n    <major>1</major>\n    <minor>0</minor>\n  </specVersion>\n"
            f"  <URLBase>http://{address}:8008</URLBase>\n"
            f"  <device>\n{xml_lines(fields, 4)}\n    <serviceList>\n      <service>\n"
            f"{xml_lines(service, 8)}\n      </service>\n    </serviceList>\n"
            "  </device>\n</root>\n")
