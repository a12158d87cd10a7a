"""The lab's devices in the REST list: waiting for them, and showing them."""

import http.client
import time
import urllib.error

from compose.report import Failure

PAUSE_S = 0.25
SETTLING_S = 20.0


def wait_for(stack, rae, count, seconds, step):
    """The RAE's devices, once `count` of them are listed with a known presence and, as far as that
    comes soon, with who they are."""
    rest = stack.rest()
    deadline = time.monotonic() + seconds
    settled_by = None
    while True:
        try:
            items = rest.devices(rae=rae)
            known = [item for item in items if item["presence"]["status"] != "unknown"]
            seen = f"{len(known)} of {count} listed"
            if len(known) >= count:
                settled_by = settled_by or time.monotonic() + SETTLING_S
                if all(map(_is_settled, known)) or time.monotonic() > settled_by:
                    return known
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            seen = f"the list cannot be read: {_reason(error)}"
        step.news(seen)
        if time.monotonic() > deadline:
            raise Failure(
                f"after {seconds:.0f} s the REST list does not hold the lab's devices: {seen}",
                "./dmp status says which part is behind",
                stack.state.log / "local-registry.log",
            )
        time.sleep(PAUSE_S)


def _is_settled(item):
    """It has said who it is, or has been asked in every way and said nothing."""
    identity = item.get("identity") or {}
    named = identity.get("serial") or identity.get("esn")
    return bool(named or (item.get("onboarding") or {}).get("last_error"))


def _reason(error):
    if isinstance(error, urllib.error.HTTPError):
        return f"{error.code} {error.read(300).decode(errors='replace')}"
    return str(error)


COLUMNS = (
    ("MODEL", "identity", "model"),
    ("SERIAL / ESN", "identity", ("serial", "esn")),
    ("FIRMWARE", "software", "firmware_version"),
    ("MAC", "network", "mac"),
    ("IP", "network", "ipv4"),
    ("PRESENCE", "presence", "status"),
)


def table(items):
    """The devices as lines of text, columns aligned."""
    rows = [[head for head, *_ in COLUMNS]]
    rows += sorted([_cell(item, facet, field) for _, facet, field in COLUMNS] for item in items)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _cell(item, facet, fields):
    values = item.get(facet) or {}
    for field in (fields,) if isinstance(fields, str) else fields:
        if values.get(field):
            return str(values[field])
    return "-"
