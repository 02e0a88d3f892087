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
	"koppel/server/service/access"
	"koppel/states"
)

// confirming is an environment whose customers get a confirmation.
type confirming struct {
	*world
	server *smtptest.Server
	acts   *activities.Mail
}

func newConfirming(t *testing.T) *confirming {
	t.Helper()
	w := setup(t, false)
	w.svc.MailConfigured = true
	_, err := w.svc.Incoming.PutLink(t.Context(), w.actor, salesdock.Link{Account: "reseller", BaseURL: "https://reseller.example", LinkKey: "k", Secret: "s"})
	require.NoError(t, err)
	links, err := w.svc.Incoming.IncomingLinks(t.Context(), w.actor)
	require.NoError(t, err)
	_, err = w.svc.Incoming.UpdateIncomingLink(t.Context(), w.actor, links[0].ID, json.RawMessage(`{"send_confirmation_mail": true}`))
	require.NoError(t, err)
	server := smtptest.New(t)
	sender, err := mailer.New(server.URL, "bevestiging@acme.example")
	require.NoError(t, err)
	acts := &activities.Mail{Store: w.svc.Store, Mailer: sender, Log: zap.NewNop(), Now: func() time.Time { return time.Now().Add(w.ahead) }}
	return &confirming{w, server, acts}
}

// mail sells, and gives the mail to the customer.
func (c *confirming) mail() activities.MailInput {
	c.t.Helper()
	row, err := c.svc.Sales.SaleMail(c.t.Context(), c.actor, c.sellOnly())
	require.NoError(c.t, err)
	require.NotNil(c.t, row)
	return activities.MailInput{EnvironmentID: c.actor.EnvironmentID, MailID: row.ID}
}

func (c *confirming) state(in activities.MailInput) (row db.Mail) {
	c.t.Helper()
	c.tx(func(tx *db.Tx) (err error) {
		row, err = tx.MailByID(c.t.Context(), in.EnvironmentID, in.MailID)
		return err
	})
	return row
}

func (c *confirming) send(in activities.MailInput) activities.MailResult {
	c.t.Helper()
	result, err := c.acts.SendMail(c.t.Context(), in)
	require.NoError(c.t, err)
	return result
}

// A confirmation is tried until the server takes it, and never sent twice: not after a crash, nor after silence.
func TestConfirmationMail(t *testing.T) {
	t.Parallel()
	c := newConfirming(t)
	in := c.mail()
	c.server.Mode(smtptest.Busy)
	require.Equal(t, 30*time.Second, c.send(in).Wait)
	require.Positive(t, c.send(in).Wait, "before its time nothing is tried")
	require.EqualValues(t, 1, c.state(in).Attempts)
	c.ahead += time.Minute
	c.server.Mode(smtptest.Takes)
	require.True(t, c.send(in).Ended)
	require.True(t, c.send(in).Ended)
	require.Equal(t, states.MailSent, c.state(in).State)
	require.Len(t, c.server.Mails(), 1)
	require.Contains(t, c.server.Mails()[0], "Subject: Bevestiging van je bestelling bij Acme")
	require.Equal(t, 1, strings.Count(c.server.Mails()[0], "Message-ID:"))

	in = c.mail()
	c.server.Mode(smtptest.Refuses)
	require.True(t, c.send(in).Ended)
	require.Equal(t, states.MailFailed, c.state(in).State)

	in = c.mail()
	c.server.Mode(smtptest.Vanishes)
	require.True(t, c.send(in).Ended)
	require.Equal(t, states.MailUnknown, c.state(in).State, "it may have arrived")
	c.server.Mode(smtptest.Takes)
	require.True(t, c.send(in).Ended)
	require.Len(t, c.server.Mails(), 2, "and does not go again")

	in = c.mail()
	c.tx(func(tx *db.Tx) error {
		return tx.MailSet(t.Context(), db.MailSetParams{EnvironmentID: in.EnvironmentID, ID: in.MailID, State: states.MailSending, Attempts: 1, NextAt: time.Now()})
	})
	require.True(t, c.send(in).Ended)
	require.Equal(t, states.MailUnknown, c.state(in).State, "cut off while sending")
	require.Len(t, c.server.Mails(), 2)

	in = c.mail()
	c.acts.Mailer = nil
	require.True(t, c.send(in).Ended)
	require.Equal(t, states.MailNotConfigured, c.state(in).State)
}

// Whose access was changed is told so at the address that they had, in the words of the change. Once settled nothing of it is kept.
func TestAccessMail(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	w.svc.MailConfigured = true
	server := smtptest.New(t)
	sender, err := mailer.New(server.URL, "koppel@acme.example")
	require.NoError(t, err)
	acts := &activities.Mail{Store: w.svc.Store, Vault: w.svc.Vault, Mailer: sender, Log: zap.NewNop(), Now: time.Now}
	user, err := w.svc.Access.CreateUser(t.Context(), w.actor, access.UserInput{Email: "oud@acme.example", Role: states.RoleAdmin})
	require.NoError(t, err)
	_, err = w.svc.Access.UpdateUser(t.Context(), w.actor, user.ID, access.UserInput{Email: "nieuw@acme.example", Role: states.RoleAdmin}, true)
	require.NoError(t, err)
	var ids []int64
	require.NoError(t, w.svc.Store.WithSystemTx(t.Context(), func(tx *db.Tx) (err error) {
		ids, err = tx.SystemMailsToRun(t.Context(), 0, 10)
		return err
	}))
	in := activities.MailInput{EnvironmentID: w.actor.EnvironmentID, MailID: ids[0]}
	result, err := acts.SendMail(t.Context(), in)
	require.NoError(t, err)
	require.True(t, result.Ended)
	require.Len(t, server.Mails(), 1)
	text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(server.Mails()[0])))
	require.NoError(t, err)
	require.Contains(t, string(text), "oud@acme.example")
	require.NotContains(t, string(text), "nieuw@acme.example")
	require.Contains(t, string(text), "is het e-mailadres waarmee je inlogt gewijzigd")
	w.tx(func(tx *db.Tx) error {
		row, err := tx.MailByID(t.Context(), in.EnvironmentID, in.MailID)
		require.Nil(t, row.SecretSealed)
		return err
	})
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
	invite := func() access.Invitation {
		invitation, err := w.svc.Access.Invite(t.Context(), w.actor, access.UserInput{Email: "nieuw@acme.example", Role: states.RoleAdmin})
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
	require.Equal(t, states.MailWithdrawn, send(1).State)
	require.Empty(t, server.Mails(), "its link does not work any more")
	require.Equal(t, states.MailSent, send(2).State)
	require.Len(t, server.Mails(), 1)
	body, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(server.Mails()[0])))
	require.NoError(t, err)
	require.Contains(t, string(body), invitation.URL)
	require.Contains(t, string(body), "nieuw@acme.example")
}
