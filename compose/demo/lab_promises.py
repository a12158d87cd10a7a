"""What happens to a device or its router is in the list, and the list never lies about it."""

import contextlib

from compose.demo.promise import Broken, promise, wait
from compose.demo.scene import GUEST, short
from compose.virtual_lab import AGENT

CHANGED = "dial-1"
NEW_FIRMWARE = "6.6.0"
NEW_ESN = "NFLABTV-PRV-LTV43D1-00000000DEM0"
SEEN_WITHIN_S = 60.0
LOST_WITHIN_S = 35.0
BACK_WITHIN_S = 60.0
RECOVERED_WITHIN_S = 120.0


@promise("plug", "lab", AGENT, "bridge", "registry")
def a_device_plugged_in_is_listed_with_its_model_firmware_and_esn(scene):
    scene.lab.order("plug", device=GUEST)
    wait(lambda: _objection(scene, GUEST), f"{GUEST} as it is", SEEN_WITHIN_S, scene.log(AGENT))
    return ", ".join(_who(scene.item(GUEST)))


@promise("change", "lab", AGENT, "bridge", "registry")
def a_new_firmware_and_esn_are_listed_and_history_tells_old_and_new(scene):
    wait(lambda: _objection(scene, CHANGED), "the old values", SEEN_WITHIN_S, scene.log(AGENT))
    before = scene.truth(CHANGED)
    changes = (
        ("software.firmware_version", before["firmware"], NEW_FIRMWARE),
        ("identity.esn", before["esn"], NEW_ESN),
    )
    scene.lab.order("set", device=CHANGED, field="firmware", value=NEW_FIRMWARE)
    scene.lab.order("set", device=CHANGED, field="esn", value=NEW_ESN)
    wait(lambda: _objection(scene, CHANGED), "the new values", SEEN_WITHIN_S, scene.log(AGENT))
    device_id = scene.item(CHANGED)["device_id"]

    def missing():
        history = scene.history(device_id)
        absent = [change for change in changes if change not in history]
        return short(f"the history lacks {absent}") if absent else ""

    wait(missing, "each change in the history, old -> new", SEEN_WITHIN_S, scene.log("registry"))
    return ", ".join(f"{old} -> {new}" for _, old, new in changes)


@promise("lost", AGENT, "mosquitto", "bridge", "registry")
def a_lost_rae_makes_its_devices_unknown_never_offline_until_it_is_back(scene):
    wait(lambda: _not_online(scene), "all online", SEEN_WITHIN_S, scene.log(AGENT))
    scene.lab.order("agent", action="kill")
    with _started_again(scene):
        expected = "all unknown (rae_lost), none schedulable"
        lost_s = wait(lambda: _not_lost(scene), expected, LOST_WITHIN_S, scene.log("registry"))
        blocker = next(b for b in scene.items()[0]["blockers"] if b["code"] == "rae_lost")
    back_s = _wait_until_true(scene, BACK_WITHIN_S)
    return f"{blocker['message']!r} after {lost_s:.1f} s; true {back_s:.1f} s after its start"


@promise("wiped", AGENT, "bridge", "registry")
def an_agent_with_an_empty_database_and_a_clock_a_day_behind_is_believed_again(scene):
    count = len(scene.items())
    scene.lab.order("agent", action="kill")
    with _started_again(scene):
        scene.wipe_agent()
        scene.lab.order("agent", action="start", clock="-1d")
        true_s = _wait_until_true(scene, RECOVERED_WITHIN_S, count)
    return f"{count} devices listed as its new database has them, {true_s:.1f} s after its start"


@contextlib.contextmanager
def _started_again(scene):
    """However the block ends, the agent runs afterwards, with the right clock."""
    try:
        yield
    finally:
        scene.lab.order("agent", action="start")


def _who(item):
    facts = {**(item.get("identity") or {}), **(item.get("software") or {})}
    return [facts.get(field, "") for field in ("model", "firmware_version", "esn")]


def _objection(scene, name):
    """What differs between the lab's device and its item in the list."""
    item, device = scene.item(name), scene.truth(name)
    if item is None:
        return f"{name} ({device['mac']}) is not listed"
    wanted = [device["model"], device["firmware"], device["esn"]]
    if _who(item) != wanted:
        return f"{short(_who(item))} instead of {short(wanted)}"
    return "" if item["schedulable"] else f"not schedulable: {short(item['blockers'])}"


def _not_online(scene):
    others = [_name(item) for item in scene.items() if item["presence"]["status"] != "online"]
    return f"not online: {', '.join(others)}" if others else ""


def _not_lost(scene):
    """Empty once every item says it is not known because the RAE is lost."""
    items = _never_offline(scene)
    for item in items:
        status, reason = item["presence"]["status"], item["presence"].get("reason")
        if (status, reason) != ("unknown", "rae_lost"):
            return f"{_name(item)} is {status} ({reason or 'which needs no reason'})"
        if item["schedulable"] or "rae_lost" not in [b["code"] for b in item["blockers"]]:
            return f"{_name(item)} is schedulable, or does not say rae_lost: {item['blockers']}"
    return "" if items else "the list is empty"


def _never_offline(scene):
    """The list. An item that says `offline` breaks the promise at any moment: nobody knows."""
    items = scene.items()
    for item in items:
        if item["presence"]["status"] == "offline":
            raise Broken("unknown, never offline", f"{_name(item)} offline", scene.log("registry"))
    return items


def _wait_until_true(scene, within_s, count=1):
    def objection():
        items = _never_offline(scene)
        unknown = [_name(item) for item in items if item["presence"]["status"] == "unknown"]
        if unknown or len(items) < count:
            return f"{len(items)} listed, of these unknown: {', '.join(unknown) or 'none'}"
        difference = scene.compare([scene.lab_database], within_s=0)
        return "" if difference.is_equal else difference.counts()

    return wait(objection, "every device known, as the agent has it", within_s, scene.log(AGENT))


def _name(item):
    return (item.get("identity") or {}).get("name") or item["device_id"]
