package salesdock

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"koppel/linking"
)

// Envelope is around every answer.
type Envelope struct {
	Success bool            `json:"success"`
	Data    json.RawMessage `json:"data,omitempty"`
	Message string          `json:"message"`
	Code    int             `json:"code,omitempty"`
	Errors  FieldErrors     `json:"errors,omitempty"`
}

// Page is an offset page.
type Page[T any] struct {
	CurrentPage  Int        `json:"current_page"`
	Data         []T        `json:"data"`
	FirstPageURL string     `json:"first_page_url"`
	From         *Int       `json:"from"`
	LastPage     Int        `json:"last_page"`
	LastPageURL  string     `json:"last_page_url"`
	Links        []PageLink `json:"links"`
	NextPageURL  *string    `json:"next_page_url"`
	Path         string     `json:"path"`
	PerPage      Int        `json:"per_page"`
	PrevPageURL  *string    `json:"prev_page_url"`
	To           *Int       `json:"to"`
	Total        Int        `json:"total"`
}

// PageLink is one of a page's links to other pages.
type PageLink struct {
	URL    *string `json:"url"`
	Label  string  `json:"label"`
	Active bool    `json:"active"`
}

// CursorPage is a cursor page. Without a next page, next_cursor is where the next read begins.
type CursorPage[T any] struct {
	Path        string  `json:"path"`
	PerPage     int     `json:"per_page"`
	NextCursor  string  `json:"next_cursor"`
	NextPageURL *string `json:"next_page_url"`
	PrevCursor  *string `json:"prev_cursor"`
	PrevPageURL *string `json:"prev_page_url"`
	Full        bool    `json:"full"` // our extension: read from the beginning, what is not listed is not offered
	Data        []T     `json:"data"`
}

// Product is a row of the product list; the detail fills Detail too.
type Product struct {
	ID                 Int   `json:"id"`
	Name               Text  `json:"name"`
	Identifier         Text  `json:"identifier"`
	SupplierID         Int   `json:"supplier_id"`
	SupplierName       Text  `json:"supplier_name"`
	SupplierIdentifier Text  `json:"supplier_identifier"`
	Type               Text  `json:"type"`
	USP                Lines `json:"usp"`
	Description        Text  `json:"description"`
	CartInfo           Text  `json:"cart_info"`
	Business           Text  `json:"business"`
	Active             Flag  `json:"active"`
	ValidFrom          Text  `json:"valid_from"`
	ValidTill          Text  `json:"valid_till"`
	CreatedAt          Stamp `json:"created_at"`
	UpdatedAt          Stamp `json:"updated_at"`
	Removed            bool  `json:"removed,omitempty"` // our extension, in change pages: no longer offered
	*ProductDetail
}

// ProductDetail is what only a product's detail (or our extended list) has.
type ProductDetail struct {
	Main                     Int        `json:"main"`
	Duration                 Int        `json:"duration"`
	Retention                Text       `json:"retention"`
	Price                    Text       `json:"price"`
	PriceAction              Text       `json:"price_action"`
	PriceMonthly             Text       `json:"price_monthly"`
	PriceMonthlyAction       Text       `json:"price_monthly_action"`
	PriceMonthlyActionType   Text       `json:"price_monthly_action_type"`
	PriceMonthlyActionMonths Int        `json:"price_monthly_action_value"`
	CustomFields             TextMap    `json:"customfields"`
	Documents                []Document `json:"documents"`
	Image                    *Image     `json:"image"` // in the detail of one product only
}

// Image is a picture in an answer: base64 and its extension.
type Image struct {
	Extension Text `json:"extension"`
	Content   Text `json:"content"`
}

// Document is an attachment by its address.
type Document struct {
	Name     Text `json:"name"`
	Location Text `json:"location"`
}

// Content gives a product's meaning. Amounts must be exact decimals.
func (p *Product) Content() (linking.ProductContent, linking.ProductOwn, error) {
	c := linking.ProductContent{
		Name: string(p.Name), Identifier: string(p.Identifier), Type: string(p.Type),
		SupplierName: string(p.SupplierName), SupplierIdentifier: string(p.SupplierIdentifier),
		Business: string(p.Business), ValidFrom: string(p.ValidFrom), ValidTill: string(p.ValidTill),
	}
	own := linking.ProductOwn{USP: strings.Join(p.USP, "\n"), Description: string(p.Description), CartInfo: string(p.CartInfo)}
	if c.Name == "" || c.Type == "" {
		return c, own, fmt.Errorf("product %d has no name or no type", p.ID)
	}
	d := p.ProductDetail
	if d == nil {
		return c, own, nil
	}
	c.Main, c.Duration, c.Retention = d.Main != 0, int(d.Duration), string(d.Retention)
	c.PriceMonthlyActionType, c.PriceMonthlyActionMonths = string(d.PriceMonthlyActionType), int(d.PriceMonthlyActionMonths)
	for _, amount := range []struct {
		name string
		from Text
		to   *string
	}{
		{"price", d.Price, &c.Price},
		{"price_action", d.PriceAction, &c.PriceAction},
		{"price_monthly", d.PriceMonthly, &c.PriceMonthly},
		{"price_monthly_action", d.PriceMonthlyAction, &c.PriceMonthlyAction},
	} {
		canonical, err := linking.ParseAmount(string(amount.from))
		if err != nil {
			return c, own, fmt.Errorf("product %d: %w", p.ID, linking.InField(amount.name, err))
		}
		*amount.to = canonical
	}
	for name, value := range d.CustomFields {
		if c.CustomFields == nil {
			c.CustomFields = map[string]string{}
		}
		if canonical, err := linking.ParseAmount(value); err == nil {
			value = canonical // 0.250 and 0.25 are the same tariff
		}
		c.CustomFields[name] = value
	}
	for _, doc := range d.Documents {
		c.Documents = append(c.Documents, linking.Document{Name: string(doc.Name), Location: string(doc.Location)})
	}
	return c, own, nil
}

// SetContent fills a row, and with detail the rest, from a product's meaning.
func (p *Product) SetContent(c linking.ProductContent, own linking.ProductOwn, detail bool) {
	p.Name, p.Identifier, p.Type = Text(c.Name), Text(c.Identifier), Text(c.Type)
	p.SupplierName, p.SupplierIdentifier = Text(c.SupplierName), Text(c.SupplierIdentifier)
	p.Business, p.ValidFrom, p.ValidTill = Text(c.Business), Text(c.ValidFrom), Text(c.ValidTill)
	p.USP, p.Description, p.CartInfo = SplitLines(own.USP), Text(own.Description), Text(own.CartInfo)
	if !detail {
		return
	}
	d := &ProductDetail{
		Duration: Int(c.Duration), Retention: Text(c.Retention), Price: Text(c.Price), PriceAction: Text(c.PriceAction),
		PriceMonthly: Text(c.PriceMonthly), PriceMonthlyAction: Text(c.PriceMonthlyAction),
		PriceMonthlyActionType: Text(c.PriceMonthlyActionType), PriceMonthlyActionMonths: Int(c.PriceMonthlyActionMonths),
		CustomFields: c.CustomFields, Documents: []Document{},
	}
	if c.Main {
		d.Main = 1
	}
	if d.CustomFields == nil {
		d.CustomFields = TextMap{}
	}
	for _, doc := range c.Documents {
		d.Documents = append(d.Documents, Document{Name: Text(doc.Name), Location: Text(doc.Location)})
	}
	p.ProductDetail = d
}

// Supplier is a row of the supplier list.
type Supplier struct {
	ID          Int  `json:"id"`
	Name        Text `json:"name"`
	Text        Text `json:"text"`
	Identifier  Text `json:"identifier"`
	Description Text `json:"description"`
	Active      Flag `json:"active"`
}

// Flow is a row of the flow list; the detail fills the rest.
type Flow struct {
	ID         Int   `json:"id"`
	Title      Text  `json:"title"`
	Type       Text  `json:"type"`
	Identifier Text  `json:"identifier"`
	CreatedAt  Stamp `json:"created_at"`
	UpdatedAt  Stamp `json:"updated_at"`
	*FlowDetail
}

// FlowDetail is what only a flow's detail (or our extended list) has.
type FlowDetail struct {
	TransactionType           Text      `json:"transaction_type"`
	VerificationMethod        Text      `json:"verification_method"`
	MinimumAge                Int       `json:"minimum_age_customer"`
	MaximumAge                Int       `json:"maximum_age_customer"`
	ConsumerOfferIBANRequired Flag      `json:"consumer_offer_iban_required"`
	BusinessOfferIBANRequired Flag      `json:"business_offer_iban_required"`
	ConsumerOrderIBANRequired Flag      `json:"consumer_order_iban_required"`
	BusinessOrderIBANRequired Flag      `json:"business_order_iban_required"`
	ProductTypes              []Text    `json:"product_types,omitempty"` // our extension: the product types it carries
	Sections                  []Section `json:"sections,omitempty"`
}

// Section of a flow of type default.
type Section struct {
	ID         Int              `json:"id"`
	Title      Text             `json:"title"`
	Identifier Text             `json:"identifier"`
	Mandatory  Flag             `json:"mandatory"`
	Products   []SectionProduct `json:"products"`
}

// SectionProduct is a product a section offers.
type SectionProduct struct {
	ID              Int  `json:"id"`
	Name            Text `json:"name,omitempty"`
	Identifier      Text `json:"identifier,omitempty"`
	MaximumQuantity Int  `json:"maximum_quantity"`
}

// Meaning gives the flow in the product's terms.
func (f *Flow) Meaning() linking.Flow {
	flow := linking.Flow{ID: int64(f.ID), Title: string(f.Title), Type: string(f.Type), Identifier: string(f.Identifier), TransactionType: "all", VerificationMethod: "none"}
	d := f.FlowDetail
	if d == nil {
		return flow
	}
	if d.TransactionType != "" {
		flow.TransactionType = string(d.TransactionType)
	}
	if d.VerificationMethod != "" {
		flow.VerificationMethod = string(d.VerificationMethod)
	}
	flow.MinimumAge, flow.MaximumAge = int(d.MinimumAge), int(d.MaximumAge)
	flow.ConsumerOfferIBANRequired, flow.BusinessOfferIBANRequired = bool(d.ConsumerOfferIBANRequired), bool(d.BusinessOfferIBANRequired)
	flow.ConsumerOrderIBANRequired, flow.BusinessOrderIBANRequired = bool(d.ConsumerOrderIBANRequired), bool(d.BusinessOrderIBANRequired)
	for _, t := range d.ProductTypes {
		flow.ProductTypes = append(flow.ProductTypes, string(t))
	}
	for _, s := range d.Sections {
		section := linking.Section{ID: int64(s.ID), Title: string(s.Title), Identifier: string(s.Identifier), Mandatory: bool(s.Mandatory)}
		for _, p := range s.Products {
			section.Products = append(section.Products, linking.SectionProduct{ID: int64(p.ID), MaximumQuantity: int(p.MaximumQuantity)})
		}
		flow.Sections = append(flow.Sections, section)
	}
	return flow
}

// SetMeaning fills a row, and with detail the rest.
func (f *Flow) SetMeaning(flow linking.Flow, detail bool) {
	f.Title, f.Type, f.Identifier = Text(flow.Title), Text(flow.Type), Text(flow.Identifier)
	if !detail {
		return
	}
	d := &FlowDetail{
		TransactionType: Text(flow.TransactionType), VerificationMethod: Text(flow.VerificationMethod),
		MinimumAge: Int(flow.MinimumAge), MaximumAge: Int(flow.MaximumAge),
		ConsumerOfferIBANRequired: Flag(flow.ConsumerOfferIBANRequired), BusinessOfferIBANRequired: Flag(flow.BusinessOfferIBANRequired),
		ConsumerOrderIBANRequired: Flag(flow.ConsumerOrderIBANRequired), BusinessOrderIBANRequired: Flag(flow.BusinessOrderIBANRequired),
	}
	for _, t := range flow.ProductTypes {
		d.ProductTypes = append(d.ProductTypes, Text(t))
	}
	for _, s := range flow.Sections {
		section := Section{ID: Int(s.ID), Title: Text(s.Title), Identifier: Text(s.Identifier), Mandatory: Flag(s.Mandatory), Products: []SectionProduct{}}
		for _, p := range s.Products {
			section.Products = append(section.Products, SectionProduct{ID: Int(p.ID), MaximumQuantity: Int(p.MaximumQuantity)})
		}
		d.Sections = append(d.Sections, section)
	}
	f.FlowDetail = d
}

// Question is a row of the product question list; the detail fills the rest.
type Question struct {
	ID          Int  `json:"id"`
	Name        Text `json:"name"`
	Identifier  Text `json:"identifier"`
	InputType   Text `json:"input_type"`
	Description Text `json:"description"`
	*QuestionDetail
}

// QuestionDetail is what only a question's detail (or our extended list) has.
type QuestionDetail struct {
	Required        Flag            `json:"required"`
	Visible         Flag            `json:"visible"`
	VisibleCustomer Flag            `json:"visible_customer"`
	Rule            json.RawMessage `json:"rule"`
	RuleRequired    Flag            `json:"rule_required"`
	RuleVisible     Flag            `json:"rule_visible"`
	Validator       Text            `json:"validator"`
	Options         Lines           `json:"options"`
	DefaultValue    Text            `json:"default_value"`
	Extra           Text            `json:"extra"`
	CreatedAt       Stamp           `json:"created_at"`
	UpdatedAt       Stamp           `json:"updated_at"`
}

type questionExtra struct {
	ProductTypes []string `json:"product_types"`
}

// Meaning gives the question in the product's terms. A rule that cannot be read makes an error: asking
// less than the partner does would lose sales.
func (q *Question) Meaning() (linking.Question, error) {
	question := linking.Question{
		ID: int64(q.ID), Name: string(q.Name), Identifier: string(q.Identifier), InputType: string(q.InputType), Description: string(q.Description), Visible: true,
	}
	d := q.QuestionDetail
	if d == nil {
		return question, nil
	}
	rule, err := linking.ParseRule(d.Rule)
	if err != nil {
		return question, fmt.Errorf("question %s: %w", question.Identifier, err)
	}
	var extra questionExtra
	_ = json.Unmarshal([]byte(d.Extra), &extra) // anything else in it is not ours to judge
	question.Required, question.Visible, question.VisibleCustomer = bool(d.Required), bool(d.Visible), bool(d.VisibleCustomer)
	question.Rule, question.RuleRequired, question.RuleVisible = rule, bool(d.RuleRequired), bool(d.RuleVisible)
	question.Validator, question.Options, question.DefaultValue = string(d.Validator), d.Options, string(d.DefaultValue)
	question.ProductTypes = extra.ProductTypes
	return question, nil
}

// SetMeaning fills a row, and with detail the rest.
func (q *Question) SetMeaning(question linking.Question, detail bool) {
	q.Name, q.Identifier, q.InputType, q.Description = Text(question.Name), Text(question.Identifier), Text(question.InputType), Text(question.Description)
	if !detail {
		return
	}
	extra, _ := json.Marshal(questionExtra{ProductTypes: append([]string{}, question.ProductTypes...)}) //nolint:errchkjson // a list of texts
	q.QuestionDetail = &QuestionDetail{
		Required: Flag(question.Required), Visible: Flag(question.Visible), VisibleCustomer: Flag(question.VisibleCustomer),
		Rule: ruleJSON(question.Rule), RuleRequired: Flag(question.RuleRequired), RuleVisible: Flag(question.RuleVisible),
		Validator: Text(question.Validator), Options: slices.Clone(question.Options), DefaultValue: Text(question.DefaultValue), Extra: Text(extra),
	}
}

func ruleJSON(rule *linking.Rule) json.RawMessage {
	if rule == nil {
		return json.RawMessage("null")
	}
	data, err := json.Marshal(rule)
	if err != nil {
		panic("salesdock: a rule is plain data: " + err.Error())
	}
	return data
}

// Agreement is a row of the agreement list; the detail fills the rest.
type Agreement struct {
	ID         Int  `json:"id"`
	Identifier Text `json:"identifier"`
	Name       Text `json:"name"`
	Text       Text `json:"text"`
	*AgreementDetail
}

// AgreementDetail is what only an agreement's detail (or our extended list) has.
type AgreementDetail struct {
	Required     Flag            `json:"required"`
	Visible      Flag            `json:"visible"`
	DefaultValue Text            `json:"default_value"`
	Rule         json.RawMessage `json:"rule"`
	RuleRequired Flag            `json:"rule_required"`
	RuleVisible  Flag            `json:"rule_visible"`
	Archive      Flag            `json:"archive"`
	Sort         Int             `json:"sort"`
}

// Meaning gives the agreement in the product's terms.
func (a *Agreement) Meaning() (linking.Agreement, error) {
	agreement := linking.Agreement{ID: int64(a.ID), Identifier: string(a.Identifier), Name: string(a.Name), Text: string(a.Text), Visible: true}
	d := a.AgreementDetail
	if d == nil {
		return agreement, nil
	}
	rule, err := linking.ParseRule(d.Rule)
	if err != nil {
		return agreement, fmt.Errorf("agreement %s: %w", agreement.Identifier, err)
	}
	agreement.Required, agreement.Visible, agreement.DefaultValue = bool(d.Required), bool(d.Visible), string(d.DefaultValue)
	agreement.Rule, agreement.RuleRequired, agreement.RuleVisible, agreement.Archive = rule, bool(d.RuleRequired), bool(d.RuleVisible), bool(d.Archive)
	return agreement, nil
}

// SetMeaning fills a row, and with detail the rest.
func (a *Agreement) SetMeaning(agreement linking.Agreement, sort int, detail bool) {
	a.Identifier, a.Name, a.Text = Text(agreement.Identifier), Text(agreement.Name), Text(agreement.Text)
	if detail {
		a.AgreementDetail = &AgreementDetail{
			Required: Flag(agreement.Required), Visible: Flag(agreement.Visible), DefaultValue: Text(agreement.DefaultValue),
			Rule: ruleJSON(agreement.Rule), RuleRequired: Flag(agreement.RuleRequired), RuleVisible: Flag(agreement.RuleVisible),
			Archive: Flag(agreement.Archive), Sort: Int(sort),
		}
	}
}

// Status is a row of the status list.
type Status struct {
	Source     Text            `json:"source"`
	ID         Text            `json:"id"`
	Name       Text            `json:"name"`
	Text       Text            `json:"text"`
	Type       Text            `json:"type"`
	SourceData json.RawMessage `json:"source_data"`
}

// SaleStatus is a sale's status in an extended row.
type SaleStatus struct {
	StatusIdentifier Text `json:"status_identifier"`
	Status           Text `json:"status"`
	StatusRemark     Text `json:"status_remark"`
}

// SaleUpdate is the part of an extended sale row that status updates read, and that tells a sale apart.
type SaleUpdate struct {
	ID              Text       `json:"id"`
	Status          SaleStatus `json:"status"`
	CreatedAt       Stamp      `json:"created_at"`
	UpdatedAt       Stamp      `json:"updated_at"`
	StatusChangedAt Stamp      `json:"status_changed_at"` // our extension, with fractions of a second
	Customer        struct {
		Firstname Text `json:"firstname"`
		Lastname  Text `json:"lastname"`
		Email     Text `json:"email"`
		Birthdate Text `json:"birthdate"`
	} `json:"customer"`
	Product struct {
		ID Int `json:"id"`
	} `json:"product"`
	CancellationRequest *CancellationState `json:"cancellation_request"` // our extension: the last one that was made for it
}

// CancellationRequest is what A asks of B: to cancel a sale that B has.
type CancellationRequest struct {
	Reference string `json:"reference"` // A's name for the request
	Reason    string `json:"reason"`
	ExpiresAt Stamp  `json:"expires_at"`
}

// CancellationState is where a request stands at B.
type CancellationState struct {
	Reference Text `json:"reference"`
	State     Text `json:"state"` // open, accepted, rejected, withdrawn, expired
	Answer    Text `json:"answer"`
}

// SaleCreated is the answer to a create.
type SaleCreated struct {
	SaleID Text `json:"sale_id"`
}

// Capabilities is what a partner that runs this project offers beyond Salesdock.
type Capabilities struct {
	Product              string            `json:"product"`
	Version              string            `json:"version"`
	Account              string            `json:"account"`
	Name                 string            `json:"name"`
	IdempotencyKeys      bool              `json:"idempotency_keys"`
	ExternalReference    bool              `json:"external_reference"`
	ChangeCursors        bool              `json:"change_cursors"`
	LinkEvents           bool              `json:"link_events"`
	Optin                bool              `json:"optin"` // opt-in data is taken with a sale
	Webhooks             bool              `json:"webhooks"`
	ConditionalReads     bool              `json:"conditional_reads"`
	DryRun               bool              `json:"dry_run"` // a create with ?dry_run=1 is checked, and makes nothing
	CancellationRequests bool              `json:"cancellation_requests"`
	RequestsPerMinute    int               `json:"requests_per_minute"`
	LimitsByTokenAlone   bool              `json:"limits_by_token_alone"`
	Token                *TokenDescription `json:"token,omitempty"`
}

// TokenDescription tells a caller about the token it used.
type TokenDescription struct {
	Integration bool `json:"integration"`
	User        Text `json:"user"`
}

// Link is what A tells B when an integration is saved.
type Link struct {
	Account string `json:"account"`
	BaseURL string `json:"base_url"`
	LinkKey string `json:"link_key"`
	Secret  string `json:"secret"`
	// PublicKey is the key that A signs with (ed25519, base64). It is the one that signs the call that tells it.
	PublicKey string `json:"public_key,omitempty"`
	// Imported are B's ids of the products that A took over and sells; nil: A does not say.
	Imported []int64 `json:"imported_product_ids"`
}

// LinkAnswer is what B answers to a link: what it can, so that what it learned since is put to use.
type LinkAnswer struct {
	LinkID       int64         `json:"link_id"`
	Capabilities *Capabilities `json:"capabilities"`
}

// LinkEvent is a hint from B: something changed, look. Its sequence number only grows.
type LinkEvent struct {
	LinkKey  string `json:"link_key"`
	Sequence int64  `json:"sequence"`
	Products bool   `json:"products"`
	Sales    bool   `json:"sales"`
}
