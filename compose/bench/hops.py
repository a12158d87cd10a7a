"""Where the time between RAE and REST goes: what the programs themselves count of it.

One of our figures is measured at the ends; these tell which hop to look at. A histogram knows its
buckets only, so each is a value between two bounds, as Prometheus would tell it.
"""

from compose import probe

HOPS = {
    "kafka": ("bridge-admin", "dmp_bridge_stored_after_seconds"),  # MQTT -> Kafka has it
    "store": ("registry-admin", "dmp_ingest_batch_seconds"),  # decoded -> committed
    "answer": ("registry-admin", "dmp_registry_api_request_seconds"),  # the API's part of a read
}


class Hops:
    """From its making until figures()."""

    def __init__(self, ports):
        self._ports = ports
        self._before = self._read()

    def figures(self):
        """Name -> ms, as far as anything happened."""
        after = self._read()
        return {
            f"{hop}_p{percent}_ms": round(1000 * seconds, 1)
            for hop in HOPS
            for percent in (50, 99)
            if (seconds := quantile(since(self._before[hop], after[hop]), percent)) is not None
        }

    def _read(self):
        return {
            hop: probe.histogram(self._ports[port], name) for hop, (port, name) in HOPS.items()
        }


def since(before, after):
    """What a histogram counted between two readings."""
    return {bound: count - before.get(bound, 0) for bound, count in after.items()}


def quantile(counts, percent):
    """The value that so many percent do not exceed, evenly spread within its bucket; beyond the
    last bound that bound, and None of an empty histogram."""
    bounds = sorted(counts)
    if not bounds or not counts[bounds[-1]]:
        return None
    rank = counts[bounds[-1]] * percent / 100
    low, below = 0.0, 0.0
    for bound in bounds:
        if counts[bound] >= rank:
            if bound == float("inf"):
                return low
            return low + (bound - low) * (rank - below) / (counts[bound] - below)
        low, below = bound, counts[bound]
    return low
