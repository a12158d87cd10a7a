-- Every RAE with what makes us doubt its devices' presence; '' = nothing does. The first that holds:
-- registry_behind, rae_lost, bridge_silent, rae_silent.
CREATE OR REPLACE VIEW rae_view AS
SELECT d.rae, d.presence_at, d.presence_status, d.presence_status_text, d.agent_version,
       d.last_heard_at, d.roster_at, d.bridge, d.changed_at, d.doubt,
       CASE d.doubt WHEN '' THEN d.presence_status WHEN 'rae_lost' THEN 'offline'
                    ELSE 'unknown' END AS shown_status
  FROM (SELECT r.*,
               CASE WHEN c.behind THEN 'registry_behind'
                    WHEN r.presence_status = 'offline' THEN 'rae_lost'
                    WHEN r.bridge <> '' AND COALESCE(b.sent_at, 0) < c.now_us - 90000000
                      THEN 'bridge_silent'
                    WHEN r.last_heard_at < c.now_us - 180000000 THEN 'rae_silent'
                    ELSE '' END AS doubt
          FROM rae r
          LEFT JOIN bridge b ON b.bridge = r.bridge
          CROSS JOIN read_clock c) d
