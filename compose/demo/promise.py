"""What a promise of the demo is, and how one is kept or broken."""

import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass

from compose.report import Failure

PAUSE_S = 0.1
CAPITALS = {"rae": "RAE", "rest": "REST", "esn": "ESN"}


@dataclass(frozen=True)
class Promise:
    """`keep` gets the scene, makes it happen, and returns what was seen; it raises Broken. `about`
    names the parts whose logs tell why: our programs on the way, and the servers it touches."""

    name: str
    sentence: str
    keep: Callable
    about: tuple = ()


class Broken(Exception):
    """The promise does not hold: what was expected, what was seen, whose log tells most."""

    def __init__(self, expected, seen, log):
        super().__init__(f"expected {expected}, saw {seen}")
        self.expected = expected
        self.seen = seen
        self.log = log


def promise(name, *about):
    """The function below is this promise; its name is the sentence people read."""

    def made(keep):
        return Promise(name, sentence(keep.__name__), keep, about)

    return made


def sentence(identifier):
    return " ".join(CAPITALS.get(word, word) for word in identifier.split("_"))


def wait(why_not, expected, within_s, log):
    """Waits until `why_not()` finds nothing to object to and returns the seconds that took; Broken
    with the last objection if it takes longer than `within_s`. What cannot be asked now (a server
    just killed) is an objection too."""
    began = time.monotonic()
    while True:
        try:
            seen = why_not()
        except (OSError, http.client.HTTPException, ValueError, Failure) as error:
            seen = f"no answer: {error}"
        took = time.monotonic() - began
        if not seen:
            return took
        if took > within_s:
            raise Broken(f"{expected} within {within_s:.0f} s", seen, log)
        time.sleep(PAUSE_S)
