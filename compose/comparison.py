"""Agents' databases beside the cloud's, by `dmpctl compare`."""

import json
from dataclasses import dataclass

from compose.report import Failure

EQUAL, DIFFERENT = 0, 1
ALLOWANCE_S = 30.0  # beside the time to wait: reading both sides once more


@dataclass(frozen=True)
class Comparison:
    """Facets and sessions that differ. `first`: some of them, for people."""

    lost: int
    stale: int
    phantom: int
    compared: int  # facets
    first: tuple

    @property
    def is_equal(self):
        return not (self.lost or self.stale or self.phantom)

    def counts(self):
        differing = f"lost {self.lost}, stale {self.stale}, phantom {self.phantom}"
        return f"{differing} of {self.compared} facets"


def compare(stack, databases, within_s):
    """Again and again until they are equal or the time is over."""
    done = stack.state.account.run(
        [
            stack.state.bin / "dmpctl", "compare", "--json", "--within", f"{within_s:.0f}s",
            "--agent", ",".join(map(str, databases)), "--database", stack.postgres.connection(),
        ],
        seconds=within_s + ALLOWANCE_S,
    )  # fmt: skip
    if done.returncode not in (EQUAL, DIFFERENT):
        raise Failure(f"dmpctl compare ended with {done.returncode}: {done.stderr.strip()}")
    return parse(done.stdout)


def parse(text):
    """The comparison in dmpctl's JSON."""
    found = json.loads(text)
    return Comparison(
        lost=found["lost"],
        stale=found["stale"],
        phantom=found["phantom"],
        compared=sum(agent["facets"] for agent in found["agents"]),
        first=tuple(found["differences"]),
    )
