package catalogue

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// Suppliers lists suppliers.
func (s *Catalogue) Suppliers(ctx context.Context, a service.Actor) (list []db.Supplier, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.SupplierList(ctx, a.EnvironmentID)
		return err
	})
	return list, err
}

// Supplier reads one supplier.
func (s *Catalogue) Supplier(ctx context.Context, a service.Actor, id int64) (row db.Supplier, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err = tx.SupplierByID(ctx, a.EnvironmentID, id)
		return err
	})
	return row, service.OrNotFound(err)
}

// SaveSupplier adds a supplier (id 0) or changes one.
func (s *Catalogue) SaveSupplier(ctx context.Context, a service.Actor, in db.Supplier) (row db.Supplier, err error) {
	if wrong := cmp.Or(service.Required(map[string]string{"name": in.Name}), service.Fits(map[string]string{"identifier": in.Identifier})); wrong != nil {
		return row, wrong
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if in.ID == 0 {
			row, err = tx.SupplierInsert(ctx, db.SupplierInsertParams{
				EnvironmentID: a.EnvironmentID, Name: in.Name, Identifier: in.Identifier, Description: in.Description, Text: in.Text, Active: in.Active,
			})
		} else {
			row, err = tx.SupplierUpdate(ctx, db.SupplierUpdateParams{
				EnvironmentID: a.EnvironmentID, ID: in.ID, Name: in.Name, Identifier: in.Identifier, Description: in.Description, Text: in.Text, Active: in.Active,
			})
		}
		if err != nil {
			return service.OrTaken(err, "identifier", in.Identifier)
		}
		return s.Audit(ctx, tx, a, "save", "supplier", row.ID, nil, in)
	})
	return row, service.OrNotFound(err)
}

// Flows lists flows as the actor may see them.
func (s *Catalogue) Flows(ctx context.Context, a service.Actor, account bool) (list []db.Flow, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.FlowList(ctx, a.EnvironmentID, a.VisibleTo(account))
		return err
	})
	return list, err
}

// Flow reads one flow as the actor may see it.
func (s *Catalogue) Flow(ctx context.Context, a service.Actor, id int64, account bool) (f db.Flow, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		f, err = tx.FlowByID(ctx, db.FlowByIDParams{EnvironmentID: a.EnvironmentID, ID: id, OrganisationID: a.VisibleTo(account)})
		return err
	})
	return f, service.OrNotFound(err)
}

// SaveFlow adds a flow (id 0) or changes one.
func (s *Catalogue) SaveFlow(ctx context.Context, a service.Actor, id int64, flow linking.Flow) (f db.Flow, err error) {
	if missing := service.Required(map[string]string{"title": flow.Title, "type": flow.Type, "identifier": flow.Identifier}); missing != nil {
		return f, missing
	}
	if !slices.Contains(append(slices.Clone(states.SaleTypes), states.EverySaleType), flow.TransactionType) {
		return f, service.Invalid("transaction_type", "field_invalid", "all, offer, order")
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		params := db.FlowUpdateParams{EnvironmentID: a.EnvironmentID, ID: id, Title: flow.Title, Type: flow.Type, Identifier: flow.Identifier, Config: flow, Now: s.Now()}
		if id == 0 {
			f, err = tx.FlowInsert(ctx, db.FlowInsertParams{
				EnvironmentID: a.EnvironmentID, Title: flow.Title, Type: flow.Type, Identifier: flow.Identifier, Config: flow, Now: s.Now(),
			})
		} else {
			f, err = tx.FlowUpdate(ctx, params)
		}
		if err != nil {
			return service.OrTaken(err, "identifier", flow.Identifier)
		}
		return s.productsChanged(ctx, tx, a, "save", "flow", f.ID, nil, flow)
	})
	return f, service.OrNotFound(err)
}

// DeleteFlow removes a flow.
func (s *Catalogue) DeleteFlow(ctx context.Context, a service.Actor, id int64) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		now := s.Now()
		if err := service.MustChange(tx.FlowDelete(ctx, db.FlowDeleteParams{EnvironmentID: a.EnvironmentID, ID: id, Now: &now})); err != nil {
			return err
		}
		return s.productsChanged(ctx, tx, a, "delete", "flow", id, nil, nil)
	})
}

// Questions lists product questions.
func (s *Catalogue) Questions(ctx context.Context, a service.Actor) (list []db.ProductQuestion, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.QuestionList(ctx, a.EnvironmentID)
		return err
	})
	return list, err
}

// Question reads one product question.
func (s *Catalogue) Question(ctx context.Context, a service.Actor, id int64) (q db.ProductQuestion, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		q, err = tx.QuestionByID(ctx, a.EnvironmentID, id)
		return err
	})
	return q, service.OrNotFound(err)
}

// SaveQuestion adds a product question (id 0) or changes one.
func (s *Catalogue) SaveQuestion(ctx context.Context, a service.Actor, id int64, question linking.Question, sort int) (q db.ProductQuestion, err error) {
	if missing := service.Required(map[string]string{"name": question.Name, "identifier": question.Identifier}); missing != nil {
		return q, missing
	}
	if err := question.Validate(); err != nil {
		return q, service.InvalidValue("definition", err)
	}
	if err := linking.CheckWhole("sort", int64(sort)); err != nil {
		return q, service.InvalidValue("sort", err)
	}
	question.ID = 0
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if id == 0 {
			q, err = tx.QuestionInsert(ctx, db.QuestionInsertParams{EnvironmentID: a.EnvironmentID, Identifier: question.Identifier, Definition: question, Sort: int32(sort), Now: s.Now()})
		} else {
			q, err = tx.QuestionUpdate(ctx, db.QuestionUpdateParams{EnvironmentID: a.EnvironmentID, ID: id, Identifier: question.Identifier, Definition: question, Sort: int32(sort), Now: s.Now()})
		}
		if err != nil {
			return service.OrTaken(err, "identifier", question.Identifier)
		}
		return s.productsChanged(ctx, tx, a, "save", "productquestion", q.ID, nil, question)
	})
	return q, service.OrNotFound(err)
}

// DeleteQuestion removes a product question.
func (s *Catalogue) DeleteQuestion(ctx context.Context, a service.Actor, id int64) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		now := s.Now()
		if err := service.MustChange(tx.QuestionDelete(ctx, db.QuestionDeleteParams{EnvironmentID: a.EnvironmentID, ID: id, Now: &now})); err != nil {
			return err
		}
		return s.productsChanged(ctx, tx, a, "delete", "productquestion", id, nil, nil)
	})
}

// Agreements lists agreements.
func (s *Catalogue) Agreements(ctx context.Context, a service.Actor) (list []db.Agreement, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.AgreementList(ctx, a.EnvironmentID)
		return err
	})
	return list, err
}

// Agreement reads one agreement.
func (s *Catalogue) Agreement(ctx context.Context, a service.Actor, id int64) (row db.Agreement, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err = tx.AgreementByID(ctx, a.EnvironmentID, id)
		return err
	})
	return row, service.OrNotFound(err)
}

// SaveAgreement adds an agreement (id 0) or changes one.
func (s *Catalogue) SaveAgreement(ctx context.Context, a service.Actor, id int64, agreement linking.Agreement, sort int) (row db.Agreement, err error) {
	if missing := service.Required(map[string]string{"identifier": agreement.Identifier, "name": agreement.Name}); missing != nil {
		return row, missing
	}
	if err := agreement.Rule.Validate(); err != nil {
		return row, service.InvalidValue("rule", err)
	}
	if err := linking.CheckWhole("sort", int64(sort)); err != nil {
		return row, service.InvalidValue("sort", err)
	}
	agreement.ID = 0
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if id == 0 {
			row, err = tx.AgreementInsert(ctx, db.AgreementInsertParams{EnvironmentID: a.EnvironmentID, Identifier: agreement.Identifier, Definition: agreement, Sort: int32(sort), Now: s.Now()})
		} else {
			row, err = tx.AgreementUpdate(ctx, db.AgreementUpdateParams{EnvironmentID: a.EnvironmentID, ID: id, Identifier: agreement.Identifier, Definition: agreement, Sort: int32(sort), Now: s.Now()})
		}
		if err != nil {
			return service.OrTaken(err, "identifier", agreement.Identifier)
		}
		return s.productsChanged(ctx, tx, a, "save", "agreement", row.ID, nil, agreement)
	})
	return row, service.OrNotFound(err)
}

// DeleteAgreement removes an agreement.
func (s *Catalogue) DeleteAgreement(ctx context.Context, a service.Actor, id int64) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		now := s.Now()
		if err := service.MustChange(tx.AgreementDelete(ctx, db.AgreementDeleteParams{EnvironmentID: a.EnvironmentID, ID: id, Now: &now})); err != nil {
			return err
		}
		return s.productsChanged(ctx, tx, a, "delete", "agreement", id, nil, nil)
	})
}

// Statuses lists the system's statuses and the environment's own.
func (s *Catalogue) Statuses(ctx context.Context, a service.Actor) (list []linking.Status, err error) {
	list = slices.Clone(linking.SystemStatuses)
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		rows, err := tx.StatusList(ctx, a.EnvironmentID)
		for _, r := range rows {
			list = append(list, linking.Status{ID: r.ID, Name: r.Name, Text: r.Text, Type: r.Type})
		}
		return err
	})
	return list, err
}

// SaveStatus adds a custom status (id empty) or changes one. Without an identifier, one is made from the name.
func (s *Catalogue) SaveStatus(ctx context.Context, a service.Actor, id string, in linking.Status) (linking.Status, error) {
	if missing := service.Required(map[string]string{"name": in.Name}); missing != nil {
		return in, missing
	}
	adding := id == ""
	switch {
	case !adding:
		in.ID = id
	case in.ID == "":
		in.ID = strings.TrimRight(slug(in.Name)[:min(len(slug(in.Name)), linking.MaxStatusID)], "-")
	}
	if err := checkStatus(&in); err != nil {
		return in, err
	}
	err := s.Tx(ctx, a, func(tx *db.Tx) error {
		if err := writeStatus(ctx, tx, a, in, adding); err != nil {
			return err
		}
		if err := ledger.ProductsChanged(ctx, tx, a.EnvironmentID, s.Now()); err != nil {
			return err
		}
		return s.AuditNamed(ctx, tx, a, "save", "status", in.ID, nil, in)
	})
	return in, err
}

func checkStatus(in *linking.Status) error {
	if len(in.ID) > linking.MaxStatusID {
		return service.Invalid("id", "too_long", linking.MaxStatusID)
	}
	if in.Type == "" {
		in.Type = linking.StatusTypeDefault
	}
	if _, system := linking.SystemStatus(in.ID); system {
		return service.Conflict("system_status")
	}
	if in.ID != slug(in.ID) {
		return service.Invalid("id", "field_invalid", in.ID)
	}
	types := []string{linking.StatusTypeDefault, linking.StatusTypeCancelled, linking.StatusTypeActionRequired, linking.StatusTypeNetto, linking.StatusTypeClosed}
	if !slices.Contains(types, in.Type) {
		return service.Invalid("type", "field_invalid", strings.Join(types, ", "))
	}
	return nil
}

func writeStatus(ctx context.Context, tx *db.Tx, a service.Actor, in linking.Status, adding bool) error {
	if !adding {
		return service.MustChange(tx.StatusUpdate(ctx, db.StatusUpdateParams{EnvironmentID: a.EnvironmentID, ID: in.ID, Name: in.Name, Text: in.Text, Type: in.Type}))
	}
	count, err := tx.StatusInsert(ctx, db.StatusInsertParams{EnvironmentID: a.EnvironmentID, ID: in.ID, Name: in.Name, Text: in.Text, Type: in.Type})
	if err == nil && count == 0 {
		return service.Taken("id", in.ID)
	}
	return err
}

// DeleteStatus removes a custom status; sales that have it keep it.
func (s *Catalogue) DeleteStatus(ctx context.Context, a service.Actor, id string) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		now := s.Now()
		if err := service.MustChange(tx.StatusDelete(ctx, db.StatusDeleteParams{EnvironmentID: a.EnvironmentID, ID: id, Now: &now})); err != nil {
			return err
		}
		return s.AuditNamed(ctx, tx, a, "delete", "status", id, nil, nil)
	})
}

func slug(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || (r == '-' || r == '_') && b.Len() > 0:
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimRight(b.String(), "-")
}

// Questions reads all questions of an environment, in the terms of the rules.
func Questions(ctx context.Context, tx *db.Tx, a service.Actor) ([]linking.Question, error) {
	rows, err := tx.QuestionList(ctx, a.EnvironmentID)
	list := make([]linking.Question, 0, len(rows))
	for _, r := range rows {
		r.Definition.ID = r.ID
		list = append(list, r.Definition)
	}
	return list, err
}
