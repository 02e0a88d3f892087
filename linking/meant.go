package linking

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// identifierForm is of what becomes part of an address, or the name of a field: a word without spaces.
var identifierForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// ValidIdentifier says whether a text can identify something that is set up here.
func ValidIdentifier(text string) bool { return identifierForm.MatchString(text) }

// clientIdentifier is of what clients of a Salesdock account may have named long ago: any words, but no marks of a page or program.
var clientIdentifier = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} ._/+&(),:'-]*$`)

// ReadableIdentifier says whether a text can identify a product or an organisation that a client makes.
func ReadableIdentifier(text string) bool { return clientIdentifier.MatchString(text) }

// ValidWebsite accepts a web address, with or without its scheme.
func ValidWebsite(text string) bool {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	return ValidDocumentAddress(text) && strings.Contains(text, ".")
}

// ValidDocumentAddress accepts where a browser can get a document.
func ValidDocumentAddress(text string) bool {
	address, err := url.Parse(text)
	return err == nil && (address.Scheme == "https" || address.Scheme == "http") && address.Host != "" && !strings.ContainsAny(text, " <>\"")
}

// ValidityReversed says whether a product's validity ends before it starts.
func (c *ProductContent) ValidityReversed() bool {
	from, okFrom := dayOf(c.ValidFrom, time.Time{})
	till, okTill := dayOf(c.ValidTill, time.Time{})
	return okFrom && okTill && !from.IsZero() && !till.IsZero() && till.Before(from)
}

// Subjects are what a condition can ask after.
var Subjects = []string{
	"product.id", "product.type", "supplier.id", "supplier.identifier", "flow.id", "flow.identifier", "sale.channel", "sale.type", "sale.status",
	"organisation.id", "profile.type", "question.id", "question.identifier",
}

// choosing are the operators that compare with one of a question's options.
var choosing = []string{"=", "==", "is", "equals", "!=", "≠", "<>", "is_not", "not_equals", "in", "not_in", "not in"}

// Unmeant is a condition that can never be met as it is written.
type Unmeant struct {
	Subject  string // nothing can be asked of it
	Question string // there is no such question, or Option is not one of its options
	Option   string
}

// Unmeant gives the first condition that asks after what there is not; nil where all are meant.
func (r *Rule) Unmeant(questions []Question) *Unmeant {
	if r == nil {
		return nil
	}
	for i := range r.Rules {
		if wrong := r.Rules[i].Unmeant(questions); wrong != nil {
			return wrong
		}
	}
	if r.Type != RuleCondition {
		return nil
	}
	if !slices.Contains(Subjects, r.Identifier) {
		return &Unmeant{Subject: r.Identifier}
	}
	if !strings.HasPrefix(r.Identifier, "question.") {
		return nil
	}
	known := slices.IndexFunc(questions, func(q Question) bool { return q.Identifier == r.Name || q.Name == r.Name })
	if known < 0 {
		return &Unmeant{Question: r.Name}
	}
	if len(questions[known].Options) == 0 || !slices.Contains(choosing, r.Operator) {
		return nil
	}
	for _, value := range r.Value {
		if value != "" && !slices.ContainsFunc(questions[known].Options, func(option string) bool { return same(option, value) }) {
			return &Unmeant{Question: questions[known].Name, Option: value}
		}
	}
	return nil
}
