//go:build record

package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	temporal "go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"koppel/internal/mailer/smtptest"
)

// recording is a link whose workflows' histories go into a folder.
type recording struct {
	*link
	temporal temporal.Client
	folder   string
}

// TestRecordHistories records the histories that the replay test holds, into the folder that `make replay` names.
// Only the tag record builds it: it proves nothing.
func TestRecordHistories(t *testing.T) {
	folder := os.Getenv("KOPPEL_RECORD")
	require.NotEmpty(t, folder)
	mails := smtptest.New(t)
	l := ready(t, 3, "KOPPEL_SMTP_URL="+mails.URL, "KOPPEL_MAIL_FROM=bevestiging@provider.example")
	c, err := temporal.Dial(temporal.Options{HostPort: l.temporalAddress})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	r := &recording{link: l, temporal: c, folder: folder}
	r.firstTryAndItsMail(mails)
	second := r.actionRequiredThenFixed()
	r.withdrawnWhileWaiting()
	r.cancellationWithdrawn(second)
	r.forwardExisting()
	r.webhookTriedAgain()
	r.toldAndRemoved()
}

func (r *recording) record(name, workflowID string) {
	h := &history.History{}
	events := r.temporal.GetWorkflowHistory(r.t.Context(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(r.t, err)
		h.Events = append(h.Events, event)
	}
	data, err := protojson.Marshal(h)
	require.NoError(r.t, err)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write(data)
	require.NoError(r.t, err)
	require.NoError(r.t, w.Close())
	require.NoError(r.t, os.WriteFile(filepath.Join(r.folder, name+".json.gz"), packed.Bytes(), 0o644))
}

func (r *recording) forwarding(sale int64) string {
	for _, f := range rows(r.reseller.get("account/forwardings")) {
		if int64(f["sale_id"].(float64)) == sale {
			return f["workflow_id"].(string)
		}
	}
	r.t.Fatal("no forwarding of the sale")
	return ""
}

func (r *recording) ended(workflowID string) {
	r.eventually("the workflow has ended", func() bool {
		d, err := r.temporal.DescribeWorkflowExecution(r.t.Context(), workflowID, "")
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	})
}

func (r *recording) firstTryAndItsMail(mails *smtptest.Server) {
	link := rows(r.provider.get("account/incoming-links"))[0]
	r.provider.patch(fmt.Sprintf("account/incoming-links/%v", link["id"]), object{"send_confirmation_mail": true})
	mails.Mode(smtptest.Busy)
	first := r.sell(1)
	r.eventually("it is forwarded", func() bool { return r.forwardings("forwarded") == 1 })
	r.ended(r.forwarding(first))
	r.record("forward_sale_first_try", r.forwarding(first))
	r.eventually("its mail is tried", func() bool {
		return r.number(`SELECT count(*) FROM mails WHERE kind = 'confirmation' AND attempts = 1`) == 1
	})
	mails.Mode(smtptest.Takes)
	workflow := fmt.Sprintf("mail/1/%d", r.number(`SELECT id FROM mails WHERE kind = 'confirmation'`))
	r.ended(workflow)
	r.record("send_mail_tried_again", workflow)
}

func (r *recording) actionRequiredThenFixed() (sale int64) {
	r.mapQuestions(false)
	sale = r.sell(2)
	r.eventually("it waits for a person", func() bool { return r.forwardings("action_required") == 1 })
	r.mapQuestions(true)
	r.eventually("it goes after the fix", func() bool { return r.forwardings("forwarded") == 2 })
	r.ended(r.forwarding(sale))
	r.record("forward_sale_action_required_then_fixed", r.forwarding(sale))
	return sale
}

func (r *recording) withdrawnWhileWaiting() {
	r.reseller.patch(r.path(""), object{"forwarding": object{"delay": object{"amount": 3, "unit": "hours"}}})
	sale := r.sell(3)
	r.eventually("its workflow waits for its moment", func() bool {
		if r.forwardings("waiting") != 1 {
			return false
		}
		d, err := r.temporal.DescribeWorkflowExecution(r.t.Context(), r.forwarding(sale), "")
		return err == nil && d.GetWorkflowExecutionInfo().GetHistoryLength() >= 11 // its timer has started
	})
	r.reseller.post(fmt.Sprintf("account/sales/updatestatus/%d?status=cancelled", sale), nil)
	r.eventually("it is withdrawn", func() bool { return r.forwardings("withdrawn") == 1 })
	r.ended(r.forwarding(sale))
	r.record("forward_sale_withdrawn_while_waiting", r.forwarding(sale))
}

func (r *recording) cancellationWithdrawn(sale int64) {
	asked := rows(r.reseller.post(fmt.Sprintf("account/sales/%d/cancellation-request", sale), object{"reason": "Klant ziet ervan af"}))[0]
	r.eventually("B has the request", func() bool { return len(rows(r.provider.get("account/cancellation-requests"))) == 1 })
	r.reseller.post(fmt.Sprintf("account/cancellation-requests/%v/withdraw", asked["id"]), nil)
	r.ended(fmt.Sprintf("cancellation/2/%d", sale))
	r.record("request_cancellation_withdrawn", fmt.Sprintf("cancellation/2/%d", sale))
}

func (r *recording) forwardExisting() {
	r.reseller.patch(r.path(""), object{"forwarding": object{"enabled": false, "delay": object{"amount": 0, "unit": "minutes"}}})
	r.sell(4)
	r.sell(5)
	r.reseller.patch(r.path(""), object{"forwarding": object{"enabled": true, "automatic": false, "statuses": "all"}})
	operation := r.reseller.post(r.path("/forward-existing"), object{"statuses": []string{"new"}}).(object)["operation_id"]
	r.eventually("both go", func() bool { return r.forwardings("forwarded") == 4 })
	r.ended(fmt.Sprintf("operation/2/%v", operation))
	r.record("bulk_operation_forward_existing", fmt.Sprintf("operation/2/%v", operation))
}

func (r *recording) webhookTriedAgain() {
	hook := newReceiver(r.t)
	made := r.provider.post("account/webhooks", object{"event": "sale.cancelled", "target_url": hook.url}).(object)
	hook.secret.Store(made["secret"].(string))
	hook.broken.Store("error")
	r.provider.post(fmt.Sprintf("account/sales/updatestatus/%v?status=cancelled", rows(r.provider.get("account/sales"))[1]["id"]), nil)
	r.eventually("the first try fails", func() bool { return rows(r.provider.get("account/webhooks"))[0]["failing_since"] != nil })
	hook.broken.Store("")
	r.eventually("the next one is taken", func() bool { return len(hook.of("sale.cancelled")) == 1 })
	r.ended("webhook/1/1")
	r.record("deliver_webhook_tried_again", "webhook/1/1")
}

func (r *recording) toldAndRemoved() {
	theirs := rows(r.provider.get("account/sales"))[0]
	r.provider.post(fmt.Sprintf("account/sales/updatestatus/%v?status=accepted_by_supplier", theirs["id"]), nil)
	r.eventually("the partner is told", func() bool {
		_, err := r.temporal.DescribeWorkflowExecution(r.t.Context(), "notify/1/1", "")
		return err == nil
	})
	r.ended("notify/1/1")
	r.record("notify_partners_told", "notify/1/1")
	run := rows(r.reseller.get(r.path("/runs")))[0]
	syncID := fmt.Sprintf("sync-products/2/%d/%v", r.integration, run["id"])
	r.ended(syncID)
	r.record("sync_products_selection", syncID)
	status, _ := r.reseller.request(http.MethodDelete, r.path(""), nil)
	require.Equal(r.t, http.StatusOK, status)
	integrationID := fmt.Sprintf("integration/2/%d", r.integration)
	r.ended(integrationID)
	r.record("integration_lived_and_removed", integrationID)
}
