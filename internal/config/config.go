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
	Database
	Retention
	EncryptionKeys    Secret        `help:"Keys for partner tokens and stored requests: id:base64 of 32 bytes; the first one encrypts, all decrypt." env:"KOPPEL_ENCRYPTION_KEYS" placeholder:"ID:KEY,…"`
	Listen            string        `help:"Address of API and interface." env:"KOPPEL_LISTEN" default:"127.0.0.1:8080"`
	OperatorsListen   string        `help:"Address of the server's health, metrics and profiles, for operators only; off for none." env:"KOPPEL_OPERATORS_LISTEN" default:"127.0.0.1:9081"`
	WorkerListen      string        `help:"The same of the worker." env:"KOPPEL_WORKER_LISTEN" default:"127.0.0.1:9082"`
	Profiles          bool          `help:"Serve Go's profiles (pprof) to operators." env:"KOPPEL_PROFILES"`
	MetricsLinks      int           `help:"Up to so many links, metrics have series for each; with more, totals only." env:"KOPPEL_METRICS_LINKS" default:"200"`
	TracesEndpoint    string        `help:"Collector that traces are sent to, by OTLP over HTTP; without one there are none." env:"OTEL_EXPORTER_OTLP_ENDPOINT" placeholder:"URL"`
	PublicURL         string        `help:"Address under which partners and clients reach this deployment; by default the listening address." env:"KOPPEL_PUBLIC_URL" placeholder:"URL"`
	TrustedProxies    []string      `help:"Proxies (addresses or ranges) whose X-Forwarded-For is believed." env:"KOPPEL_TRUSTED_PROXIES"`
	RequestsPerMinute int           `help:"Requests a minute that one token may make here; 0 for no limit." env:"KOPPEL_REQUESTS_PER_MINUTE" default:"${requests_per_minute}"`
	TemporalAddress   string        `help:"Temporal's gRPC address; by default its profile's, or 127.0.0.1:7233. TLS, API key and profile are set by Temporal's own TEMPORAL_ variables." env:"TEMPORAL_ADDRESS"`
	TemporalNamespace string        `help:"Temporal's namespace; by default its profile's, or default." env:"TEMPORAL_NAMESPACE"`
	DeploymentName    string        `help:"Name of the worker deployment: workers are versioned under it. Without one they are not." env:"TEMPORAL_DEPLOYMENT_NAME"`
	WorkerBuildID     string        `name:"worker-build-id" help:"This build's id in the worker deployment; by default its version and commit." env:"TEMPORAL_WORKER_BUILD_ID"`
	TemporalUIURL     string        `name:"temporal-ui-url" help:"Address of Temporal's Web UI, for operators' links." env:"KOPPEL_TEMPORAL_UI_URL" placeholder:"URL"`
	PartnerRate       float64       `help:"Requests a second to one partner (limit group)." env:"KOPPEL_PARTNER_RATE" default:"${partner_rate}"`
	PartnerHosts      []string      `help:"Hosts that may be called although they are private, or not by https on port 443: name, host:port or range of addresses." env:"KOPPEL_PARTNER_HOSTS"`
	EgressProxy       *url.URL      `help:"Proxy through which partners and webhooks are called; it has to hold which addresses names may have." env:"KOPPEL_EGRESS_PROXY" placeholder:"URL"`
	SMTPURL           Secret        `name:"smtp-url" help:"Mail server for confirmations and invitations: smtp://user:password@host:587?starttls=required, or smtps://; without one no mail is sent." env:"KOPPEL_SMTP_URL" placeholder:"URL"`
	MailFrom          string        `help:"Sender of mails." env:"KOPPEL_MAIL_FROM" placeholder:"ADDRESS"`
	LookAfter         time.Duration `help:"How long after an order whose answer did not arrive a stock partner may be believed that it has not got it (decision 16)." env:"KOPPEL_LOOK_AFTER" default:"10m"`
	WorkerConcurrency int           `help:"Activities a worker runs at once, for each queue." env:"KOPPEL_WORKER_CONCURRENCY" default:"50"`
	StopTimeout       time.Duration `help:"How long what has begun may take to end once this process is told to stop; longer than the longest request to a partner." env:"KOPPEL_STOP_TIMEOUT" default:"30s"`
	EmbeddedTemporal  bool          `kong:"-"`
	LogLevel          string        `help:"debug, info, warn or error." env:"KOPPEL_LOG_LEVEL" default:"info" enum:"debug,info,warn,error"`
}

// Timeouts that are decisions, not settings.
const (
	ReconcileEvery   = 2 * time.Minute
	TokenCacheExpiry = 2 * time.Second // a revoked token works 5 seconds at most
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
	if err := c.check(); err != nil {
		return err
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
