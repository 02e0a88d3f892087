package words_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
	"koppel/server/words"
)

func TestEverySentenceIsThereInBothLanguages(t *testing.T) {
	t.Parallel()
	for key, texts := range words.Keys() {
		require.NotEmpty(t, texts[0], "%s lacks Dutch", key)
		require.NotEmpty(t, texts[1], "%s lacks English", key)
		require.Equal(t, strings.Count(texts[0], "%"), strings.Count(texts[1], "%"), "%s: both languages use the same values", key)
	}
}

func TestProblemsReadAsSentences(t *testing.T) {
	t.Parallel()
	for key := range words.Keys() {
		code, isProblem := strings.CutPrefix(key, "problem.")
		if !isProblem {
			continue
		}
		text := words.Problem("nl", linking.Problem{Code: code, Subject: "Betaalwijze", Detail: "Acceptgiro"})
		require.NotContains(t, text, "%!", "%s: %s", code, text)
	}
	require.Equal(t, "Bij “Betaalwijze” is “Acceptgiro” geen keuze.",
		words.Problem("nl", linking.Problem{Code: linking.ProblemNotAnOption, Subject: "Betaalwijze", Detail: "Acceptgiro"}))
}
