package embedded

import (
	"go.temporal.io/server/common/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// TemporalLog lets Temporal's warnings and errors through; what it says of its own start and stop is noise
// beside ours.
func TemporalLog(logger *zap.Logger) log.Logger {
	quiet := logger.WithOptions(zap.IncreaseLevel(zapcore.ErrorLevel)).Named("temporal")
	return log.NewZapLogger(quiet)
}
