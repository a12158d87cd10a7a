"""Is the canary's verdict right? A bottleneck is planted, part by part, and the canary must name it;
with none planted it must say that everything held.
"""

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

from compose import probe
from compose.bench import cost
from compose.bench.canary import Canary
from compose.report import Failure

WHAT = "a planted bottleneck -> who the canary says limited it"
RUN = {
    "clients": 200,
    "rate": 100,
    "ramp": "2s",
    "publish": "8s",
    "hold": "1s",
    "grace": "8s",
    "connect_timeout": "7s",
    "puback_budget": "400ms",
    "confirmed_budget": "1500ms",
    "visible_budget": "1500ms",
}
# A canary that is late is only to blame where something was missed, so it stands still for longer
# than a PUBACK may take.
RUN_OF = {"starved_client": {"puback_budget": "200ms"}}
PUBLISHING_AFTER_S = 6.0  # since the start: connected and subscribed
PROMPT_S = 120.0

TARGETS = {
    "nothing": "held",
    "starved_client": "limited by client",
    "throttled_broker": "limited by broker",
    "frozen_bridge": "limited by bridge",
    "slow_kafka": "limited by kafka",
    "slow_registry": "limited by registry",
    "slow_database": "limited by database",
    "killed_broker": "limited by broker",
    "killed_broker_exit_code": "99",
    "listed_unasked": "0",
    "history_rows": "0",
}


def measure(stack, report, _checkout):
    """The verdicts."""
    with report.step("stack") as step:
        stack.start_servers()
        stack.start_programs()
        step.result = "whole"
    canary = Canary(stack)
    plants = {
        "nothing": contextlib.nullcontext,
        "starved_client": lambda: throttled(lambda: programs_of(stack, "dmp-canary"), 0.3, 0.1),
        "throttled_broker": lambda: throttled(lambda: [pid_of(stack.mosquitto)], 0.9, 0.1),
        "frozen_bridge": lambda: throttled(lambda: [pid_of(stack.bridge)], 3600, 0),
        "slow_kafka": lambda: throttled(lambda: [pid_of(stack.kafka)], 2.9, 0.1),
        "slow_registry": lambda: throttled(lambda: [pid_of(stack.registry)], 3.9, 0.1),
        "slow_database": lambda: throttled(lambda: family_of(pid_of(stack.postgres)), 1.9, 0.1),
        "killed_broker": lambda: killed(stack.mosquitto),
    }
    figures = {}
    for name, plant in plants.items():
        with report.step(name) as step:
            with plant():
                found = canary.run(**(RUN | RUN_OF.get(name, {})))
            figures[name] = found["verdict"]
            step.result = f"{found['verdict']}: {'; '.join(found['evidence'])}"
            if name == "nothing":
                figures |= left_behind(stack)
        if name == "killed_broker":
            figures["killed_broker_exit_code"] = found["exit_code"]
        else:
            recover(stack)
    return figures


def left_behind(stack):
    """What those who did not ask for the canary see of it, and its history."""
    devices = [item for item in stack.rest().devices() if item["rae"].startswith("canary-")]
    events = "SELECT count(*) FROM device_event WHERE rae LIKE 'canary-%'"
    return {"listed_unasked": len(devices), "history_rows": int(stack.postgres.ask(events))}


def recover(stack):
    """Waits until the registry has taken what a bottleneck held up: what comes next would be
    blamed for it."""
    deadline = time.monotonic() + PROMPT_S
    port = stack.ports["registry-admin"]
    while lag := probe.metric(port, "dmp_ingest_lag_records"):
        if time.monotonic() > deadline:
            raise Failure(
                f"{lag:.0f} records are not stored {PROMPT_S:.0f} s after the bottleneck is gone",
                log=stack.registry.log,
            )
        time.sleep(probe.PAUSE_S)


def pid_of(part):
    return part.process().pid


def family_of(pid):
    """A process and its children, as far as they are there at this moment."""
    return [pid, *cost.children(pid)]


def programs_of(stack, name):
    """Processes that run a program of this stack."""
    found, binary = [], os.fsencode(stack.state.bin / name)
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes().split(b"\0")[0] == binary:
                found.append(int(folder.name))
    return found


@contextlib.contextmanager
def throttled(pids, stopped_s, going_s):
    """Those processes stand still for so long, then go on for so long, again and again."""
    end = threading.Event()

    def order(number, whom):
        for pid in whom:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def throttle():
        while not end.is_set():
            stopped = pids()
            order(signal.SIGSTOP, stopped)
            end.wait(stopped_s)
            order(signal.SIGCONT, stopped)
            end.wait(going_s)

    thread = threading.Thread(target=throttle)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


@contextlib.contextmanager
def killed(part):
    """It is killed in the middle of the publishing."""
    timer = threading.Timer(PUBLISHING_AFTER_S, lambda: os.kill(pid_of(part), signal.SIGKILL))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
