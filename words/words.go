// Package words holds every sentence that people read, in Dutch and in English. A sentence that is missing
// in one language fails a test.
package words

import (
	"fmt"
	"strings"

	"koppel/linking"
	"koppel/states"
)

type sentence struct{ nl, en string }

// Say gives a sentence in an environment's language (Dutch unless it is "en").
func Say(language states.Language, key string, args ...any) string {
	s, ok := sentences[key]
	if !ok {
		return key
	}
	text := s.nl
	if language == states.English {
		text = s.en
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// Problem puts a problem in words: what is wrong, and what to do.
func Problem(language states.Language, p linking.Problem) string {
	s, ok := problems[p.Code]
	if !ok {
		return string(p.Code) + ": " + p.Detail
	}
	text := s.nl
	if language == states.English {
		text = s.en
	}
	detail := p.Detail
	switch p.Code {
	case states.ReasonStatus:
		if status, system := linking.SystemStatus(detail); system {
			detail = status.Name
		}
	case states.ReasonCondition, states.ReasonConditionKnown:
		detail = condition(language, detail)
	case states.ProblemDifferentType:
		detail = inWords(language, inputTypes, detail)
	}
	subject := p.Subject
	if subject == linking.GeneralSetting {
		subject = Say(language, "general_setting")
	}
	return fmt.Sprintf(text, subject, statusLine(language, detail))
}

// statusLine puts a status in words where a problem's detail is one (linking.StatusDetail).
func statusLine(language states.Language, detail string) string {
	code, ok := strings.CutPrefix(detail, "http_")
	if !ok {
		return detail
	}
	if _, known := sentences[detail]; known {
		return Say(language, detail) + " (" + code + ")"
	}
	return Say(language, "http_other", code)
}

// Keys lists every sentence, for tests.
func Keys() (all map[string][2]string) {
	all = map[string][2]string{}
	for key, s := range sentences {
		all[key] = [2]string{s.nl, s.en}
	}
	for key, s := range problems {
		all["problem."+string(key)] = [2]string{s.nl, s.en}
	}
	return all
}

// problems take the subject as %[1]s and the detail as %[2]s.
var problems = map[states.Reason]sentence{
	states.ProblemLoop:              {"De transactie kwam al langs %[1]s: verzenden zou een kring geven. Verkoop dit product niet via een partner die het van jullie heeft.%.0[2]s", "The sale came through %[1]s already: sending it would make a loop. Do not sell this product through a partner that has it from you.%.0[2]s"},
	states.ProblemFlowTransaction:   {"De flow “%[1]s” van de partner neemt geen transacties van de soort “%[2]s” aan. Koppel een andere flow.", "The partner's flow “%[1]s” takes no sales of the kind “%[2]s”. Map another flow."},
	states.ProblemFlowIBAN:          {"De flow “%[1]s” van de partner vraagt een IBAN, en de transactie heeft er geen. Vul hem in bij de transactie.%.0[2]s", "The partner's flow “%[1]s” asks for an IBAN, and the sale has none. Fill it in with the sale.%.0[2]s"},
	states.ProblemFlowSignature:     {"De flow “%[1]s” van de partner vraagt een handtekening, en de order heeft er geen. Lever hem aan met een handtekening of een contract.%.0[2]s", "The partner's flow “%[1]s” asks for a signature, and the order has none. Submit it with a signature or a contract.%.0[2]s"},
	states.ReasonConflict:           {"De partner heeft deze transactie al onder ons kenmerk. We zoeken haar daar op.%.0[1]s%.0[2]s", "The partner has this sale under our reference already. It is being looked up there.%.0[1]s%.0[2]s"},
	states.ProblemRequired:          {"Bij “%[1]s” is een antwoord verplicht.%.0[2]s", "“%[1]s” needs an answer.%.0[2]s"},
	states.ProblemNotAnOption:       {"Bij “%[1]s” is “%[2]s” geen keuze.", "“%[2]s” is not an option of “%[1]s”."},
	states.ProblemInvalidDate:       {"Bij “%[1]s” is “%[2]s” geen datum (dd-mm-jjjj).", "“%[2]s” is not a date (dd-mm-yyyy), for “%[1]s”."},
	states.ProblemInvalidEmail:      {"Bij “%[1]s” is “%[2]s” geen e-mailadres.", "“%[2]s” is not an e-mail address, for “%[1]s”."},
	states.ProblemInvalidFormat:     {"Bij “%[1]s” heeft “%[2]s” niet de vorm die gevraagd wordt.", "“%[2]s” does not have the form that “%[1]s” asks for."},
	states.ProblemIBAN:              {"“%[2]s” is geen IBAN. Verwacht: NL00 BANK 0123 4567 89.%.0[1]s", "“%[2]s” is not an IBAN. Expected: NL00 BANK 0123 4567 89.%.0[1]s"},
	states.ProblemIBANCheck:         {"IBAN klopt niet: het controlegetal van “%[2]s” is fout. Kijk de cijfers na.%.0[1]s", "The IBAN is not right: the check digits of “%[2]s” are wrong. Check the digits.%.0[1]s"},
	states.ProblemEAN:               {"EAN moet 18 cijfers hebben; “%[2]s” heeft die niet.%.0[1]s", "An EAN must have 18 digits; “%[2]s” does not.%.0[1]s"},
	states.ProblemEANCheck:          {"EAN klopt niet: het controlecijfer van “%[2]s” is fout. Kijk de cijfers na.%.0[1]s", "The EAN is not right: the check digit of “%[2]s” is wrong. Check the digits.%.0[1]s"},
	states.ProblemEANExcel:          {"EAN moet 18 cijfers hebben; “%[2]s” is hoe een rekenblad hem afrondt, en de cijfers zijn daar weg. Zet de kolom op tekst en neem de EAN opnieuw over.%.0[1]s", "An EAN must have 18 digits; “%[2]s” is how a spreadsheet rounds it, and the digits are gone there. Make the column text and take the EAN over again.%.0[1]s"},
	states.ProblemPostcode:          {"“%[2]s” is geen postcode. Verwacht: 1234 AB.%.0[1]s", "“%[2]s” is not a postcode. Expected: 1234 AB.%.0[1]s"},
	states.ProblemPhone:             {"“%[2]s” is geen telefoonnummer. Verwacht: 0612345678, of met + en het land: +32470123456.%.0[1]s", "“%[2]s” is not a telephone number. Expected: 0612345678, or with + and the country: +32470123456.%.0[1]s"},
	states.ProblemCoC:               {"KvK-nummer moet 8 cijfers hebben; “%[2]s” heeft die niet.%.0[1]s", "A KvK number must have 8 digits; “%[2]s” does not.%.0[1]s"},
	states.ProblemHousenumber:       {"Huisnummer moet met een cijfer beginnen; “%[2]s” doet dat niet.%.0[1]s", "A house number must begin with a digit; “%[2]s” does not.%.0[1]s"},
	states.ProblemNotAccepted:       {"De accordering “%[1]s” is niet gegeven.%.0[2]s", "The agreement “%[1]s” was not accepted.%.0[2]s"},
	states.ProblemFlowUnmapped:      {"De flow “%[1]s” is niet gekoppeld aan een flow van de partner. Koppel hem bij Flows.%.0[2]s", "The flow “%[1]s” is not mapped to one of the partner's. Map it under Flows.%.0[2]s"},
	states.ProblemProductGone:       {"De partner biedt “%[1]s” niet meer aan. Kies bij de transactie een ander product, of verzend haar niet. Biedt hij het weer aan, dan gaat ze vanzelf.%.0[2]s", "The partner no longer offers “%[1]s”. Choose another product for the sale, or do not send it. If it is offered again, the sale goes by itself.%.0[2]s"},
	states.ProblemFlowGone:          {"De flow waaraan “%[1]s” gekoppeld is, bestaat bij de partner niet meer (nummer %[2]s). Kies een andere bij Flows.", "The flow that “%[1]s” is mapped to is gone at the partner (number %[2]s). Choose another one under Flows."},
	states.ProblemQuestionUnmapped:  {"De partner vraagt “%[1]s”, en die vraag is niet gekoppeld. Koppel hem bij Productvragen.%.0[2]s", "The partner asks “%[1]s”, which is not mapped. Map it under Product questions.%.0[2]s"},
	states.ProblemQuestionGone:      {"De vraag waaraan “%[1]s” van de partner gekoppeld is, hoort niet bij deze transactie. Controleer de koppeling bij Productvragen.%.0[2]s", "The question that the partner's “%[1]s” is mapped to is not part of this sale. Check the mapping under Product questions.%.0[2]s"},
	states.ProblemOptionUnmapped:    {"Bij “%[1]s” is “%[2]s” bij de partner geen keuze. Kies een optie bij Productvragen, of pas het antwoord aan.", "“%[2]s” is not one of the partner's options for “%[1]s”. Choose one under Product questions, or correct the answer."},
	states.ProblemAgreementUnmapped: {"De partner vraagt de accordering “%[1]s”, en die is niet gekoppeld. Koppel hem bij Accorderingen.%.0[2]s", "The partner asks for the agreement “%[1]s”, which is not mapped. Map it under Agreements.%.0[2]s"},
	states.ProblemNoMatchingOption:  {"“%[1]s” heeft bij ons een optie die de partner niet kent: %[2]s. Koppel de optie.", "“%[1]s” has an option here that the partner does not know: %[2]s. Map the option."},
	states.ProblemDifferentType:     {"“%[1]s” is bij de partner van een ander type: %[2]s.", "“%[1]s” is of another type at the partner: %[2]s."},
	states.ProblemNotText:           {"Hier hoort tekst, een getal of ja/nee.%.0[1]s%.0[2]s", "Text, a number or a boolean belongs here.%.0[1]s%.0[2]s"},
	states.ProblemNotYesNo:          {"“%[2]s” is geen ja of nee. Stuur 1 of 0.%.0[1]s", "“%[2]s” is no yes or no. Send 1 or 0.%.0[1]s"},
	states.ProblemNotWhole:          {"“%[2]s” is geen heel getal.%.0[1]s", "“%[2]s” is not a whole number.%.0[1]s"},
	states.ProblemNotATime:          {"“%[2]s” is geen tijdstip. Schrijf het als 2026-05-31 14:02:00.%.0[1]s", "“%[2]s” is not a time. Write it as 2026-05-31 14:02:00.%.0[1]s"},
	states.ProblemNotAnAmount:       {"“%[2]s” is geen bedrag. Schrijf het met een punt: 12.50.%.0[1]s", "“%[2]s” is not an amount. Write it with a point: 12.50.%.0[1]s"},
	states.ProblemBrokenText:        {"Deze tekst is niet te lezen: stuur UTF-8.%.0[1]s%.0[2]s", "This text cannot be read: send UTF-8.%.0[1]s%.0[2]s"},
	states.ProblemTooLong:           {"Dit is te lang.%.0[1]s%.0[2]s", "This is too long.%.0[1]s%.0[2]s"},
	states.ProblemNotObject:         {"Hier hoort een geheel van velden.%.0[1]s%.0[2]s", "An object belongs here.%.0[1]s%.0[2]s"},
	states.ProblemNotList:           {"Hier hoort een lijst.%.0[1]s%.0[2]s", "A list belongs here.%.0[1]s%.0[2]s"},
	states.ProblemBetween:           {"Kies een getal van %[1]s tot en met %[2]s.", "Choose a number from %[1]s to %[2]s."},
	states.ProblemOneOf:             {"%[1]s is een van: %[2]s.", "%[1]s is one of: %[2]s."},
	states.ProblemTooMany:           {"Te veel %[1]s: hooguit %[2]s.", "Too many %[1]s: at most %[2]s."},
	states.ProblemNeedsOptions:      {"De vraag “%[1]s” is een keuze en heeft opties nodig.%.0[2]s", "The question “%[1]s” is a choice and needs options.%.0[2]s"},
	states.ProblemRule:              {"Deze voorwaarden zijn niet te lezen. Een groep heeft type, criterion en rules; een conditie heeft type, identifier, operator en value.%.0[1]s%.0[2]s", "These conditions cannot be read. A group has type, criterion and rules; a condition has type, identifier, operator and value.%.0[1]s%.0[2]s"},
	states.ProblemRuleDepth:         {"De voorwaarden zijn te diep genest: hooguit %[2]s groepen.%.0[1]s", "The conditions are nested too deep: at most %[2]s groups.%.0[1]s"},
	states.ProblemRuleName:          {"Regel %[2]s heeft geen naam.%.0[1]s", "Rule %[2]s has no name.%.0[1]s"},
	states.ProblemNotRequiredHere:   {"“%[1]s” is bij de partner verplicht en hier niet.%.0[2]s", "“%[1]s” is required at the partner and not here.%.0[2]s"},
	states.ProblemDifferentCheck:    {"De partner controleert het antwoord op “%[1]s” (%[2]s), en bij ons gebeurt dat niet of anders.", "The partner checks the answer to “%[1]s” (%[2]s), and here that is not done, or in another way."},
	states.ProblemDifferentRule:     {"“%[1]s” wordt bij de partner onder andere condities gevraagd dan bij ons.%.0[2]s", "The partner asks “%[1]s” under other conditions than we do.%.0[2]s"},
	states.ReasonRejected:           {"De partner neemt de transactie niet aan%[1]s: %[2]s", "The partner does not take the sale%[1]s: %[2]s"},
	states.ReasonInternal:           {"In Koppel zelf ging iets mis bij het verzenden (nummer %[2]s). Het wordt vanzelf opnieuw geprobeerd; meld het bij het beheer als het blijft.%.0[1]s", "Something went wrong in Koppel itself while sending (number %[2]s). It is tried again by itself; tell your administrator if it stays.%.0[1]s"},
	states.ReasonForbidden:          {"De partner staat dit niet toe: %[2]s%.0[1]s", "The partner does not allow this: %[2]s%.0[1]s"},
	states.ReasonMoved:              {"Het adres van de partner is verhuisd: %[2]s. Vul bij de integratie het nieuwe adres in, met een token.%.0[1]s", "The partner's address has moved: %[2]s. Enter the new address at the integration, with a token.%.0[1]s"},
	states.ReasonUnreadable:         {"Van de partner kwam iets anders dan een antwoord van een Salesdock-omgeving.%.0[1]s%.0[2]s", "What came from the partner is no answer of a Salesdock environment.%.0[1]s%.0[2]s"},
	states.ReasonNotFound:           {"Wat gevraagd werd, bestaat bij de partner niet (meer).%.0[1]s%.0[2]s", "What was asked for does not exist at the partner (any more).%.0[1]s%.0[2]s"},
	states.ReasonTokenRefused:       {"De partner weigert het token. Vraag een nieuw en vul het in bij de integratie. We proberen het oude ook vanzelf opnieuw: neemt de partner het weer aan, dan gaat alles verder.%.0[1]s%.0[2]s", "The partner refuses the token. Ask for a new one and enter it at the integration. The old one is tried again by itself too: once the partner accepts it again, everything goes on.%.0[1]s%.0[2]s"},
	states.ReasonUnknown:            {"De transactie is verzonden, maar het antwoord van de partner is niet aangekomen. Er wordt bij de partner gekeken of ze er is; daarna staat hier of ze er niet is, of waaruit je kiest.%.0[1]s%.0[2]s", "The sale was sent, but the partner's answer did not arrive. The partner is looked at, whether it has it; after that it says here that it is not there, or what you choose from.%.0[1]s%.0[2]s"},
	states.ReasonRestored:           {"Dit is van voor het terugzetten van een reservekopie. In de tijd die daarmee verloren ging, kan de transactie verzonden zijn; er wordt bij de partner gekeken of ze er is.%.0[1]s%.0[2]s", "This is of before a backup was restored. The sale may have been sent in the time that was lost with that; the partner is looked at, whether it has it.%.0[1]s%.0[2]s"},
	states.ReasonLookUnread:         {"In de lijst van de partner staat een rij zonder leesbaar nummer.%.0[1]s%.0[2]s", "The partner's list has a row without a number that can be read.%.0[1]s%.0[2]s"},
	states.ReasonLookCutShort:       {"De lijst van de partner hield eerder op dan ze zei.%.0[1]s%.0[2]s", "The partner's list ended before it said it would.%.0[1]s%.0[2]s"},
	states.ReasonLookOursGone:       {"In de lijst van de partner ontbreken transacties die hij zeker heeft.%.0[1]s%.0[2]s", "Sales that the partner certainly has are missing from its list.%.0[1]s%.0[2]s"},
	states.ReasonUnstorable:         {"Een waarde past niet in onze database: te lang of met tekens die er niet in kunnen.%.0[1]s%.0[2]s", "A value does not fit in our database: too long, or with characters that it cannot hold.%.0[1]s%.0[2]s"},
	states.ReasonRemoved:            {"De integratie is verwijderd.%.0[1]s%.0[2]s", "The integration was deleted.%.0[1]s%.0[2]s"},
	states.ReasonAway:               {"Onze database is er even niet. Het gaat vanzelf verder.%.0[1]s%.0[2]s", "Our database is away for a moment. It goes on by itself.%.0[1]s%.0[2]s"},
	states.ReasonUnreachable:        {"De partner is niet bereikbaar. We proberen het vanzelf opnieuw.%.0[1]s%.0[2]s", "The partner cannot be reached. It is tried again by itself.%.0[1]s%.0[2]s"},
	states.ReasonDown:               {"De partner antwoordt al een tijdje niet. We proberen het twee keer per minuut; zodra hij antwoordt, gaat alles verder.%.0[1]s%.0[2]s", "The partner has not answered for a while. It is tried twice a minute; as soon as it answers, everything goes on.%.0[1]s%.0[2]s"},
	states.ReasonThrottled:          {"De partner vraagt ons te wachten. We proberen het vanzelf opnieuw.%.0[1]s%.0[2]s", "The partner asks us to wait. It is tried again by itself.%.0[1]s%.0[2]s"},
	states.ReasonPaused:             {"De integratie staat op pauze. De transactie gaat vanzelf mee zodra die hervat wordt.%.0[1]s%.0[2]s", "The integration is paused. The sale goes by itself once it is resumed.%.0[1]s%.0[2]s"},
	states.ReasonErased:             {"De persoonsgegevens van deze transactie zijn gewist: er is niets meer om te verzenden.%.0[1]s%.0[2]s", "The personal data of this sale is erased: there is nothing left to send.%.0[1]s%.0[2]s"},
	states.ProblemEraseSending:      {"Transactie %[1]s is onderweg naar “%[2]s”. Wacht tot ze verzonden is, of neem haar terug bij de transactie.", "Sale %[1]s is on its way to “%[2]s”. Wait until it is sent, or take it back at the sale."},
	states.ProblemEraseAction:       {"Transactie %[1]s wacht op een persoon voordat ze naar “%[2]s” kan. Los dat op bij de transactie, of laat haar daar vervallen.", "Sale %[1]s waits for a person before it can go to “%[2]s”. Settle that at the sale, or abandon it there."},
	states.ProblemEraseUnknown:      {"Van transactie %[1]s is niet bekend of “%[2]s” haar heeft. Stel dat eerst vast bij de transactie: zonder de gegevens kan niemand haar nog terugvinden.", "Whether “%[2]s” has sale %[1]s is not known. Settle that at the sale first: without its data nobody can find it again."},
	states.ProblemEraseCancellation: {"Transactie %[1]s heeft een annuleringsverzoek dat nog open staat. Beantwoord het, trek het in, of wacht op het antwoord.%.0[2]s", "Sale %[1]s has a cancellation request that is still open. Answer it, withdraw it, or wait for the answer.%.0[2]s"},
	states.ProblemEraseMail:         {"De bevestiging van transactie %[1]s wordt nu gemaild. Probeer het over een paar minuten opnieuw.%.0[2]s", "The confirmation of sale %[1]s is being mailed. Try again in a few minutes.%.0[2]s"},
	states.ReasonForwardingOff:      {"%[1]s: saleverwerking staat uit.%.0[2]s", "%[1]s: forwarding is off.%.0[2]s"},
	states.ReasonByHandOnly:         {"%[1]s: automatische saleverwerking staat uit; een mens verzendt.%.0[2]s", "%[1]s: automatic forwarding is off; a person sends.%.0[2]s"},
	states.ReasonStatus:             {"%[1]s: status “%[2]s” is niet gekozen.", "%[1]s: status “%[2]s” is not chosen."},
	states.ReasonCondition:          {"%[1]s: aan de conditie “%[2]s” is niet voldaan.", "%[1]s: the condition “%[2]s” is not met."},
	states.ReasonConditionKnown:     {"%[1]s: de conditie “%[2]s” is niet bekend, en telt dus niet.", "%[1]s: the condition “%[2]s” is not known, so the rule does not apply."},
}

var sentences = map[string]sentence{
	"done":                       {"Gelukt.", "Done."},
	"created":                    {"Aangemaakt.", "Created."},
	"accepted":                   {"In behandeling genomen.", "Accepted."},
	"an_operator":                {"de beheerder van deze installatie", "the operator of this deployment"},
	"general_setting":            {"Algemene instelling", "General setting"},
	"no_token":                   {"Stuur een token mee: Authorization: Bearer <token>.", "Send a token: Authorization: Bearer <token>."},
	"costly_throttled":           {"Dit kost veel, en mag hooguit %d keer per minuut. Probeer het over %d seconden opnieuw.", "This takes much, and may be done %d times a minute at most. Try again in %d seconds."},
	"too_many_refused":           {"Vanaf dit adres zijn te veel tokens geweigerd: hooguit %d per minuut. Probeer het over %d seconden opnieuw.", "Too many tokens were refused from this address: at most %d a minute. Try again in %d seconds."},
	"account_not_of_token":       {"Dit token hoort niet bij een account met deze naam. Controleer de accountnaam.", "This token is not of an account of this name. Check the account's name."},
	"bad_token":                  {"Dit token is onbekend, ingetrokken of verlopen.", "This token is unknown, revoked or expired."},
	"address_not_allowed":        {"Dit token mag vanaf dit adres niet gebruikt worden.", "This token may not be used from this address."},
	"integration_token":          {"Dit token is voor een integratie en werkt alleen tussen omgevingen.", "This token is for an integration and works between environments only."},
	"scope_not_allowed":          {"Dit token mag alleen gegevens van de eigen gebruiker zien (user, niet account).", "This token may see its own user's data only (user, not account)."},
	"forbidden":                  {"Daarvoor heeft deze gebruiker geen rechten.", "This user may not do that."},
	"not_found":                  {"Dat bestaat niet.", "That does not exist."},
	"no_such_url":                {"Dit adres bestaat niet. Zie /openapi.json.", "There is no such address. See /openapi.json."},
	"wrong_method":               {"Deze methode kan op dit adres niet. Zie /openapi.json.", "This address does not take that method. See /openapi.json."},
	"unknown_method":             {"Deze methode bestaat hier nergens. Zie /openapi.json.", "No address here takes that method. See /openapi.json."},
	"throttled":                  {"Te veel verzoeken: hooguit %d per minuut. Probeer het over %d seconden opnieuw.", "Too many requests: at most %d a minute. Try again in %d seconds."},
	"commit_in_doubt":            {"Het is niet zeker of dit bewaard is. Kijk of het er staat voordat je het nog eens doet; met dezelfde Idempotency-Key kan het meteen.", "It is not certain that this was kept. Look whether it is there before you do it again; with the same Idempotency-Key you can do it at once."},
	"database_away":              {"Koppel kan even niet bij zijn gegevens. Probeer het over enkele seconden opnieuw.", "Koppel cannot reach its data for a moment. Try again in a few seconds."},
	"internal":                   {"Er ging bij ons iets mis. Het is vastgelegd onder nummer %s; probeer het later opnieuw.", "Something went wrong on our side. It is recorded under number %s; try again later."},
	"unreadable_body":            {"De inhoud van het verzoek is niet te lezen: %s", "The request's body cannot be read: %s"},
	"unstorable_text":            {"De tekst heeft een NUL-teken of is geen geldige UTF-8. Stuur tekst in UTF-8, en een bestand in base64.", "The text has a NUL character or is no valid UTF-8. Send text in UTF-8, and a file in base64."},
	"broken_text":                {"Deze tekst is onderweg beschadigd: hij is geen geldige UTF-8, of mist de helft van een teken. Stuur hem opnieuw, in UTF-8.", "This text was damaged on its way: it is no valid UTF-8, or lacks half of a character. Send it again, in UTF-8."},
	"utf16":                      {"dit is UTF-16; stuur het in UTF-8", "this is UTF-16; send it in UTF-8"},
	"unstorable_value":           {"Een van de waarden past niet in de database: te lang, te groot of te diep genest. Er is niets opgeslagen.", "One of the values does not fit in the database: too long, too large or nested too deep. Nothing was kept."},
	"too_long":                   {"Dit is te lang: hooguit %d tekens.", "This is too long: at most %d characters."},
	"too_many_values":            {"Dat is te veel: hooguit %d.", "That is too many: at most %d."},
	"base64_file":                {"Stuur het bestand in base64, hooguit %d MB.", "Send the file in base64, at most %d MB."},
	"cannot_change":              {"Dit kan hier niet gewijzigd worden.", "This cannot be changed here."},
	"several_sales":              {"Meer dan één transactie heeft dit nummer. Gebruik het nummer van de transactie hier.", "More than one sale has this number. Use the number that the sale has here."},
	"supplier_in_use":            {"Van deze leverancier zijn er nog producten.", "This supplier still has products."},
	"value_of":                   {"Kies een van: %s.", "Choose one of: %s."},
	"not_an_email":               {"“%s” is geen e-mailadres.", "“%s” is not an e-mail address."},
	"not_a_birthdate":            {"“%s” is geen geboortedatum. Schrijf hem als dd-mm-jjjj.", "“%s” is not a date of birth. Write it as dd-mm-yyyy."},
	"too_young":                  {"De klant is jonger dan de %d jaar die de flow vraagt.", "The customer is younger than the %d years that the flow asks for."},
	"too_old":                    {"De klant is ouder dan de %d jaar die de flow aanneemt.", "The customer is older than the %d years that the flow takes."},
	"not_in_section":             {"Product %d zit niet in sectie “%s” van de flow.", "Product %d is not in section “%s” of the flow."},
	"too_large":                  {"het is groter dan %d kB", "it is larger than %d kB"},
	"content_encoding":           {"Content-Encoding “%s” wordt niet gelezen: stuur gzip, deflate of onverpakt", "Content-Encoding “%s” is not read: send gzip, deflate, or nothing packed"},
	"not_packed":                 {"het is niet verpakt als %s, of houdt halverwege op", "it is not packed as %s, or ends halfway"},
	"json_syntax":                {"dit is geen geldige JSON (teken %d)", "this is not valid JSON (character %d)"},
	"json_ends":                  {"de JSON houdt halverwege op", "the JSON ends halfway"},
	"json_more":                  {"er staat meer dan één JSON-waarde in", "it has more than one JSON value"},
	"json_many":                  {"er staan meer dan %d waarden in", "it has more than %d values"},
	"json_deep":                  {"het is meer dan %d niveaus diep", "it is more than %d levels deep"},
	"json_twice":                 {"Deze naam staat er twee keer in. Welke van de twee geldt, is niet te zeggen.", "This name is there twice. Which of the two counts cannot be said."},
	"content_type":               {"het is %s, en gelezen wordt application/json, application/x-www-form-urlencoded of multipart/form-data", "it is %s, and application/json, application/x-www-form-urlencoded or multipart/form-data is read"},
	"json_object":                {"een JSON-object wordt verwacht", "a JSON object is expected"},
	"field_unreadable":           {"Deze waarde is niet te lezen.", "This value cannot be read."},
	"no_organisation":            {"Deze gebruiker hoort bij geen organisatie; wat er verandert is alleen per organisatie te vragen.", "This user belongs to no organisation; what changes can be asked for an organisation only."},
	"form_unreadable":            {"dit is geen geldig formulier", "this is not a valid form"},
	"form_fields":                {"het formulier heeft meer dan %d velden", "the form has more than %d fields"},
	"form_key":                   {"“%s” is geen veldnaam", "“%s” is not a field name"},
	"form_deep":                  {"“%s” is te diep genest", "“%s” is nested too deep"},
	"form_both":                  {"“%s” is zowel een waarde als een object", "“%s” is both a value and an object"},
	"wrong_kind":                 {"Hier hoort %s.", "This takes %s."},
	"kind_text":                  {"tekst", "text"},
	"kind_number":                {"een getal", "a number"},
	"kind_bool":                  {"true of false", "true or false"},
	"kind_list":                  {"een lijst", "a list"},
	"kind_object":                {"een object", "an object"},
	"missing":                    {"Er ontbreken verplichte gegevens.", "Required data is missing."},
	"invalid":                    {"Niet alles is goed ingevuld.", "Not everything is filled in well."},
	"field_required_named":       {"“%s” is verplicht.", "“%s” is required."},
	"field_required":             {"Dit veld is verplicht.", "This field is required."},
	"field_invalid":              {"Dit is geen geldige waarde: %s", "This is not a valid value: %s"},
	"invalid_product":            {"Ongeldig product (Invalid product).", "Invalid product."},
	"taken":                      {"Er is al iets met deze identifier. Er is niets veranderd.", "There is something with this identifier already. Nothing was changed."},
	"taken_by":                   {"“%s” is al in gebruik. Kies een andere, of wijzig wat er al is.", "“%s” is in use already. Choose another one, or change what is there."},
	"value_between":              {"%d kan hier niet: kies een getal van %d tot en met %d.", "%d cannot be: choose a number from %d to %d."},
	"identifier_form":            {"“%s” kan geen identifier zijn: gebruik letters, cijfers, - en _, zonder spaties.", "“%s” cannot be an identifier: use letters, digits, - and _, without spaces."},
	"identifier_readable":        {"“%s” kan geen identifier zijn: begin met een letter of cijfer, en gebruik geen < of >.", "“%s” cannot be an identifier: begin with a letter or digit, and use no < or >."},
	"ages_reversed":              {"De hoogste leeftijd ligt onder de laagste: %d tot %d kan niet.", "The highest age is below the lowest: %d to %d cannot be."},
	"option_twice":               {"De optie “%s” staat er twee keer.", "The option “%s” is there twice."},
	"not_one_of_options":         {"“%s” is geen van de opties.", "“%s” is not one of the options."},
	"condition_subject":          {"Een conditie vraagt naar “%s”, en dat bestaat niet.", "A condition asks after “%s”, which does not exist."},
	"condition_question":         {"Een conditie gaat over de vraag “%s”, en die bestaat hier niet.", "A condition is about the question “%s”, which does not exist here."},
	"condition_option":           {"Een conditie gaat over “%s”, en dat is geen optie van “%s”.", "A condition is about “%s”, which is not an option of “%s”."},
	"status_unknown":             {"De status “%s” bestaat niet.", "There is no status “%s”."},
	"ends_before_start":          {"Het einde (%s) ligt voor het begin (%s).", "The end (%s) is before the start (%s)."},
	"not_an_address":             {"“%s” is geen webadres.", "“%s” is not a web address."},
	"expires_past":               {"Deze datum is al voorbij. Kies er een die nog komt.", "This date is past. Choose one that is to come."},
	"not_exchangeable":           {"Dit product kan niet in de plaats: kies er een van dezelfde partner en hetzelfde type, dat nu te verkopen is.", "This product cannot take its place: choose one of the same partner and type that can be sold now."},
	"mapped_twice":               {"Dit is al aan iets gekoppeld: koppel het één keer.", "This is mapped to something already: map it once."},
	"run_before":                 {"Er loopt of wacht al een synchronisatie. Doe dit als die klaar is.", "A synchronisation runs or waits already. Do this when it is done."},
	"key_reused":                 {"Deze Idempotency-Key is al gebruikt voor een ander verzoek.", "This Idempotency-Key was used for another request."},
	"reference_used":             {"Deze external_reference is al gebruikt voor transactie %d.", "This external_reference was used for sale %d."},
	"status_not_cancelled":       {"Deze status is geen annulering.", "This status does not cancel a sale."},
	"person_one_of":              {"Geef één van de drie: een e-mailadres, een telefoonnummer of het nummer van een transactie.", "Give one of three: an e-mail address, a telephone number, or the number of a sale."},
	"person_phone":               {"“%s” is te kort voor een telefoonnummer. Geef het hele nummer, met netnummer.", "“%s” is too short for a telephone number. Give the whole number, with its area code."},
	"person_under_way":           {"Er is nog iets onderweg met deze gegevens. Los dat eerst op; er is niets gewist.", "Something is still under way with this data. Settle that first; nothing was erased."},
	"person_nothing":             {"Er is niets (meer) van deze persoon om te wissen.", "There is nothing (left) of this person to erase."},
	"sale_erased":                {"De persoonsgegevens van deze transactie zijn gewist. Er kan niets meer over de persoon worden toegevoegd of gevraagd.", "The personal data of this sale is erased. Nothing can be added or asked about the person any more."},
	"kept_days":                  {"Geef een aantal dagen van 1 tot en met %d, of 0 om te bewaren.", "Give a number of days from 1 to %d, or 0 to keep it."},
	"sale_forwarded":             {"Deze transactie is al verzonden en kan hier niet meer worden aangepast.", "This sale was forwarded and cannot be corrected here any more."},
	"sale_not_qualifying":        {"Deze transactie mag volgens de instellingen niet verzonden worden.", "The settings do not allow this sale to be forwarded."},
	"sale_no_integration":        {"Deze transactie heeft geen product van een partner.", "This sale has no product of a partner."},
	"already_forwarded":          {"Deze transactie is al verzonden of onderweg.", "This sale was forwarded or is on its way."},
	"integration_exists":         {"Met dit account is er al een integratie.", "There is an integration with this account already."},
	"integration_paused":         {"De integratie staat op pauze. Hervat haar eerst.", "The integration is paused. Resume it first."},
	"connection_refused":         {"De verbinding werkt niet: %s", "The connection does not work: %s"},
	"token_again":                {"Een ander account of adres vraagt ook een nieuw token.", "Another account or address needs a new token too."},
	"wrong_state":                {"Dat kan in deze toestand niet: %s.", "That cannot be done in this state: %s."},
	"unknown_product":            {"Product %d biedt deze partner niet aan.", "This partner does not offer product %d."},
	"look_first":                 {"Eerst moet bij de partner gekeken zijn of de transactie er is. Dat gebeurt vanzelf, zodra de integratie loopt.", "The partner must be looked at first, whether it has the sale. That happens by itself, as soon as the integration runs."},
	"look_first_at":              {"Eerst moet bij de partner gekeken zijn of de transactie er is. Dat gebeurt vanzelf; de volgende keer om %s.", "The partner must be looked at first, whether it has the sale. That happens by itself; the next time at %s."},
	"held_looking":               {"%d kunnen nog niet opnieuw: bij de partner wordt nog gekeken of ze er zijn.", "%d cannot go again yet: the partner is still being looked at, whether it has them."},
	"held_candidates":            {"%d gaan niet vanzelf: bij de partner staat iets dat erop lijkt, en een mens kiest.", "%d do not go by themselves: the partner has something like them, and a person chooses."},
	"adopt_unchecked":            {"De partner antwoordt nu niet, dus of die transactie er is valt niet na te gaan. Probeer het later.", "The partner does not answer now, so whether that sale is there cannot be checked. Try again later."},
	"candidate_taken":            {"Die transactie hoort al bij een andere verzending.", "That sale belongs to another forwarding already."},
	"candidate_unknown":          {"Die transactie is bij de partner niet gevonden.", "That sale was not found at the partner."},
	"organisation_in_use":        {"Deze organisatie heeft nog gebruikers.", "This organisation still has users."},
	"locked_field":               {"Dit product komt van een partner: alleen usp, description, cart_info en active zijn van ons.", "This product comes from a partner: only usp, description, cart_info and active are ours."},
	"system_status":              {"Een systeemstatus kan niet worden aangepast.", "A system status cannot be changed."},
	"http_301":                   {"het adres is voorgoed veranderd", "the address has changed for good"},
	"http_307":                   {"het adres is nu een ander", "the address is another one now"},
	"http_308":                   {"het adres is voorgoed veranderd", "the address has changed for good"},
	"http_400":                   {"het verzoek klopt volgens hem niet", "it says that the request is not right"},
	"http_401":                   {"het token is niet goed", "the token is not right"},
	"http_402":                   {"er moet daar eerst betaald worden", "payment is needed there first"},
	"http_403":                   {"het mag niet", "it is not allowed"},
	"http_404":                   {"het adres, het account of de flow bestaat daar niet", "the address, account or flow does not exist there"},
	"http_405":                   {"op dat adres kan dit niet", "this cannot be done at that address"},
	"http_406":                   {"hij kan niet antwoorden in de vorm die gevraagd is", "it cannot answer in the form that was asked for"},
	"http_410":                   {"het adres is daar opgeheven", "the address is no longer in use there"},
	"http_411":                   {"hij wil vooraf weten hoe groot het verzoek is", "it wants to know the request's size first"},
	"http_413":                   {"het verzoek is te groot", "the request is too large"},
	"http_414":                   {"het adres is te lang", "the address is too long"},
	"http_415":                   {"deze vorm van gegevens neemt hij niet aan", "it does not take data of this form"},
	"http_417":                   {"hij neemt de kop van het verzoek niet aan", "it does not take the request's headers"},
	"http_422":                   {"de gegevens zijn niet compleet of kloppen niet", "the data is incomplete or not right"},
	"http_426":                   {"hij wil een ander protocol", "it wants another protocol"},
	"http_428":                   {"hij vraagt een voorwaarde bij het verzoek", "it asks for a condition with the request"},
	"http_431":                   {"de kop van het verzoek is te groot", "the request's headers are too large"},
	"http_451":                   {"het mag niet van de wet", "the law does not allow it"},
	"http_other":                 {"antwoord %s", "answer %s"},
	"test_ok":                    {"De verbinding werkt.", "The connection works."},
	"test_unknown_account":       {"Op dit adres bestaat geen account met deze naam, of het token is van een ander account.", "There is no account of this name at this address, or the token is another account's."},
	"test_bad_token":             {"De partner weigert dit token. Controleer de accountnaam, of vraag een nieuw token en plak het helemaal.", "The partner refuses this token. Check the account's name, or ask for a new token and paste all of it."},
	"test_address":               {"De partner staat ons adres niet toe voor dit token. Vraag de partner ons adres toe te voegen.", "The partner does not allow our address for this token. Ask the partner to add our address."},
	"test_account_refused":       {"De partner geeft dit account niet vrij, en een verzonnen naam weigert hij net zo. Controleer de accountnaam; klopt die, vraag dan of ons adres toegestaan moet worden.", "The partner does not give access to this account, and refuses an invented name in the same way. Check the account name; if it is right, ask whether our address must be allowed."},
	"test_moved":                 {"Dit adres verwijst door naar een ander. Vul het adres in waar het naartoe gaat; let op https:// en www.", "This address sends its visitors on to another one. Enter the address where it leads; mind https:// and www."},
	"token_form":                 {"Een token heeft geen spaties, regeleinden of letters met een accent. Plak het opnieuw.", "A token has no spaces, line ends or accented letters in it. Paste it again."},
	"address_https":              {"Alleen een https-adres op de gewone poort (443) mag. Een ander adres moet de beheerder van deze installatie toestaan (KOPPEL_PARTNER_HOSTS).", "Only an https address on the usual port (443) is allowed. Another address has to be allowed by who runs this installation (KOPPEL_PARTNER_HOSTS)."},
	"test_private":               {"Dit adres hoort bij een besloten netwerk en wordt niet aangeroepen. De beheerder van deze installatie kan het toestaan (KOPPEL_PARTNER_HOSTS).", "This address belongs to a private network and is not called. Who runs this installation can allow it (KOPPEL_PARTNER_HOSTS)."},
	"test_unreachable":           {"De partner is niet bereikbaar op dit adres.", "The partner cannot be reached at this address."},
	"test_throttled":             {"De partner vraagt ons te wachten. Probeer het over een minuut opnieuw.", "The partner asks us to wait. Try again in a minute."},
	"test_not_salesdock":         {"Op dit adres antwoordt iets anders dan een Salesdock-omgeving.", "Something else than a Salesdock environment answers at this address."},
	"warn_plain_token":           {"Dit token is niet gemarkeerd als “voor een integratie”. Het werkt, maar kan ook als gewone API-token gebruikt worden.", "This token is not marked for an integration. It works, but can be used as a general API token too."},
	"same_environment":           {"Dit is de omgeving zelf: een transactie zou in een kring gaan. Kies de omgeving van een partner.", "This is the environment itself: a sale would go round in a loop. Choose a partner's environment."},
	"concept_used":               {"Van dit voorstel van een dialer is al transactie %d gemaakt.", "Sale %d was made of this dialer's proposal already."},
	"optin_kept":                 {"Deze transactie heeft al opt-in-gegevens en houdt die. Alleen intrekken kan nog: withdrawn_at.", "This sale has opt-in data and keeps it. It can only be withdrawn: withdrawn_at."},
	"cancellation_pending":       {"Voor deze transactie is al een annuleringsverzoek open.", "There is an open cancellation request for this sale already."},
	"cancellation_stock":         {"%s is een Salesdock-account en neemt geen annuleringsverzoeken aan. Vraag het daar per telefoon of e-mail, en zet de status hier met de hand.", "%s is a Salesdock account and takes no cancellation requests. Ask there by phone or e-mail, and set the status here by hand."},
	"cancellation_link_ended":    {"De integratie met %s is verwijderd: vraag de annulering daar op een andere manier.", "The integration with %s was deleted: ask there to cancel in another way."},
	"cancellation_not_forwarded": {"Geen partner heeft deze transactie. Wijzig hier de status om haar te annuleren.", "No partner has this sale. Change its status here to cancel it."},
	"cancellation_not_taken":     {"Deze partner neemt geen annuleringsverzoeken aan.", "This partner takes no cancellation requests."},
	"cancellation_accepted":      {"al aangenomen", "accepted already"},
	"cancellation_rejected":      {"al afgewezen", "rejected already"},
	"cancellation_withdrawn":     {"al ingetrokken", "withdrawn already"},
	"cancellation_expired":       {"verlopen", "expired"},
	"cancellation_refused":       {"niet aangenomen door de partner", "not taken by the partner"},
	"not_signed":                 {"Dit token werkt alleen tussen omgevingen: een oproep ermee moet ondertekend zijn (RFC 9421).", "This token works between environments only: a call with it must be signed (RFC 9421)."},
	"bad_signature":              {"De ondertekening van deze oproep klopt niet. Loopt de klok van de afzender gelijk, en verandert een proxy onderweg niets?", "The signature of this call does not hold. Is the sender's clock right, and does no proxy change the call on its way?"},
	"signed_by_another":          {"Deze oproep is met een andere sleutel ondertekend dan de koppeling kent. Klopt dat, laat een beheerder dan bij Inkomend de sleutel vergeten, of een nieuw token maken als er nog geen koppeling is.", "This call is signed with another key than the link knows. If that is right, have an admin forget the key under Incoming, or make a new token where there is no link yet."},
	"signed_before":              {"Deze ondertekende oproep is al eens gedaan. Onderteken elke oproep opnieuw.", "This signed call was made before. Sign each call anew."},
	"test_signature":             {"De partner kent een andere sleutel van ons. Laat een beheerder daar bij Inkomend de sleutel van deze koppeling vergeten, en test opnieuw.", "The partner knows another key of ours. Have an admin there forget this link's key under Incoming, and test again."},
	"warn_both_ways":             {"Deze omgeving is ook aan jullie gekoppeld. Een product dat heen en weer gaat, geeft een kring: die transacties worden geweigerd.", "This environment is linked to you as well. A product that goes back and forth makes a loop: such sales are refused."},
	"too_many_webhooks":          {"Een gebruiker heeft hooguit %d webhooks. Verwijder er eerst een.", "A user has at most %d webhooks. Remove one first."},
	"invitation_gone":            {"Deze uitnodiging is gebruikt of verlopen. Vraag een nieuwe.", "This invitation was used or has expired. Ask for a new one."},
	"sale_loop":                  {"De transactie is hier al geweest: dit zou een kring geven", "The sale has been here before: this would make a loop"},
	"warn_same_environment":      {"Dit is de omgeving zelf.", "This is the environment itself."},
	"suggest_same_id":            {"zelfde identifier", "same identifier"},
	"suggest_same_options":       {"zelfde antwoorden", "same answers"},
	"suggest_same_name":          {"zelfde naam", "same name"},
	"sign_in_refused":            {"Account, e-mailadres of wachtwoord klopt niet.", "Account, e-mail address or password is not right."},
	"sign_in_wait_seconds":       {"Te vaak geprobeerd. Probeer het over %d seconden opnieuw.", "Tried too often. Try again in %d seconds."},
	"sign_in_wait_minutes":       {"Te vaak geprobeerd. Probeer het over %d minuten opnieuw.", "Tried too often. Try again in %d minutes."},
	"sign_in_busy":               {"Er loggen nu te veel mensen tegelijk in. Probeer het zo opnieuw.", "Too many people are signing in at once. Try again in a moment."},
	"password_guessed":           {"Dit wachtwoord is makkelijk te raden: het lijkt op een bekend wachtwoord, een adres of een naam. Neem bijvoorbeeld vier woorden die niets met elkaar te maken hebben.", "This password is easily guessed: it looks like a known password, an address or a name. Take four words, say, that have nothing to do with each other."},
	"signed_out":                 {"Je bent niet (meer) ingelogd.", "You are not signed in (any more)."},
	"password_length":            {"Een wachtwoord heeft minstens %d tekens.", "A password has at least %d characters."},
	"password_wrong":             {"Dit is niet je wachtwoord.", "This is not your password."},
	"user_exists":                {"Er is al een gebruiker met dit e-mailadres.", "There is a user with this e-mail address already."},
	"document_unavailable":       {"Het document is nu niet te halen bij %s, die het bewaart. Probeer het later opnieuw.", "The document cannot be had from %s, who keeps it, right now. Try again later."},
	"user_off":                   {"Deze gebruiker staat uit. Zet hem eerst aan.", "This user is switched off. Switch the user on first."},
	"last_owner":                 {"Een omgeving houdt altijd een actieve eigenaar.", "An environment always keeps an active owner."},
	"set_up_done":                {"Er is al een omgeving. Log in, en maak een volgende bij Account → Omgeving, of met koppel environment create.", "There is an environment already. Sign in, and make another one under Account → Environment, or with koppel environment create."},
	"set_up_code_wrong":          {"Deze code klopt niet. Hij staat in het logboek van de server.", "This code is not right. It is in the server's log."},
	"account_form":               {"Een accountnaam heeft kleine letters, cijfers, - en _, en minstens twee tekens.", "An account name has lower-case letters, digits, - and _, and at least two characters."},
	"cross_site":                 {"Dit verzoek komt van een andere website en is geweigerd.", "This request comes from another website and was refused."},
	"nothing_chosen":             {"Kies eerst iets in de lijst.", "Choose something in the list first."},
	"product_without_flow":       {"Geen flow draagt dit product, of de flow is niet vrijgegeven. Zonder flow is het niet te verkopen.", "No flow carries this product, or the flow is not granted. Without a flow it cannot be sold."},
	"who_us":                     {"Wij", "Us"},
	"who_nobody":                 {"Niemand: het gaat vanzelf", "Nobody: it goes by itself"},
}
