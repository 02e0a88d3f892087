package vault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/internal/vault"
)

func TestSealedTextOpensForItsRowAndKeyOnly(t *testing.T) {
	t.Parallel()
	old, fresh := vault.NewKey("k1"), vault.NewKey("k2")
	before, err := vault.New(old)
	require.NoError(t, err)
	sealed := before.Seal("integration/1", []byte("geheim"))
	require.NotContains(t, string(sealed), "geheim")
	rotated, err := vault.New(fresh + "," + old)
	require.NoError(t, err)
	text, err := rotated.Open("integration/1", sealed)
	require.NoError(t, err)
	require.Equal(t, "geheim", string(text))
	_, err = rotated.Open("integration/2", sealed)
	require.ErrorIs(t, err, vault.ErrWrongKey, "bound to its row")
	other, err := vault.New(vault.NewKey("k1"))
	require.NoError(t, err)
	for _, damaged := range [][]byte{sealed, nil, {}, {200}, sealed[:10]} {
		_, err = other.Open("integration/1", damaged)
		require.ErrorIs(t, err, vault.ErrWrongKey)
	}
	for _, bad := range []string{"", "k1", "k1:short", ":" + old[3:]} {
		_, err := vault.New(bad)
		require.Error(t, err, bad)
	}
}
