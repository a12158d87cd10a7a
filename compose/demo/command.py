"""Running the promises one after the other, and telling each as it ends."""

import json
import time
from dataclasses import asdict, dataclass

from compose.demo import intruder_promises, lab_promises, outage_promises
from compose.demo.promise import Broken
from compose.demo.scene import FULL, SHORT, Scene
from compose.kept_logs import KeptLogs
from compose.private_stack import private_stack
from compose.report import Failure, quiet

PROMISES = (
    lab_promises.a_device_plugged_in_is_listed_with_its_model_firmware_and_esn,
    lab_promises.a_new_firmware_and_esn_are_listed_and_history_tells_old_and_new,
    lab_promises.a_lost_rae_makes_its_devices_unknown_never_offline_until_it_is_back,
    lab_promises.an_agent_with_an_empty_database_and_a_clock_a_day_behind_is_believed_again,
    *map(outage_promises.kill_promise, outage_promises.KILLED),
    outage_promises.the_broker_killed_before_a_frozen_bridge_loses_nothing,
    outage_promises.the_same_with_agents_that_forget_at_puback_is_seen_to_lose,
    intruder_promises.a_rae_that_writes_the_session_of_another_is_refused,
    intruder_promises.a_rae_that_wants_the_answer_sent_to_another_is_a_dead_letter,
)
NAMES = tuple(promise.name for promise in PROMISES)


@dataclass(frozen=True)
class Outcome:
    """How it went with one promise. `log` is where it stays when the stack is gone."""

    name: str
    promise: str
    kept: bool
    seconds: float
    seen: str
    expected: str = ""
    log: str = ""


def run(checkout, report, account, arguments):
    """0 if every promise was kept."""
    wanted = [p for p in PROMISES if not arguments.only or p.name in arguments.only]
    began = time.monotonic()
    with quiet() as nobody, private_stack(nobody, account, "demo") as stack:
        scene = Scene(stack, SHORT if arguments.short else FULL)
        kept_logs = KeptLogs(checkout, stack.state, "demo")
        try:
            scene.start(checkout, report)
            outcomes = [shown(scene, promise, report, kept_logs) for promise in wanted]
        except Failure as failure:  # whose log is about to go
            raise kept_logs.instead(failure) from failure
        if not all(outcome.kept for outcome in outcomes):
            kept_logs.keep()
    return _told(outcomes, time.monotonic() - began, report, arguments.json)


def shown(scene, promise, report, kept_logs):
    """Makes one promise happen, tells how it went, and leaves the stack whole."""
    began = time.monotonic()
    report.news(promise.name, promise.sentence)
    try:
        seen = promise.keep(scene)
        outcome = Outcome(promise.name, promise.sentence, True, time.monotonic() - began, seen)
    except (Broken, Failure, OSError) as error:
        outcome = _broken(promise, time.monotonic() - began, error, kept_logs)
    report.end(promise.name, _line(outcome, report))
    scene.mend()
    return outcome


def _broken(promise, seconds, error, kept_logs):
    expected = getattr(error, "expected", "no failure")
    seen = getattr(error, "seen", None) or getattr(error, "what", None) or str(error)
    log = kept_logs.place(getattr(error, "log", None))
    return Outcome(promise.name, promise.sentence, False, seconds, seen, expected, log)


def _line(outcome, report):
    word = report.green("PASS") if outcome.kept else report.red("FAIL")
    lines = [f"{word} {outcome.seconds:6.1f} s  {outcome.promise}"]
    if outcome.kept:
        details = [outcome.seen]
    else:
        details = [f"expected: {outcome.expected}", f"seen:     {outcome.seen}"]
        details += [f"log:      {outcome.log}"] if outcome.log else []
        details += [f"again:    ./dmp demo --only {outcome.name}"]
    return "\n".join([*lines, *(f"{'':15}{detail}" for detail in details)])


def _told(outcomes, seconds, report, as_json):
    kept = sum(outcome.kept for outcome in outcomes)
    whole = kept == len(outcomes)
    verdict = f"{kept} of {len(outcomes)} promises kept in {seconds:.0f} s"
    report.say(report.green(verdict) if whole else report.red(verdict))
    if as_json:
        facts = {"kept": whole, "seconds": round(seconds, 1)}
        print(json.dumps({**facts, "promises": [asdict(one) for one in outcomes]}, indent=2))
    return 0 if whole else 1
