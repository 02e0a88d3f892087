// Package config is the one place where settings are described. They are read once, from flags and the
// environment, and handed on whole.
package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Secret is text that never prints itself.
type Secret string

// String hides the text from logs and formatted output.
func (s Secret) String() string { return s.GoString() }

// GoString hides it from %#v too.
func (s Secret) GoString() string {
	if s == "" {
		return ""
	}
	return "[redacted]"
}

// MarshalText hides it from JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Config is everything that can be set. Every field is a flag and an environment variable.
type Config struct {
	DatabaseURL       Secret   `help:"PostgreSQL's address: postgres://user:password@host/database." env:"DATABASE_URL" placeholder:"URL"`
	DatabaseConns     int32    `help:"Connections to PostgreSQL, at most." env:"KOPPEL_DATABASE_CONNS" default:"24"`
	EncryptionKeys    Secret   `help:"Keys for partner tokens and stored requests: id:base64 of 32 bytes; the first one encrypts, all decrypt." env:"KOPPEL_ENCRYPTION_KEYS" placeholder:"ID:KEY,…"`
	Listen            string   `help:"Address of API and interface." env:"KOPPEL_LISTEN" default:"127.0.0.1:8080"`
	PublicURL         string   `help:"Address under which partners and clients reach this deployment; by default the listening address." env:"KOPPEL_PUBLIC_URL" placeholder:"URL"`
	TrustedProxies    []string `help:"Proxies (addresses or ranges) whose X-Forwarded-For is believed." env:"KOPPEL_TRUSTED_PROXIES"`
	RequestsPerMinute int      `help:"Requests a minute that one token may make here; 0 for no limit." env:"KOPPEL_REQUESTS_PER_MINUTE" default:"${requests_per_minute}"`
	TemporalAddress   string   `help:"Temporal's gRPC address." env:"TEMPORAL_ADDRESS" default:"127.0.0.1:7233"`
	TemporalNamespace string   `help:"Temporal's namespace." env:"TEMPORAL_NAMESPACE" default:"default"`
	TemporalUIURL     string   `name:"temporal-ui-url" help:"Address of Temporal's Web UI, for operators' links." env:"KOPPEL_TEMPORAL_UI_URL" placeholder:"URL"`
	PartnerRate       float64  `help:"Requests a second to one partner (limit group)." env:"KOPPEL_PARTNER_RATE" default:"${partner_rate}"`
	PartnerHosts      []string `help:"Private hosts that may be called as a partner: name, host:port or range." env:"KOPPEL_PARTNER_HOSTS"`
	SMTPURL           Secret   `name:"smtp-url" help:"Mail server for confirmations and invitations: smtp://user:password@host:587, or smtps://; without one no mail is sent." env:"KOPPEL_SMTP_URL" placeholder:"URL"`
	MailFrom          string   `help:"Sender of mails." env:"KOPPEL_MAIL_FROM" placeholder:"ADDRESS"`
	WorkerConcurrency int      `help:"Activities a worker runs at once, for each queue." env:"KOPPEL_WORKER_CONCURRENCY" default:"50"`
	LogLevel          string   `help:"debug, info, warn or error." env:"KOPPEL_LOG_LEVEL" default:"info" enum:"debug,info,warn,error"`
}

// Timeouts that are decisions, not settings.
const (
	ShutdownTimeout  = 20 * time.Second
	ReconcileEvery   = 2 * time.Minute
	IdempotencyKept  = 31 * 24 * time.Hour // partners are promised 30 days
	TokenCacheExpiry = 2 * time.Second     // a revoked token works 5 seconds at most
)

// Check says what to change, for the parts a command needs.
func (c *Config) Check() error {
	switch {
	case c.DatabaseURL == "":
		return errors.New("no database: set DATABASE_URL (postgres://user:password@host/database)")
	case c.EncryptionKeys == "":
		return errors.New("no encryption keys: set KOPPEL_ENCRYPTION_KEYS, such as k1:$(openssl rand -base64 32), and keep them safe outside the database")
	case c.PartnerRate <= 0:
		return errors.New("KOPPEL_PARTNER_RATE is a number above 0, such as 1.9")
	case c.RequestsPerMinute < 0:
		return errors.New("KOPPEL_REQUESTS_PER_MINUTE is 0 or more")
	case c.WorkerConcurrency < 1:
		return errors.New("KOPPEL_WORKER_CONCURRENCY is 1 or more")
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.Listen
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	parsed, err := url.Parse(c.PublicURL)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return fmt.Errorf("KOPPEL_PUBLIC_URL %q is not an address such as https://koppel.example", c.PublicURL)
	}
	return nil
}
