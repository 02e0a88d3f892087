package e2e

import (
	"math/rand/v2"
	"strings"

	"koppel/salesdock/practice"
)

// Shares of requests that meet something, in a mixture: creates that are answered in another way than the contract's
// success, requests that get another answer than the account's, and answers with something wrong in them.
const (
	oddCreates = 0.40
	oddAnswers = 0.03
	oddRows    = 0.5
	silences   = 0.001  // each is as long as the client waits
	refusals   = 0.0002 // of the token: with each one more, the link as a whole waits longer
)

// mixture has every mood that befalls a request, each with a chance weight, and one of the clocks or none.
func mixture(seed uint64) map[string]float64 {
	random := rand.New(rand.NewPCG(seed, 2))
	var creates, answers, rest, clocks []string
	moods := map[string]float64{}
	for _, mood := range practice.All() {
		name := mood.Name
		switch {
		case strings.HasSuffix(name, "silent"):
			moods[name] = silences
		case strings.Contains(name, "-401-"), name == "token-refused", name == "token-refused-html":
			moods[name] = refusals
		case strings.HasPrefix(name, "made-"), strings.HasPrefix(name, "not-made-"), strings.HasPrefix(name, "refused-"):
			creates = append(creates, name)
		case strings.HasPrefix(name, "throttled"), name == "token-refused-once", name == "html-errors", name == "truncated":
			answers = append(answers, name)
		case strings.HasPrefix(name, "clock-"), strings.HasSuffix(name, "-in-utc"), name == "no-date":
			clocks = append(clocks, name)
		default:
			rest = append(rest, name)
		}
	}
	for _, part := range []struct {
		names []string
		share float64
	}{{creates, oddCreates}, {answers, oddAnswers}, {rest, oddRows}} {
		weights, sum := make([]float64, len(part.names)), 0.0
		for i := range weights {
			weights[i] = 0.5 + random.Float64()
			sum += weights[i]
		}
		for i, name := range part.names {
			moods[name] = part.share * weights[i] / sum
		}
	}
	if at := random.IntN(len(clocks) + 1); at < len(clocks) {
		moods[clocks[at]] = 1
	}
	return moods
}
