-- session_shown with what the cloud knows about the device and what keeps it from being scheduled:
-- the one place that derives blockers; a device without any is schedulable.
-- Read it for few device_ids at a time: sessions of one device are counted against each other.
CREATE OR REPLACE VIEW session_view AS
SELECT j.*,
       array_remove(ARRAY[
         CASE WHEN doubt <> '' THEN doubt
              WHEN shown_status IN ('offline', 'standby') THEN shown_status
              WHEN shown_status = 'unknown' THEN 'presence_unknown' END,
         CASE WHEN onboarding_state <> 'active' THEN 'onboarding' END,
         CASE WHEN usage_state = 'in_test' THEN 'in_test' END,
         CASE WHEN health_status IN ('bad', 'looping') THEN 'unhealthy' END,
         CASE WHEN held THEN 'held' END,
         CASE WHEN online_sessions > 1 THEN 'duplicate_identity' END], NULL) AS blockers
  FROM (
    SELECT s.*,
           COALESCE(d.labels, '{}') AS labels, COALESCE(d.note, '') AS note,
           COALESCE(d.hold_by, '') AS hold_by, COALESCE(d.hold_reason, '') AS hold_reason,
           d.hold_until, COALESCE(d.revision, 0) AS revision,
           COALESCE(d.hold_by, '') <> '' AND (d.hold_until IS NULL OR d.hold_until > now()) AS held,
           CASE s.shown_status WHEN 'online' THEN 0 WHEN 'standby' THEN 1 WHEN 'offline' THEN 2
                               ELSE 3 END AS presence_rank,
           sum(CASE WHEN s.shown_status = 'online' THEN 1 ELSE 0 END)
             OVER (PARTITION BY s.device_id) AS online_sessions
      FROM session_shown s
      LEFT JOIN device d ON d.device_id = s.device_id) j
