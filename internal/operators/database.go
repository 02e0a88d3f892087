package operators

import "go.uber.org/zap"

// SayDatabase logs that the database went away or came back, once each.
func SayDatabase(log *zap.Logger) func(away bool, err error) {
	return func(away bool, err error) {
		if away {
			log.Error("database.away", zap.Error(err))
			return
		}
		log.Info("database.back")
	}
}
