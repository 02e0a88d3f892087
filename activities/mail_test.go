package activities_test

import (
	"encoding/json"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"koppel/activities"
	"koppel/db"
	"koppel/internal/mailer"
	"koppel/internal/mailer/smtptest"
	"koppel/salesdock"
	"koppel/server/service"
)

// A confirmation is tried until the server takes it, and never sent twice: not after a crash, nor after silence.
func TestConfirmationMail(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	w.svc.MailConfigured = true
	_, err := w.svc.PutLink(t.Context(), w.actor, salesdock.Link{Account: "reseller", BaseURL: "https://reseller.example", LinkKey: "k", Secret: "s"})
	require.NoError(t, err)
	links, err := w.svc.IncomingLinks(t.Context(), w.actor)
	require.NoError(t, err)
	_, err = w.svc.UpdateIncomingLink(t.Context(), w.actor, links[0].ID, json.RawMessage(`{"send_confirmation_mail": true}`))
	require.NoError(t, err)
	server := smtptest.New(t)
	sender, err := mailer.New(server.URL, "bevestiging@acme.example")
	require.NoError(t, err)
	acts := &activities.Mail{Store: w.svc.Store, Mailer: sender, Log: zap.NewNop(), Now: func() time.Time { return time.Now().Add(w.ahead) }}
	mail := func() activities.MailInput {
		row, err := w.svc.SaleMail(t.Context(), w.actor, w.sellOnly())
		require.NoError(t, err)
		require.NotNil(t, row)
		return activities.MailInput{EnvironmentID: w.actor.EnvironmentID, MailID: row.ID}
	}
	state := func(in activities.MailInput) (row db.Mail) {
		w.tx(func(tx *db.Tx) (err error) {
			row, err = tx.MailByID(t.Context(), in.EnvironmentID, in.MailID)
			return err
		})
		return row
	}
	send := func(in activities.MailInput) activities.MailResult {
		result, err := acts.SendMail(t.Context(), in)
		require.NoError(t, err)
		return result
	}

	in := mail()
	server.Mode(smtptest.Busy)
	require.Equal(t, 30*time.Second, send(in).Wait)
	require.Positive(t, send(in).Wait, "before its time nothing is tried")
	require.EqualValues(t, 1, state(in).Attempts)
	w.ahead += time.Minute
	server.Mode(smtptest.Takes)
	require.True(t, send(in).Ended)
	require.True(t, send(in).Ended)
	require.Equal(t, "sent", state(in).State)
	require.Len(t, server.Mails(), 1)
	require.Contains(t, server.Mails()[0], "Subject: Bevestiging van je bestelling bij Acme")
	require.Equal(t, 1, strings.Count(server.Mails()[0], "Message-ID:"))

	in = mail()
	server.Mode(smtptest.Refuses)
	require.True(t, send(in).Ended)
	require.Equal(t, "failed", state(in).State)

	in = mail()
	server.Mode(smtptest.Vanishes)
	require.True(t, send(in).Ended)
	require.Equal(t, "unknown", state(in).State, "it may have arrived")
	server.Mode(smtptest.Takes)
	require.True(t, send(in).Ended)
	require.Len(t, server.Mails(), 2, "and does not go again")

	in = mail()
	w.tx(func(tx *db.Tx) error {
		return tx.MailSet(t.Context(), db.MailSetParams{EnvironmentID: in.EnvironmentID, ID: in.MailID, State: "sending", Attempts: 1, NextAt: time.Now()})
	})
	require.True(t, send(in).Ended)
	require.Equal(t, "unknown", state(in).State, "cut off while sending")
	require.Len(t, server.Mails(), 2)

	in = mail()
	acts.Mailer = nil
	require.True(t, send(in).Ended)
	require.Equal(t, "not_configured", state(in).State)
}

// An invitation is mailed with a link that works; one that was replaced is not mailed any more. The link is kept nowhere.
func TestInvitationMail(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	w.svc.MailConfigured = true
	server := smtptest.New(t)
	sender, err := mailer.New(server.URL, "koppel@acme.example")
	require.NoError(t, err)
	acts := &activities.Mail{Store: w.svc.Store, Vault: w.svc.Vault, Mailer: sender, PublicURL: w.svc.PublicURL, Log: zap.NewNop(), Now: time.Now}
	invite := func() service.Invitation {
		invitation, err := w.svc.Invite(t.Context(), w.actor, service.UserInput{Email: "nieuw@acme.example", Role: "admin"})
		require.NoError(t, err)
		require.True(t, invitation.Mailed)
		return invitation
	}
	send := func(id int64) (row db.Mail) {
		result, err := acts.SendMail(t.Context(), activities.MailInput{EnvironmentID: w.actor.EnvironmentID, MailID: id})
		require.NoError(t, err)
		require.True(t, result.Ended)
		w.tx(func(tx *db.Tx) error {
			row, err = tx.MailByID(t.Context(), w.actor.EnvironmentID, id)
			return err
		})
		require.Empty(t, row.SecretSealed)
		return row
	}
	invite()
	invitation := invite()
	require.Equal(t, "withdrawn", send(1).State)
	require.Empty(t, server.Mails(), "its link does not work any more")
	require.Equal(t, "sent", send(2).State)
	require.Len(t, server.Mails(), 1)
	body, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(server.Mails()[0])))
	require.NoError(t, err)
	require.Contains(t, string(body), invitation.URL)
	require.Contains(t, string(body), "nieuw@acme.example")
}
