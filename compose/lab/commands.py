"""`./dmp lab ...`: what a person types to make things happen to a device."""

import difflib
import json
import os
import sys

from .errors import LabError

USAGE = """\
usage: ./dmp lab COMMAND

  list [--json]            the devices, as they really are
  ask DEVICE               what the device says of itself, asked by its own protocol
  unplug DEVICE            pull its cable             plug DEVICE    put it back
  silence DEVICE           it hangs; the cable stays  wake DEVICE    it works again
  upgrade DEVICE VERSION   new firmware
  mac DEVICE MAC           new network card
  esn DEVICE ESN           new Netflix identity
  agent stop|kill|start    the RAE's agent: a clean stop, a crash, a start
  exec PLACE COMMAND...    a command at a place: rae, wan, or a device (exec rae ip neigh)
"""

_LIST = 'curl -s --cacert "$DMP_CA" -H "Authorization: Bearer $DMP_TOKEN" "$DMP_API/v1/devices"'
_LOOK = f'Look: eval "$(./dmp env)"; {_LIST}'


def without_lab(argv):
    """Answers what needs no lab: help, and wrong words. The exit code, 0 or 2; None: a command."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0
    verb, words = _command(argv)
    if verb not in _VERBS:
        near = difflib.get_close_matches(verb, _VERBS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        print(f"./dmp lab: unknown command '{verb}'.{hint}\n\n{USAGE}", end="", file=sys.stderr)
        return 2
    arity, _ = _VERBS[verb]
    if len(words) != len(arity) and not (arity[-1:] == ("COMMAND...",) and len(words) > 1):
        print(f"usage: ./dmp lab {' '.join((verb, *arity))}", file=sys.stderr)
        return 2
    return None


def _command(argv):
    return ("list --json", []) if argv == ["list", "--json"] else (argv[0], argv[1:])


def main(argv, lab):
    """Runs one command that is right by its words; the exit code is 0, or 1: it did not work."""
    verb, words = _command(argv)
    _, perform = _VERBS[verb]
    try:
        return perform(lab, *words) or 0
    except LabError as error:
        print(f"./dmp lab {verb}: {error}", file=sys.stderr)
        return 1


def _list_json(lab):
    print(json.dumps(_running(lab)["devices"], indent=2))


def _running(lab):
    status = lab.status()
    if not status["running"]:
        raise LabError("the lab does not run; start it with ./dmp up")
    return status


def _list(lab):
    status = _running(lab)
    rows = [("DEVICE", "STATE", "ADDRESS", "MAC", "MODEL", "FIRMWARE", "SERIAL OR ESN")]
    for device in status["devices"]:
        rows.append((device["name"], device["condition"], device["address"], device["mac"],
                     device["model"], device["firmware"], device["esn"] or device["serial"]))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(f"{cell or '-':{width}}" for cell, width in zip(row, widths)).rstrip())
    agent = status["agent"]
    if agent["expected"]:
        state = "ready" if agent["ready"] else f"not ready: {agent['why']}"
        print(f"agent: {state}" + (f", pid {agent['pid']}" if agent["pid"] else ""))
    for name, code in status["ended"].items():
        print(f"{name} ended with exit {code}; ./dmp up starts it again")


def _ask(lab, name):
    for field, value in lab.order("ask", device=name).items():
        print(f"{field:9} {value}")


def _unplug(lab, name):
    lab.order("unplug", device=name)
    print(f"{name}: cable out; its port on the RAE lost carrier. It should become offline.")
    print(_LOOK)


def _plug(lab, name):
    result = lab.order("plug", device=name)
    print(f"{name}: cable in, address {result['address']}. It should be online again.")
    print(_LOOK)


def _silence(lab, name):
    lab.order("silence", device=name)
    print(f"{name}: silent; the link is up but nothing answers. It should become offline.")
    print(_LOOK)


def _wake(lab, name):
    result = lab.order("wake", device=name)
    print(f"{name}: awake at {result['address']}. It should be online again.")
    print(_LOOK)


def _set(field, label):
    def perform(lab, name, value):
        result = lab.order("set", device=name, field=field, value=value)
        if result["was"] == result["now"]:
            print(f"{name}: {label} is {result['now']} already; nothing changed.")
            return
        at = f" at {result['address']}" if result["condition"] == "plugged in" else (
            f" (shown when it is back: it is {result['condition']})")
        print(f"{name}: {label} {result['was']} -> {result['now']}{at}.")
        print(f"Compare: ./dmp lab ask {name}")
        print(_LOOK + "; its /events keep the old value and the new.")
    return perform


def _agent(lab, action):
    if action not in ("stop", "kill", "start"):
        raise LabError(f"'{action}' is none of stop, kill, start")
    result = lab.order("agent", action=action)
    if not result["done"]:
        print(f"agent: {'runs already' if action == 'start' else 'does not run'}.")
        return
    happened = {
        "start": "started; its devices are confirmed as it connects",
        "stop": "stopped" + ("" if result.get("clean", True) else " by force: it did not end"
                             " when asked") + "; its devices become unknown (rae_lost)",
        "kill": "killed; the broker publishes its Will and its devices become unknown (rae_lost)"
                " within 35 s",
    }
    print(f"agent: {happened[action]}.")
    print(_LOOK)


def _exec(lab, place, *command):
    words = [*lab.enter(place), *command]
    if os.getuid() == 0:
        os.seteuid(0)  # root that lent itself to another user
    try:
        os.execvp(words[0], words)
    except OSError as error:
        raise LabError(f"cannot run {words[0]}: {error}") from error


_VERBS = {
    "list": ((), _list),
    "list --json": ((), _list_json),
    "ask": (("DEVICE",), _ask),
    "unplug": (("DEVICE",), _unplug),
    "plug": (("DEVICE",), _plug),
    "silence": (("DEVICE",), _silence),
    "wake": (("DEVICE",), _wake),
    "upgrade": (("DEVICE", "VERSION"), _set("firmware", "firmware")),
    "mac": (("DEVICE", "MAC"), _set("mac", "MAC")),
    "esn": (("DEVICE", "ESN"), _set("esn", "ESN")),
    "agent": (("stop|kill|start",), _agent),
    "exec": (("PLACE", "COMMAND..."), _exec),
}
