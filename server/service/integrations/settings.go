package integrations

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/catalogue"
)

// settingsRight refuses settings that ask after what is not there: a status, a question, one of its options. What was so before
// stays, as statuses and questions go while settings name them.
func settingsRight(ctx context.Context, tx *db.Tx, a service.Actor, before, after linking.Settings) error {
	questions, err := catalogue.Questions(ctx, tx, a)
	if err != nil {
		return err
	}
	known, err := settingsWrong(ctx, tx, a, before, questions)
	if err != nil {
		return err
	}
	wrong, err := settingsWrong(ctx, tx, a, after, questions)
	if err != nil {
		return err
	}
	return wrong.Beyond(known)
}

func settingsWrong(ctx context.Context, tx *db.Tx, a service.Actor, s linking.Settings, questions []linking.Question) (service.Wrong, error) {
	wrong := service.Wrong{}
	if err := statusesWrong(ctx, tx, a, wrong, "forwarding.statuses", s.Forwarding.Statuses); err != nil {
		return wrong, err
	}
	for i, rule := range s.Rules {
		field := fmt.Sprintf("rules.%d.", i)
		if slices.ContainsFunc(s.Rules[:i], func(x linking.ForwardingRule) bool { return x.Name == rule.Name }) {
			wrong.Say(field+"name", "taken_by", rule.Name)
		}
		wrong.Rule(field+"conditions", rule.Conditions, questions)
		if err := statusesWrong(ctx, tx, a, wrong, field+"statuses", rule.Statuses); err != nil {
			return wrong, err
		}
	}
	return wrong, nil
}

func statusesWrong(ctx context.Context, tx *db.Tx, a service.Actor, wrong service.Wrong, field string, set linking.StatusSet) error {
	for _, id := range set.IDs {
		_, err := ledger.Status(ctx, tx, a.EnvironmentID, id)
		switch {
		case errors.Is(err, db.ErrNotFound):
			wrong.Say(field, "status_unknown", id)
		case err != nil:
			return err
		}
	}
	return nil
}
