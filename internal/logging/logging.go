// Package logging makes the logger and names the keys of its lines. A line never holds personal data.
package logging

import (
	"fmt"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Keys of log lines.
const (
	KeyEnvironment = "environment_id"
	KeyIntegration = "integration_id"
	KeyForwarding  = "forwarding_id"
	KeyReason      = "reason"
	KeyStatus      = "status"
	KeyDuration    = "duration"
	KeyRequest     = "request_id"
)

// Seldom is for what goes on by itself and tries again every few seconds: of each message one line a minute, so that an outage
// does not bury what else is said.
func Seldom(log *zap.Logger) *zap.Logger {
	return log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, time.Minute, 1, 0)
	}))
}

// New makes a logger that writes JSON lines to standard error.
func New(level string) (*zap.Logger, error) {
	parsed, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	cfg := zap.NewProductionConfig()
	cfg.Level = zap.NewAtomicLevelAt(parsed)
	cfg.DisableStacktrace = true
	cfg.Sampling = nil
	cfg.EncoderConfig.TimeKey = "time"
	cfg.EncoderConfig.EncodeTime = zapcore.ISO8601TimeEncoder
	return cfg.Build()
}
