package embedded

import (
	"go.temporal.io/server/common/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"koppel/internal/logging"
)

// TemporalLog lets Temporal's warnings and errors through; what it says of its own start and stop is noise
// beside ours, and what it says again and again is said once a minute.
func TemporalLog(logger *zap.Logger) log.Logger {
	quiet := logging.Seldom(logger).WithOptions(zap.IncreaseLevel(zapcore.ErrorLevel)).Named("temporal")
	return log.NewZapLogger(quiet)
}
