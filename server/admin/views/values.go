package views

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"koppel/db"
	"koppel/linking"
	"koppel/server/service"
)

type ctxType = context.Context

// mostShown is how much of a list is shown.
const mostShown = 20

// shown writes a field's value for people.
func shown(ctx context.Context, value any) string {
	switch x := value.(type) {
	case nil:
		return "—"
	case string:
		if x == "" {
			return "—"
		}
		return x
	case bool:
		if x {
			return "✓"
		}
		return "✗"
	case []any:
		texts := make([]string, min(len(x), mostShown))
		for i := range texts {
			texts[i] = shown(ctx, x[i])
		}
		if len(x) > mostShown {
			texts = append(texts, "…")
		}
		return strings.Join(texts, ", ")
	case map[string]any:
		return shownFields(ctx, x)
	}
	return fmt.Sprint(value)
}

// shownFields writes what has fields of its own: conditions as a sentence, the rest field by field.
func shownFields(ctx context.Context, fields map[string]any) string {
	if kind := fields["type"]; kind == linking.RuleGroup || kind == linking.RuleCondition {
		data, err := json.Marshal(fields)
		if err != nil {
			return "…"
		}
		if rule, err := linking.ParseRule(data); err == nil {
			return ruleText(ctx, *rule)
		}
	}
	var texts []string
	for _, name := range sortedKeys(fields) {
		if fields[name] != nil && fields[name] != "" {
			texts = append(texts, auditField(ctx, name)+": "+word(ctx, auditValues, shown(ctx, fields[name])))
		}
	}
	return strings.Join(texts, "; ")
}

// ruleText says a tree of conditions in one line.
func ruleText(ctx context.Context, r linking.Rule) string {
	if r.Type == linking.RuleCondition {
		return conditionSentence(ctx, r)
	}
	joint := " " + t(ctx, "en") + " "
	if r.Criterion == "ANY" {
		joint = " " + t(ctx, "of") + " "
	}
	var texts []string
	for _, inner := range r.Rules {
		texts = append(texts, ruleText(ctx, inner))
	}
	return strings.Join(texts, joint)
}

func who(ctx context.Context, a db.AuditOfRow) string {
	if a.Operator != nil {
		return t(ctx, "Opdrachtregel") + " (" + *a.Operator + ")"
	}
	if name := strings.TrimSpace(a.UserName); name != "" {
		return name
	}
	if a.UserEmail != "" {
		return a.UserEmail
	}
	return "Koppel"
}

// from says from where something was done, with the number that its lines in the log have.
func from(a db.AuditOfRow) string {
	if a.Request == "" {
		return a.Address
	}
	return a.Address + " · " + a.Request
}

// auditChanges lists the plain fields that an action changed: of a masked one only that it did.
func auditChanges(before, after []byte) []linking.FieldChange {
	old, changed := flat("", before), flat("", after)
	var list []linking.FieldChange
	for name := range old { // what is empty now was something before
		if _, still := changed[name]; !still {
			changed[name] = nil
		}
	}
	for _, name := range sortedKeys(changed) {
		if changed[name] == service.AuditMask || fmt.Sprint(old[name]) != fmt.Sprint(changed[name]) {
			list = append(list, linking.FieldChange{Field: name, Old: old[name], New: changed[name]})
		}
		if len(list) == 12 {
			break
		}
	}
	return list
}

func flat(prefix string, data []byte) map[string]any {
	fields := map[string]any{}
	var value map[string]any
	if json.Unmarshal(data, &value) != nil {
		return fields
	}
	flatten(fields, prefix, value)
	return fields
}

func flatten(fields map[string]any, prefix string, value map[string]any) {
	for name, item := range value {
		if inner, ok := item.(map[string]any); ok {
			flatten(fields, prefix+name+".", inner)
			continue
		}
		fields[prefix+name] = item
	}
}
