// Package mailer sends mail through an SMTP server, and says what became of it.
package mailer

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
)

const timeout = 20 * time.Second

// Mailer sends mail through one server.
type Mailer struct {
	from    string
	options []mail.Option
	host    string
}

// New makes a mailer of an address such as smtp://user:password@host:587?starttls=required, or without that (STARTTLS where
// the server has it), or smtps://user:password@host:465, and a sender. Without an address there is none.
func New(address, from string) (*Mailer, error) {
	if address == "" {
		return nil, nil //nolint:nilnil // mail is not configured
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Hostname() == "" || parsed.Scheme != "smtp" && parsed.Scheme != "smtps" {
		return nil, errors.New("KOPPEL_SMTP_URL is not an address such as smtp://user:password@mail.example:587")
	}
	if err := mail.NewMsg().From(from); err != nil {
		return nil, fmt.Errorf("KOPPEL_MAIL_FROM %q is not an e-mail address", from)
	}
	policy, err := tlsPolicy(parsed)
	if err != nil {
		return nil, err
	}
	m := &Mailer{from: from, host: parsed.Hostname(), options: []mail.Option{mail.WithTimeout(timeout), mail.WithTLSPolicy(policy)}}
	if parsed.Scheme == "smtps" {
		m.options = append(m.options, mail.WithSSL())
	}
	if port, err := strconv.Atoi(parsed.Port()); err == nil {
		m.options = append(m.options, mail.WithPort(port))
	}
	if user := parsed.User.Username(); user != "" {
		password, _ := parsed.User.Password()
		m.options = append(m.options, mail.WithUsername(user), mail.WithPassword(password), mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover))
	}
	return m, nil
}

// tlsPolicy is what the address asks for. What is misspelt there must not be taken for less than was meant.
func tlsPolicy(address *url.URL) (mail.TLSPolicy, error) {
	wrong := errors.New("KOPPEL_SMTP_URL: after the ? belongs starttls=required or starttls=opportunistic, and for smtps:// nothing")
	asked, err := url.ParseQuery(address.RawQuery)
	if err != nil || len(asked) > 1 || len(asked) == 1 && (address.Scheme == "smtps" || len(asked["starttls"]) != 1) {
		return 0, wrong
	}
	switch asked.Get("starttls") {
	case "required":
		return mail.TLSMandatory, nil
	case "opportunistic":
		return mail.TLSOpportunistic, nil
	case "":
		if len(asked) == 0 {
			return mail.TLSOpportunistic, nil
		}
	}
	return 0, wrong
}

// Message is a mail. ID makes its Message-ID, so that one that came twice all the same is seen to be one.
type Message struct{ ID, To, Subject, Text string }

// Errors of a mail that was not sent.
var (
	// ErrRefused: the server will not take it, however often it is tried.
	ErrRefused = errors.New("the mail server refuses this mail")
	// ErrNotSent: it was not taken, and may be tried again.
	ErrNotSent = errors.New("the mail was not sent")
	// ErrUnknown: its content left, and no answer came. It must not be tried again: it may have arrived.
	ErrUnknown = errors.New("whether the mail was sent is not known")
)

// Send sends one mail.
func (m *Mailer) Send(ctx context.Context, message Message) error {
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(m.from), msg.To(message.To)); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	msg.SetMessageIDWithValue(message.ID)
	msg.SetDate()
	msg.Subject(message.Subject)
	msg.SetBodyString(mail.TypeTextPlain, message.Text)
	client, err := mail.NewClient(m.host, m.options...)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	defer client.Close() //nolint:errcheck // what matters has been said
	return outcome(client.Send(msg))
}

func outcome(err error) error {
	var failed *mail.SendError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &failed):
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	case failed.Reason == mail.ErrSMTPReset: // it was taken; only the goodbye failed
		return nil
	case failed.Reason == mail.ErrSMTPDataClose && failed.ErrorCode() == 0:
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	case failed.ErrorCode() >= 500:
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return fmt.Errorf("%w: %w", ErrNotSent, err)
}
