"""A television with DIAL and a Netflix target: everything on 9080.

Its firmware is the product token of the SERVER header, as UPnP defines it, and `softwareVersion`.
"""

from ..answer import Advert, Answer, not_found, xml_answer, xml_lines
from . import netflix

PORTS = (netflix.PORT,)
_DIAL_DEVICE = "urn:dial-multiscreen-org:device:dial:1"
_DIAL_SERVICE = "urn:dial-multiscreen-org:service:dial:1"


def answer(device, request):
    server = ("Server", _server(device))
    if request.path == "/dd.xml":
        return xml_answer(_description(device), server,
                          ("Application-URL", f"http://{request.address}:9080/apps/"))
    if request.path == "/":
        return netflix.description(device, server[1])
    if request.path == "/apps/Netflix":
        return _netflix(server)
    return not_found(server)


def adverts(device, address):
    server = _server(device)
    identity = f"uuid:{device.udn}"
    dial = f"http://{address}:9080/dd.xml"
    return [
        Advert("upnp:rootdevice", f"{identity}::upnp:rootdevice", dial, server),
        Advert(identity, identity, dial, server),
        Advert(_DIAL_DEVICE, f"{identity}::{_DIAL_DEVICE}", dial, server),
        Advert(_DIAL_SERVICE, f"{identity}::{_DIAL_SERVICE}", dial, server),
        *netflix.adverts(device, address, server),
    ]


def _server(device):
    return f"Linux/4.19.116, UPnP/1.0, LabTV/{device.firmware}"


def _netflix(server):
    text = ('<?xml version="1.0" encoding="UTF-8"?>\n'
            '<service xmlns="urn:dial-multiscreen-org:schemas:dial" dialVer="2.1">\n'
            "  <name>Netflix</name>\n"
            '  <options allowStop="true"/>\n'
            "  <state>stopped</state>\n"
            "</service>\n")
    return Answer("200 OK", (("Content-Type", "text/xml; charset=utf-8"), server), text.encode())


def _description(device):
    fields = [
        ("deviceType", _DIAL_DEVICE),
        ("friendlyName", device.friendly_name),
        ("manufacturer", "LabTV"),
        ("modelName", device.model),
        ("modelNumber", device.model_number),
        ("serialNumber", device.serial),
        ("softwareVersion", device.firmware),
        ("UDN", f"uuid:{device.udn}"),
    ]
    service = [("serviceType", _DIAL_SERVICE),
               ("serviceId", "urn:dial-multiscreen-org:serviceId:dial"),
               ("controlURL", "/unused"), ("eventSubURL", "/unused"), ("SCPDURL", "/unused")]
    return ('<?xml version="1.0"?>\n<root xmlns="urn:schemas-upnp-org:device-1-0">\n'
            "  <specVersion>\n    <major>1</major>\n    <minor>0</minor>\n  </specVersion>\n"
            f"  <device>\n{xml_lines(fields, 4)}\n    <serviceList>\n      <service>\n"
            f"{xml_lines(service, 8)}\n      </service>\n    </serviceList>\n"
            "  </device>\n</root>\n")
