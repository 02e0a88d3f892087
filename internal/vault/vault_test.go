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
	require.Equal(t, "k2", rotated.Sealing())
	require.Equal(t, []string{"k2", "k1"}, rotated.Names())
	require.Equal(t, "k1", vault.KeyOf(sealed))
	require.Equal(t, "k2", vault.KeyOf(rotated.Seal("integration/1", []byte("geheim"))))
	require.Equal(t, rotated.Mark(), rotated.Seal("integration/1", nil)[:3])
	require.Equal(t, before.Derive("code")[0], rotated.Derive("code")[1], "what an earlier key gives is known still")
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
	for _, none := range [][]byte{nil, {}, {200}, {3, 'k', '1'}} {
		require.Empty(t, vault.KeyOf(none))
	}
	for _, bad := range []string{"", "k1", "k1:short", ":" + old[3:], old + "," + vault.NewKey("k1")} {
		_, err := vault.New(bad)
		require.Error(t, err, bad)
	}
}
