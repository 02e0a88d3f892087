package admin

import (
	"slices"
	"strconv"
	"strings"

	"koppel/linking"
	"koppel/server/admin/views"
	"koppel/states"
)

// maxConditions bounds what one form can make us build.
const maxConditions = 200

// postedRule reads the tree of conditions that the rule builder's fields hold, and does what its button asks:
// "condition:rule.0" adds a condition to that group, "group:…" a group, "remove:…" takes a node away. changed
// says that such a button was pressed.
func (v *visit) postedRule() (rule *linking.Rule, changed bool) {
	left := maxConditions
	root, there := v.ruleNode("rule", &left)
	if !there {
		root = linking.Rule{Type: linking.RuleGroup, Criterion: "ALL"}
	}
	action, target, asked := strings.Cut(v.posted("do"), ":")
	if asked && slices.Contains([]string{"condition", "group", "remove", "look"}, action) {
		edit(&root, strings.Split(target, ".")[1:], action)
		return &root, true
	}
	if len(root.Rules) == 0 {
		return nil, false
	}
	return &root, false
}

func (v *visit) ruleNode(name string, left *int) (linking.Rule, bool) {
	field := func(what string) string { return v.posted(name + "." + what) }
	kind := field("type")
	if kind == "" || *left == 0 {
		return linking.Rule{}, false
	}
	*left--
	if kind == linking.RuleCondition {
		condition := linking.Rule{Type: kind, Identifier: field("subject"), Operator: field("operator"), Value: linking.RuleValues{}}
		if question, about := strings.CutPrefix(condition.Identifier, "question:"); about {
			condition.Identifier, condition.Name = "question.identifier", question
		}
		for part := range strings.SplitSeq(field("value"), ";") {
			if part = strings.TrimSpace(part); part != "" {
				condition.Value = append(condition.Value, part)
			}
		}
		return condition, true
	}
	group := linking.Rule{Type: linking.RuleGroup, Criterion: "ALL"}
	if field("criterion") == "ANY" {
		group.Criterion = "ANY"
	}
	for i := 0; ; i++ {
		inner, there := v.ruleNode(name+"."+strconv.Itoa(i), left)
		if !there {
			return group, true
		}
		group.Rules = append(group.Rules, inner)
	}
}

// edit changes the tree at a place; a place that is not there changes nothing.
func edit(rule *linking.Rule, place []string, action string) {
	if len(place) == 0 {
		switch action {
		case "condition":
			rule.Rules = append(rule.Rules, linking.Rule{Type: linking.RuleCondition, Identifier: "product.type", Operator: "="})
		case "group":
			rule.Rules = append(rule.Rules, linking.Rule{Type: linking.RuleGroup, Criterion: "ANY"})
		}
		return
	}
	i, err := strconv.Atoi(place[0])
	if err != nil || i < 0 || i >= len(rule.Rules) {
		return
	}
	if len(place) == 1 && action == "remove" {
		rule.Rules = slices.Delete(rule.Rules, i, i+1)
		return
	}
	edit(&rule.Rules[i], place[1:], action)
}

// vocabulary lists what conditions can be about here.
func (v *visit) vocabulary() (views.Vocabulary, error) {
	ctx := v.gin.Request.Context()
	rows, err := v.svc.Catalogue.Questions(ctx, v.actor)
	if err != nil {
		return views.Vocabulary{}, err
	}
	var questions []linking.Question
	for _, r := range rows {
		questions = append(questions, r.Definition)
	}
	values, err := v.svc.Catalogue.ProductTypes(ctx, v.actor)
	if err != nil {
		return views.Vocabulary{}, err
	}
	flows, err := v.svc.Catalogue.Flows(ctx, v.actor, true)
	for _, f := range flows {
		values = append(values, f.Identifier)
	}
	values = append(values, "consumer", "business", string(states.SaleOrder), string(states.SaleOffer), "d2d", "retail", "telemarketing", "online", "f2f")
	return views.NewVocabulary(views.With(ctx, v.site), questions, values), err
}
