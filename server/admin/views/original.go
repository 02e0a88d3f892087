package views

import (
	"encoding/json"

	"koppel/linking"
)

// original is a sale as it came in, before the first correction.
func original(data []byte) (s linking.Submission) {
	if len(data) > 0 {
		if err := json.Unmarshal(data, &s); err != nil {
			return linking.Submission{}
		}
	}
	return s
}
