package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"koppel/db"
	"koppel/linking"
)

// Setup reads a partner's set-up as last seen.
func Setup(ctx context.Context, tx *db.Tx, environmentID, integrationID int64) (linking.PartnerSetup, error) {
	var setup linking.PartnerSetup
	for part, target := range map[linking.Part]any{linking.PartFlows: &setup.Flows, linking.PartQuestions: &setup.Questions, linking.PartAgreements: &setup.Agreements, linking.PartStatuses: &setup.Statuses} {
		row, err := tx.SnapshotLatest(ctx, db.SnapshotLatestParams{EnvironmentID: environmentID, IntegrationID: integrationID, Kind: part})
		if errors.Is(err, db.ErrNotFound) {
			continue
		}
		if err != nil {
			return setup, err
		}
		if err := json.Unmarshal(row.Data, target); err != nil {
			return setup, fmt.Errorf("read the partner's %s: %w", part, err)
		}
	}
	return setup, nil
}

// SaveSetupPart keeps one part of a partner's set-up; a new version only where something differs. changed says
// that it differs from what was known before: what waits for a person may go now.
func SaveSetupPart(ctx context.Context, tx *db.Tx, environmentID, integrationID int64, part linking.Part, value any, now time.Time) (changed bool, err error) {
	data, err := json.Marshal(value)
	if err != nil {
		return false, err
	}
	if err := tx.IntegrationSetupRead(ctx, db.IntegrationSetupReadParams{EnvironmentID: environmentID, ID: integrationID, Now: &now}); err != nil {
		return false, err
	}
	last, err := tx.SnapshotLatest(ctx, db.SnapshotLatestParams{EnvironmentID: environmentID, IntegrationID: integrationID, Kind: part})
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return false, err
	}
	if err == nil && sameRows(last.Data, data) {
		return false, nil
	}
	err = tx.SnapshotInsert(ctx, db.SnapshotInsertParams{
		EnvironmentID: environmentID, IntegrationID: integrationID, Kind: part, Version: last.Version + 1, Data: data, Now: now,
	})
	if err != nil {
		return false, err
	}
	if err := tx.MappingBaselineFirst(ctx, db.MappingBaselineFirstParams{EnvironmentID: environmentID, IntegrationID: integrationID, Kind: part, Version: last.Version + 1}); err != nil {
		return false, err
	}
	err = tx.SnapshotsForget(ctx, db.SnapshotsForgetParams{EnvironmentID: environmentID, IntegrationID: integrationID, Kind: part, Latest: last.Version + 1})
	return last.Version > 0, err
}

// SetupAsMapped is a partner's set-up as it was when it was last mapped.
func SetupAsMapped(ctx context.Context, tx *db.Tx, environmentID, integrationID int64) (setup linking.PartnerSetup, err error) {
	rows, err := tx.SnapshotBaselines(ctx, environmentID, integrationID)
	if err != nil {
		return setup, err
	}
	parts := map[linking.Part]any{linking.PartFlows: &setup.Flows, linking.PartQuestions: &setup.Questions, linking.PartAgreements: &setup.Agreements, linking.PartStatuses: &setup.Statuses}
	for _, row := range rows {
		if err := json.Unmarshal(row.Data, parts[row.Kind]); err != nil {
			return setup, fmt.Errorf("read the partner's %s as mapped: %w", row.Kind, err)
		}
	}
	return setup, nil
}

// sameRows compares two lists; their order tells nothing.
func sameRows(a, b []byte) bool {
	left, right := canonicalRows(a), canonicalRows(b)
	return left != nil && slices.Equal(left, right)
}

func canonicalRows(list []byte) []string {
	var rows []any
	if json.Unmarshal(list, &rows) != nil {
		return nil
	}
	texts := make([]string, len(rows))
	for i, row := range rows {
		data, _ := json.Marshal(row) //nolint:errchkjson // just decoded
		texts[i] = string(data)
	}
	slices.Sort(texts)
	return texts
}

// MappingsOf reads an integration's mappings.
func MappingsOf(ctx context.Context, tx *db.Tx, environmentID, integrationID int64) (linking.Mappings, error) {
	m := linking.Mappings{Flows: map[int64]int64{}, Questions: map[string]linking.QuestionMapping{}, Agreements: map[string]int64{}, Statuses: map[string]string{}}
	flows, err := tx.FlowMappings(ctx, environmentID, integrationID)
	if err != nil {
		return m, err
	}
	for _, f := range flows {
		m.Flows[f.FlowID] = f.PartnerFlowID
	}
	questions, err := tx.QuestionMappings(ctx, environmentID, integrationID)
	if err != nil {
		return m, err
	}
	for _, q := range questions {
		m.Questions[q.PartnerIdentifier] = linking.QuestionMapping{QuestionID: q.QuestionID, Options: q.Options}
	}
	agreements, err := tx.AgreementMappings(ctx, environmentID, integrationID)
	if err != nil {
		return m, err
	}
	for _, a := range agreements {
		m.Agreements[a.PartnerIdentifier] = a.AgreementID
	}
	statuses, err := tx.StatusMappings(ctx, environmentID, integrationID)
	if err != nil {
		return m, err
	}
	for _, s := range statuses {
		m.Statuses[s.PartnerStatus] = s.Status
	}
	return m, nil
}
