"""Asks a device what it is, by its family's real protocol: `python3 -m compose.lab.probe FAMILY ADDRESS`.

Run on the RAE's side. Prints what the device says of itself as one JSON object. It shares no code
with the emulators: what they write must be readable by somebody who only knows the protocol.
"""

import http.client
import json
import socket
import sys
import xml.etree.ElementTree as ElementTree

_TIMEOUT_S = 2.0
_BODY_BYTES_MAX = 65536
_MDX = "urn:mdx-netflix-com:service:target:3"


def get(address, port, path):
    """(status, headers, body) of one GET."""
    connection = http.client.HTTPConnection(address, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read(_BODY_BYTES_MAX)
    finally:
        connection.close()


def search(address, target, source=""):
    """Replies to an SSDP search sent to one address (a group needs `source`: the sender's own)."""
    message = (f"M-SEARCH * HTTP/1.1\r\nHOST: {address}:1900\r\nMAN: \"ssdp:discover\"\r\n"
               f"MX: 1\r\nST: {target}\r\n\r\n")
    replies = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        if source:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
        sock.settimeout(_TIMEOUT_S)
        sock.sendto(message.encode(), (address, 1900))
        try:
            while len(replies) < 64:
                replies.append(_headers(sock.recvfrom(4096)[0].decode()))
                sock.settimeout(0.3)  # the first has come: the others are close behind
        except TimeoutError:
            pass
    return replies


def _headers(text):
    lines = text.split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().upper(): value.strip() for name, _, value in pairs}


def ask_roku(address):
    root = ElementTree.fromstring(get(address, 8060, "/query/device-info")[2])
    return {
        "serial": root.findtext("serial-number"),
        "firmware": root.findtext("software-version"),
        "mac": root.findtext("ethernet-mac") or root.findtext("wifi-mac"),
        "udn": root.findtext("udn"),
        "model": root.findtext("model-name"),
    }


def ask_netflix(address):
    """The ESN: the unique name of the Netflix target."""
    replies = search(address, _MDX)
    return replies[0]["USN"].split("::")[0].removeprefix("uuid:") if replies else ""


def ask_samsung(address):
    device = json.loads(get(address, 8001, "/api/v2/")[2])["device"]
    return {
        "firmware": device["firmwareVersion"],
        "mac": device["wifiMac"].lower(),
        "udn": device["duid"].removeprefix("uuid:"),
        "model": device["modelName"],
        "esn": ask_netflix(address),
    }


def ask_cast(address):
    answer = json.loads(get(address, 8008, "/setup/eureka_info?options=detail")[2])
    return {
        "firmware": answer["cast_build_revision"],
        "mac": answer["device_info"]["mac_address"].lower(),
        "udn": answer["device_info"]["ssdp_udn"],
        "model": answer["device_info"]["model_name"],
        "esn": ask_netflix(address),
    }


def ask_dial(address):
    space = "{urn:schemas-upnp-org:device-1-0}"
    _, headers, body = get(address, 9080, "/dd.xml")
    device = ElementTree.fromstring(body).find(space + "device")
    return {
        "serial": device.findtext(space + "serialNumber"),
        "firmware": headers["Server"].rpartition("/")[2],
        "udn": device.findtext(space + "UDN").removeprefix("uuid:"),
        "model": device.findtext(space + "modelName"),
        "esn": ask_netflix(address),
    }


ASK = {"roku": ask_roku, "samsung": ask_samsung, "cast": ask_cast, "dial": ask_dial}


def main():
    family, address = sys.argv[1:]
    try:
        print(json.dumps(ASK[family](address)))
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"no answer from {address}: {error}")


if __name__ == "__main__":
    main()
