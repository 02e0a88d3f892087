package catalogue

import (
	"cmp"
	"context"
	"slices"

	"koppel/db"
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
		wrong, before, saidBefore := service.Wrong{}, service.Wrong{}, any(nil)
		wrong.Identifier("identifier", in.Identifier)
		if in.ID != 0 {
			known, err := tx.SupplierByID(ctx, a.EnvironmentID, in.ID)
			if err != nil {
				return err
			}
			before.Identifier("identifier", known.Identifier)
			saidBefore = known
		}
		if err := wrong.Beyond(before); err != nil {
			return err
		}
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
		return s.Audit(ctx, tx, a, "save", "supplier", row.ID, saidBefore, in)
	})
	return row, service.OrNotFound(err)
}

// DeleteSupplier removes one that nothing is sold of.
func (s *Catalogue) DeleteSupplier(ctx context.Context, a service.Actor, id int64) error {
	return service.OrNotFound(s.Tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.SupplierByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		if err := tx.SupplierForget(ctx, a.EnvironmentID, &id); err != nil {
			return err
		}
		count, err := tx.SupplierDelete(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		if count == 0 {
			return service.Conflict("supplier_in_use")
		}
		return s.Audit(ctx, tx, a, "delete", "supplier", id, before, nil)
	}))
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
		before, saidBefore := service.Wrong{}, any(nil)
		if id != 0 {
			known, err := tx.FlowByID(ctx, db.FlowByIDParams{EnvironmentID: a.EnvironmentID, ID: id})
			if err != nil {
				return err
			}
			known.Config.Title, known.Config.Type, known.Config.Identifier = known.Title, known.Type, known.Identifier
			before, saidBefore = flowWrong(known.Config), known.Config
		}
		if err := flowWrong(flow).Beyond(before); err != nil {
			return err
		}
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
		return s.productsChanged(ctx, tx, a, "save", "flow", f.ID, saidBefore, flow)
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
		questions, err := Questions(ctx, tx, a)
		if err != nil {
			return err
		}
		before, saidBefore := service.Wrong{}, any(nil)
		if id != 0 {
			known, err := tx.QuestionByID(ctx, a.EnvironmentID, id)
			if err != nil {
				return err
			}
			before, saidBefore = questionWrong(known.Definition, questions), known.Definition
		}
		if err := questionWrong(question, questions).Beyond(before); err != nil {
			return err
		}
		if id == 0 {
			q, err = tx.QuestionInsert(ctx, db.QuestionInsertParams{EnvironmentID: a.EnvironmentID, Identifier: question.Identifier, Definition: question, Sort: int32(sort), Now: s.Now()})
		} else {
			q, err = tx.QuestionUpdate(ctx, db.QuestionUpdateParams{EnvironmentID: a.EnvironmentID, ID: id, Identifier: question.Identifier, Definition: question, Sort: int32(sort), Now: s.Now()})
		}
		if err != nil {
			return service.OrTaken(err, "identifier", question.Identifier)
		}
		return s.productsChanged(ctx, tx, a, "save", "productquestion", q.ID, saidBefore, question)
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
		questions, err := Questions(ctx, tx, a)
		if err != nil {
			return err
		}
		before, saidBefore := service.Wrong{}, any(nil)
		if id != 0 {
			known, err := tx.AgreementByID(ctx, a.EnvironmentID, id)
			if err != nil {
				return err
			}
			before, saidBefore = agreementWrong(known.Definition, questions), known.Definition
		}
		if err := agreementWrong(agreement, questions).Beyond(before); err != nil {
			return err
		}
		if id == 0 {
			row, err = tx.AgreementInsert(ctx, db.AgreementInsertParams{EnvironmentID: a.EnvironmentID, Identifier: agreement.Identifier, Definition: agreement, Sort: int32(sort), Now: s.Now()})
		} else {
			row, err = tx.AgreementUpdate(ctx, db.AgreementUpdateParams{EnvironmentID: a.EnvironmentID, ID: id, Identifier: agreement.Identifier, Definition: agreement, Sort: int32(sort), Now: s.Now()})
		}
		if err != nil {
			return service.OrTaken(err, "identifier", agreement.Identifier)
		}
		return s.productsChanged(ctx, tx, a, "save", "agreement", row.ID, saidBefore, agreement)
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
