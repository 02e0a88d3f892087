package words

import (
	"strings"

	"koppel/states"
)

// subjects are what a condition asks after.
var subjects = map[string]sentence{
	"product.id": {"product", "product"}, "product.type": {"producttype", "product type"}, "supplier.id": {"leverancier", "supplier"},
	"supplier.identifier": {"leverancier", "supplier"}, "flow.id": {"flow", "flow"}, "flow.identifier": {"flow", "flow"},
	"sale.channel": {"verkoopkanaal", "sales channel"}, "sale.type": {"soort transactie", "kind of sale"}, "sale.status": {"status", "status"},
	"organisation.id": {"organisatie", "organisation"}, "profile.type": {"soort klant", "kind of customer"},
	"question.id": {"een antwoord", "an answer"}, "question.identifier": {"een antwoord", "an answer"},
}

// operators are how a condition compares; each in one of its spellings.
var operators = map[string]sentence{
	"=": {"is", "is"}, "==": {"is", "is"}, "is": {"is", "is"}, "equals": {"is", "is"}, "!=": {"is niet", "is not"}, "≠": {"is niet", "is not"}, "<>": {"is niet", "is not"},
	"is_not": {"is niet", "is not"}, "not_equals": {"is niet", "is not"}, "in": {"is één van", "is one of"}, "not_in": {"is geen van", "is none of"}, "not in": {"is geen van", "is none of"},
	"contains": {"bevat", "contains"}, "starts_with": {"begint met", "begins with"}, "starts with": {"begint met", "begins with"},
	"empty": {"is leeg", "is empty"}, "not_empty": {"is niet leeg", "is not empty"}, "not empty": {"is niet leeg", "is not empty"},
	"<": {"is minder dan", "is less than"}, "<=": {"is hoogstens", "is at most"}, "≤": {"is hoogstens", "is at most"},
	">": {"is meer dan", "is more than"}, ">=": {"is minstens", "is at least"}, "≥": {"is minstens", "is at least"},
}

// inputTypes are the kinds of question.
var inputTypes = map[string]sentence{
	"text": {"tekst", "text"}, "date": {"datum", "date"}, "mc-single": {"keuze (één)", "choice (one)"}, "mc-multi": {"keuze (meer)", "choice (several)"},
	"switchdate": {"overstapdatum", "switch date"}, "email": {"e-mailadres", "e-mail address"}, "file": {"bestand", "file"}, "signature": {"handtekening", "signature"},
	"array": {"lijst", "list"}, "relation": {"relatie", "relation"}, "h2": {"tussenkop", "heading"}, "p": {"toelichting", "paragraph"},
}

// inWords gives a code's word; a code without one stays itself.
func inWords(language states.Language, table map[string]sentence, code string) string {
	said, known := table[code]
	switch {
	case !known:
		return code
	case language == states.English:
		return said.en
	}
	return said.nl
}

// condition says what a condition asks after, and how (a verdict's detail: identifier, operator and values).
func condition(language states.Language, detail string) string {
	identifier, rest, _ := strings.Cut(detail, " ")
	operator, values, _ := strings.Cut(rest, " = ")
	text := inWords(language, subjects, identifier)
	if operator != "" {
		text += " " + inWords(language, operators, operator)
	}
	if values != "" {
		text += " " + values
	}
	return text
}
