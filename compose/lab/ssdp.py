"""SSDP texts: reads searches, writes replies and announcements. Pure; sockets are elsewhere."""

GROUP = "239.255.255.250"
PORT = 1900
_END = "\r\n"


def search_target(datagram):
    """The ST of a well-formed `ssdp:discover` search, or None for anything else."""
    try:
        lines = datagram.decode("ascii").split(_END)
    except UnicodeDecodeError:
        return None
    if lines[0].strip() != "M-SEARCH * HTTP/1.1":
        return None
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().upper()] = value.strip()
    if headers.get("MAN", "").strip('"') != "ssdp:discover":
        return None
    return headers.get("ST") or None


def matching(adverts, target):
    """The adverts that answer a search for `target`."""
    if target == "ssdp:all":
        return list(adverts)
    return [advert for advert in adverts if advert.target == target]


def reply(advert, date):
    return _message(
        "HTTP/1.1 200 OK",
        ("CACHE-CONTROL", f"max-age={advert.max_age_s}"),
        ("DATE", date),
        ("EXT", ""),
        ("LOCATION", advert.location),
        ("SERVER", advert.server),
        *advert.extra,
        ("ST", advert.target),
        ("USN", advert.usn),
    )


def alive(advert):
    return _message(
        "NOTIFY * HTTP/1.1",
        ("HOST", f"{GROUP}:{PORT}"),
        ("CACHE-CONTROL", f"max-age={advert.max_age_s}"),
        ("LOCATION", advert.location),
        ("SERVER", advert.server),
        *advert.extra,
        ("NT", advert.target),
        ("NTS", "ssdp:alive"),
        ("USN", advert.usn),
    )


def byebye(advert):
    return _message(
        "NOTIFY * HTTP/1.1",
        ("HOST", f"{GROUP}:{PORT}"),
        ("NT", advert.target),
        ("NTS", "ssdp:byebye"),
        ("USN", advert.usn),
    )


def _message(first_line, *headers):
    lines = [first_line, *(f"{name}: {value}".rstrip() for name, value in headers), "", ""]
    return _END.join(lines).encode()
