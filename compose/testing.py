"""`./dmp test`: builds and runs the tests by label, beside real servers of their own."""

import contextlib
import os
import re
import subprocess
from dataclasses import dataclass

from compose import choice, kafka_jars, packages, schemathesis
from compose.build import build, configure, new_log
from compose.follow import follow
from compose.private_stack import private_stack
from compose.report import Failure

RESULT = re.compile(r"\s*(\d+/\d+) Test +#\d+: (\S+)")
SENTENCE = re.compile(r"\d+: (.*?)(?: \(\S+\))? \.\.\. (ok|FAIL|ERROR|skipped.*)$")
LISTED = re.compile(r"Test +#\d+: (\S+)")
SUMMARY = re.compile(r"\d+% tests passed, (\d+) tests failed out of (\d+)")
TIDY_PROGRESS = re.compile(r"\[ *(\d+/\d+)\]")
PROMISE = re.compile(r"((?:PASS|FAIL) .*)")
VERDICT = re.compile(r"\d+ of \d+ promises kept")
ANY = "."
PYTHON_TESTS = "^(compose|lab|tidy|e2e)_"  # the same under every compiler


@dataclass(frozen=True)
class Round:
    """Tests with one of these ctest labels, built with one preset."""

    preset: str
    labels: tuple
    only: str = ANY  # names of tests to run and to leave out, as regular expressions
    skip: str = "^$"
    talks: bool = False  # one long test that tells its own progress, sentence by sentence
    at_once: int = 2  # tests; most of them wait for servers
    timeout_s: int = 900  # of a test that names none itself
    settings: tuple = ()  # environment variables of its own

    @property
    def needs_servers(self):
        return "contract" in self.labels

    @property
    def ctest(self):
        """The command line that runs its tests."""
        chosen = ["-L", f"^({'|'.join(self.labels)})$", "-R", self.only, "-E", self.skip]
        how = ["--timeout", str(self.timeout_s), "--parallel", str(self.at_once), *["-V"] * self.talks]
        return ["ctest", "--preset", self.preset, "--no-tests=error", *how, *chosen]


ROUNDS = {
    "unit": Round("dev", ("unit",)),
    "contract": Round("dev", ("contract",)),
    "e2e": Round("dev", ("e2e",), talks=True),
    "clang": Round("clang", ("unit", "contract"), skip=PYTHON_TESTS),
    "asan": Round("asan", ("unit", "contract"), skip=PYTHON_TESTS),
    # Pure code and the shared base: the client libraries bring threads it cannot see into.
    "tsan": Round("tsan", ("unit",), only="^base|_core|registry_lane"),
    # What the other rounds do in small.
    "long": Round("dev", ("contract",), only="^registry_(process|ingest|store|watch_contract)_test$|^bridge_faults_test$",
                  at_once=1, timeout_s=3600, settings=(
                      ("DMP_FAULT_SECONDS", "60"),  # Kafka is away so long
                      ("DMP_KILLS", "10"),  # of a registry between storing and committing
                      ("DMP_POISON_RECORDS", "300000"),
                      ("DMP_STORM_SECONDS", "120"),  # a member joins, leaves or dies every 2 s
                      ("DMP_WATCH_CHURN_S", "600"),  # clients of a watch reconnect
                      ("DMP_ZOMBIE", "1"),  # a registry is frozen past its session
                      ("RC_PARAMS", "max_success=1000"),  # random histories, into PostgreSQL
                  )),
}
LABELS = (*ROUNDS, "demo", "tidy", "schemathesis")
DEFAULT = ("unit", "contract", "asan", "tsan", "e2e", "demo")


def checked(labels):
    """The labels to run, or a failure naming the nearest."""
    return choice.checked("test label", labels or DEFAULT, LABELS, "./dmp test")


def packages_for(labels):
    """Debian packages that building and running these needs."""
    clang = packages.CLANG if {"clang", "tidy"} & set(labels) else ()
    demo = packages.DEMO if "demo" in labels else ()
    pypi = packages.PYPI if "schemathesis" in labels else ()
    return (*packages.BUILD, *packages.RUN, *packages.TEST, *clang, *demo, *pypi)


def run(checkout, report, labels, account):
    """Runs all labels, whatever fails. Returns the exit code."""
    failed = []
    with contextlib.ExitStack() as running:
        environment = {}
        if any(label in ROUNDS and ROUNDS[label].needs_servers for label in labels):
            environment = running.enter_context(servers(checkout, report, account))
        for label in labels:
            try:
                if label == "tidy":
                    _tidy(checkout, report)
                elif label == "schemathesis":
                    schemathesis.run(checkout, report, account)
                elif label == "demo":
                    _demo(checkout, report, account)
                else:
                    _round(checkout, report, label, environment)
            except Failure as failure:
                report.say(failure.text())
                failed.append(label)
    report.say(report.red(f"failed: {', '.join(failed)}") if failed else report.green("all passed"))
    return 1 if failed else 0


@contextlib.contextmanager
def servers(checkout, report, account):
    """The environment that leads tests to a real Kafka. Brokers and databases they start
    themselves, one for each program of tests."""
    with report.step("kafka jars") as step:
        step.result = str(kafka_jars.resolve(os.environ, step))
    with private_stack(report, account, "test") as stack:
        stack.start_servers((stack.kafka,))
        with account.as_root():
            yield {"DMP_TEST_KAFKA": stack.kafka.brokers}


def _round(checkout, report, label, environment):
    one = ROUNDS[label]
    with report.step(f"build {one.preset}") as step:
        configure(checkout, one.preset, step)
        build(checkout, one.preset, step, _programs(checkout, one))
    log = new_log(checkout, f"test-{label}")
    with report.step(f"test {label}") as step:
        # What `./dmp env` exports for the canary would be settings of its tests.
        typed = {k: v for k, v in os.environ.items() if not k.startswith("DMP_CANARY_")}
        environment = {**dict(one.settings), **typed, **environment}
        code = follow(one.ctest, log, step, SENTENCE if one.talks else RESULT, cwd=checkout, env=environment)
        found = SUMMARY.search(log.read_text(errors="replace"))
        step.result = f"{found[1]} of {found[2]} failed" if found else "no summary"
        if code:
            raise Failure(f"ctest under preset {one.preset}: {step.result}", log=log)
        step.result = f"{found[2]} passed"


def _programs(checkout, one):
    """What to build for a round: nothing more than its tests, if it runs only some."""
    if one.only == ANY:
        return ()
    listed = subprocess.run([*one.ctest, "-N"], cwd=checkout, capture_output=True, text=True)
    return LISTED.findall(listed.stdout)


def _demo(checkout, report, account):
    """A command of its own, as people type it: it lends itself to the stack's user for good."""
    log = new_log(checkout, "test-demo")
    with report.step("test demo") as step:
        command = [checkout / "dmp", "demo", "--short", "--user", account.name]
        code = follow(command, log, step, PROMISE, cwd=checkout)
        found = VERDICT.search(log.read_text(errors="replace"))
        step.result = found[0] if found else "no verdict"
        if code:
            raise Failure(f"./dmp demo --short: {step.result}", log=log)


def _tidy(checkout, report):
    """clang-tidy over every source, as Clang compiles it: it refuses warnings that only GCC knows."""
    with report.step("build clang") as step:
        build(checkout, "clang", step)
    log = new_log(checkout, "test-tidy")
    with report.step("test tidy") as step:
        command = ["run-clang-tidy", "-quiet", "-p", "build/clang"]
        if follow(command, log, step, TIDY_PROGRESS, cwd=checkout):
            raise Failure("clang-tidy has findings", log=log)
        step.result = "no findings"
