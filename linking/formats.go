package linking

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"koppel/states"
)

// formats bring a text into the one form that is kept and sent on, or say by a problem's code what is wrong with it. Each is
// done once and for all: what it gives, it gives again.
var formats = map[string]func(text string) (normal string, wrong states.Reason){
	"iban": normalIBAN, "ean": normalEAN, "postcode": normalPostcode, "phone": normalPhone, "coc": normalCoC, "housenumber": normalHousenumber,
}

// answerFormats are the forms that a question may ask for.
var answerFormats = []string{"ean", "iban", "phone", "postcode"}

// fieldFormats are the fields of a sale, of a dialer's proposal and of an organisation that have a known form.
var fieldFormats = map[string]string{
	"iban": "iban", "electricity_ean": "ean", "gas_ean": "ean", "postcode": "postcode", "connection_postcode": "postcode", "phone": "phone", "company_coc": "coc",
	"housenumber": "housenumber", "connection_housenumber": "housenumber",
}

// NormaliseFields brings the fields that have a known form into it, and lists those that cannot be. What is empty, and what
// has no known form, stays as it is.
func NormaliseFields(fields map[string]string) (problems []Problem) {
	for _, name := range FormattedFields() {
		text := fields[name]
		if text == "" || abroad(fields["country"]) && slices.Contains(dutchForms, fieldFormats[name]) {
			continue
		}
		normal, wrong := formats[fieldFormats[name]](text)
		if wrong != "" {
			problems = append(problems, Problem{Code: wrong, Field: name, Detail: text})
			continue
		}
		fields[name] = normal
	}
	return problems
}

// dutchForms are of the Netherlands only.
var dutchForms = []string{"postcode", "coc"}

// abroad says whether a country that was filled in is another one. A sale has none.
func abroad(country string) bool {
	return !slices.Contains([]string{"", "nl", "nld", "nederland", "netherlands", "the netherlands"}, strings.ToLower(strings.TrimSpace(country)))
}

// FormattedFields lists the fields that have a known form.
func FormattedFields() []string {
	names := make([]string, 0, len(fieldFormats))
	for name := range fieldFormats {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// normaliseAnswer brings an answer into the spelling of its option, or into the form that the question asks for.
func (q *Question) normaliseAnswer(a Answer) Answer {
	a.Values = slices.Clone(a.Values)
	for i, value := range a.Values {
		a.Values[i] = q.option(value)
		if q.InputType == "date" || q.InputType == "switchdate" {
			a.Values[i] = dayFirst(value)
		}
		if !slices.Contains(answerFormats, q.Validator) || value == "" {
			continue
		}
		if normal, wrong := formats[q.Validator](value); wrong == "" {
			a.Values[i] = normal
		}
	}
	return a
}

// dayFirst writes a date as the contract does; what is none stays.
func dayFirst(text string) string {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return text
	}
	return day.Format("02-01-2006")
}

// option gives the option that a value means: itself, or the one that differs in capitals alone.
func (q *Question) option(value string) string {
	if slices.Contains(q.Options, value) {
		return value
	}
	means := ""
	for _, option := range q.Options {
		if strings.EqualFold(option, value) {
			if means != "" {
				return value // two that differ in capitals: somebody chooses
			}
			means = option
		}
	}
	return cmp.Or(means, value)
}

// NormaliseAnswers does so with all answers. What cannot be brought into a form is left for CheckAnswers.
func NormaliseAnswers(questions []Question, answers map[string]Answer) {
	for i := range questions {
		if answer, answered := answers[questions[i].Identifier]; answered {
			answers[questions[i].Identifier] = questions[i].normaliseAnswer(answer)
		}
	}
}

// tight takes the characters out that people write between digits, among them those that a web page or a sheet puts there.
func tight(text, separators string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(separators+" \t\u00a0\u2009\u202f\u200b\u2060\ufeff", r) {
			return -1
		}
		return r
	}, text)
}

var ibanForm = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$`)

// ibanLengths of the countries around us; of others any length passes that an IBAN can have (ISO 13616).
var ibanLengths = map[string]int{
	"NL": 18, "BE": 16, "DE": 22, "FR": 27, "LU": 20, "GB": 22, "IE": 22, "ES": 24, "PT": 25, "IT": 27, "AT": 20, "CH": 21, "PL": 28, "DK": 18, "SE": 24, "NO": 15, "FI": 18, "CZ": 24, "HU": 28, "RO": 24, "BG": 22, "LT": 20, "LV": 21, "EE": 20,
}

// normalIBAN writes an IBAN without spaces, in capitals. The libraries there are have a list of countries of ten years ago, and
// would refuse the others; the check itself is this short (ISO 7064, mod 97-10).
func normalIBAN(text string) (normal string, wrong states.Reason) {
	iban := strings.ToUpper(tight(text, ".-"))
	if length, known := ibanLengths[iban[:min(2, len(iban))]]; !ibanForm.MatchString(iban) || known && len(iban) != length {
		return text, states.ProblemIBAN
	}
	rest := 0
	for _, r := range iban[4:] + iban[:4] {
		if r >= 'A' {
			rest = (rest*100 + int(r-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(r-'0')) % 97
		}
	}
	if rest != 1 || iban[2:4] < "02" || iban[2:4] > "98" {
		return text, states.ProblemIBANCheck
	}
	return iban, ""
}

var (
	eanForm  = regexp.MustCompile(`^[0-9]{18}$`)
	eanExcel = regexp.MustCompile(`(?i)^[0-9][.,][0-9]+E\+?[0-9]+$`)
)

// normalEAN writes the EAN of a Dutch energy connection: 18 digits, the last one the check digit of GS1.
func normalEAN(text string) (normal string, wrong states.Reason) {
	ean := tight(text, "-.")
	switch {
	case eanExcel.MatchString(tight(text, "")):
		return text, states.ProblemEANExcel
	case !eanForm.MatchString(ean):
		return text, states.ProblemEAN
	}
	sum := 0
	for i, r := range ean[:17] {
		sum += int(r-'0') * (3 - i%2*2)
	}
	if int(ean[17]-'0') != (10-sum%10)%10 {
		return text, states.ProblemEANCheck
	}
	return ean, ""
}

var (
	dutchPostcode   = regexp.MustCompile(`^[1-9][0-9]{3}[A-Z]{2}$`)
	nearlyDutch     = regexp.MustCompile(`^[0-9]{4} ?[A-Z]`)
	foreignPostcode = regexp.MustCompile(`^[A-Z0-9]([A-Z0-9 -]{1,10})[A-Z0-9]$`)
)

// normalPostcode writes a Dutch postcode as 1234 AB. A sale tells no country: what has another country's form passes as it is,
// and what begins as a Dutch one must be one.
func normalPostcode(text string) (normal string, wrong states.Reason) {
	postcode := strings.ToUpper(strings.TrimSpace(text))
	if dutch := tight(postcode, "-."); dutchPostcode.MatchString(dutch) {
		return dutch[:4] + " " + dutch[4:], ""
	}
	if nearlyDutch.MatchString(postcode) || !foreignPostcode.MatchString(postcode) || !strings.ContainsAny(postcode, "0123456789") {
		return text, states.ProblemPostcode
	}
	return postcode, ""
}

var phoneForm = regexp.MustCompile(`^\+?[0-9]+$`)

// normalPhone writes a Dutch number in its ten digits and another country's with + and its code. A Dutch one must be a number
// that there can be; of others the length is enough, as ranges change.
func normalPhone(text string) (normal string, wrong states.Reason) {
	digits := tight(strings.Replace(text, "(0)", "", 1), "()-./")
	if !phoneForm.MatchString(digits) {
		return text, states.ProblemPhone
	}
	written, ok := writtenPhone(digits)
	if again, _ := writtenPhone(written); !ok || again != written { // zeros that a numbering plan reads in two ways
		return text, states.ProblemPhone
	}
	return written, ""
}

func writtenPhone(digits string) (written string, ok bool) {
	number, err := phonenumbers.Parse(digits, "NL")
	switch {
	case err != nil || !phonenumbers.IsPossibleNumber(number):
		return "", false
	case number.GetCountryCode() != 31:
		return phonenumbers.Format(number, phonenumbers.E164), true
	}
	return tight(phonenumbers.Format(number, phonenumbers.NATIONAL), "-"), phonenumbers.IsValidNumber(number)
}

var (
	cocForm    = regexp.MustCompile(`^[0-9]{8}$`)
	foreignCoC = regexp.MustCompile(`^[A-Z]{2,4}[0-9]{4,15}[A-Z]?$`)
)

// normalCoC writes a number of the Dutch trade register: eight digits. Another country's begins with the country.
func normalCoC(text string) (normal string, wrong states.Reason) {
	number := strings.TrimPrefix(strings.ToUpper(tight(text, ".-:")), "KVK")
	if !cocForm.MatchString(number) && !foreignCoC.MatchString(number) {
		return text, states.ProblemCoC
	}
	return number, ""
}

// normalHousenumber only asks for a digit first: 12a, 12-14 and 12 hs are numbers of houses.
func normalHousenumber(text string) (normal string, wrong states.Reason) {
	number := strings.TrimSpace(text)
	if number == "" || number[0] < '0' || number[0] > '9' {
		return text, states.ProblemHousenumber
	}
	return number, ""
}
