package linking_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
)

// An amount is read where it has one meaning, and refused where it has two.
func TestReadAmount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "6.99": "6.99", "6,99": "6.99", "1.234,56": "1234.56", "1 234,56": "1234.56", "1\u00a0234,5": "1234.5", "1,234.56": "1234.56", "1.234": "1.234", "1.234.567": "1234567",
		"0,234": "0.234", "1,2345": "1.2345", "1234,567": "1234.567", "€ 6,99": "6.99", "6,99 €": "6.99", "EUR 6.99": "6.99", "-6,50": "-6.50", "10.00": "10.00", "0012.10": "0012.10", " 6,99 ": "6.99", "1 234": "1234", "12345": "12345",
	} {
		got, err := linking.ReadAmount(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"1,234", "12,345", "-1,234", "1,2,3", "1.23,4,5", "gratis", "6,99 per maand", "1e9", "0x10", strings.Repeat("1", 50)} {
		got, err := linking.ReadAmount(text)
		require.Error(t, err, "%s is %s", text, got)
	}
}

// A price is kept as it is written, where that is plain digits: 10.00 is not made 10.
func TestAPriceStaysAsItIsWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"10.00": "10.00", "6.990": "6.990", " 6.99 ": "6.99", "0.00": "0.00", "-1.50": "-1.50", "+5": "5", ".5": "0.5", "": ""} {
		price, err := linking.ParsePrice(text)
		require.NoError(t, err, text)
		require.Equal(t, want, price, text)
	}
}

// A price that does not fit where prices are kept is refused, whoever writes it; rounding must not take it over the edge.
func TestPricesFit(t *testing.T) {
	t.Parallel()
	for _, fits := range []string{"999999999", "999999999.99999", "-999999999.5", "0.123456789", ""} {
		_, err := linking.ParsePrice(fits)
		require.NoError(t, err, fits)
	}
	for _, over := range []string{"1000000000", "999999999.999999", "99999999999999999999", "-1000000000"} {
		_, err := linking.ParsePrice(over)
		require.ErrorContains(t, err, "999999999", over)
		_, err = linking.ReadAmount(over)
		require.ErrorContains(t, err, "999999999", over)
	}
}

func TestReadMonths(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"12": 12, "12.0": 12, "12 maanden": 12, "12 Mnd.": 12, "12 months": 12, "12maanden": 12, "1 jaar": 12, "3 years": 36, "1,5 jaar": 18, "1 maand": 1, "1 200": 1200} {
		got, err := linking.ReadMonths(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"onbepaald", "12 weken", "1,3 jaar", "een jaar", "12-24 maanden", "1.5", "99999999999999999999"} {
		_, err := linking.ReadMonths(text)
		require.Error(t, err, text)
	}
}
