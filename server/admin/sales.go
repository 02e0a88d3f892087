package admin

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"koppel/linking"
	"koppel/server/admin/views"
	"koppel/server/service/sales"
	"koppel/states"
	"koppel/words"
)

// search jumps to the sale of a number, or to the list of what was found.
func (v *visit) search() error {
	q := v.q("q")
	if id, err := strconv.ParseInt(q, 10, 64); err == nil {
		found, err := v.svc.Sales.SaleByNumber(v.gin.Request.Context(), v.actor, id)
		if err != nil {
			return err
		}
		if found {
			v.redirect(v.to("/sales/%d", id))
			return nil
		}
	}
	v.redirect(v.to("/sales") + "?" + views.Values("q", q).Encode())
	return nil
}

func (v *visit) showSales() error {
	ctx := v.gin.Request.Context()
	search := sales.SaleSearch{Q: v.q("q"), Type: states.SaleType(v.q("type")), Status: v.q("status"), BeforeID: v.qID("before")}
	if v.actor.Admin() {
		search.Forwarding = v.q("forwarding")
		if organisation := v.qID("organisation"); organisation != 0 {
			search.OrganisationID = &organisation
		}
	}
	page, err := v.svc.Sales.SalePage(ctx, v.actor, search)
	if err != nil {
		return err
	}
	statuses, err := v.svc.Catalogue.Statuses(ctx, v.actor)
	if err != nil {
		return err
	}
	view := views.SalesView{Page: page, Statuses: statuses, First: search.BeforeID == 0, Filtered: search != sales.SaleSearch{}}
	if v.actor.Admin() {
		if view.Organisations, err = v.svc.Access.Organisations(ctx, v.actor); err != nil {
			return err
		}
	}
	return v.show(views.Sales(view))
}

func (v *visit) saleView(id int64) (view views.SaleView, err error) {
	ctx := v.gin.Request.Context()
	if view.SaleView, err = v.svc.Sales.Sale(ctx, v.actor, id, true); err != nil {
		return view, err
	}
	if view.History, view.Users, err = v.svc.Sales.SaleHistory(ctx, v.actor, id); err != nil {
		return view, err
	}
	if view.Mail, err = v.svc.Sales.SaleMail(ctx, v.actor, id); err != nil {
		return view, err
	}
	if view.Optin, err = v.svc.Sales.SaleOptin(ctx, v.actor, id); err != nil {
		return view, err
	}
	if view.Statuses, err = v.svc.Catalogue.Statuses(ctx, v.actor); err != nil || !v.actor.Admin() {
		return view, err
	}
	if view.Cancellations, _, err = v.svc.Sales.Cancellations(ctx, v.actor, sales.CancellationFilter{SaleID: &id, Page: 1, PerPage: 20}); err != nil {
		return view, err
	}
	view.Forwardings, err = v.svc.Sales.SaleForwardings(ctx, v.actor, id)
	begun := false
	for _, f := range view.Forwardings {
		begun = begun || f.State == states.ForwardingForwarded || f.State == states.ForwardingSending || f.State == states.ForwardingOutcomeUnknown
	}
	view.Correctable = !begun && view.ErasedAt == nil
	for _, l := range view.Lines {
		at := slices.IndexFunc(view.Forwardings, func(f sales.SaleForwarding) bool { return f.IntegrationID == l.IntegrationID })
		view.Forwardable = view.Forwardable || view.ErasedAt == nil && l.IntegrationID != 0 && (at < 0 || view.Forwardings[at].State == states.ForwardingWithdrawn)
	}
	if err != nil || !view.Forwardable {
		return view, err
	}
	return view, v.whyNotSent(&view)
}

// whyNotSent says of a sale that no partner was sent yet why it did not go by itself, and whether a person may send it.
func (v *visit) whyNotSent(view *views.SaleView) error {
	previews, err := v.svc.Sales.PreviewForwarding(v.gin.Request.Context(), v.actor, view.ID)
	for _, p := range previews {
		at := slices.IndexFunc(view.Forwardings, func(f sales.SaleForwarding) bool { return f.IntegrationID == p.IntegrationID })
		if at >= 0 && view.Forwardings[at].State != states.ForwardingWithdrawn {
			continue
		}
		view.MaySend = view.MaySend || p.ByHand.OK
		if !p.ByHand.OK {
			view.Reasons = append(view.Reasons, p.ByHand.Reasons...)
		} else if !p.Automatic.OK {
			view.Reasons = append(view.Reasons, p.Automatic.Reasons...)
		}
	}
	return err
}

func (v *visit) showSale() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	view, err := v.saleView(id)
	if err != nil {
		return err
	}
	return v.show(views.Sale(view))
}

// liveSale draws what becomes of a sale at its partners.
func (v *visit) liveSale() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	view, err := v.saleView(id)
	if err != nil {
		return err
	}
	return v.live(views.SaleLive(view))
}

func (v *visit) showCorrectSale() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	sale, err := v.svc.Sales.Sale(v.gin.Request.Context(), v.actor, id, true)
	if err != nil {
		return err
	}
	form := views.Form{Values: views.Values("product_id", itoa(sale.ProductID))}
	for name, value := range sale.Submission.Fields {
		form.Values.Set(name, value)
	}
	for identifier, answer := range sale.Submission.Answers {
		form.Values["questionData."+identifier] = answer.Values
	}
	forwardings, err := v.svc.Sales.SaleForwardings(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	form.Errors = map[string][]string{}
	for _, f := range forwardings {
		for _, p := range f.Problems {
			field := correctedAt(p, sale.Sold.Questions)
			form.Errors[field] = append(form.Errors[field], words.Problem(v.site.Language, p))
		}
	}
	return v.correctPage(sale, form)
}

// correctedAt says at which field of the form a problem of a sale is put right: the partner's questions are ours there.
func correctedAt(p linking.Problem, questions []linking.Question) string {
	if !strings.HasPrefix(p.Field, "questionData.") {
		return p.Field
	}
	at := slices.IndexFunc(questions, func(q linking.Question) bool { return q.Name == p.Subject })
	if at < 0 {
		return p.Field
	}
	return "questionData." + questions[at].Identifier
}

func (v *visit) correctPage(sale sales.SaleView, form views.Form) error {
	view := views.CorrectView{Sale: sale}
	var err error
	if view.Products, view.Gone, err = v.svc.Sales.Exchangeable(v.gin.Request.Context(), v.actor, sale.ID); err != nil {
		return err
	}
	return v.page(form.Status(), views.CorrectSale(view, form))
}

func (v *visit) saveCorrectSale() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	ctx := v.gin.Request.Context()
	sale, err := v.svc.Sales.Sale(ctx, v.actor, id, true)
	if err != nil {
		return err
	}
	customer := map[string]string{}
	for _, name := range linking.CustomerFields() {
		if _, asked := v.gin.GetPostForm(name); asked {
			customer[name] = v.posted(name)
		}
	}
	correction := sales.Correction{Customer: customer, Answers: v.postedAnswers(sale.Sold.Questions)}
	if product := v.postedID("product_id"); product != nil {
		correction.ProductID = *product
	}
	if _, err := v.svc.Sales.CorrectSale(ctx, v.actor, id, correction); err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.correctPage(sale, form)
	}
	return v.done(v.to("/sales/%d", id), "Gecorrigeerd. De transactie wordt opnieuw bekeken.")
}

func (v *visit) postedAnswers(questions []linking.Question) map[string]linking.Answer {
	answers := map[string]linking.Answer{}
	for _, q := range questions {
		if !q.TakesAnswer() {
			continue
		}
		name := "questionData." + q.Identifier
		switch {
		case q.InputType == "mc-multi":
			answers[q.Identifier] = linking.Answer{Values: v.gin.PostFormArray(name), Multi: true}
			continue
		case q.InputType == "switchdate":
			answers[q.SwitchdateOption()] = linking.TextAnswer(v.posted("questionData." + q.SwitchdateOption()))
		case q.IsFile():
			if content := v.postedFile(views.FileField(name)); content != "" {
				v.gin.Request.PostForm.Set(name, content) // a form that is refused keeps it
			}
		}
		answers[q.Identifier] = linking.TextAnswer(v.posted(name))
	}
	return answers
}

// postedFile gives an uploaded file in base64; empty when none was chosen. The whole form has a limit.
func (v *visit) postedFile(name string) string {
	file, _, err := v.gin.Request.FormFile(name)
	if err != nil {
		return ""
	}
	defer file.Close() //nolint:errcheck // only read
	content, err := io.ReadAll(file)
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(content)
}

// downloadAnswer gives the file that answers a question of a sale. It is somebody's upload: a browser only saves it.
func (v *visit) downloadAnswer() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	sale, err := v.svc.Sales.Sale(v.gin.Request.Context(), v.actor, id, true)
	if err != nil {
		return err
	}
	identifier := v.gin.Param("identifier")
	i := slices.IndexFunc(sale.Sold.Questions, func(q linking.Question) bool { return q.Identifier == identifier && q.IsFile() })
	if i < 0 {
		return notFound()
	}
	content, err := base64.StdEncoding.DecodeString(sale.Submission.Answers[identifier].Text())
	if err != nil || len(content) == 0 {
		return notFound()
	}
	name := fmt.Sprintf("%d-%s%s", id, identifier, extensionOf(content))
	return v.download(name, content)
}

func (v *visit) download(name string, content []byte) error {
	v.gin.Header("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	return v.send(http.StatusOK, "application/octet-stream", content)
}

// extensionOf gives the extension that a file's content asks for.
func extensionOf(content []byte) string {
	kind, _, _ := strings.Cut(http.DetectContentType(content), ";")
	switch kind {
	case "application/pdf":
		return ".pdf"
	case "image/png":
		return ".png"
	case "image/jpeg":
		return ".jpg"
	case "text/plain":
		return ".txt"
	}
	return ".bin"
}

func (v *visit) showPreview() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	ctx := v.gin.Request.Context()
	sale, err := v.svc.Sales.Sale(ctx, v.actor, id, true)
	if err != nil {
		return err
	}
	list, err := v.svc.Sales.PreviewForwarding(ctx, v.actor, id)
	if err != nil {
		return err
	}
	view := views.PreviewView{Sale: sale}
	for _, p := range list {
		row, err := v.svc.Integrations.Integration(ctx, v.actor, p.IntegrationID)
		if err != nil {
			return err
		}
		body, err := readable(p.Request.Body)
		if err != nil {
			return err
		}
		view.Previews = append(view.Previews, views.Preview{
			Preview: p, Partner: row.Name, Request: "POST sales/flow/" + p.Request.FlowType + "/" + p.Request.FlowIdentifier + "\n\n" + body,
		})
	}
	return v.show(views.PreviewPage(view))
}

// readable writes a request for eyes: a signature or a contract is named, not shown.
func readable(body map[string]any) (string, error) {
	shown := maps.Clone(body)
	for _, name := range []string{"signature", "contract_pdf"} {
		if shown[name] != nil && shown[name] != "" {
			shown[name] = "…"
		}
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(shown)
	return buffer.String(), err
}

func (v *visit) forwardSale() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	_, err = v.svc.Sales.ForwardByHand(v.gin.Request.Context(), v.actor, id, nil)
	return v.did(err, v.to("/sales/%d", id), "De transactie wordt verzonden.")
}

func (v *visit) saveSaleStatus() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	_, err = v.svc.Sales.SetSaleStatus(v.gin.Request.Context(), v.actor, id, sales.StatusInput{Status: v.posted("status"), Remark: v.posted("remark"), Account: true})
	return v.did(err, v.to("/sales/%d", id), "De status is gewijzigd.")
}
