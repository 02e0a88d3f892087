package mailer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/internal/mailer"
	"koppel/internal/mailer/smtptest"
)

// Where TLS is demanded, a server without it is told nothing: not who writes, nor to whom, nor what. It may be tried again.
func TestRequiredTLSIsRequired(t *testing.T) {
	t.Parallel()
	server := smtptest.New(t)
	message := mailer.Message{ID: "1@test", To: "jan@voorbeeld.example", Subject: "Bevestiging", Text: "geheim"}
	demanding, err := mailer.New(server.URL+"?starttls=required", "wij@voorbeeld.example")
	require.NoError(t, err)
	require.ErrorIs(t, demanding.Send(t.Context(), message), mailer.ErrNotSent)
	require.Empty(t, server.Mails())
	require.Subset(t, []string{"EHLO", "HELO", "QUIT", "STARTTLS"}, server.Heard())
	require.NotEmpty(t, server.Heard())

	lenient, err := mailer.New(server.URL, "wij@voorbeeld.example")
	require.NoError(t, err)
	require.NoError(t, lenient.Send(t.Context(), message))
	require.Len(t, server.Mails(), 1)
}

// What is misspelt is refused: it must not be taken for less than was meant.
func TestMisspeltTLSIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"?starttls=yes", "?starttls", "?starttls=", "?tls=required", "?starttls=required&x=1", "?starttls=required&starttls=opportunistic", "?%zz"} {
		_, err := mailer.New("smtp://mail.example:587"+bad, "wij@voorbeeld.example")
		require.ErrorContains(t, err, "starttls", bad)
	}
	_, err := mailer.New("smtps://mail.example?starttls=required", "wij@voorbeeld.example")
	require.Error(t, err)
	_, err = mailer.New("smtp://mail.example:587?starttls=opportunistic", "wij@voorbeeld.example")
	require.NoError(t, err)
}
