package integrations

import (
	"context"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/catalogue"
)

// mapped says by their names what is mapped to what in a part of a link, for the audit log: numbers say nothing to who reads it.
func mapped(ctx context.Context, tx *db.Tx, a service.Actor, id int64, part linking.Part, setup linking.PartnerSetup) (map[string]string, error) {
	m, err := ledger.MappingsOf(ctx, tx, a.EnvironmentID, id)
	if err != nil {
		return nil, err
	}
	said := map[string]string{}
	switch part {
	case linking.PartFlows:
		ours, err := tx.FlowList(ctx, a.EnvironmentID, nil)
		if err != nil {
			return nil, err
		}
		for _, f := range ours {
			for _, theirs := range setup.Flows {
				if to, is := m.Flows[f.ID]; is && to == theirs.ID {
					said[f.Title] = theirs.Title
				}
			}
		}
	case linking.PartQuestions:
		ours, err := catalogue.Questions(ctx, tx, a)
		if err != nil {
			return nil, err
		}
		mappedQuestions(said, ours, setup, m)
	case linking.PartAgreements:
		ours, err := tx.AgreementList(ctx, a.EnvironmentID)
		if err != nil {
			return nil, err
		}
		for _, theirs := range setup.Agreements {
			for _, agreement := range ours {
				if to, is := m.Agreements[theirs.Identifier]; is && to == agreement.ID {
					said[theirs.Name] = agreement.Definition.Name
				}
			}
		}
	case linking.PartStatuses:
		for _, theirs := range setup.Statuses {
			to, is := m.Statuses[theirs.ID]
			if !is {
				continue
			}
			said[theirs.Name] = to
			if status, err := ledger.Status(ctx, tx, a.EnvironmentID, to); err == nil {
				said[theirs.Name] = status.Name
			}
		}
	}
	return said, nil
}

func mappedQuestions(said map[string]string, ours []linking.Question, setup linking.PartnerSetup, m linking.Mappings) {
	for _, theirs := range setup.Questions {
		kept, is := m.Questions[theirs.Identifier]
		for _, q := range ours {
			if !is || q.ID != kept.QuestionID {
				continue
			}
			said[theirs.Name] = q.Name
			for option, to := range kept.Options {
				said[theirs.Name+" · "+option] = to
			}
		}
	}
}

// QuestionPairs gives a link's question mappings as they are kept, by the partner's identifier.
func (s *Integrations) QuestionPairs(ctx context.Context, a service.Actor, id int64) (pairs map[string]QuestionPair, err error) {
	pairs = map[string]QuestionPair{}
	err = s.mapping(ctx, a, id, func(_ *db.Tx, setup linking.PartnerSetup, m linking.Mappings) error {
		for _, q := range setup.Questions { // of a question that is gone the mapping goes too
			if kept, ok := m.Questions[q.Identifier]; ok {
				pairs[q.Identifier] = QuestionPair{PartnerIdentifier: q.Identifier, QuestionID: kept.QuestionID, Options: kept.Options}
			}
		}
		return nil
	})
	return pairs, err
}
