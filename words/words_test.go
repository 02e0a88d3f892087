package words_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
	"koppel/states"
	"koppel/words"
)

func TestEverySentenceIsThereInBothLanguages(t *testing.T) {
	t.Parallel()
	for key, texts := range words.Keys() {
		require.NotEmpty(t, texts[0], "%s lacks Dutch", key)
		require.NotEmpty(t, texts[1], "%s lacks English", key)
		require.Equal(t, strings.Count(texts[0], "%"), strings.Count(texts[1], "%"), "%s: both languages use the same values", key)
	}
}

// A sale is a transactie in Dutch and a sale in English, and nothing else. saleverwerking is the name of a switch.
func TestASaleHasOneName(t *testing.T) {
	t.Parallel()
	dutch, english := regexp.MustCompile(`(?i)\bsales?\b`), regexp.MustCompile(`(?i)\btransactions?\b`)
	for key, texts := range words.Keys() {
		require.NotRegexp(t, dutch, texts[0], key)
		require.NotRegexp(t, english, texts[1], key)
	}
}

func TestProblemsReadAsSentences(t *testing.T) {
	t.Parallel()
	for key := range words.Keys() {
		code, isProblem := strings.CutPrefix(key, "problem.")
		if !isProblem {
			continue
		}
		text := words.Problem(states.Dutch, linking.Problem{Code: states.Reason(code), Subject: "Betaalwijze", Detail: "Acceptgiro"})
		require.NotContains(t, text, "%!", "%s: %s", code, text)
	}
	require.Equal(t, "Bij “Betaalwijze” is “Acceptgiro” geen keuze.",
		words.Problem(states.Dutch, linking.Problem{Code: states.ProblemNotAnOption, Subject: "Betaalwijze", Detail: "Acceptgiro"}))
}

// A code is nobody's word: what a sentence tells of a status, a condition or a kind of question is said in words.
func TestCodesAreSaidInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		problem linking.Problem
		said    string
	}{
		{linking.Problem{Code: states.ReasonStatus, Subject: linking.GeneralSetting, Detail: "new"}, "status “Nieuw”"},
		{linking.Problem{Code: states.ReasonCondition, Subject: "Zakelijk", Detail: "product.type = = solar"}, "“producttype is solar”"},
		{linking.Problem{Code: states.ReasonCondition, Subject: "Zakelijk", Detail: "product.id ="}, "“product is”"},
		{linking.Problem{Code: states.ReasonConditionKnown, Subject: "Zakelijk", Detail: "question.identifier not in = a, b"}, "“een antwoord is geen van a, b”"},
		{linking.Problem{Code: states.ProblemDifferentType, Subject: "Datum", Detail: "switchdate"}, ": overstapdatum."},
	} {
		require.Contains(t, words.Problem(states.Dutch, c.problem), c.said)
	}
}

// It is "het token", in every sentence.
func TestATokenIsHet(t *testing.T) {
	t.Parallel()
	wrong := regexp.MustCompile(`(?i)\b(de|deze|die|nieuwe|oude) token\b`)
	for key, said := range words.Keys() {
		require.NotRegexp(t, wrong, said[0], key)
	}
}
