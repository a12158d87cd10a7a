"""Running benches, each in a stack of its own, and telling their figures."""

import json
from pathlib import Path

from compose import choice, provision
from compose.bench import (
    bridge,
    bridge_peers,
    canary,
    canary_peers,
    hostile,
    ingest,
    outage,
    rest,
    staleness,
    stall,
    verdicts,
)
from compose.kept_logs import KeptLogs
from compose.private_stack import private_stack
from compose.report import Failure, quiet

BENCHES = {
    "staleness": staleness,
    "ingest": ingest,
    "stall": stall,
    "bridge": bridge,
    "bridge-peers": bridge_peers,
    "outage": outage,
    "rest": rest,
    "canary": canary,
    "canary-peers": canary_peers,
    "verdicts": verdicts,
    "hostile": hostile,
}
SCALABLE = ("ingest", "stall", "rest")
NAMES = tuple(BENCHES)
COLUMNS = 36  # of a figure and its name


def run(checkout, report, account, arguments):
    """Measures and prints; with a file, figures as JSON there. 0 if all could be measured."""
    names = checked(arguments.names)
    scaled = scale_of(names, arguments.scale)
    target = Path(arguments.json) if arguments.json else None
    if target:
        write(target, {})  # before minutes are spent: it may not be writable
    figures = {}
    for name in names:
        with quiet() as nobody, private_stack(nobody, account, "bench") as stack:
            provision.obtain(checkout, report, stack.state)
            try:
                figures[name] = BENCHES[name].measure(stack, report, checkout, **scaled)
            except Failure as failure:
                raise KeptLogs(checkout, stack.state, "bench").instead(failure) from failure
        report.say("\n".join(table(name, BENCHES[name], figures[name])))
    if target:
        with account.as_root():  # the file is of who typed the command, not of the stack's user
            write(target, figures)
    return 0


def checked(names):
    """The benches to run, or a failure naming the nearest."""
    return choice.checked("bench", names or NAMES, NAMES, "./dmp bench")


def scale_of(names, scale):
    """The argument that makes these benches smaller: none unless asked for."""
    if scale == 1:
        return {}
    if rigid := [name for name in names if name not in SCALABLE]:
        raise Failure(f"{rigid[0]} cannot be scaled", f"--scale is for: {', '.join(SCALABLE)}")
    if not 0 < scale < 1:
        raise Failure(f"--scale {scale}: expected a number above 0 and at most 1")
    return {"scale": scale}


def table(name, bench, figures):
    """The figures as lines of text, each with what it is measured against."""
    lines = [f"{name}: {bench.WHAT}"]
    for figure, value in figures.items():
        target = bench.TARGETS.get(figure)
        beside = f"  target {target}" if target else ""
        lines.append(f"  {figure} {shown(value):>{COLUMNS - len(figure)}}{beside}")
    return lines


def shown(value):
    """A figure as text; a dash for what could not be measured."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:g}"


def write(path, figures):
    """One bench's figures as they are; those of several under their names."""
    only = next(iter(figures.values())) if len(figures) == 1 else figures
    path.write_text(json.dumps(only, indent=2) + "\n")
