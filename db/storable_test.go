package db_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db"
)

func TestStorable(t *testing.T) {
	t.Parallel()
	for _, good := range []any{"", "é", nil, 1, map[string]any{"a": []any{"b", 1.5, nil}}, map[string][]string{"a": {"b"}}} {
		require.True(t, db.Storable(good), "%v", good)
	}
	for _, bad := range []any{
		"\x00", "\xff", []any{"a", "b\x00"}, map[string]any{"\x00": 1}, map[string]any{"a": map[string]any{"b": "\xff"}},
		map[string][]string{"\xff": nil}, map[string][]string{"a": {"\xc3", "\xa9"}},
	} {
		require.False(t, db.Storable(bad), "%q", bad)
	}
}
