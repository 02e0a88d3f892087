package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The audit log says from where a change came, and in which request.
func TestTheAuditLogSaysFromWhere(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.must("POST", "account/suppliers", object{"name": "Nieuw"})
	last := s.must("GET", "account/audit", nil).([]any)[0].(object)
	require.Equal(t, "supplier", last["entity"])
	require.Equal(t, "127.0.0.1", last["address"])
	require.Regexp(t, `^[A-Z2-7]{12}$`, last["request"])
}
