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
