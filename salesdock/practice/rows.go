package practice

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// rows gives a resource's list and its details; the lock is held.
func (p *Partner) rows(resource string) (rows, details []map[string]any, known bool) {
	switch resource {
	case "products":
		for _, x := range p.products {
			if x.Active {
				rows, details = append(rows, p.productRow(x)), append(details, p.productDetail(x))
			}
		}
	case "suppliers":
		rows = []map[string]any{{"id": 21, "name": "Oefenleverancier", "text": "", "identifier": "oefen", "description": "", "active": "1"}}
		details = rows
	case "flows":
		for _, f := range p.flows {
			row := map[string]any{"id": f.id, "title": f.title, "type": f.kind, "identifier": f.identifier, "created_at": "2026-01-02 03:04:05", "updated_at": "2026-01-02 03:04:05"}
			rows = append(rows, row)
			details = append(details, with(row, map[string]any{
				"transaction_type": "all", "verification_method": "none", "minimum_age_customer": nil, "maximum_age_customer": nil, "consumer_offer_iban_required": 0,
				"business_offer_iban_required": 0, "consumer_order_iban_required": 0, "business_order_iban_required": 0,
			}))
		}
	case "productquestions":
		for _, q := range p.questions {
			row := map[string]any{"id": strconv.FormatInt(q.id, 10), "name": q.name, "identifier": q.identifier, "input_type": q.inputType, "description": nil}
			rows, details = append(rows, row), append(details, with(row, q.detail()))
		}
	case "agreements":
		for i, a := range p.agreements {
			row := map[string]any{"id": a.id, "identifier": a.identifier, "name": a.name, "text": "Ik ga akkoord."}
			rows = append(rows, row)
			details = append(details, with(row, map[string]any{"required": "1", "visible": "1", "default_value": "0", "rule": "", "rule_required": "0", "rule_visible": "0", "archive": 0, "sort": i}))
		}
	case "statuses":
		for _, s := range p.statuses {
			rows = append(rows, map[string]any{"source": "sale", "id": s.id, "name": s.name, "text": nil, "type": s.kind, "source_data": nil})
		}
		details = rows
	default:
		return nil, nil, false
	}
	if rows == nil {
		rows = []map[string]any{}
	}
	return rows, details, true
}

func with(row, more map[string]any) map[string]any {
	merged := map[string]any{}
	for _, fields := range []map[string]any{row, more} {
		for name, value := range fields {
			merged[name] = value
		}
	}
	return merged
}

func (p *Partner) productRow(x Product) map[string]any {
	return map[string]any{
		"id": x.ID, "name": x.Name, "identifier": "oefen-" + strconv.FormatInt(x.ID, 10), "supplier_id": "21", "supplier_name": "Oefenleverancier", "supplier_identifier": "oefen",
		"type": x.Type, "usp": "Groen\r\nVast", "description": "Eén vaste prijs.", "cart_info": nil, "business": "2", "active": "1", "valid_from": nil, "valid_till": nil,
		"created_at": p.naive(x.CreatedAt), "updated_at": p.naive(x.UpdatedAt), "beta_field": map[string]any{"of": "tomorrow"},
	}
}

// productDetail adds what only the detail tells. Here the time has a zone, and numbers are texts.
func (p *Partner) productDetail(x Product) map[string]any {
	return with(p.productRow(x), map[string]any{
		"updated_at": x.UpdatedAt.UTC().Format(time.RFC3339), "main": 1, "image": nil, "duration": "12", "retention": "2", "price": "0.00", "price_action": nil,
		"price_monthly": x.Monthly, "price_monthly_action": nil, "price_monthly_action_type": nil, "price_monthly_action_value": nil,
		"customfields": map[string]any{"tariff_single": x.Tariff, "cashback": 100}, "documents": []any{map[string]any{"name": "Tarieven", "location": "https://oefen.example/t.pdf"}},
	})
}

func (q question) detail() map[string]any {
	rule := any("")
	if q.rule != nil {
		tree, err := json.Marshal(q.rule)
		if err != nil {
			panic("practice: a rule is plain data: " + err.Error())
		}
		rule = string(tree)
	}
	flag := map[bool]string{true: "1", false: "0"}
	return map[string]any{
		"required": flag[q.required], "visible": "1", "visible_customer": "0", "rule": rule, "rule_required": flag[q.rule != nil], "rule_visible": "0", "validator": nil,
		"options": strings.Join(q.options, "\r\n"), "default_value": nil, "extra": `{"product_types": []}`, "created_at": "2026-01-02 03:04:05", "updated_at": "2026-01-02 03:04:05",
	}
}
