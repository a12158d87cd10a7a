"""Who may say what to whom: the real broker with the real access list.

Subscriptions are granted whatever they name, so only what arrives counts: after each forbidden
message a permitted one follows, and must be the first to arrive.
"""

import ssl
import time
import unittest

from compose import probe
from compose.mosquitto import Mosquitto
from compose.mqtt_client import Client
from compose.pki import Authority
from compose.ports import Ports
from tests.compose import scratch

NOT_AUTHORIZED = 0x87
SESSION = "7d444840-9dc0-11d1-b245-5ffdce74fad2"


class AccessTest(scratch.WithAuthority):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority.issue("bridge-1")
        ports = Ports(cls.state)
        ports.reserve(Mosquitto.port_names)
        cls.broker = Mosquitto(cls.state, ports, cls.authority)
        cls.addClassCleanup(cls.broker.stop)
        cls.broker.start(probe.wait)

    def refusal(self, name, topic):
        """The reason code for one message; the broker may close the connection after refusing."""
        client = Client(self.broker, self.authority, name)
        try:
            return client.publish(topic, b"x")
        finally:
            client.close()

    def client(self, name, client_id=None):
        made = Client(self.broker, self.authority, name, client_id)
        self.addCleanup(made.close)
        return made

    def test_a_rae_reaches_the_bridge_by_each_of_its_topics(self):
        bridge, rae = self.client("bridge-1"), self.client("rae-1")
        bridge.subscribe("dmp/v1/#")
        for leaf in (f"{SESSION}/update", f"{SESSION}/reply", "agent/presence", "agent/roster"):
            self.assertEqual(rae.publish(f"dmp/v1/rae-1/{leaf}", b"x"), 0)
            self.assertEqual(bridge.receive(), (f"dmp/v1/rae-1/{leaf}", b"x"))

    def test_the_bridge_reaches_a_rae_by_each_of_its_topics(self):
        bridge, rae = self.client("bridge-1"), self.client("rae-1")
        rae.subscribe("dmp/v1/rae-1/#")
        for leaf in (f"{SESSION}/command", "agent/confirm", "agent/resync"):
            self.assertEqual(bridge.publish(f"dmp/v1/rae-1/{leaf}", b"y"), 0)
            self.assertEqual(rae.receive(), (f"dmp/v1/rae-1/{leaf}", b"y"))

    def test_the_bridge_hears_itself_and_nobody_else_there(self):
        bridge = self.client("bridge-1")
        bridge.subscribe("dmp/v1/bridge/#")
        self.assertEqual(bridge.publish("dmp/v1/bridge/bridge-1/echo", b"1"), 0)
        self.assertEqual(bridge.receive(), ("dmp/v1/bridge/bridge-1/echo", b"1"))
        self.assertEqual(self.refusal("rae-1", "dmp/v1/bridge/bridge-1/echo"), NOT_AUTHORIZED)

    def test_a_rae_cannot_speak_for_another_nor_as_the_cloud(self):
        for topic in (
            f"dmp/v1/rae-2/{SESSION}/update",
            "dmp/v1/rae-2/agent/presence",
            f"dmp/v1/rae-1/{SESSION}/command",
            "dmp/v1/rae-1/agent/confirm",
            "dmp/v1/rae-1/agent/resync",
            "dmp/v1/rae-1/agent/anything",
            "anything",
        ):
            self.assertEqual(self.refusal("rae-1", topic), NOT_AUTHORIZED, topic)

    def test_the_bridge_cannot_speak_as_a_rae(self):
        for leaf in (f"{SESSION}/update", f"{SESSION}/reply", "agent/presence", "agent/roster"):
            refused = self.refusal("bridge-1", f"dmp/v1/rae-1/{leaf}")
            self.assertEqual(refused, NOT_AUTHORIZED, leaf)

    def test_a_rae_subscribed_to_everything_hears_only_its_own(self):
        bridge, other, rae = self.client("bridge-1"), self.client("rae-2"), self.client("rae-1")
        rae.subscribe("#")
        bridge.publish(f"dmp/v1/rae-2/{SESSION}/command", b"not for rae-1")
        other.publish(f"dmp/v1/rae-2/{SESSION}/update", b"not for rae-1")
        bridge.publish("dmp/v1/bridge/bridge-1/echo", b"not for rae-1")
        bridge.publish("dmp/v1/rae-1/agent/confirm", b"for rae-1")
        self.assertEqual(rae.receive(), ("dmp/v1/rae-1/agent/confirm", b"for rae-1"))

    def test_the_name_is_the_certificates_whatever_the_client_asks_for(self):
        first = self.client("rae-1")
        impostor = self.client("rae-2", client_id="rae-1")
        self.assertEqual(impostor.connect_code, 0)
        # The one whose name was asked for is still connected and still itself.
        self.assertEqual(impostor.publish("dmp/v1/rae-1/agent/presence", b"x"), NOT_AUTHORIZED)
        self.assertNotEqual(first.publish("dmp/v1/rae-1/agent/presence", b"x"), NOT_AUTHORIZED)

    def test_a_bridge_made_later_is_let_in_without_a_restart(self):
        rae = self.client("rae-1")
        before = self.broker.process().pid
        self.authority.issue("bridge-late")
        self.broker.reload_acl()
        # The broker reads its list again in its own time: until then this one is a stranger.
        deadline = time.monotonic() + 10
        while self.refusal("bridge-late", "dmp/v1/rae-1/agent/confirm") == NOT_AUTHORIZED:
            self.assertLess(time.monotonic(), deadline, "never let in")
        bridge = self.client("bridge-late")
        bridge.subscribe("dmp/v1/#")
        rae.publish(f"dmp/v1/rae-1/{SESSION}/update", b"x")
        self.assertEqual(bridge.receive()[1], b"x")
        self.assertEqual(self.broker.process().pid, before)

    def test_without_a_certificate_of_this_authority_nobody_gets_in(self):
        with scratch.state() as elsewhere:
            stranger = Authority(elsewhere)
            stranger.make()
            certificate, key = stranger.issue("rae-1")
            why = probe.mqtt(self.broker.port, self.authority.certificate, certificate, key, "x")
        self.assertNotEqual(why, "")

    def test_the_broker_shows_a_certificate_of_this_authority(self):
        with scratch.state() as elsewhere:
            stranger = Authority(elsewhere)
            stranger.make()
            with self.assertRaises(ssl.SSLError):
                Client(self.broker, _Mixed(self.authority, stranger.certificate), "rae-1")


class _Mixed:
    """Right certificates, but trusts another authority."""

    def __init__(self, authority, certificate):
        self.issue = authority.issue
        self.certificate = certificate


if __name__ == "__main__":
    unittest.main()
