"""The MQTT broker: Mosquitto with one listener, mutual TLS for everybody."""

import signal

from compose import probe
from compose.part import Part

# Overflow drops the newest messages although it acknowledged them, so the count is unlimited and
# the bytes are the bound: about 400 000 queued updates while the bridge is away. (`memory_limit`
# would lock the bridge out as well, and nobody could drain.)
QUEUED_BYTES = 256 * 1024 * 1024

CONFIG = """\
# Written by ./dmp up; changes here are overwritten.
per_listener_settings false
listener {port} 127.0.0.1
cafile {pki}/ca.crt
certfile {pki}/mosquitto.crt
keyfile {pki}/mosquitto.key
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
allow_zero_length_clientid false
acl_file {etc}/mosquitto.acl

persistence true
persistence_location {data}/
autosave_on_changes true
autosave_interval 1000
persistent_client_expiration 7d
max_queued_messages 0
max_queued_bytes {queued_bytes}
max_inflight_messages {inflight}
max_packet_size 300000
max_keepalive 120
set_tcp_nodelay true

sys_interval 1
log_dest stderr
log_type error
log_type warning
log_type notice
log_timestamp_format %Y-%m-%dT%H:%M:%S
"""

# The name in the certificate is the user name (%u). Patterns apply to every name; each lets a RAE
# into its own topics only.
AGENT_ACL = """\
pattern write dmp/v1/%u/+/update
pattern write dmp/v1/%u/+/reply
pattern write dmp/v1/%u/agent/presence
pattern write dmp/v1/%u/agent/roster
pattern read dmp/v1/%u/+/command
pattern read dmp/v1/%u/agent/confirm
pattern read dmp/v1/%u/agent/resync
"""

BRIDGE_ACL = """\
user {name}
topic read dmp/v1/+/+/update
topic read dmp/v1/+/+/reply
topic read dmp/v1/+/agent/presence
topic read dmp/v1/+/agent/roster
topic write dmp/v1/+/+/command
topic write dmp/v1/+/agent/confirm
topic write dmp/v1/+/agent/resync
topic readwrite dmp/v1/bridge/{name}/echo
"""

PROBE = "probe"
PROBE_ACL = f"user {PROBE}\ntopic read $SYS/#\n"


def acl(bridges):
    """The whole access list, with these names as bridges."""
    blocks = [PROBE_ACL, *(BRIDGE_ACL.format(name=name) for name in bridges), AGENT_ACL]
    return "\n".join(blocks)


class Mosquitto(Part):
    """Ready means: it completed a TLS handshake and accepted an MQTT connection."""

    name = "mosquitto"
    port_names = ("mqtt",)
    inflight_messages = 20  # Mosquitto's own default, for clients that do not ask for another

    def __init__(self, state, ports, authority):
        super().__init__(state, ports)
        self._authority = authority
        self._config = state.etc / "mosquitto.conf"

    def prepare(self):
        data = self.state.data / "mosquitto"
        data.mkdir(mode=0o700, exist_ok=True)
        for name in ("mosquitto", PROBE):
            self._authority.issue(name)
        self.reload_acl()
        self.state.write(
            self._config,
            CONFIG.format(
                port=self.port,
                pki=self.state.pki,
                etc=self.state.etc,
                data=data,
                queued_bytes=QUEUED_BYTES,
                inflight=self.inflight_messages,
            ),
        )

    def write_acl(self):
        """True if it differs from what stood there."""
        return self.state.write(self.state.etc / "mosquitto.acl", acl(self._authority.bridges()))

    def reload_acl(self):
        """Lets a newly made bridge in, and rules of a newer version apply; connections stay."""
        running = self.process()
        if self.write_acl() and running:
            running.send(signal.SIGHUP)

    def command(self):
        return ["/usr/sbin/mosquitto", "-c", self._config]

    def inputs(self):
        return [self._config, self.state.pki / "mosquitto.crt", self.state.pki / "ca.crt"]

    @property
    def uri(self):
        return f"ssl://127.0.0.1:{self.port}"

    def why_not_ready(self):
        certificate, key = self._authority.files(PROBE)
        return probe.mqtt(self.port, self._authority.certificate, certificate, key, PROBE)
