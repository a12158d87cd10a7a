"""Running the promises one after the other, and telling each as it ends."""

import os
import time

from compose import account, endings, packages, provision
from compose.demo import away_promises, intruder_promises, lab_promises, outage_promises
from compose.demo.promise import Broken
from compose.demo.result import Outcome, Result
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
    away_promises.AWAY,
)
NAMES = tuple(promise.name for promise in PROMISES)
PACKAGES = (*packages.BUILD, *packages.RUN, *packages.DEMO)


def run(checkout, report, arguments):
    """0 if every promise was kept."""
    wanted = [p for p in PROMISES if not arguments.only or p.name in arguments.only]
    form = SHORT if arguments.short else FULL
    result = Result(report, len(wanted), arguments.json)
    with result.told_if_cut_short():
        provision.install(report, PACKAGES)
        user = account.choose(arguments.user, os.environ)
        with quiet() as nobody, private_stack(nobody, user, "demo") as stack:
            with result.told_if_cut_short():
                _decide(wanted, Scene(stack, form), checkout, report, result)
        return result.tell()


def _decide(wanted, scene, checkout, report, result):
    """Adds the outcomes to the result; the logs stay if there is anything to look for in them."""
    kept_logs = KeptLogs(checkout, scene.stack.state, "demo")
    kept_logs.drop_old()
    try:
        scene.start(checkout, report)
        for promise in wanted:
            decide(scene, promise, report, kept_logs, result)
    except Failure as failure:  # whose log is about to go
        endings.end_if_asked()
        raise kept_logs.instead(failure) from failure
    finally:
        if result.is_broken:
            kept_logs.keep()


def decide(scene, promise, report, kept_logs, result):
    """Makes one promise happen, tells how it went, and leaves the stack whole."""
    report.news(promise.name, promise.sentence)
    outcome = _outcome(scene, promise, kept_logs)
    result.add(outcome)
    report.end(promise.name, outcome.text(report))
    scene.mend()


def _outcome(scene, promise, kept_logs):
    began = time.monotonic()
    try:
        seen = promise.keep(scene)
        return Outcome(promise.name, promise.sentence, True, time.monotonic() - began, seen)
    except (Broken, Failure, OSError) as error:
        endings.end_if_asked()
        return _broken(scene, promise, time.monotonic() - began, error, kept_logs)


def _broken(scene, promise, seconds, error, kept_logs):
    ended = tuple(scene.ended())
    return Outcome(
        promise.name,
        promise.sentence,
        kept=False,
        seconds=seconds,
        seen=getattr(error, "seen", None) or str(error),
        expected=getattr(error, "expected", "no failure"),
        ended=ended,
        logs=_logs(scene, (*ended, *promise.about), error, kept_logs),
        again=_again(scene, promise),
    )


def _logs(scene, names, error, kept_logs):
    """Of the part that showed it first, then of those with the names."""
    first = getattr(error, "log", None)
    logs = [*([first] if first else []), *scene.logs(names)]
    return tuple(dict.fromkeys(map(kept_logs.place, logs)))


def _again(scene, promise):
    form = " --short" if scene.form is SHORT else ""
    return f"./dmp demo{form} --only {promise.name}"
