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

// accessChanges are what the mail to a person says was done.
var accessChanges = map[states.AccessChange]sentence{
	states.AccessPassword:     {"is je wachtwoord gewijzigd", "your password was changed"},
	states.AccessEmail:        {"is het e-mailadres waarmee je inlogt gewijzigd", "the e-mail address that you sign in with was changed"},
	states.AccessRole:         {"is je rol gewijzigd", "your role was changed"},
	states.AccessOff:          {"is je toegang uitgezet", "your access was switched off"},
	states.AccessOn:           {"is je toegang weer aangezet", "your access was switched on again"},
	states.AccessTokenMade:    {"is op jouw naam een API-token gemaakt", "an API token was made in your name"},
	states.AccessTokenRevoked: {"is een API-token van jou ingetrokken", "an API token of yours was revoked"},
}

// AccessTold is what a mail says of a change of somebody's access, and to which address. It is kept sealed.
type AccessTold struct {
	Change states.AccessChange `json:"change"`
	By     string              `json:"by"`
	To     string              `json:"to"`
}

// AccessMail writes the mail that tells a person what was done to their access, by whom and when.
func AccessMail(language states.Language, environment, account string, told AccessTold, at string) (subject, text string) {
	say := mailWords(language)
	what := say(accessChanges[told.Change].nl, accessChanges[told.Change].en)
	return say("Je toegang tot %s is gewijzigd", "Your access to %s was changed", environment),
		say("Beste gebruiker,\n\nOp %[1]s %[2]s, in de omgeving %[3]s (account %[4]s), door %[5]s.\n\nKlopt dit niet? Neem dan meteen contact op met een eigenaar van de omgeving, langs een andere weg dan deze mail.\n\nMet vriendelijke groet,\n%[3]s\n",
			"Hello,\n\nOn %[1]s %[2]s, in the environment %[3]s (account %[4]s), by %[5]s.\n\nIs this not right? Contact an owner of the environment at once, by another way than this mail.\n\nKind regards,\n%[3]s\n",
			at, what, environment, account, told.By)
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
