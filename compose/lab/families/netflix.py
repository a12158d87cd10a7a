"""The Netflix target of televisions and sticks: SSDP and a description on 9080.

The ESN is the target's unique name: the UUID of its USN and so the UDN of its description. The rest
of the device does not know it.
"""

import base64

from ..answer import Advert, xml_answer, xml_lines

PORT = 9080
DEVICE = "urn:schemas-upnp-org:device:mdxdevice:1"
TARGET = "urn:mdx-netflix-com:service:target:3"
_UPNP_OPT = '"http://schemas.upnp.org/upnp/1/0/"; ns=01'


def adverts(device, address, server):
    name = base64.b64encode(device.friendly_name.encode()).decode()
    extra = (
        ("OPT", _UPNP_OPT), ("01-NLS", device.udn),
        ("X-User-Agent", "NRDP MDX"), ("X-Friendly-Name", name),
        ("X-Accepts-Registration", "3"), ("X-MSL", "1"), ("X-MDX-Caps", ""),
        ("X-MDX-Registered", "1"), ("X-MDX-Remote-Login-Supported", "0"),
        ("X-MDX-Remote-Login-Requested-By-Witcher", "0"),
    )
    return [
        Advert(target, f"uuid:{device.esn}::{target}", f"http://{address}:{PORT}", server, 1800,
               extra)
        for target in (DEVICE, TARGET)
    ]


def description(device, server):
    """The answer at `/`."""
    fields = [
        ("deviceType", DEVICE),
        ("friendlyName", device.friendly_name),
        ("manufacturer", "Netflix"),
        ("modelName", "NRDP MDX"),
        ("UDN", f"uuid:{device.esn}"),
    ]
    text = ('<?xml version="1.0"?>\n<root xmlns="urn:schemas-upnp-org:device-1-0">\n'
            "  <specVersion>\n    <major>1</major>\n    <minor>0</minor>\n  </specVersion>\n"
            f"  <device>\n{xml_lines(fields, 4)}\n  </device>\n</root>\n")
    return xml_answer(text, ("Server", server))
