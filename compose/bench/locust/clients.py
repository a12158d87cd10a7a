"""What Locust runs: clients on its MQTT client (Paho), each with a certificate of its own, that do
what the canary's do: connect, subscribe, send updates, wait, leave. The plan comes in the
environment as JSON; what they cost goes to a file.
"""

import itertools
import json
import os
import resource
import ssl
import time
from pathlib import Path

import gevent
from gevent.event import Event
from locust import constant, events, task
from locust.contrib.mqtt import MqttClient, MqttUser
from paho.mqtt.client import MQTTv5

PLAN = json.loads(os.environ["DMP_PLAN"])
CONNECTED_WITHIN_S = 60
EVERY_S = PLAN["clients"] / PLAN["rate"]  # a client's updates


def context(serial):
    """TLS as the canary's clients have it. One for each: Paho can show no other certificate."""
    made = ssl.create_default_context(cafile=PLAN["ca"])
    folder = Path(PLAN["certificates"])
    made.load_cert_chain(folder / f"{serial}.crt", folder / f"{serial}.key")
    return made


SERIALS = [f"canary-{PLAN['run']}-{number}" for number in range(1, PLAN["clients"] + 1)]
CONTEXTS = {serial: context(serial) for serial in SERIALS}  # read beforehand, as the canary does


class Connects:
    """Who is connected, and since when."""

    def __init__(self):
        self.count = 0
        self.last = 0.0
        self.all = Event()

    def add(self):
        self.count += 1
        self.last = time.monotonic()
        if self.count == PLAN["clients"]:
            self.all.set()


CONNECTS = Connects()


class Client(MqttClient):
    """Counts all topics as one: a row of statistics for each would be Locust's cost, not MQTT's."""

    def _generate_event_name(self, event_type, qos, topic):
        return event_type


class Agent(MqttUser):
    """One RAE."""

    host, port = PLAN["host"], PLAN["port"]
    protocol = MQTTv5
    client_cls = Client
    use_loop_selectors = True
    wait_time = constant(EVERY_S)
    serials = itertools.cycle(SERIALS)

    def __init__(self, environment):
        self.client_id = next(self.serials)
        self.tls_context = CONTEXTS[self.client_id]
        self._left = round(PLAN["publish_s"] / EVERY_S)
        super().__init__(environment)

    def on_start(self):
        CONNECTS.all.wait(CONNECTED_WITHIN_S)
        self.client.subscribe(f"dmp/v1/{self.client_id}/agent/confirm", qos=1)
        gevent.sleep(EVERY_S * SERIALS.index(self.client_id) / len(SERIALS))

    @task
    def send(self):
        if not self._left:
            return
        self._left -= 1
        CONDUCT.sent += 1
        self.client.publish(f"dmp/v1/{self.client_id}/-/update", b"x" * PLAN["payload"], qos=1)

    def on_stop(self):
        self.client.disconnect()


class Conduct:
    """The phases of the run, and what it cost."""

    def __init__(self):
        self.sent = 0
        self._begun = self._cpu_s = 0.0

    def play(self, environment):
        self._begun, self._cpu_s = time.monotonic(), own_cpu_s()
        CONNECTS.all.wait(CONNECTED_WITHIN_S)
        gevent.sleep(PLAN["publish_s"] + PLAN["idle_s"])
        environment.runner.quit()

    def tell(self, environment):
        puback = environment.stats.get("publish", "MQTT")
        found = {
            "connected": CONNECTS.count,
            "connect_s": CONNECTS.last - self._begun,
            "sent": self.sent,
            "acknowledged": puback.num_requests - puback.num_failures,
            "puback_p50_ms": puback.get_response_time_percentile(0.50),
            "puback_p99_ms": puback.get_response_time_percentile(0.99),
            "cpu_s": own_cpu_s() - self._cpu_s,
            "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        Path(PLAN["result"]).write_text(json.dumps(found))


def own_cpu_s():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


CONDUCT = Conduct()


@events.request.add_listener
def on_request(name, exception, **_others):
    if name == "connect" and exception is None:
        CONNECTS.add()


@events.test_start.add_listener
def on_start(environment, **_others):
    gevent.spawn(CONDUCT.play, environment)


@events.quitting.add_listener
def on_quitting(environment, **_others):
    CONDUCT.tell(environment)
