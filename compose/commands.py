"""What each `./dmp COMMAND` does.

Every command gets the checkout, the report and its arguments, and returns the exit code."""

import json
import os
import shlex
import sys
import time

from compose import account, choice, devices, packages, pki, provision, testing
from compose.bench import command as benches
from compose.demo import command as demonstration
from compose.lab import commands as lab_commands
from compose.report import Failure, Report
from compose.stack import ALL, SERVERS, WITHOUT_LAB, Stack
from compose.state import State, locate
from compose.virtual_lab import SERIAL

TEST_LABELS = testing.LABELS
DEMO_NAMES = demonstration.NAMES
BENCH_NAMES = benches.NAMES
PROFILES = "local-registry/profiles"
LISTED_WITHIN_S = 90.0


def up(checkout, report, arguments):
    """Installs, builds, starts, waits."""
    began = time.monotonic()
    build = () if arguments.servers else packages.BUILD
    provision.install(report, (*build, *packages.RUN))
    state = _state(checkout, report, arguments.user)
    state.account.become()
    state.make()
    with state.lock():
        provision.obtain(checkout, report, state, arguments.servers)
        stack = Stack(state, report)
        stack.ask(_extent(arguments))
        stack.start_servers()
        if arguments.servers:
            return _say_servers_ready(report, stack, began)
        stack.start_programs()
        items = [] if arguments.without_lab else _start_lab(checkout, report, stack)
    _say_ready(report, stack, items, began)
    return 0


def _extent(arguments):
    if arguments.servers:
        return SERVERS
    return WITHOUT_LAB if arguments.without_lab else ALL


def _start_lab(checkout, report, stack):
    """Starts the lab and returns its devices as the REST list shows them."""
    with report.step("lab") as step:
        names = stack.lab.start(checkout / PROFILES, report)
        step.result = f"{len(names)} devices on the LAN of {SERIAL}"
    with report.step("devices") as step:
        items = devices.wait_for(stack, SERIAL, len(names), LISTED_WITHIN_S, step)
        step.result = f"{len(items)} in the REST list"
    return items


def _say_servers_ready(report, stack, began):
    seconds = time.monotonic() - began
    report.say(f"\n{report.green('Servers ready')} in {seconds:.0f} s. ./dmp env says where.")
    return 0


def _say_ready(report, stack, items, began):
    state = stack.state
    report.say(f"\n{report.green('Ready')} in {time.monotonic() - began:.0f} s.\n")
    if items:
        report.say("\n".join(devices.table(items)) + "\n")
    token = shlex.quote(str(state.secrets / "rest.token"))
    report.say(
        f"  curl --cacert {shlex.quote(str(stack.authority.certificate))}"
        f' -H "Authorization: Bearer $(cat {token})" {stack.api}/v1/devices\n\n'
        "Look next:"
    )
    if items:
        report.say(
            "  ./dmp lab upgrade roku-1 12.5.0   .../v1/devices/DEVICE_ID/events shows old and new\n"
            "  ./dmp lab unplug cast-1           it turns offline; plug brings it back\n"
            "  ./dmp lab agent kill              its devices turn unknown; agent start ends that"
        )
    report.say("  ./dmp status, ./dmp logs -f, ./dmp down")


def status(checkout, report, arguments):
    """0 if every part is ready that the last `up` was asked to start."""
    stack = _stack(checkout, report, arguments.user)
    parts = stack.status()
    if arguments.json:
        print(json.dumps({"state": str(stack.state.root), "parts": parts}, indent=2))
    else:
        report.say(f"stack in {stack.state.root}")
        for name, part in parts.items():
            report.say(_status_line(name, part, report))
    return 0 if all(part["ready"] for part in parts.values() if part["asked"]) else 1


def _status_line(name, part, report):
    where = f"  {name:<14} pid {part['pid'] or '-':<8} port {part['port'] or '-':<6}"
    admin = f"  admin {part['admin']}" if part["pid"] and part.get("admin") else ""
    if part["ready"]:
        return f"{where} {report.green('ready')}{admin}"
    if not part["asked"] and not part["pid"]:
        return f"{where} not asked for"
    return f"{where} {report.red('not ready')}  {part['why']}{admin}"


def env(checkout, report, arguments):
    """Only export lines on standard output: it is made for `eval`."""
    stack = _stack(checkout, report, arguments.user)
    for name, value in stack.environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def certificate(checkout, report, arguments):
    """Prints the certificate's path and its key's."""
    pki.check_name(arguments.name)
    stack = _stack(checkout, report, arguments.user)
    stack.authority.make()
    for path in stack.authority.issue(arguments.name):
        print(path)
    if arguments.name.startswith(pki.BRIDGE_PREFIX):
        stack.mosquitto.reload_acl()
    return 0


def logs(checkout, report, arguments):
    """Hands over to tail, which does this best."""
    state = _stack(checkout, report, arguments.user).state
    found = sorted(state.log.glob("*.log"))
    names = [path.stem for path in found]
    if arguments.part:
        choice.checked("log of", [arguments.part], names, "./dmp logs")
        found = [state.log / f"{arguments.part}.log"]
    if not found:
        raise Failure(f"no logs in {state.log} yet", "./dmp up")
    report.say(f"logs in {state.log}")
    os.execv(
        "/usr/bin/tail",
        ["tail", "-n", "40", *(["-F"] if arguments.follow else []), *map(str, found)],
    )


def down(checkout, report, arguments):
    """Stops what runs; nothing running is fine too."""
    state = _state(checkout, report, arguments.user)
    if not state.exists():
        report.say(f"no stack in {state.root}")
        return 0
    state.account.become()
    with state.lock():
        stopped = Stack(state, report).stop()
        report.say("stopped" if stopped else "nothing was running")
        if arguments.wipe:
            state.remove()
            report.say(f"deleted {state.root}")
    return 0


def lab(checkout, report, arguments):
    """Everything after `lab` belongs to the lab."""
    answered = lab_commands.without_lab(arguments.words)
    if answered is not None:
        return answered
    return _stack(checkout, report, arguments.user).lab.command(arguments.words)


def test(checkout, report, arguments):
    """Builds and runs the tests of the labels."""
    wanted = testing.checked(arguments.labels)
    provision.install(report, testing.packages_for(wanted))
    return testing.run(checkout, report, wanted, account.choose(arguments.user, os.environ))


def demo(checkout, report, arguments):
    """0 if every promise was kept."""
    notes = Report(sys.stderr) if arguments.json else report
    return demonstration.run(checkout, notes, arguments)


def bench(checkout, report, arguments):
    """0 if every bench could be run, whatever its figures."""
    provision.install(report, (*packages.BUILD, *packages.RUN, *packages.BENCH))
    return benches.run(checkout, report, account.choose(arguments.user, os.environ), arguments)


def _state(checkout, report, user):
    """The checkout's state folder and who owns it; changes nothing."""
    owner = account.choose(user, os.environ)
    root, note = locate(checkout, owner, os.environ)
    state = State(root, owner)
    if not state.is_vacant() and (uid := root.stat().st_uid) != owner.uid:
        existing = account.by_uid(uid)
        if user or os.getuid() != 0:
            raise Failure(
                f"the stack in {root} belongs to user {existing.name}",
                f"run ./dmp as root or as {existing.name}, or name another folder: DMP_STATE=...",
            )
        state = State(root, existing)
    if note:
        report.note(note)
    return state


def _stack(checkout, report, user):
    """The stack that exists here, acting as its owner."""
    state = _state(checkout, report, user)
    state.account.become()
    if not state.exists():
        raise Failure(f"no stack in {state.root} yet", "./dmp up")
    return Stack(state, report)


TABLE = {
    "up": up,
    "status": status,
    "env": env,
    "certificate": certificate,
    "logs": logs,
    "down": down,
    "lab": lab,
    "test": test,
    "demo": demo,
    "bench": bench,
}
