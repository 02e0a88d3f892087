package linking_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
	"koppel/states"
)

// What has a known form is brought into it where its meaning is certain, and refused with the form that is expected where not.
func TestKnownForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field, typed, kept string
		wrong              states.Reason
	}{
		{"iban", "NL91ABNA0417164300", "NL91ABNA0417164300", ""},
		{"iban", " nl91 abna 0417 1643 00 ", "NL91ABNA0417164300", ""},
		{"iban", "NL91.ABNA.0417.1643.00", "NL91ABNA0417164300", ""},
		{"iban", "NL91\u00a0ABNA\u202f0417\u200b1643 00", "NL91ABNA0417164300", ""},
		{"iban", "BE68 5390 0754 7034", "BE68539007547034", ""},
		{"iban", "UA21 3223 1300 0002 6007 2335 6600 1", "UA213223130000026007233566001", ""},
		{"iban", "NL92ABNA0417164300", "", states.ProblemIBANCheck},
		{"iban", "NL00BANK0123456789", "", states.ProblemIBANCheck},
		{"iban", "NL91ABNA041716430", "", states.ProblemIBAN},
		{"iban", "0417164300", "", states.ProblemIBAN},
		{"iban", "giro 12345", "", states.ProblemIBAN},
		{"iban", "é", "", states.ProblemIBAN},
		{"electricity_ean", "871687000000000012", "", states.ProblemEANCheck},
		{"electricity_ean", "8,71687E+17", "", states.ProblemEANExcel},
		{"gas_ean", "8.71687E+17", "", states.ProblemEANExcel},
		{"gas_ean", "8,71687e17", "", states.ProblemEANExcel},
		{"gas_ean", "8716870000000", "", states.ProblemEAN},
		{"gas_ean", "geen", "", states.ProblemEAN},
		{"postcode", "1234 AB", "1234 AB", ""},
		{"postcode", "1234ab", "1234 AB", ""},
		{"connection_postcode", " 1234  Ab ", "1234 AB", ""},
		{"postcode", "1234-AB", "1234 AB", ""},
		{"postcode", "1000", "1000", ""},
		{"postcode", "10115", "10115", ""},
		{"postcode", "sw1a 1aa", "SW1A 1AA", ""},
		{"postcode", "L-1648", "L-1648", ""},
		{"postcode", "1234 A", "", states.ProblemPostcode},
		{"postcode", "1234 ABC", "", states.ProblemPostcode},
		{"postcode", "0123 AB", "", states.ProblemPostcode},
		{"postcode", "Utrecht", "", states.ProblemPostcode},
		{"postcode", "?", "", states.ProblemPostcode},
		{"phone", "0612345678", "0612345678", ""},
		{"phone", "06-12345678", "0612345678", ""},
		{"phone", "06 1234 5678", "0612345678", ""},
		{"phone", "+31 6 12345678", "0612345678", ""},
		{"phone", "+31 (0)6 12345678", "0612345678", ""},
		{"phone", "0031612345678", "0612345678", ""},
		{"phone", "(030) 123 45 67", "0301234567", ""},
		{"phone", "+32 470 12 34 56", "+32470123456", ""},
		{"phone", "0049 30 123456", "+4930123456", ""},
		{"phone", "abc", "", states.ProblemPhone},
		{"phone", "06ABC45678", "", states.ProblemPhone},
		{"phone", "061234567", "", states.ProblemPhone},
		{"phone", "0612345678 of 0301234567", "", states.ProblemPhone},
		{"phone", "0612345678/0301234567", "", states.ProblemPhone},
		{"phone", "+999123456789", "", states.ProblemPhone},
		{"phone", "1", "", states.ProblemPhone},
		{"company_coc", "12345678", "12345678", ""},
		{"company_coc", "1234 5678", "12345678", ""},
		{"company_coc", "KvK 12345678", "12345678", ""},
		{"company_coc", "BE0123456789", "BE0123456789", ""},
		{"company_coc", "1234567", "", states.ProblemCoC},
		{"company_coc", "123456789012", "", states.ProblemCoC},
		{"company_coc", "onbekend", "", states.ProblemCoC},
		{"housenumber", "12", "12", ""},
		{"housenumber", "12-14 hs", "12-14 hs", ""},
		{"connection_housenumber", "huis", "", states.ProblemHousenumber},
		{"housenumber", "-1", "", states.ProblemHousenumber},
	} {
		fields := map[string]string{c.field: c.typed, "onbekend": " blijft "}
		problems := linking.NormaliseFields(fields)
		require.Equal(t, " blijft ", fields["onbekend"], "what is not known stays as it is")
		if c.wrong != "" {
			require.Equal(t, []linking.Problem{{Code: c.wrong, Field: c.field, Detail: c.typed}}, problems, c.typed)
			require.Equal(t, c.typed, fields[c.field], "what is refused stays as it was typed")
			continue
		}
		require.Empty(t, problems, c.typed)
		require.Equal(t, c.kept, fields[c.field], c.typed)
	}
	foreign := map[string]string{"country": "Portugal", "postcode": "1234 A", "company_coc": "onbekend", "iban": "NL00BANK0123456789"}
	require.Equal(t, []linking.Problem{{Code: states.ProblemIBANCheck, Field: "iban", Detail: "NL00BANK0123456789"}}, linking.NormaliseFields(foreign))
}

// withCheck makes numbers that are right.
func ibanWithCheck(country, bban string) string {
	rest := 0
	for _, r := range bban + country + "00" {
		value := strconv.Itoa(int(r - '0'))
		if r >= 'A' {
			value = strconv.Itoa(int(r-'A') + 10)
		}
		for _, digit := range value {
			rest = (rest*10 + int(digit-'0')) % 97
		}
	}
	return fmt.Sprintf("%s%02d%s", country, 98-rest, bban)
}

func eanWithCheck(digits string) string {
	sum := 0
	for i := range digits {
		weight := 1
		if (len(digits)-i)%2 == 1 {
			weight = 3
		}
		sum += weight * int(digits[i]-'0')
	}
	return digits + strconv.Itoa((10-sum%10)%10)
}

func randomDigits(random *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(byte('0' + random.IntN(10)))
	}
	return b.String()
}

// A number that is right passes however it is spaced; with one digit changed it does not; and what was made of it stays so.
func TestCheckDigits(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(91, 97))
	for range 500 {
		for field, number := range map[string]string{
			"iban": ibanWithCheck("NL", "BANK"+randomDigits(random, 10)), "gas_ean": eanWithCheck("871" + randomDigits(random, 14)), "electricity_ean": eanWithCheck("8716" + randomDigits(random, 13)),
		} {
			spaced := number
			for range random.IntN(6) {
				at := random.IntN(len(spaced))
				spaced = spaced[:at] + " " + spaced[at:]
			}
			fields := map[string]string{field: strings.ToLower(spaced)}
			require.Empty(t, linking.NormaliseFields(fields), "%s %s", field, spaced)
			require.Equal(t, number, fields[field])
			at := random.IntN(len(number))
			for number[at] < '0' || number[at] > '9' {
				at = random.IntN(len(number))
			}
			changed := number[:at] + string('0'+(number[at]-'0'+byte(1+random.IntN(9)))%10) + number[at+1:]
			require.Len(t, linking.NormaliseFields(map[string]string{field: changed}), 1, "%s %s of %s", field, changed, number)
		}
	}
}

// FuzzForms: a form that was given is given again, whatever was typed, and what is refused is left alone.
func FuzzForms(f *testing.F) {
	for _, text := range []string{"NL91 ABNA 0417 1643 00", "871687000000000009", "1234ab", "06-12345678", "+32 470 12 34 56", "kvk 12345678", "12 hs", "8,7E+17", "\u00a01\u200b", "+310612345678", "(0)(0)20 1234567"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, field := range linking.FormattedFields() {
			once := map[string]string{field: text}
			if problems := linking.NormaliseFields(once); len(problems) > 0 {
				require.Equal(t, text, once[field])
				continue
			}
			twice := map[string]string{field: once[field]}
			require.Empty(t, linking.NormaliseFields(twice), "%s: %q became %q", field, text, once[field])
			require.Equal(t, once, twice, "%s: %q", field, text)
		}
	})
}

// A question that asks for a known form takes an answer in any spelling of it, and says what is wrong with another.
func TestAnswersHaveKnownForms(t *testing.T) {
	t.Parallel()
	questions := []linking.Question{}
	for _, name := range []string{"iban", "ean", "postcode", "phone", "integer"} {
		questions = append(questions, linking.Question{Identifier: name, Name: name, InputType: "text", Visible: true, Validator: name})
	}
	ean := eanWithCheck("87168700000000001")
	answers := map[string]linking.Answer{"iban": linking.TextAnswer("nl91 abna 0417164300"), "ean": linking.TextAnswer(ean[:9] + " " + ean[9:]), "postcode": linking.TextAnswer("1234ab"), "phone": linking.TextAnswer("+31612345678"), "integer": linking.TextAnswer("12")}
	linking.NormaliseAnswers(questions, answers)
	require.Empty(t, linking.CheckAnswers(questions, "simple", &linking.SaleFacts{}, answers))
	require.Equal(t, map[string]linking.Answer{"iban": linking.TextAnswer("NL91ABNA0417164300"), "ean": linking.TextAnswer(ean), "postcode": linking.TextAnswer("1234 AB"), "phone": linking.TextAnswer("0612345678"), "integer": linking.TextAnswer("12")}, answers)
	choice := []linking.Question{{Identifier: "k", Name: "k", InputType: "mc-multi", Visible: true, Options: []string{"Incasso", "factuur", "Factuur", "ÉÉN"}}}
	chosen := map[string]linking.Answer{"k": {Values: []string{"INCASSO", "Factuur", "factuur", "één"}, Multi: true}}
	linking.NormaliseAnswers(choice, chosen)
	require.Equal(t, []string{"Incasso", "Factuur", "factuur", "ÉÉN"}, chosen["k"].Values)
	chosen["k"] = linking.TextAnswer("FACTUUR")
	linking.NormaliseAnswers(choice, chosen)
	require.Equal(t, states.ProblemNotAnOption, linking.CheckAnswers(choice, "simple", &linking.SaleFacts{}, chosen)[0].Code, "two differ in capitals: that is no answer")
	for name, wrong := range map[string]states.Reason{"iban": states.ProblemIBANCheck, "ean": states.ProblemEANExcel, "postcode": states.ProblemPostcode, "phone": states.ProblemPhone, "integer": states.ProblemInvalidFormat} {
		text := map[string]string{"iban": "NL00BANK0123456789", "ean": "8,71687E+17", "postcode": "1234 A", "phone": "abc", "integer": "x"}[name]
		problems := linking.CheckAnswers(questions, "simple", &linking.SaleFacts{}, map[string]linking.Answer{name: linking.TextAnswer(text)})
		require.Len(t, problems, 1)
		require.Equal(t, wrong, problems[0].Code)
		require.Equal(t, "questionData."+name, problems[0].Field)
	}
}
