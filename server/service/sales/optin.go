package sales

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// Concept is what a dialer prefills a sale with.
type Concept struct {
	UUID   string
	Fields map[string]string // under the names of a create
	Optin  *linking.Optin
}

// CreateConcept keeps what a dialer knows of a sale to come; the sale that is made of it gets the opt-in data.
func (s *Sales) CreateConcept(ctx context.Context, a service.Actor, body map[string]any) (uuid string, err error) {
	p := newSubmissionParser(body)
	fields := p.fields(slices.Concat(linking.RequiredFields, []string{"product_id", "business", "transaction_type"})...)
	if answers, isObject := body["questionData"].(map[string]any); isObject {
		for identifier, value := range answers {
			if text, ok := plain(value); ok && len(text) <= service.MaxField && len(fields) < maxAnswers {
				fields["questionData."+identifier] = text
			}
		}
	}
	source, sourceID := p.text("source", false), p.text("source_id", false)
	optin := p.optin()
	if err := p.refusal(); err != nil {
		return "", err
	}
	if problems := linking.NormaliseFields(fields); len(problems) > 0 {
		return "", &service.Error{Kind: service.KindInvalid, Key: "invalid", Problems: problems}
	}
	prefill, err := json.Marshal(fields)
	if err != nil {
		return "", fmt.Errorf("concept: %w", err)
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		uuid, err = tx.ConceptInsert(ctx, db.ConceptInsertParams{
			EnvironmentID: a.EnvironmentID, UserID: a.UserID, Source: source, SourceID: sourceID, Prefill: prefill, Optin: optin, Now: s.Now(),
		})
		return err
	})
	return uuid, err
}

// Concept reads what a dialer prefilled, for the order form. One that became a sale is told with the sale's number.
func (s *Sales) Concept(ctx context.Context, a service.Actor, uuid string) (c Concept, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err := unusedConcept(ctx, tx, a, uuid)
		if err != nil {
			return err
		}
		c = Concept{UUID: uuid, Optin: row.Optin}
		return json.Unmarshal(row.Prefill, &c.Fields)
	})
	return c, service.OrNotFound(err)
}

func unusedConcept(ctx context.Context, tx *db.Tx, a service.Actor, uuid string) (db.ConceptTransaction, error) {
	row, err := tx.ConceptByUUID(ctx, a.EnvironmentID, strings.ToLower(uuid))
	if err == nil && row.SaleID != nil {
		return row, service.Conflict("concept_used", *row.SaleID)
	}
	return row, err
}

// SaleOptin reads a sale's opt-in data; nil when it has none.
func (s *Sales) SaleOptin(ctx context.Context, a service.Actor, saleID int64) (optin *db.SaleOptin, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err := tx.OptinOfSale(ctx, a.EnvironmentID, saleID)
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		optin = &row
		return err
	})
	return optin, err
}

// AddOptin gives a sale opt-in data. A sale that has some keeps it: only its withdrawal is taken over.
func (s *Sales) AddOptin(ctx context.Context, a service.Actor, saleID int64, body map[string]any) error {
	p := newSubmissionParser(body)
	withdrawn := p.moment("withdrawn_at")
	return service.OrNotFound(s.Tx(ctx, a, func(tx *db.Tx) error {
		sale, err := tx.SaleLock(ctx, a.EnvironmentID, saleID)
		if err != nil {
			return err
		}
		if sale.ErasedAt != nil {
			return service.Conflict("sale_erased")
		}
		row, err := tx.OptinOfSale(ctx, a.EnvironmentID, saleID)
		if errors.Is(err, db.ErrNotFound) {
			optin := p.readOptin("")
			if err := p.refusal(); err != nil {
				return err
			}
			if err := s.keepOptin(ctx, tx, a, saleID, *optin, states.OptinFromAPI); err != nil {
				return err
			}
			return s.Audit(ctx, tx, a, "add_optin", "sale", saleID, nil, nil)
		}
		switch {
		case err != nil:
			return err
		case withdrawn == "" || row.Optin.WithdrawnAt != "":
			return service.Refuse(service.KindInvalid, "optin_kept")
		}
		if err := p.refusal(); err != nil {
			return err
		}
		row.Optin.WithdrawnAt = withdrawn
		_, err = tx.OptinWithdraw(ctx, db.OptinWithdrawParams{EnvironmentID: a.EnvironmentID, SaleID: saleID, Optin: row.Optin, WithdrawnAt: writtenTime(withdrawn)})
		if err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "withdraw_optin", "sale", saleID, nil, nil)
	}))
}

// attachOptin ties a new sale to the concept transaction that it came of, and keeps its opt-in data.
func (s *Sales) attachOptin(ctx context.Context, tx *db.Tx, a service.Actor, saleID int64, concept string, optin *linking.Optin) error {
	origin := states.OptinFromSale
	if concept != "" {
		row, err := unusedConcept(ctx, tx, a, concept)
		if errors.Is(err, db.ErrNotFound) {
			return service.Invalid("concept_transaction", "not_found")
		}
		if err != nil {
			return err
		}
		used, err := tx.ConceptUse(ctx, db.ConceptUseParams{EnvironmentID: a.EnvironmentID, ID: row.ID, SaleID: &saleID})
		if err != nil {
			return err
		}
		if used == 0 { // another sale was quicker
			_, err := unusedConcept(ctx, tx, a, concept)
			return err
		}
		if row.Optin != nil {
			optin, origin = row.Optin, states.OptinFromDialer
		}
	}
	if optin == nil {
		return nil
	}
	return s.keepOptin(ctx, tx, a, saleID, *optin, origin)
}

func (s *Sales) keepOptin(ctx context.Context, tx *db.Tx, a service.Actor, saleID int64, optin linking.Optin, origin states.OptinOrigin) error {
	_, err := tx.OptinInsert(ctx, db.OptinInsertParams{
		EnvironmentID: a.EnvironmentID, SaleID: saleID, Optin: optin, Origin: origin, ValidTill: writtenTime(optin.ValidTill), WithdrawnAt: writtenTime(optin.WithdrawnAt), Now: s.Now(),
	})
	return err
}

// writtenTime reads a time that was checked when it came in; nothing is none.
func writtenTime(text string) *time.Time {
	at, err := salesdock.ParseStamp(text)
	if err != nil {
		return nil
	}
	return &at
}

// optin reads opt-in data that comes with something else: optin=1 and fields that begin with optin_.
func (p *submissionParser) optin() *linking.Optin {
	if text, _ := plain(p.body["optin"]); text == "" || !p.flag("optin") {
		return nil
	}
	return p.readOptin(linking.OptinPrefix)
}

// optinFields are the plain ones, as they come with a sale.
var optinFields = []string{
	"optin_source", "optin_obtained_at", "optin_obtained_by", "optin_obtained_system", "optin_obtained_via_url", "optin_client_ip", "optin_valid_till",
	"optin_withdrawn_at", "optin_remarks", "optin_campaign_code",
}

func (p *submissionParser) readOptin(prefix string) *linking.Optin {
	o := &linking.Optin{
		Source: p.text(prefix+"source", false), ObtainedAt: p.moment(prefix + "obtained_at"), ObtainedBy: p.text(prefix+"obtained_by", false),
		ObtainedSystem: p.text(prefix+"obtained_system", false), ObtainedViaURL: p.text(prefix+"obtained_via_url", false), ClientIP: p.text(prefix+"client_ip", false),
		ValidTill: p.moment(prefix + "valid_till"), WithdrawnAt: p.moment(prefix + "withdrawn_at"), Remarks: p.text(prefix+"remarks", false),
		CampaignCode: p.text(prefix+"campaign_code", false), Channels: p.optinChannels(prefix + "channels"),
	}
	if proof, isObject := p.body[prefix+"proof"].(map[string]any); isObject {
		content, _ := plain(proof["content"])
		extension, _ := plain(proof["extension"])
		if _, err := base64.StdEncoding.DecodeString(content); content == "" || err != nil || len(content) > maxContract {
			p.say(prefix+"proof.content", "base64_file", maxContractMB)
		}
		o.Proof = &linking.OptinProof{Content: content, Extension: extension}
	}
	return o
}

func (p *submissionParser) optinChannels(field string) []linking.OptinChannel {
	list, _ := p.body[field].([]any)
	if len(list) == 0 {
		p.missing[field] = service.Sentence{Key: "field_required"}
	}
	if len(list) > 20 {
		p.say(field, "too_many_values", 20)
		return nil
	}
	channels := []linking.OptinChannel{}
	for i, item := range list {
		name := fmt.Sprintf("%s.%d", field, i)
		row, isObject := item.(map[string]any)
		if !isObject {
			p.kind(name, "kind_object")
			continue
		}
		inner := newSubmissionParser(row)
		c := linking.OptinChannel{
			Type: inner.text("type", true), Value: inner.text("value", true), Topic: inner.text("topic", false),
			VerifiedAt: inner.moment("verified_at"), VerifiedIP: inner.text("verified_ip", false), VerifiedMethod: inner.text("verified_method", false),
		}
		if c.Type != "" && c.Type != "email" && c.Type != "phone" {
			inner.bad("type", c.Type)
		}
		p.adopt(name, inner)
		channels = append(channels, c)
	}
	return channels
}

// moment reads a time and leaves it as it was written.
func (p *submissionParser) moment(name string) string {
	text := p.text(name, false)
	if text != "" {
		if _, err := salesdock.ParseStamp(text); err != nil {
			p.bad(name, text)
		}
	}
	return text
}

// adopt takes over what an inner object lacks or has wrong, under the field's name.
func (p *submissionParser) adopt(field string, inner *submissionParser) {
	for name, sentence := range inner.missing {
		p.missing[field+"."+name] = sentence
	}
	for name, sentence := range inner.wrong {
		p.wrong[field+"."+name] = sentence
	}
}
