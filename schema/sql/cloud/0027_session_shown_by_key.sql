-- Every visible session with its presence as shown: `unknown` with the reason while something makes
-- us doubt it (rae_view; not_confirmed: the RAE has not named this session since it connected),
-- otherwise the facet's own value. A RAE without a row counts as silent.
-- Not made to be scanned: read it for few device_ids or few RAEs. State and RAE are looked up for
-- each session: as plain joins they are estimated at one row, and a plan that is kept then holds
-- every session against every RAE.
CREATE OR REPLACE VIEW session_shown AS
SELECT d.*,
       CASE WHEN doubt <> '' THEN 'unknown' ELSE presence_status END AS shown_status,
       CASE WHEN doubt <> '' THEN doubt ELSE presence_reason END AS shown_reason
  FROM (
    SELECT s.rae, s.device_session_id, s.first_received_at,
           s.device_id, s.provisional, s.manufacturer, s.model, s.model_number, s.serial, s.esn,
           s.device_type, s.name, s.claims, s.identity_at, s.identity_observed_at,
           s.identity_source,
           s.mac, s.ipv4, s.ipv6, s.hostname, s.port, s.interfaces,
           s.network_at, s.network_observed_at, s.network_source,
           s.firmware_version, s.os_version, s.sdk_version, s.app_version,
           s.software_at, s.software_observed_at, s.software_source,
           s.onboarding_state, s.onboarding_state_text, s.onboarding_step,
           s.onboarding_last_error, s.onboarding_next_try_at,
           s.onboarding_at, s.onboarding_observed_at, s.onboarding_source,
           t.presence_status, t.presence_status_text, t.presence_reason, t.presence_changed_at,
           t.presence_at, t.presence_observed_at, t.presence_source,
           t.usage_state, t.usage_state_text, t.usage_holder,
           t.usage_at, t.usage_observed_at, t.usage_source,
           t.health_status, t.health_status_text, t.health_reasons,
           t.health_at, t.health_observed_at, t.health_source,
           t.seen_at, COALESCE(r.last_heard_at, 0) AS rae_last_heard_at,
           CASE WHEN c.behind THEN 'registry_behind'
                WHEN r.rae IS NULL THEN 'rae_silent'
                WHEN r.doubt <> '' THEN r.doubt
                WHEN t.seen_at < r.presence_at THEN 'not_confirmed'
                ELSE '' END AS doubt
      FROM device_session s
      CROSS JOIN LATERAL (SELECT * FROM device_state x WHERE x.rae = s.rae
                            AND x.device_session_id = s.device_session_id LIMIT 1) t
      LEFT JOIN LATERAL (SELECT * FROM rae_view v WHERE v.rae = s.rae LIMIT 1) r ON true
      CROSS JOIN read_clock c
     WHERE s.device_id IS NOT NULL AND t.ended_at = 0 AND t.seen_at >= COALESCE(r.roster_at, 0)) d
