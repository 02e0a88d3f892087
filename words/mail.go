package words

import (
	"fmt"
	"strings"

	"koppel/linking"
	"koppel/states"
)

// mailWords writes a sentence in the language of a mail.
func mailWords(language states.Language) func(nl, en string, args ...any) string {
	return func(nl, en string, args ...any) string {
		if language == states.English {
			return fmt.Sprintf(en, args...)
		}
		return fmt.Sprintf(nl, args...)
	}
}

// InvitationURL is where somebody who was invited chooses a password.
func InvitationURL(publicURL, account, text string) string {
	return publicURL + "/invitation/" + account + "/" + text
}

// InvitationMail writes the mail with which somebody chooses a password, until a time.
func InvitationMail(language states.Language, environment, account, email, link, until string) (subject, text string) {
	say := mailWords(language)
	return say("Kies een wachtwoord voor %s", "Choose a password for %s", environment),
		say("Beste gebruiker,\n\nJe bent uitgenodigd voor de omgeving %[1]s. Kies hier een wachtwoord; dat kan één keer, tot %[2]s:\n\n%[3]s\n\nLog daarna in met account %[4]s en e-mailadres %[5]s.\n\nVerwachtte je dit niet? Dan hoef je niets te doen.\n\nMet vriendelijke groet,\n%[1]s\n",
			"Hello,\n\nYou were invited to the environment %[1]s. Choose a password here; that can be done once, until %[2]s:\n\n%[3]s\n\nThen sign in with account %[4]s and e-mail address %[5]s.\n\nDid you not expect this? Then there is nothing to do.\n\nKind regards,\n%[1]s\n",
			environment, until, link, account, email)
}

// ConfirmationMail writes the mail that confirms a sale to its customer, in the environment's language.
func ConfirmationMail(language states.Language, environment string, number int64, s linking.Submission, lines []linking.SoldLine) (subject, text string) {
	say := mailWords(language)
	what := say("bestelling", "order")
	if s.TransactionType == states.SaleOffer {
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
