package api_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
	"koppel/states"
)

// A link's status tells of every job that it has, and the last error that keeps its products from being up to date.
func TestStatusTellsOfEveryJob(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.link()
	kinds := []states.JobKind{states.JobPlan, states.JobCheck, states.JobRun, states.JobSetup, states.JobPoll, states.JobSweep, states.JobLook, states.JobTell, states.JobCancellation}
	for _, kind := range kinds {
		s.exec(fmt.Sprintf(`INSERT INTO background_jobs (environment_id, subject, subject_id, kind, last_error, last_error_ref, last_error_at, failing_since, failures, next_try_at)
			SELECT id, 'integration', 70, '%s', 'internal', 'a1b2c3d4', now(), now(), 2, now() FROM environments WHERE account = 'acme'`, kind))
	}
	status := s.must("GET", "account/integrations/70/status", nil).(object)
	require.Equal(t, "internal", status["last_error"])
	told := map[any]bool{}
	for _, row := range status["background"].([]any) {
		job := row.(object)
		told[job["kind"]] = true
		require.Equal(t, "internal", job["last_error"])
		require.Equal(t, "a1b2c3d4", job["last_error_ref"])
		require.NotNil(t, job["failing_since"])
		require.EqualValues(t, 2, job["failures"])
	}
	for _, kind := range kinds {
		require.True(t, told[string(kind)], kind)
	}
}

// link makes a link to a partner that is not there.
func (s *shop) link() {
	settings, err := json.Marshal(linking.DefaultSettings())
	require.NoError(s.t, err)
	s.exec(fmt.Sprintf(`INSERT INTO integrations (id, environment_id, name, account_name, base_url, token_sealed, partner_kind, limit_group, settings, link_key, event_secret_sealed, next_sync_at, next_poll_at, created_at, updated_at)
		SELECT 70, id, 'B', 'b', 'http://b.example', '', 'stock', 'g', '%s', 'k', '', now(), now(), now(), now() FROM environments WHERE account = 'acme'`, settings))
}
