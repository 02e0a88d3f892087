package linking

import (
	"fmt"
	"strings"
)

// ConfirmationMail writes the mail that confirms a sale to its customer, in the environment's language.
func ConfirmationMail(language, environment string, number int64, s Submission, lines []SoldLine) (subject, text string) {
	english := language == "en"
	say := func(nl, en string, args ...any) string {
		if english {
			return fmt.Sprintf(en, args...)
		}
		return fmt.Sprintf(nl, args...)
	}
	what := say("bestelling", "order")
	if s.TransactionType == "offer" {
		what = say("offerte", "offer")
	}
	subject = say("Bevestiging van je %s bij %s (%d)", "Confirmation of your %s with %s (%d)", what, environment, number)
	var b strings.Builder
	b.WriteString(say("Beste %s,\n\nWe hebben je %s ontvangen. Het nummer is %d.\n\n", "Dear %s,\n\nWe received your %s. Its number is %d.\n\n", strings.TrimSpace(s.Fields["firstname"]+" "+s.Fields["lastname"]), what, number))
	for _, line := range lines {
		fmt.Fprintf(&b, "- %d × %s", line.Quantity, line.Content.Name)
		if line.Content.SupplierName != "" {
			fmt.Fprintf(&b, " (%s)", line.Content.SupplierName)
		}
		b.WriteString("\n")
	}
	address := strings.TrimSpace(fmt.Sprintf("%s %s %s", s.Fields["connection_streetname"], s.Fields["connection_housenumber"], s.Fields["connection_suffix"]))
	b.WriteString(say("\nAdres: %s, %s %s\n\nKlopt er iets niet? Neem dan contact op met wie je de bestelling opnam.\n\nMet vriendelijke groet,\n%s\n",
		"\nAddress: %s, %s %s\n\nIs something not right? Please contact who took your order.\n\nKind regards,\n%s\n",
		address, s.Fields["connection_postcode"], s.Fields["connection_city"], environment))
	return subject, b.String()
}
