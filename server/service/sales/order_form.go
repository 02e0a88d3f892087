package sales

import (
	"context"
	"errors"
	"slices"

	"koppel/db"
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/catalogue"
)

// OrderForm is what a sale of a product through a flow asks for.
type OrderForm struct {
	Product    db.Product
	Flow       db.Flow
	Questions  []linking.Question
	Agreements []linking.Agreement
	Sections   []OrderSection
}

// OrderSection is a section of the flow with what can be sold in it beside the product.
type OrderSection struct {
	linking.Section
	Products []db.Product
	Maximum  map[int64]int // of a product; 0 is no limit
}

// FlowsFor lists the flows that a product can be sold through by the actor.
func (s *Sales) FlowsFor(ctx context.Context, a service.Actor, productID int64) (p db.Product, flows []db.Flow, err error) {
	if p, err = s.Catalogue.Product(ctx, a, productID, true); err != nil {
		return p, nil, err
	}
	all, err := s.Catalogue.Flows(ctx, a, true)
	for _, f := range all {
		if f.Config.Carries(p.ID, p.Content.Type) {
			flows = append(flows, f)
		}
	}
	return p, flows, err
}

// OrderForm reads what the form of a sale asks.
func (s *Sales) OrderForm(ctx context.Context, a service.Actor, productID, flowID int64) (form OrderForm, err error) {
	p, flows, err := s.FlowsFor(ctx, a, productID)
	if err != nil {
		return form, err
	}
	i := slices.IndexFunc(flows, func(f db.Flow) bool { return f.ID == flowID })
	if i < 0 {
		return form, service.NotFound()
	}
	form = OrderForm{Product: p, Flow: flows[i]}
	if form.Sections, err = s.orderSections(ctx, a, p.ID, flows[i].Config.Sections); err != nil {
		return form, err
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		all, err := catalogue.Questions(ctx, tx, a)
		if err != nil {
			return err
		}
		for _, q := range all {
			if q.AppliesTo(p.Content.Type) {
				form.Questions = append(form.Questions, q)
			}
		}
		rows, err := tx.AgreementList(ctx, a.EnvironmentID)
		for _, r := range rows {
			r.Definition.ID = r.ID
			if !r.Definition.Archive {
				form.Agreements = append(form.Agreements, r.Definition)
			}
		}
		return err
	})
	return form, err
}

// orderSections reads what each section offers beside the product; what the actor may not sell is left out.
func (s *Sales) orderSections(ctx context.Context, a service.Actor, productID int64, sections []linking.Section) (list []OrderSection, err error) {
	for _, section := range sections {
		entry := OrderSection{Section: section, Maximum: map[int64]int{}}
		for _, offered := range section.Products {
			p, err := s.Catalogue.Product(ctx, a, offered.ID, true)
			var refusal *service.Error
			if errors.As(err, &refusal) || err == nil && (!p.Active || p.ID == productID) {
				continue
			}
			if err != nil {
				return nil, err
			}
			entry.Products = append(entry.Products, p)
			entry.Maximum[p.ID] = offered.MaximumQuantity
		}
		if len(entry.Products) > 0 {
			list = append(list, entry)
		}
	}
	return list, nil
}
