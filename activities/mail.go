package activities

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/logging"
	"koppel/internal/mailer"
	"koppel/internal/vault"
	"koppel/ledger"
	"koppel/salesdock"
	"koppel/states"
	"koppel/words"
)

// Mail sends mail.
type Mail struct {
	Store     *db.Store
	Vault     *vault.Vault
	Mailer    *mailer.Mailer // nil: not configured
	PublicURL string         // of links in mails
	Log       *zap.Logger
	Now       func() time.Time
}

// MailInput names a mail.
type MailInput struct {
	EnvironmentID int64
	MailID        int64
}

// MailResult says whether it is settled, or how long to wait before the next try.
type MailResult struct {
	Ended bool
	Wait  time.Duration
}

// mailWaits are the waits between tries; after mailPatience a mail has failed.
var mailWaits = []time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 3 * time.Hour}

const mailPatience = 3 * 24 * time.Hour

// SendMail sends a mail, at most once: one that an earlier attempt was sending when it was cut off may have gone, and is
// not sent again.
func (m *Mail) SendMail(ctx context.Context, in MailInput) (result MailResult, err error) {
	var message *mailer.Message
	var row db.Mail
	err = m.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		if row, err = tx.MailByID(ctx, in.EnvironmentID, in.MailID); err != nil {
			return err
		}
		switch {
		case row.State == states.MailSending:
			result.Ended = true
			return m.set(ctx, tx, row, states.MailUnknown, m.Now())
		case row.State != states.MailWaiting:
			result.Ended = true
			return nil
		case row.NextAt.After(m.Now()):
			result.Wait = row.NextAt.Sub(m.Now())
			return nil
		case m.Mailer == nil:
			result.Ended = true
			return m.set(ctx, tx, row, states.MailNotConfigured, m.Now())
		}
		message, err = m.compose(ctx, tx, row)
		if errors.Is(err, errWithdrawn) {
			result.Ended = true
			return m.set(ctx, tx, row, states.MailWithdrawn, m.Now())
		}
		if err != nil {
			return err
		}
		row.Attempts++
		return m.set(ctx, tx, row, states.MailSending, m.Now())
	})
	if err != nil || message == nil {
		return result, err
	}
	cause := m.Mailer.Send(ctx, *message)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	state, wait := m.judge(row, cause)
	if cause != nil && !errors.Is(cause, mailer.ErrRefused) && !errors.Is(cause, mailer.ErrUnknown) {
		jobFailed(ctx, states.ReasonMailUnreachable)
	}
	m.Log.Info("mail.attempted", zap.Int64(logging.KeyEnvironment, in.EnvironmentID), zap.Int64("mail_id", in.MailID), zap.String("state", string(state)))
	err = m.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error { return m.set(ctx, tx, row, state, m.Now().Add(wait)) })
	return MailResult{Ended: state != states.MailWaiting, Wait: wait}, err
}

func (m *Mail) judge(row db.Mail, cause error) (state states.MailState, wait time.Duration) {
	switch {
	case cause == nil:
		return states.MailSent, 0
	case errors.Is(cause, mailer.ErrUnknown):
		return states.MailUnknown, 0
	case errors.Is(cause, mailer.ErrRefused), m.Now().Sub(row.CreatedAt) > mailPatience:
		return states.MailFailed, 0
	}
	return states.MailWaiting, mailWaits[min(int(row.Attempts)-1, len(mailWaits)-1)]
}

func (m *Mail) set(ctx context.Context, tx *db.Tx, row db.Mail, state states.MailState, next time.Time) error {
	params := db.MailSetParams{EnvironmentID: row.EnvironmentID, ID: row.ID, State: state, Attempts: row.Attempts, NextAt: next}
	if state != states.MailWaiting && state != states.MailSending {
		params.FinishedAt = new(m.Now())
	}
	return tx.MailSet(ctx, params)
}

// errWithdrawn: what the mail is about is no more.
var errWithdrawn = errors.New("the mail is not to be sent any more")

func (m *Mail) compose(ctx context.Context, tx *db.Tx, row db.Mail) (*mailer.Message, error) {
	env, err := tx.EnvironmentByID(ctx, row.EnvironmentID)
	if err != nil {
		return nil, err
	}
	switch row.Kind {
	case states.MailInvitation:
		return m.invitation(ctx, tx, row, env)
	case states.MailAccess:
		return m.access(row, env)
	}
	return confirmation(ctx, tx, row, env)
}

// invitation tells somebody where to choose a password. One that was used, replaced or has expired is not mailed.
func (m *Mail) invitation(ctx context.Context, tx *db.Tx, row db.Mail, env db.Environment) (*mailer.Message, error) {
	text, err := m.Vault.Open(vault.InvitationRow(env.ID, *row.UserID), row.SecretSealed)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(text)
	invited, err := tx.InvitationUser(ctx, db.InvitationUserParams{EnvironmentID: env.ID, Hash: hash[:], Now: m.Now()})
	if errors.Is(err, db.ErrNotFound) {
		return nil, errWithdrawn
	}
	if err != nil {
		return nil, err
	}
	subject, body := words.InvitationMail(env.Language, env.Name, env.Account, invited.User.Email,
		words.InvitationURL(m.PublicURL, env.Account, string(text)), invited.ExpiresAt.In(salesdock.Amsterdam).Format("02-01-2006 15:04"))
	return &mailer.Message{ID: fmt.Sprintf("invitation-%d-%d@%s.koppel", env.ID, row.ID, env.Account), To: invited.User.Email, Subject: subject, Text: body}, nil
}

// access tells somebody what was done to their access, at the address that they had.
func (m *Mail) access(row db.Mail, env db.Environment) (*mailer.Message, error) {
	sealed, err := m.Vault.Open(vault.AccessMailRow(env.ID, *row.UserID), row.SecretSealed)
	if err != nil {
		return nil, err
	}
	var told words.AccessTold
	if err := json.Unmarshal(sealed, &told); err != nil {
		return nil, fmt.Errorf("read what the mail says: %w", err)
	}
	subject, body := words.AccessMail(env.Language, env.Name, env.Account, told, row.CreatedAt.In(salesdock.Amsterdam).Format("02-01-2006 15:04"))
	return &mailer.Message{ID: fmt.Sprintf("access-%d-%d@%s.koppel", env.ID, row.ID, env.Account), To: told.To, Subject: subject, Text: body}, nil
}

// confirmation tells a customer what was ordered, and from whom.
func confirmation(ctx context.Context, tx *db.Tx, row db.Mail, env db.Environment) (*mailer.Message, error) {
	sale, err := tx.SaleByID(ctx, row.EnvironmentID, *row.SaleID)
	if err != nil {
		return nil, err
	}
	lines, err := tx.SaleLines(ctx, row.EnvironmentID, sale.ID)
	if err != nil {
		return nil, err
	}
	subject, text := words.ConfirmationMail(env.Language, env.Name, sale.ID, sale.Submission, ledger.SoldLines(lines))
	return &mailer.Message{
		ID: fmt.Sprintf("sale-%d-%d@%s.koppel", row.EnvironmentID, sale.ID, env.Account), To: strings.TrimSpace(sale.Submission.Fields["email"]), Subject: subject, Text: text,
	}, nil
}
