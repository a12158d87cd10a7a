"""The canary's fleet beside Locust, a widely used load tool, one after the other on the same broker:
the same clients with certificates of their own connect as fast as they are let in, send the same,
wait and leave. What they could reach at most follows from bare TLS handshakes, measured first.
"""

import json
import os
import re
import resource
from concurrent.futures import ThreadPoolExecutor

from compose import mosquitto
from compose.bench import cost, locust_tool
from compose.bench.canary import Canary
from compose.report import Failure

CLIENTS = 1000
RATE = 300
PAYLOAD = 930
PUBLISH_S = 10
IDLE_S = 10
SPAWN_PER_S = 1000  # all at once; more slowly it connects no more per second
HANDSHAKES_S = 5
HANDSHAKERS = 4  # more than cores: none of them waits for the other end
LONGEST_S = 180
RUN = "peers"

WHAT = f"{CLIENTS} clients by mutual TLS, {RATE} updates/s for {PUBLISH_S} s, {IDLE_S} s idle"
TARGETS = {
    "canary_of_limit": ">= 0.5",
    "cpu_ratio_to_locust": "<= 0.5",
    "rss_ratio_to_locust": "<= 0.5",
}
COUNTED = re.compile(r"(\d+) connections in ([0-9.]+)s;")


def measure(stack, report, _checkout):
    """The figures; those of Locust are left out if it cannot be installed."""
    with report.step("locust") as step:
        site, step.result = installed(stack.state.account, step)
    with report.step("stack") as step:
        stack.start_servers((stack.mosquitto,))
        step.result = "Mosquitto"
    with report.step("handshakes") as step:
        limit = handshakes(stack)
        step.result = f"{limit['handshakes_per_core_s']} per second and core"
    peers = Peers(stack)
    with report.step("canary") as step:
        ours = peers.canary()
        step.result = f"{ours['connected']:.0f} connected"
    theirs = None
    if site:
        with report.step("locust") as step:
            theirs = peers.locust(site)
            step.result = f"{theirs['connected']} connected"
    return {**limit, **figures("canary", ours, limit), **beside(ours, theirs, limit)}


def installed(account, step):
    """(where Locust is, in words); nothing and why if it cannot be had."""
    try:
        with account.as_root():
            site = locust_tool.install(os.environ, step)
    except Failure as failure:
        return None, f"left out: {failure.what}"
    return site, str(site)


def handshakes(stack):
    """What a bare handshake by mutual TLS costs at both ends with all cores busy, and so how many
    of them the cores can do."""
    pid = stack.mosquitto.process().pid
    own, before = resource.getrusage(resource.RUSAGE_CHILDREN), cost.cpu_s(pid)
    with ThreadPoolExecutor(max_workers=HANDSHAKERS) as pool:
        count = sum(pool.map(shake_hands, [stack] * HANDSHAKERS))
    after, broker_s = resource.getrusage(resource.RUSAGE_CHILDREN), cost.cpu_s(pid) - before
    client_s = after.ru_utime + after.ru_stime - own.ru_utime - own.ru_stime
    per_core = count / (client_s + broker_s)
    return {
        "handshake_client_ms": round(1000 * client_s / count, 2),
        "handshake_broker_ms": round(1000 * broker_s / count, 2),
        "handshakes_per_core_s": round(per_core),
        "connects_per_s_limit": round(per_core * os.cpu_count()),
    }


def shake_hands(stack):
    """How many handshakes one client that does nothing else made, one after the other."""
    pki = stack.state.pki
    done = stack.state.account.run([
        *("/usr/bin/openssl", "s_time", "-new", "-time", HANDSHAKES_S),
        *("-connect", f"127.0.0.1:{stack.mosquitto.port}", "-CAfile", pki / "ca.crt"),
        *("-cert", pki / f"{mosquitto.PROBE}.crt", "-key", pki / f"{mosquitto.PROBE}.key"),
    ])  # fmt: skip
    found = COUNTED.search(done.stdout)
    if not found or not int(found[1]):
        raise Failure(f"openssl s_time made no handshake: {done.stderr[-300:]}")
    return int(found[1])


class Peers:
    """Both tools on one stack, with the same certificates."""

    def __init__(self, stack):
        self._stack = stack
        self._canary = Canary(stack)

    def canary(self):
        report = self._canary.run(
            clients=CLIENTS, rate=RATE, payload=PAYLOAD, ramp="0ms", publish=f"{PUBLISH_S}s",
            hold="0ms", grace=f"{IDLE_S}s", probe="false",
            rest=None, bridge_metrics=None, registry_metrics=None,
        )  # fmt: skip
        connect = next(phase for phase in report["phases"] if phase["phase"] == "connect")
        return {**report["figures"], "connect_s": connect["took_s"]}

    def locust(self, site):
        """What clients.py found."""
        state = self._stack.state
        folder = state.data / "locust"
        folder.mkdir(exist_ok=True)
        certificates, result = folder / "certificates", folder / "result.json"
        state.write(folder / "clients.py", locust_tool.CLIENTS)
        self._make(certificates)
        plan = {
            "run": RUN, "clients": CLIENTS, "rate": RATE, "payload": PAYLOAD,
            "publish_s": PUBLISH_S, "idle_s": IDLE_S,
            "host": "127.0.0.1", "port": self._stack.mosquitto.port,
            "ca": str(self._stack.authority.certificate),
            "certificates": str(certificates), "result": str(result),
        }  # fmt: skip
        done = state.account.run(
            [
                *(locust_tool.PYTHON, "-m", "locust", "--headless", "--only-summary"),
                *("-f", folder / "clients.py", "-u", CLIENTS, "-r", SPAWN_PER_S),
            ],
            environment={"PYTHONPATH": str(site), "DMP_PLAN": json.dumps(plan)},
            seconds=LONGEST_S,
        )
        log = state.log / "locust.log"
        state.write(log, done.stdout + done.stderr)
        if not result.exists():
            raise Failure(f"Locust ended with {done.returncode} and no result", log=log)
        return json.loads(result.read_text())

    def _make(self, certificates):
        state, authority = self._stack.state, self._stack.authority
        done = state.account.run([
            *(state.bin / "dmp-canary", "certificates", f"--run={RUN}", f"--clients={CLIENTS}"),
            f"--authority-certificate={authority.certificate}",
            f"--authority-key={state.secrets / 'authority' / 'ca.key'}",
            f"--certificates={certificates}",
        ])  # fmt: skip
        if done.returncode:
            raise Failure(f"dmp-canary makes no certificates: {done.stderr}")


def figures(name, found, limit):
    """What one of them reached and what it cost."""
    per_s = CLIENTS / found["connect_s"] if found["connected"] == CLIENTS else None
    thousands = CLIENTS / 1000
    return {
        f"{name}_connected": found["connected"],
        f"{name}_connects_per_s": per_s and round(per_s),
        f"{name}_of_limit": per_s and round(per_s / limit["connects_per_s_limit"], 2),
        f"{name}_sent": found["sent"],
        f"{name}_puback_p50_ms": round(found["puback_p50_ms"], 2),
        f"{name}_puback_p99_ms": round(found["puback_p99_ms"], 1),
        f"{name}_cpu_s_per_1000": round(found["cpu_s"] / thousands, 2),
        f"{name}_rss_mib_per_1000": round(found["rss_mib"] / thousands, 1),
    }


def beside(ours, theirs, limit):
    """Locust's figures, and ours as a share of them."""
    if theirs is None:
        return {"locust": "left out"}
    return {
        **figures("locust", theirs, limit),
        "cpu_ratio_to_locust": round(ours["cpu_s"] / theirs["cpu_s"], 3),
        "rss_ratio_to_locust": round(ours["rss_mib"] / theirs["rss_mib"], 3),
    }
