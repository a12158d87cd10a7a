"""What the demo has decided so far, and how that is told: to people in lines, to programs as JSON."""

import contextlib
import json
import time
from dataclasses import asdict, dataclass

from compose import endings

NAME_COLUMNS = 15  # of the longest name of a promise


@dataclass(frozen=True)
class Outcome:
    """How it went with one promise. Of a broken one: the servers and programs that had `ended` by
    then (by themselves, or killed by the promise), the `logs` where they stay when the stack is
    gone, and the command that tries it `again` with the same load."""

    name: str
    promise: str
    kept: bool
    seconds: float
    seen: str
    expected: str = ""
    ended: tuple = ()
    logs: tuple = ()
    again: str = ""

    def word(self, report):
        return report.green("PASS") if self.kept else report.red("FAIL")

    def text(self, report):
        """The line that tells it, and the details below."""
        time_and_name = f"{self.seconds:6.1f} s  {self.name:<{NAME_COLUMNS}}"
        lines = [f"{self.word(report)} {time_and_name}  {self.promise}"]
        return "\n".join([*lines, *(f"{'':15}{detail}" for detail in self._details())])

    def _details(self):
        if self.kept:
            return [self.seen]
        return [
            f"expected: {self.expected}",
            f"seen:     {self.seen}",
            *([f"ended:    {', '.join(self.ended)}"] if self.ended else []),
            *(f"log:      {log}" for log in self.logs),
            f"again:    {self.again}",
        ]

    def facts(self):
        return {**asdict(self), "seconds": round(self.seconds, 3)}


class Result:
    """The outcomes of the `wanted` promises, as far as there are any."""

    def __init__(self, report, wanted, as_json):
        self._report = report
        self._wanted = wanted
        self._as_json = as_json
        self._began = time.monotonic()
        self._outcomes = []
        self._told = False

    def add(self, outcome):
        self._outcomes.append(outcome)

    @property
    def is_broken(self):
        """Whether a promise was; those not decided yet are not."""
        return not all(outcome.kept for outcome in self._outcomes)

    def tell(self):
        """The end of a whole demo; returns its exit code."""
        whole = self._is_whole()
        verdict = f"{self._kept()} of {self._wanted} promises kept in {self._seconds():.0f} s"
        self._report.say(self._report.green(verdict) if whole else self._report.red(verdict))
        self._write_json()
        return 0 if whole else 1

    @contextlib.contextmanager
    def told_if_cut_short(self):
        """Whoever ends the block by a signal is told what was decided until then, and programs are
        told of a failure too. May be nested: the innermost tells, before what is around it is taken
        down."""
        try:
            yield
        except BaseException as error:
            if not self._told:
                self._tell_cut_short(error)
            raise

    def _tell_cut_short(self, error):
        if endings.is_asked():  # whatever failed in the clean-up
            self._tell_interrupted()
        elif self._as_json:
            with contextlib.suppress(OSError):  # people shall read the failure, not this one
                self._write_json(failure=str(error) or type(error).__name__)

    def _tell_interrupted(self):
        left = self._wanted - len(self._outcomes)
        kept = f"{self._kept()} of {len(self._outcomes)} decided promises kept, {left} not decided"
        decided = [f"{one.word(self._report)} {one.name}" for one in self._outcomes]
        verdict = self._report.yellow(f"interrupted after {self._seconds():.0f} s: {kept}")
        with contextlib.suppress(OSError):  # nobody may be left to read it
            self._report.say("\n".join([*decided, verdict]))
        with contextlib.suppress(OSError):
            self._write_json(interrupted=True)

    def _write_json(self, interrupted=False, failure=""):
        facts = {
            "kept": self._is_whole() and not interrupted and not failure,
            "interrupted": interrupted,
            "failure": failure,
            "seconds": round(self._seconds(), 3),
            "promises": [outcome.facts() for outcome in self._outcomes],
        }
        text = json.dumps(facts, indent=2)
        self._told = True
        if self._as_json:
            print(text, flush=True)

    def _kept(self):
        return sum(outcome.kept for outcome in self._outcomes)

    def _is_whole(self):
        return self._kept() == self._wanted

    def _seconds(self):
        return time.monotonic() - self._began
