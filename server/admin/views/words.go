package views

import (
	"context"
	"maps"
	"slices"
	"strings"

	"koppel/linking"
	"koppel/states"
	"koppel/words"
)

func sortedKeys[K ~string, T any](m map[K]T) []K { return slices.Sorted(maps.Keys(m)) }

// stateWord is a state in a word with its meaning.
type stateWord struct{ kind, text string }

var forwardingWords = map[states.ForwardingState]stateWord{
	states.ForwardingWaiting:        {"busy", tr("Wacht")},
	states.ForwardingSending:        {"busy", tr("Wordt verzonden")},
	states.ForwardingForwarded:      {"good", tr("Verzonden")},
	states.ForwardingActionRequired: {"attention", tr("Actie vereist")},
	states.ForwardingOutcomeUnknown: {"attention", tr("Uitkomst onbekend")},
	states.ForwardingWithdrawn:      {"quiet", tr("Ingetrokken")},
	states.ForwardingAbandoned:      {"bad", tr("Gestopt")},
}

// ForwardingStates in the order in which people want them.
var ForwardingStates = []states.ForwardingState{states.ForwardingActionRequired, states.ForwardingOutcomeUnknown, states.ForwardingWaiting, states.ForwardingSending, states.ForwardingForwarded, states.ForwardingWithdrawn, states.ForwardingAbandoned}

var cancellationWords = map[states.CancellationState]stateWord{
	states.CancellationAsking:      {"busy", tr("Wordt gevraagd")},
	states.CancellationOpen:        {"attention", tr("Open")},
	states.CancellationWithdrawing: {"busy", tr("Wordt ingetrokken")},
	states.CancellationAccepted:    {"good", tr("Aangenomen")},
	states.CancellationRejected:    {"bad", tr("Afgewezen")},
	states.CancellationWithdrawn:   {"quiet", tr("Ingetrokken")},
	states.CancellationExpired:     {"quiet", tr("Verlopen")},
	states.CancellationRefused:     {"bad", tr("Niet aangenomen")},
}

func causeProblem(cause states.Reason) linking.Problem { return linking.Problem{Code: cause} }

var mailWords = map[states.MailState]stateWord{
	states.MailWaiting:       {"busy", tr("Wordt verstuurd")},
	states.MailSending:       {"busy", tr("Wordt verstuurd")},
	states.MailSent:          {"good", tr("Verstuurd")},
	states.MailFailed:        {"bad", tr("Niet verstuurd: de mailserver nam hem niet aan")},
	states.MailUnknown:       {"attention", tr("Misschien verstuurd: het antwoord van de mailserver bleef uit")},
	states.MailNotConfigured: {"attention", tr("Niet verstuurd: er is geen mailserver ingesteld")},
}

var runWords = map[states.RunState]stateWord{
	states.RunQueued:            {"busy", tr("In de wachtrij")},
	states.RunRunning:           {"busy", tr("Bezig")},
	states.RunDone:              {"good", tr("Klaar")},
	states.RunFailed:            {"bad", tr("Mislukt")},
	states.RunNeedsConfirmation: {"attention", tr("Wacht op jou")},
	states.RunDismissed:         {"quiet", tr("Niet doorgevoerd")},
	states.RunUndone:            {"quiet", tr("Teruggedraaid")},
}

var triggerWords = map[states.RunTrigger]string{
	states.RunBySchedule: tr("Volgens schema"), states.RunBySyncNow: tr("Synchroniseer nu"), states.RunByPartner: tr("Partner meldde een wijziging"), states.RunBySelection: tr("Keuze van producten"),
}

var offerWords = map[string]stateWord{
	"new":      {"quiet", tr("Niet geïmporteerd")},
	"imported": {"good", tr("Geïmporteerd")},
	"changed":  {"busy", tr("Gewijzigd")},
	"vanished": {"attention", tr("Verdwenen")},
}

var offerStates = []string{"new", "imported", "changed", "vanished"}

var changeWords = map[states.ChangeKind]stateWord{
	states.ChangeAdded: {"good", tr("Toegevoegd")}, states.ChangeChanged: {"busy", tr("Gewijzigd")}, states.ChangeDeactivated: {"attention", tr("Gedeactiveerd")},
	states.ChangeReactivated: {"good", tr("Weer actief")}, states.ChangeDeleted: {"bad", tr("Verwijderd")}, states.ChangeRestored: {"good", tr("Teruggekomen")},
	states.ChangeKept: {"quiet", tr("Gehouden")}, states.ChangeFailed: {"bad", tr("Mislukt")},
}

var roleWords = map[states.Role]string{
	states.RoleOwner: tr("Eigenaar"), states.RoleAdmin: tr("Beheerder"), states.RoleOrganisationAdmin: tr("Organisatiebeheerder"), states.RoleTeamleader: tr("Teamleider"), states.RoleAgent: tr("Agent"),
}

var channelWords = map[string]string{"email": tr("E-mail"), "phone": tr("Telefoon")}

// optinWords say what becomes of a sale's opt-in data at a partner.
var optinWords = map[string]string{
	"sent": tr("De opt-in-gegevens gaan mee."), "withdrawn": tr("De opt-in-gegevens gaan niet mee: de klant trok de toestemming in."),
	"expired": tr("De opt-in-gegevens gaan niet mee: de toestemming is verlopen."), "switch_off": tr("De opt-in-gegevens gaan niet mee: dat staat uit bij de integratie."),
	"not_taken": tr("De opt-in-gegevens gaan niet mee: deze partner neemt ze niet bij een transactie aan."),
}

var saleTypeWords = map[states.SaleType]string{states.SaleOrder: tr("Order"), states.SaleOffer: tr("Offerte")}

var statusTypeWords = map[string]string{
	"default": tr("Gewoon"), "cancelled": tr("Geannuleerd"), "action_required": tr("Actie vereist"), "netto": tr("Netto"), "closed": tr("Gesloten"),
}

var businessWords = map[string]string{"0": tr("Consument"), "1": tr("Zakelijk"), "2": tr("Consument en zakelijk")}

var retentionWords = map[string]string{"0": tr("Nieuwe klanten"), "1": tr("Bestaande klanten"), "2": tr("Nieuwe en bestaande klanten")}

var inputTypeWords = map[string]string{
	"text": tr("Tekst"), "date": tr("Datum"), "mc-single": tr("Keuze (één)"), "mc-multi": tr("Keuze (meer)"), "switchdate": tr("Overstapdatum"),
	"email": tr("E-mailadres"), "file": tr("Bestand"), "signature": tr("Handtekening"), "array": tr("Lijst"), "relation": tr("Relatie"),
	"h2": tr("Tussenkop"), "p": tr("Toelichting"),
}

var validatorWords = map[string]string{
	"numeric": tr("getal"), "integer": tr("heel getal"), "postcode": tr("postcode"), "phone": tr("telefoonnummer"), "iban": tr("IBAN"), "ean": tr("EAN-code (18 cijfers)"),
}

var fieldWords = map[string]string{
	"website": tr("Website"), "country": tr("Land"),
	"firstname": tr("Voornaam"), "lastname": tr("Achternaam"), "email": tr("E-mailadres"), "phone": tr("Telefoonnummer"), "birthdate": tr("Geboortedatum"),
	"postcode": tr("Postcode"), "housenumber": tr("Huisnummer"), "streetname": tr("Straat"), "city": tr("Plaats"),
	"connection_postcode": tr("Postcode aansluiting"), "connection_housenumber": tr("Huisnummer aansluiting"), "connection_streetname": tr("Straat aansluiting"),
	"connection_city": tr("Plaats aansluiting"), "gender": tr("Geslacht"), "suffix": tr("Toevoeging"), "connection_suffix": tr("Toevoeging aansluiting"),
	"contact_person": tr("Contactpersoon"), "company_name": tr("Bedrijfsnaam"), "company_coc": tr("KvK-nummer"), "company_vat": tr("Btw-nummer"),
	"iban": tr("IBAN"), "iban_holder": tr("Rekeninghouder"), "sale_channel": tr("Verkoopkanaal"), "contract_date": tr("Contractdatum"),
	"signature": tr("Handtekening"), "relation_id": tr("Relatienummer"),
	"initial_user_firstname": tr("Voornaam verkoper"), "initial_user_lastname": tr("Achternaam verkoper"), "initial_organisation_name": tr("Organisatie verkoper"), "initial_created_at": tr("Oorspronkelijk gemaakt"),
	"type": tr("Soort levering"), "tarifftype": tr("Tarieftype"), "usage_e_single": tr("Verbruik stroom enkel"), "usage_e_high": tr("Verbruik stroom dag"), "usage_e_low": tr("Verbruik stroom nacht"),
	"usage_g": tr("Verbruik gas"), "has_return": tr("Teruglevering"), "return_e_high": tr("Teruglevering dag"), "return_e_low": tr("Teruglevering nacht"),
	"electricity_ean": tr("EAN stroom"), "gas_ean": tr("EAN gas"), "building_function": tr("Gebouwfunctie"),
	"e_gridoperator": tr("Netbeheerder stroom"), "g_gridoperator": tr("Netbeheerder gas"), "e_connection_type": tr("Aansluiting stroom"), "g_connection_type": tr("Aansluiting gas"),
	"e_grid_operator": tr("Netbeheerder stroom"), "g_grid_operator": tr("Netbeheerder gas"), "g_region": tr("Gasregio"), "region": tr("Regio"),
	"return": tr("Teruglevering enkel"), "usage_e_exclusive": tr("Verbruik stroom uitsluitend nacht"), "exclusive_night": tr("Uitsluitend nacht"),
	"e_measurement_frequency": tr("Meetfrequentie stroom"), "g_measurement_frequency": tr("Meetfrequentie gas"), "delivery_mainly_private": tr("Vooral privégebruik"),
	"large_business": tr("Grootzakelijk"), "includes_internet": tr("Met internet"), "initials": tr("Voorletters"), "infix": tr("Tussenvoegsel"),
	"company_coc_branch_number": tr("Vestigingsnummer"), "valid_till": tr("Geldig tot en met"),
	"transaction_type": tr("Soort transactie"), "product_id": tr("Product"), "business": tr("Zakelijk"),
}

var contentWords = map[string]string{
	"name": tr("Naam"), "identifier": tr("Identifier"), "type": tr("Producttype"), "supplier_name": tr("Leverancier"), "supplier_identifier": tr("Identifier leverancier"),
	"business": tr("Doelgroep"), "retention": tr("Klanten"), "main": tr("Hoofdproduct"), "duration": tr("Looptijd (maanden)"),
	"valid_from": tr("Geldig vanaf"), "valid_till": tr("Geldig tot en met"), "price": tr("Prijs"), "price_action": tr("Actieprijs"),
	"price_monthly": tr("Prijs per maand"), "price_monthly_action": tr("Actieprijs per maand"), "price_monthly_action_type": tr("Soort maandactie"),
	"price_monthly_action_value": tr("Maanden actie"), "documents": tr("Documenten"),
}

var auditWords = map[string]string{
	"withdraw": tr("Ingetrokken"), "keep": tr("Bewaard"), "grant_flows": tr("Flows vrijgegeven of ingetrokken"), "seen_drift": tr("Wijzigingen van de partner gezien"), "cancel_operation": tr("Gestopt"), "abandon": tr("Niet verzonden"),
	"adopt": tr("Overgenomen"), "resend": tr("Opnieuw verzonden"), "add_optin": tr("Opt-in toegevoegd"), "withdraw_optin": tr("Opt-in ingetrokken"), "forward_existing": tr("Eerdere transacties verzonden"),
	"link": tr("Gekoppeld"), "unlink": tr("Ontkoppeld"), "pin_key": tr("Sleutel vastgelegd"), "reset_key": tr("Sleutel vergeten"), "request_cancellation": tr("Annulering gevraagd"),
	"create": tr("Toegevoegd"), "update": tr("Gewijzigd"), "save": tr("Opgeslagen"), "delete": tr("Verwijderd"), "reconnect": tr("Verbinding gewijzigd"),
	"pause": tr("Gepauzeerd"), "resume": tr("Hervat"), "token_refused": tr("De partner weigert het token"), "token_accepted": tr("De partner neemt het token weer aan"), "select_products": tr("Producten gekozen"), "map_flows": tr("Flows gekoppeld"),
	"map_questions": tr("Productvragen gekoppeld"), "map_agreements": tr("Accorderingen gekoppeld"), "map_statuses": tr("Statussen gekoppeld"),
	"sign_in": tr("Ingelogd"), "sign_in_failed": tr("Inloggen mislukt"), "confirm_failed": tr("Verkeerd wachtwoord bij een bevestiging"), "revoke": tr("Ingetrokken"), "grant": tr("Rechten gewijzigd"), "correct": tr("Gecorrigeerd"), "forward": tr("Verzonden"),
	"confirm": tr("Doorgevoerd"), "dismiss": tr("Niet doorgevoerd"), "undo": tr("Teruggedraaid"), "retry": tr("Opnieuw geprobeerd"),
	"change_password": tr("Wachtwoord gewijzigd"), "set_password": tr("Wachtwoord gewijzigd"), "change_email": tr("E-mailadres gewijzigd"), "change_role": tr("Rol gewijzigd"),
	"switch_off": tr("Uitgezet"), "switch_on": tr("Aangezet"), "make_token": tr("Token gemaakt"), "revoke_token": tr("Token ingetrokken"), "invite": tr("Uitgenodigd"), "accept_invitation": tr("Wachtwoord gekozen"), "end_sessions": tr("Overal uitgelogd"),
}

// auditFields are what the audit log's fields are called on the pages where they are set.
var auditFields = map[string]string{
	"forwarding.enabled": tr("Zet saleverwerking aan"), "forwarding.automatic": tr("Zet automatische saleverwerking aan"), "forwarding.statuses": tr("Verwerk order op status?"),
	"forwarding.delay.amount": tr("Wachttijd"), "forwarding.delay.unit": tr("Eenheid"), "status_updates": tr("Controleer updates van een sale"),
	"requests_per_minute": tr("Verzoeken per minuut, hoogstens"), "status_poll_minutes": tr("Kijk elke … minuten"), "sync_interval_minutes": tr("Controleer elke … minuten"), "send_optin": tr("Verstuur opt-in informatie"),
	"vanished_products": tr("Als een geïmporteerd product bij de partner verdwijnt"), "rules": tr("Regels"), "account_name": tr("Account van de partner"), "base_url": tr("Adres"),
	"enabled": tr("Zet saleverwerking aan"), "automatic": tr("Zet automatische saleverwerking aan"), "statuses": tr("Statussen"), "conditions": tr("Condities"), "location": tr("Adres"),
	"selected": tr("gekozen"), "changed": tr("Gewijzigd"), "role": tr("Rol"), "active": tr("Actief"), "organisation_id": tr("Organisatie"), "integration": tr("Voor een integratie"),
	"sales_channel": tr("Verkoopkanaal"), "description": tr("Omschrijving"), "language": tr("Taal"),
}

var auditValues = map[string]string{
	"nothing": tr("doe niks"), "deactivate": tr("deactiveer"), "delete": tr("verwijder"), "all": tr("Elke status"),
	"minutes": tr("minuten"), "hours": tr("uren"), "days": tr("dagen"), "working_days": tr("werkdagen"),
}

// auditField names a field of the audit log: by its setting, by the customer's field, or as it is.
func auditField(ctx context.Context, field string) string {
	if text, ok := auditFields[field]; ok {
		return t(ctx, text)
	}
	return word(ctx, fieldWords, contentWord(ctx, field))
}

// FieldName is what a field is called on its page, for a summary that names many; empty where that is not known.
func FieldName(ctx context.Context, field string) string {
	if text, ok := fieldWords[field]; ok {
		return t(ctx, text)
	}
	return ""
}

// word gives what a code is called; a code without a word stays itself.
func word[K ~string](ctx context.Context, table map[K]string, code K) string {
	if text, ok := table[code]; ok {
		return t(ctx, text)
	}
	return string(code)
}

func contentWord(ctx context.Context, field string) string {
	if name, custom := strings.CutPrefix(field, "customfields."); custom {
		return name
	}
	return word(ctx, contentWords, field)
}

// problem puts a problem in the reader's words.
func problem(ctx context.Context, p linking.Problem) string {
	return words.Problem(site(ctx).Language, p)
}

func fixedWord(ctx context.Context, key string) string { return words.Say(site(ctx).Language, key) }

func choices[K ~string](ctx context.Context, table map[K]string, codes []K, first ...Option) []Option {
	options := slices.Clone(first)
	for _, code := range codes {
		options = append(options, Option{string(code), word(ctx, table, code)})
	}
	return options
}
