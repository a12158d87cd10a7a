"""The REST API alone, as people reach it: PostgreSQL, the registry's role `api`, and the edge.

For tests and benches of what can be sent there. A few devices are put in by hand.
"""

from compose import probe

BINARY = "dmp-registry"
# The one in the OpenAPI document's examples, and how many there are with it.
DEVICE = "0b0f3c1e-5a57-5c3f-9d0c-2f1f4c1d2e3f"
DEVICES = 50

SEED = f"""
INSERT INTO ingest (topic, partition) VALUES ('dmp.agents', 0);
INSERT INTO bridge VALUES ('bridge-1', CAST(extract(epoch FROM now()) * 1000000 AS BIGINT));
INSERT INTO rae (rae, presence_at, presence_status, agent_version, last_heard_at, roster_at, bridge)
  VALUES ('lab-1', 100, 'online', '1.2.3', CAST(extract(epoch FROM now()) * 1000000 AS BIGINT),
          100, 'bridge-1');
INSERT INTO device_session (rae, device_session_id, reader, first_received_at, identity_at,
    device_id, model, onboarding_at, onboarding_state)
  SELECT 'lab-1', CAST(md5('session' || n) AS UUID), 1, now(), 1,
         CASE n WHEN 1 THEN CAST('{DEVICE}' AS UUID) ELSE CAST(md5('device' || n) AS UUID) END,
         'Model ' || n % 5, 1, 'active' FROM generate_series(1, {DEVICES}) n;
INSERT INTO device_state (rae, device_session_id, reader, seen_at, ended_at, presence_at,
    presence_status, presence_changed_at, usage_at, usage_state, health_at, health_status)
  SELECT 'lab-1', CAST(md5('session' || n) AS UUID), 1, 200, 0, 1,
         CASE n % 7 WHEN 0 THEN 'offline' ELSE 'online' END, 77, 1, 'available', 1, 'good'
    FROM generate_series(1, {DEVICES}) n;
INSERT INTO device_event (rae, device_session_id, timestamp, kind, reason, facets, received_at)
  SELECT 'lab-1', CAST(md5('session' || n) AS UUID), e, 'change', '',
         '{{"presence":{{"timestamp":' || e || ',"status":"online"}}}}', 5000 + e
    FROM generate_series(1, {DEVICES}) n, generate_series(1, 3) e;
"""


def start(stack, built=None):
    """Starts it in a stack of which nothing runs yet; with the registry of the folder `built`, else
    with the one that is there."""
    if built:
        with stack.state.account.as_root():
            program = (built / BINARY).read_bytes()
        stack.state.write(stack.state.bin / BINARY, program, mode=0o755)
    stack.registry.roles = "api"
    stack.start_servers((stack.postgres,))
    stack.registry.migrate()
    stack.postgres.ask(SEED)
    for part in (stack.registry, stack.haproxy):
        part.start(probe.wait)
