-- name: FlowMappings :many
SELECT * FROM flow_mappings WHERE environment_id = @environment_id AND integration_id = @integration_id ORDER BY flow_id;

-- name: FlowMappingsClear :exec
DELETE FROM flow_mappings WHERE environment_id = @environment_id AND integration_id = @integration_id;

-- name: FlowMappingInsert :exec
INSERT INTO flow_mappings (environment_id, integration_id, flow_id, partner_flow_id) VALUES (@environment_id, @integration_id, @flow_id, @partner_flow_id);

-- name: QuestionMappings :many
SELECT * FROM question_mappings WHERE environment_id = @environment_id AND integration_id = @integration_id ORDER BY partner_identifier;

-- name: QuestionMappingsClear :exec
DELETE FROM question_mappings WHERE environment_id = @environment_id AND integration_id = @integration_id;

-- name: QuestionMappingInsert :exec
INSERT INTO question_mappings (environment_id, integration_id, partner_identifier, question_id, options)
VALUES (@environment_id, @integration_id, @partner_identifier, @question_id, @options);

-- name: AgreementMappings :many
SELECT * FROM agreement_mappings WHERE environment_id = @environment_id AND integration_id = @integration_id ORDER BY partner_identifier;

-- name: AgreementMappingsClear :exec
DELETE FROM agreement_mappings WHERE environment_id = @environment_id AND integration_id = @integration_id;

-- name: AgreementMappingInsert :exec
INSERT INTO agreement_mappings (environment_id, integration_id, partner_identifier, agreement_id)
VALUES (@environment_id, @integration_id, @partner_identifier, @agreement_id);

-- name: StatusMappings :many
SELECT * FROM status_mappings WHERE environment_id = @environment_id AND integration_id = @integration_id ORDER BY partner_status;

-- name: StatusMappingsClear :exec
DELETE FROM status_mappings WHERE environment_id = @environment_id AND integration_id = @integration_id;

-- name: StatusMappingInsert :exec
INSERT INTO status_mappings (environment_id, integration_id, partner_status, status) VALUES (@environment_id, @integration_id, @partner_status, @status);

-- name: SnapshotLatest :one
SELECT * FROM partner_snapshots WHERE environment_id = @environment_id AND integration_id = @integration_id AND kind = @kind ORDER BY version DESC LIMIT 1;

-- name: SnapshotInsert :exec
INSERT INTO partner_snapshots (environment_id, integration_id, kind, version, data, fetched_at)
VALUES (@environment_id, @integration_id, @kind, @version, @data, @now) ON CONFLICT DO NOTHING;

-- name: SetupReading :one
SELECT * FROM setup_readings WHERE environment_id = @environment_id AND integration_id = @integration_id AND kind = @kind AND run_id = @run_id;

-- name: SetupReadingSave :exec
INSERT INTO setup_readings (environment_id, integration_id, kind, run_id, reading) VALUES (@environment_id, @integration_id, @kind, @run_id, @reading)
ON CONFLICT (environment_id, integration_id, kind) DO UPDATE SET run_id = EXCLUDED.run_id, reading = EXCLUDED.reading;

-- name: SetupReadingDone :exec
DELETE FROM setup_readings WHERE environment_id = @environment_id AND integration_id = @integration_id AND kind = @kind;

-- The set-up as it was when it was last mapped, a part a row.
-- name: SnapshotBaselines :many
SELECT s.* FROM mapping_baselines b
JOIN partner_snapshots s ON s.environment_id = b.environment_id AND s.integration_id = b.integration_id AND s.kind = b.kind AND s.version = b.version
WHERE b.environment_id = @environment_id AND b.integration_id = @integration_id;

-- The first version counts as seen: there is nothing that it drifted from.
-- name: MappingBaselineFirst :exec
INSERT INTO mapping_baselines (environment_id, integration_id, kind, version) VALUES (@environment_id, @integration_id, @kind, @version) ON CONFLICT DO NOTHING;

-- name: MappingBaselineMove :exec
UPDATE mapping_baselines b SET version = (SELECT max(s.version) FROM partner_snapshots s
  WHERE s.environment_id = b.environment_id AND s.integration_id = b.integration_id AND s.kind = b.kind)
WHERE b.environment_id = @environment_id AND b.integration_id = @integration_id AND b.kind = @kind;

-- Versions that are neither the latest nor the one that was mapped serve nobody.
-- name: SnapshotsForget :exec
DELETE FROM partner_snapshots s WHERE s.environment_id = @environment_id AND s.integration_id = @integration_id AND s.kind = @kind AND s.version < @latest::integer
  AND NOT EXISTS (SELECT FROM mapping_baselines b WHERE b.environment_id = s.environment_id AND b.integration_id = s.integration_id AND b.kind = s.kind AND b.version = s.version);

-- How many sales wait for a person because of each problem.
-- name: ForwardingProblemCounts :many
SELECT coalesce(p ->> 'code', '')::text AS code, coalesce(p ->> 'field', '')::text AS field, coalesce(p ->> 'subject', '')::text AS subject,
  coalesce(p ->> 'detail', '')::text AS detail, count(DISTINCT f.id) AS sales
FROM forwardings f CROSS JOIN LATERAL jsonb_array_elements(f.problems) p
WHERE f.environment_id = @environment_id AND f.integration_id = @integration_id AND f.state = 'action_required' GROUP BY 1, 2, 3, 4;
