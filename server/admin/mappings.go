package admin

import (
	"net/url"
	"strconv"

	"koppel/linking"
	"koppel/server/admin/views"
	"koppel/server/service"
	"koppel/server/service/integrations"
)

func (v *visit) showOffered() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	page, states, err := v.svc.Integrations.OfferedPage(v.gin.Request.Context(), v.actor, link.ID, integrations.OfferSearch{Q: v.q("q"), State: v.q("state"), AfterID: v.qID("after")})
	if err != nil {
		return err
	}
	last, err := v.lastRun(link.ID)
	if err != nil {
		return err
	}
	return v.show(views.Offered(views.OfferedView{LastRun: last, Link: link, Page: page, States: states, First: v.qID("after") == 0}))
}

// lastRun is the number of the last run that ended; 0: none did.
func (v *visit) lastRun(id int64) (int64, error) {
	run, err := v.svc.Integrations.SyncRunLast(v.gin.Request.Context(), v.actor, id)
	if err != nil || run == nil {
		return 0, err
	}
	return run.ID, nil
}

// liveOffered tells a list that is open when a run has ended since it was read.
func (v *visit) liveOffered() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	last, err := v.lastRun(id)
	if err != nil {
		return err
	}
	return v.live(views.OfferedFresh(v.to("/integrations/%d/products", id), last != v.qID("run")))
}

func (v *visit) selectProducts() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	back := v.back(v.to("/integrations/%d/products", id))
	ctx, chosen := v.gin.Request.Context(), v.postedIDs("products")
	do := v.posted("do")
	if (do == "add" || do == "remove") && len(chosen) == 0 {
		return v.did(service.Refuse(service.KindIncomplete, "nothing_chosen"), back, "")
	}
	search := integrations.OfferSearch{Q: v.posted("q"), State: v.posted("state")}
	if do == "add-all" || do == "remove-all" {
		if chosen, err = v.svc.Integrations.Matching(ctx, v.actor, id, search); err != nil {
			return err
		}
	}
	switch do {
	case "add", "add-all":
		_, err = v.svc.Integrations.SelectProducts(ctx, v.actor, id, integrations.Selection{Add: chosen})
		return v.did(err, back, "%s producten worden geïmporteerd. Dat gebeurt nu, op de achtergrond.", len(chosen))
	case "remove", "remove-all":
		if v.posted("sure") == "" {
			return v.askDeselect(chosen, back)
		}
		return v.deselect(id, chosen, back)
	}
	return notFound()
}

// askDeselect says what comes of it that products are no longer imported, before it is done.
func (v *visit) askDeselect(chosen []int64, back string) error {
	link, err := v.link()
	if err != nil {
		return err
	}
	effect, err := v.svc.Integrations.DeselectEffect(v.gin.Request.Context(), v.actor, link.ID, chosen)
	if err != nil {
		return err
	}
	return v.show(views.Deselect(views.DeselectView{Link: link, Chosen: chosen, Effect: effect, Return: back}))
}

// undoable is how many products an undo can name in its address.
const undoable = 100

func (v *visit) deselect(id int64, chosen []int64, back string) error {
	if _, err := v.svc.Integrations.SelectProducts(v.gin.Request.Context(), v.actor, id, integrations.Selection{Remove: chosen}); err != nil {
		return v.did(err, back, "")
	}
	flash := views.Flash{Kind: "good", Text: v.site.N(int64(len(chosen)), "%s product wordt niet meer geïmporteerd. De synchronisatie verwerkt het nu.", "%s producten worden niet meer geïmporteerd. De synchronisatie verwerkt het nu.")}
	if len(chosen) <= undoable {
		again := url.Values{}
		for _, product := range chosen {
			again.Add("products", itoa(product))
		}
		flash.Undo = v.to("/integrations/%d/products/again?%s", id, again.Encode())
	}
	v.flash(flash)
	v.redirect(back)
	return nil
}

// selectAgain takes back that products are no longer imported: they come back under the number that they had.
func (v *visit) selectAgain() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	var again []int64
	for _, text := range v.gin.QueryArray("products") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			again = append(again, n)
		}
	}
	_, err = v.svc.Integrations.SelectProducts(v.gin.Request.Context(), v.actor, id, integrations.Selection{Add: again})
	return v.did(err, v.to("/integrations/%d/products", id), "Ongedaan gemaakt: %s producten worden weer geïmporteerd.", len(again))
}

// wanted says which mapping a form asks for: what is chosen, with the suggestions that are taken over.
func (v *visit) wanted(field, key string, suggested *integrations.Suggestion) int64 {
	if chosen := v.postedID(field); chosen != nil {
		return *chosen
	}
	do := v.posted("do")
	if suggested != nil && (do == "accept-all" || do == "accept:"+key) {
		return suggested.ID
	}
	return 0
}

// mapped ends the saving of a mapping: waiting sales go along by themselves.
func (v *visit) mapped(err error, form *views.Form, again func() error) error {
	if err != nil {
		if !v.refused(form, err) {
			return err
		}
		return again()
	}
	return v.done(v.gin.Request.URL.RequestURI(), "De koppeling is opgeslagen. Wachtende orders die hiermee geholpen zijn, gaan vanzelf mee.")
}

func (v *visit) showFlowMappings() error { return v.flowMappingPage(views.Form{}) }

func (v *visit) flowMappingPage(form views.Form) error {
	link, err := v.link()
	if err != nil {
		return err
	}
	list, partner, err := v.svc.Integrations.FlowMappings(v.gin.Request.Context(), v.actor, link.ID)
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.FlowMappings(views.FlowMappingView{Link: link, List: list, Partner: partner}, form))
}

func (v *visit) saveFlowMappings() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	list, _, err := v.svc.Integrations.FlowMappings(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	pairs := []integrations.FlowPair{}
	for _, m := range list {
		key := strconv.FormatInt(m.Flow.ID, 10)
		if partner := v.wanted("flow-"+key, key, m.Suggestion); partner != 0 {
			pairs = append(pairs, integrations.FlowPair{FlowID: m.Flow.ID, PartnerFlowID: partner})
		}
	}
	form := v.form()
	err = v.svc.Integrations.SaveFlowMappings(v.gin.Request.Context(), v.actor, id, pairs)
	return v.mapped(err, &form, func() error { return v.flowMappingPage(form) })
}

func (v *visit) showQuestionMappings() error { return v.questionMappingPage(views.Form{}) }

func (v *visit) questionMappingPage(form views.Form) error {
	link, err := v.link()
	if err != nil {
		return err
	}
	ctx := v.gin.Request.Context()
	list, err := v.svc.Integrations.QuestionMappings(ctx, v.actor, link.ID)
	if err != nil {
		return err
	}
	rows, err := v.svc.Catalogue.Questions(ctx, v.actor)
	if err != nil {
		return err
	}
	ours := make([]linking.Question, 0, len(rows))
	for _, r := range rows {
		r.Definition.ID = r.ID
		ours = append(ours, r.Definition)
	}
	return v.page(form.Status(), views.QuestionMappings(views.QuestionMappingView{Link: link, List: list, Ours: ours}, form))
}

func (v *visit) saveQuestionMappings() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	ctx := v.gin.Request.Context()
	list, err := v.svc.Integrations.QuestionMappings(ctx, v.actor, id)
	if err != nil {
		return err
	}
	kept, err := v.svc.Integrations.QuestionPairs(ctx, v.actor, id)
	if err != nil {
		return err
	}
	pairs := []integrations.QuestionPair{}
	for _, m := range list {
		delete(kept, m.Partner.Identifier)
		question := v.wanted("question-"+m.Partner.Identifier, m.Partner.Identifier, m.Suggestion)
		if question == 0 {
			continue
		}
		pair := integrations.QuestionPair{PartnerIdentifier: m.Partner.Identifier, QuestionID: question, Options: linking.Options{}}
		if question == m.QuestionID {
			pair.Options = v.postedOptions(m)
		}
		pairs = append(pairs, pair)
	}
	for _, identifier := range sortedNames(kept) { // questions of products that are not imported now keep their mapping
		pairs = append(pairs, kept[identifier])
	}
	form := v.form()
	err = v.svc.Integrations.SaveQuestionMappings(ctx, v.actor, id, pairs)
	if which := v.posted("copy"); err == nil && which != "" {
		count, err := v.svc.Integrations.CopyQuestions(ctx, v.actor, id, which)
		return v.did(err, v.to("/integrations/%d/questions", id), "%s vragen zijn ook bij ons gemaakt, en gekoppeld.", count)
	}
	return v.mapped(err, &form, func() error { return v.questionMappingPage(form) })
}

// postedOptions reads the mapping of one question's options. An option that has the same text at the partner
// needs no mapping.
func (v *visit) postedOptions(m integrations.QuestionMapping) linking.Options {
	names := v.gin.PostFormArray("option-name-" + m.Partner.Identifier)
	if len(names) == 0 {
		return m.Options // they were not on the page
	}
	options := linking.Options{}
	for i, ours := range names {
		if theirs := v.posted("option-" + m.Partner.Identifier + "-" + strconv.Itoa(i)); theirs != "" && theirs != ours {
			options[ours] = theirs
		}
	}
	return options
}

func (v *visit) showAgreementMappings() error { return v.agreementMappingPage(views.Form{}) }

func (v *visit) agreementMappingPage(form views.Form) error {
	link, err := v.link()
	if err != nil {
		return err
	}
	list, err := v.svc.Integrations.AgreementMappings(v.gin.Request.Context(), v.actor, link.ID)
	if err != nil {
		return err
	}
	ours, err := v.svc.Catalogue.Agreements(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.AgreementMappings(views.AgreementMappingView{Link: link, List: list, Ours: ours}, form))
}

func (v *visit) saveAgreementMappings() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	list, err := v.svc.Integrations.AgreementMappings(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	pairs := []integrations.AgreementPair{}
	for _, m := range list {
		if agreement := v.wanted("agreement-"+m.Partner.Identifier, m.Partner.Identifier, m.Suggestion); agreement != 0 {
			pairs = append(pairs, integrations.AgreementPair{PartnerIdentifier: m.Partner.Identifier, AgreementID: agreement})
		}
	}
	form := v.form()
	err = v.svc.Integrations.SaveAgreementMappings(v.gin.Request.Context(), v.actor, id, pairs)
	return v.mapped(err, &form, func() error { return v.agreementMappingPage(form) })
}

func (v *visit) showStatusMappings() error { return v.statusMappingPage(views.Form{}) }

func (v *visit) statusMappingPage(form views.Form) error {
	link, err := v.link()
	if err != nil {
		return err
	}
	list, err := v.svc.Integrations.StatusMappings(v.gin.Request.Context(), v.actor, link.ID, true)
	if err != nil {
		return err
	}
	ours, err := v.svc.Catalogue.Statuses(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.StatusMappings(views.StatusMappingView{Link: link, List: list, Ours: ours, System: v.q("system") != ""}, form))
}

func (v *visit) saveStatusMappings() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	list, err := v.svc.Integrations.StatusMappings(v.gin.Request.Context(), v.actor, id, true)
	if err != nil {
		return err
	}
	pairs := []integrations.StatusPair{}
	for _, m := range list {
		chosen := v.posted("status-" + m.Partner.ID)
		if _, system := linking.SystemStatus(m.Partner.ID); chosen == "" || system && chosen == m.Partner.ID {
			continue
		}
		pairs = append(pairs, integrations.StatusPair{PartnerStatus: m.Partner.ID, Status: chosen})
	}
	form := v.form()
	err = v.svc.Integrations.SaveStatusMappings(v.gin.Request.Context(), v.actor, id, pairs)
	return v.mapped(err, &form, func() error { return v.statusMappingPage(form) })
}
