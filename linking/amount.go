package linking

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"koppel/states"
)

// ParseAmount reads an exact decimal and writes it in its one canonical form ("0.25" for "0.250"), so that
// equal amounts are equal texts. Nothing stays nothing.
func ParseAmount(text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", nil
	}
	amount, err := parseNumber(text)
	if err != nil {
		return "", Problem{Code: states.ProblemNotAnAmount, Detail: fmt.Sprintf("%.40s", text)}
	}
	return amount.String(), nil
}

// A price has so many digits before its point, and is compared to five behind it: no more are kept to sort and search by.
var largestPrice = decimal.New(1, 9)

const priceDigits = 5

// asWritten is an amount that can be kept as it is.
var asWritten = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// ParsePrice reads an amount that is a price. One that is written in plain digits stays as it is written: who sells at 10.00
// does not want to read 10.
func ParsePrice(text string) (string, error) {
	amount, err := ParseAmount(text)
	if err != nil || amount == "" {
		return "", err
	}
	if price, err := parseNumber(amount); err != nil || price.Abs().Round(priceDigits).GreaterThanOrEqual(largestPrice) {
		return "", between("", "-999999999", "999999999")
	}
	if written := strings.TrimSpace(text); asWritten.MatchString(written) {
		return written, nil
	}
	return amount, nil
}

// CheckWhole refuses a whole number that does not fit where it is kept.
func CheckWhole(field string, number int64) error {
	if number < -largestWhole || number > largestWhole {
		return between(field, strconv.Itoa(-largestWhole), strconv.Itoa(largestWhole))
	}
	return nil
}

const largestWhole = 1_000_000_000

// How partners write amounts. One comma with three digits behind it may be either ("1,234"), and is neither.
var (
	commaDecimal = regexp.MustCompile(`^[+-]?(\d+|\d{1,3}([. ]\d{3})+),\d+$`)
	commaEither  = regexp.MustCompile(`^[+-]?[1-9]\d{0,2},\d{3}$`)
	pointDecimal = regexp.MustCompile(`^[+-]?\d{1,3}(,\d{3})+\.\d+$`)
	spaced       = regexp.MustCompile(`^[+-]?\d{1,3}( \d{3})+(\.\d+)?$`)
	pointed      = regexp.MustCompile(`^[+-]?[1-9]\d{0,2}(\.\d{3}){2,}$`)
)

// ReadAmount reads a price as partners write it, where there is one meaning only: with a decimal comma, with
// thousands set apart, with the sign or name of the euro. "1.234" has a decimal point.
func ReadAmount(text string) (string, error) {
	plain := plainNumber(text)
	for _, unit := range []string{"€", "EUR"} {
		plain = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(plain, unit), unit))
	}
	switch {
	case len(plain) > 40:
	case commaDecimal.MatchString(plain) && !commaEither.MatchString(plain):
		plain = strings.ReplaceAll(strings.NewReplacer(".", "", " ", "").Replace(plain), ",", ".")
	case pointDecimal.MatchString(plain):
		plain = strings.ReplaceAll(plain, ",", "")
	case spaced.MatchString(plain):
		plain = strings.ReplaceAll(plain, " ", "")
	case pointed.MatchString(plain):
		plain = strings.ReplaceAll(plain, ".", "")
	}
	if _, err := ParseAmount(plain); err != nil {
		return "", Problem{Code: states.ProblemNotAnAmount, Detail: fmt.Sprintf("%.40s", text)}
	}
	return ParsePrice(plain)
}

// spaces are the other kinds of space that people and programs write in numbers.
var spaces = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ")

// plainNumber writes every kind of space as one, and none around it.
func plainNumber(text string) string { return strings.TrimSpace(spaces.Replace(text)) }

// ReadWhole reads a whole number as partners write it: also "1 234" and "12.0".
func ReadWhole(text string) (int64, error) {
	plain := plainNumber(text)
	if spaced.MatchString(plain) {
		plain = strings.ReplaceAll(plain, " ", "")
	}
	number, err := parseNumber(plain)
	if err != nil || !number.IsInteger() || !number.BigInt().IsInt64() {
		return 0, Problem{Code: states.ProblemNotWhole, Detail: fmt.Sprintf("%.40s", text)}
	}
	return number.IntPart(), nil
}

var period = regexp.MustCompile(`^(\d+(?:[.,]\d+)?) ?(m|mnd|maand|maanden|month|months|jr|jaar|jaren|year|years)\.?$`)

// ReadMonths reads a number of months: "12", "12 maanden", "1 jaar".
func ReadMonths(text string) (int64, error) {
	found := period.FindStringSubmatch(strings.ToLower(plainNumber(text)))
	if found == nil {
		return ReadWhole(text)
	}
	number, err := parseNumber(strings.ReplaceAll(found[1], ",", "."))
	if err == nil && strings.ContainsAny(found[2][:1], "jy") {
		number = number.Mul(decimal.NewFromInt(12))
	}
	if err != nil || !number.IsInteger() || !number.BigInt().IsInt64() {
		return 0, Problem{Code: states.ProblemNotWhole, Detail: fmt.Sprintf("%.40s", text)}
	}
	return number.IntPart(), nil
}
