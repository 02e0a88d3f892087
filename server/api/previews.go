package api

import (
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
	"koppel/words"
)

// problem is a problem of a sale or a set-up, with its words.
type problem struct {
	Code    states.Reason `json:"code"`
	Field   *string       `json:"field"`
	Subject *string       `json:"subject"`
	Detail  *string       `json:"detail"`
	Message string        `json:"message"`
}

func (c *call) problems(list []linking.Problem) []problem {
	rows := make([]problem, 0, len(list))
	for _, p := range list {
		rows = append(rows, problem{
			Code: p.Code, Field: service.Optional(p.Field), Subject: service.Optional(p.Subject), Detail: service.Optional(p.Detail), Message: words.Problem(c.actor.Language, p),
		})
	}
	return rows
}

// preview is what would be sent of a sale to one partner.
type preview struct {
	IntegrationID int64          `json:"integration_id"`
	Automatic     verdict        `json:"automatic"`
	ByHand        verdict        `json:"by_hand"`
	Request       previewRequest `json:"request"`
	Problems      []problem      `json:"problems"`
	Optin         *string        `json:"optin"`
}

type verdict struct {
	Qualifies bool      `json:"qualifies"`
	Rule      *string   `json:"rule"`
	Reasons   []problem `json:"reasons"`
}

type previewRequest struct {
	Path string         `json:"path"`
	Body map[string]any `json:"body"` // as the partner gets it: its own questions are keys in it
}

func (c *call) verdict(v linking.Verdict) verdict {
	return verdict{Qualifies: v.OK, Rule: service.Optional(v.By), Reasons: c.problems(v.Reasons)}
}

func (c *call) previewForward() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Sales.PreviewForwarding(c.ctx(), c.actor, id)
	rows := make([]preview, 0, len(list))
	for _, p := range list {
		rows = append(rows, preview{
			IntegrationID: p.IntegrationID, Automatic: c.verdict(p.Automatic), ByHand: c.verdict(p.ByHand),
			Request:  previewRequest{Path: "sales/flow/" + p.Request.FlowType + "/" + p.Request.FlowIdentifier, Body: p.Request.Body},
			Problems: c.problems(p.Problems), Optin: service.Optional(p.Optin),
		})
	}
	return okOr(rows, err)
}
