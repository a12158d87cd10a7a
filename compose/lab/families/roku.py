"""Roku: External Control Protocol on 8060, SSDP `roku:ecp`."""

import zlib

from ..answer import Advert, not_found, xml_answer, xml_lines

PORTS = (8060,)


def answer(device, request):
    server = ("Server", _server(device))
    page = {
        "/": _description,
        "/dial/dd.xml": _dial_description,
        "/query/device-info": _device_info,
    }.get(request.path)
    if page is None:
        return not_found(server)
    headers = [server]
    if request.path == "/dial/dd.xml":
        headers.append(("Application-URL", f"http://{request.address}:8060/dial/apps/"))
    return xml_answer(page(device, request), *headers)


def adverts(device, address):
    group = device.udn.replace("-", "")[:20].upper()
    wakeup = ("WAKEUP", f"MAC={device.mac};Timeout=10")
    root = f"http://{address}:8060/"
    dial = "urn:dial-multiscreen-org:service:dial:1"
    server = _server(device)
    return [
        Advert("upnp:rootdevice", f"uuid:{device.udn}::upnp:rootdevice", root, server, 3600,
               (wakeup,)),
        Advert("roku:ecp", f"uuid:roku:ecp:{device.serial}", root, server, 3600,
               (("device-group.roku.com", group), wakeup)),
        Advert(dial, f"uuid:{device.udn}::{dial}", root + "dial/dd.xml", server, 3600, (wakeup,)),
    ]


def _server(device):
    return f"Roku/{device.firmware} UPnP/1.0 Roku/{device.firmware}"


def _next_mac(mac):
    """The device's other interface: Roku numbers Wi-Fi and Ethernet one apart."""
    return f"{mac[:-2]}{(int(mac[-2:], 16) + 1) % 256:02x}"


def _interfaces(device):
    if not device.wired:
        return [("supports-ethernet", "false"), ("wifi-mac", device.mac),
                ("network-type", "wifi"), ("network-name", "lab")]
    return [("supports-ethernet", "true"), ("wifi-mac", _next_mac(device.mac)),
            ("ethernet-mac", device.mac), ("network-type", "ethernet")]


def _device_info(device, request):
    build_number = 4000 + zlib.crc32(device.firmware.encode()) % 1000  # one per version
    stick = "true" if "Stick" in device.model else "false"
    fields = [
        ("udn", device.udn),
        ("serial-number", device.serial),
        ("device-id", device.serial),
        ("vendor-name", "Roku"),
        ("model-name", device.model),
        ("model-number", device.model_number),
        ("model-region", "US"),
        ("is-tv", "false"),
        ("is-stick", stick),
        ("ui-resolution", "1080p"),
        *_interfaces(device),
        ("friendly-device-name", device.friendly_name),
        ("friendly-model-name", device.model),
        ("default-device-name", f"{device.model} - {device.serial}"),
        ("user-device-name", device.friendly_name),
        ("user-device-location", ""),
        ("build-number", f"CAG.{device.firmware.replace('.', '')}E{build_number:05d}A"),
        ("software-version", device.firmware),
        ("software-build", build_number),
        ("secure-device", "true"),
        ("language", "en"),
        ("country", "US"),
        ("locale", "en_US"),
        ("time-zone", "US/Pacific"),
        ("time-zone-offset", "-480"),
        ("uptime", int(request.uptime_s)),
        ("power-mode", "PowerOn"),
        ("supports-suspend", "false"),
        ("supports-find-remote", "true"),
        ("developer-enabled", "true"),
        ("search-enabled", "true"),
        ("voice-search-enabled", "true"),
        ("notifications-enabled", "true"),
        ("headphones-connected", "false"),
        ("supports-ecs-textedit", "true"),
        ("supports-airplay", "true"),
    ]
    return ('<?xml version="1.0" encoding="UTF-8" ?>\n<device-info>\n'
            f"{xml_lines(fields)}\n</device-info>\n")


def _root(device, device_type, services):
    fields = [
        ("deviceType", device_type),
        ("friendlyName", device.friendly_name),
        ("manufacturer", "Roku"),
        ("manufacturerURL", "http://www.roku.com/"),
        ("modelDescription", "Roku Streaming Player Network Media"),
        ("modelName", device.model),
        ("modelNumber", device.model_number),
        ("modelURL", "http://www.roku.com/"),
        ("serialNumber", device.serial),
        ("UDN", f"uuid:{device.udn}"),
    ]
    service = "\n".join(
        f"      <service>\n{xml_lines(entry, 8)}\n      </service>" for entry in services
    )
    return ('<?xml version="1.0" encoding="UTF-8" ?>\n'
            '<root xmlns="urn:schemas-upnp-org:device-1-0">\n'
            "  <specVersion>\n    <major>1</major>\n    <minor>0</minor>\n  </specVersion>\n"
            f"  <device>\n{xml_lines(fields, 4)}\n    <serviceList>\n{service}\n"
            "    </serviceList>\n  </device>\n</root>\n")


def _service(kind, identity, description):
    return [("serviceType", kind), ("serviceId", identity), ("controlURL", ""),
            ("eventSubURL", ""), ("SCPDURL", description)]


def _description(device, _request):
    return _root(device, "urn:roku-com:device:player:1-0", [
        _service("urn:roku-com:service:ecp:1", "urn:roku-com:serviceId:ecp1-0", "ecp_SCPD.xml"),
        _service("urn:dial-multiscreen-org:service:dial:1",
                 "urn:dial-multiscreen-org:serviceId:dial1-0", "dial_SCPD.xml"),
    ])


def _dial_description(device, _request):
    return _root(device, "urn:dial-multiscreen-org:device:dial:1", [
        _service("urn:dial-multiscreen-org:service:dial:1",
                 "urn:dial-multiscreen-org:serviceId:dial", "/dial/dd-scpd.xml"),
    ])
