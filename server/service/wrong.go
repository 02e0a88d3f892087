package service

import (
	"reflect"

	"koppel/linking"
)

// Wrong is what is wrong with a thing that somebody sets up, by its fields.
type Wrong map[string]Sentence

// Say notes what is wrong with a field.
func (w Wrong) Say(field, key string, args ...any) { w[field] = Sentence{key, args} }

// Between notes a number that is outside its limits.
func (w Wrong) Between(field string, number, least, most int) {
	if number < least || number > most {
		w.Say(field, "value_between", number, least, most)
	}
}

// Identifier notes an identifier that is no word.
func (w Wrong) Identifier(field, text string) {
	if text != "" && !linking.ValidIdentifier(text) {
		w.Say(field, "identifier_form", text)
	}
}

// Rule notes conditions that can never be met as they are written.
func (w Wrong) Rule(field string, rule *linking.Rule, questions []linking.Question) {
	switch unmeant := rule.Unmeant(questions); {
	case unmeant == nil:
	case unmeant.Subject != "":
		w.Say(field, "condition_subject", unmeant.Subject)
	case unmeant.Option == "":
		w.Say(field, "condition_question", unmeant.Question)
	default:
		w.Say(field, "condition_option", unmeant.Option, unmeant.Question)
	}
}

// Beyond refuses what is wrong and was not so before. What was kept before there was a rule against it stays, and whoever
// changes something else is not asked about it.
func (w Wrong) Beyond(before Wrong) error {
	fresh := map[string]Sentence{}
	for field, said := range w {
		if !before.says(said) {
			fresh[field] = said
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return &Error{Kind: KindInvalid, Key: "invalid", Fields: fresh}
}

func (w Wrong) says(wanted Sentence) bool {
	for _, said := range w {
		if reflect.DeepEqual(said, wanted) {
			return true
		}
	}
	return false
}
