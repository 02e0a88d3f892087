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
	record := func(name, workflowID string) {
		h := &history.History{}
		events := c.GetWorkflowHistory(t.Context(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(t, err)
			h.Events = append(h.Events, event)
		}
		data, err := protojson.Marshal(h)
		require.NoError(t, err)
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err = w.Write(data)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.NoError(t, os.WriteFile(filepath.Join(folder, name+".json.gz"), packed.Bytes(), 0o644))
	}
	forwarding := func(sale int64) string {
		for _, f := range rows(l.reseller.get("account/forwardings")) {
			if int64(f["sale_id"].(float64)) == sale {
				return f["workflow_id"].(string)
			}
		}
		t.Fatal("no forwarding of the sale")
		return ""
	}
	ended := func(workflowID string) {
		l.eventually("the workflow has ended", func() bool {
			d, err := c.DescribeWorkflowExecution(t.Context(), workflowID, "")
			return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
		})
	}
	link := rows(l.provider.get("account/incoming-links"))[0]
	l.provider.patch(fmt.Sprintf("account/incoming-links/%v", link["id"]), object{"send_confirmation_mail": true})
	mails.Mode(smtptest.Busy)
	first := l.sell(1)
	l.eventually("it is forwarded", func() bool { return l.forwardings("forwarded") == 1 })
	ended(forwarding(first))
	record("forward_sale_first_try", forwarding(first))
	l.eventually("its mail is tried", func() bool { return l.number(`SELECT count(*) FROM mails WHERE attempts = 1`) == 1 })
	mails.Mode(smtptest.Takes)
	l.eventually("its customer has the mail", func() bool { return len(mails.Mails()) == 1 })
	ended("mail/1/1")
	record("send_mail_tried_again", "mail/1/1")

	l.mapQuestions(false)
	second := l.sell(2)
	l.eventually("it waits for a person", func() bool { return l.forwardings("action_required") == 1 })
	l.mapQuestions(true)
	l.eventually("it goes after the fix", func() bool { return l.forwardings("forwarded") == 2 })
	ended(forwarding(second))
	record("forward_sale_action_required_then_fixed", forwarding(second))

	l.reseller.patch(l.path(""), object{"forwarding": object{"delay": object{"amount": 3, "unit": "hours"}}})
	third := l.sell(3)
	l.eventually("its workflow waits for its moment", func() bool {
		if l.forwardings("waiting") != 1 {
			return false
		}
		d, err := c.DescribeWorkflowExecution(t.Context(), forwarding(third), "")
		return err == nil && d.GetWorkflowExecutionInfo().GetHistoryLength() >= 11 // its timer has started
	})
	l.reseller.post(fmt.Sprintf("account/sales/updatestatus/%d?status=cancelled", third), nil)
	l.eventually("it is withdrawn", func() bool { return l.forwardings("withdrawn") == 1 })
	ended(forwarding(third))
	record("forward_sale_withdrawn_while_waiting", forwarding(third))

	asked := rows(l.reseller.post(fmt.Sprintf("account/sales/%d/cancellation-request", second), object{"reason": "Klant ziet ervan af"}))[0]
	l.eventually("B has the request", func() bool { return len(rows(l.provider.get("account/cancellation-requests"))) == 1 })
	l.reseller.post(fmt.Sprintf("account/cancellation-requests/%v/withdraw", asked["id"]), nil)
	ended(fmt.Sprintf("cancellation/2/%d", second))
	record("request_cancellation_withdrawn", fmt.Sprintf("cancellation/2/%d", second))

	l.reseller.patch(l.path(""), object{"forwarding": object{"enabled": false, "delay": object{"amount": 0, "unit": "minutes"}}})
	l.sell(4)
	l.sell(5)
	l.reseller.patch(l.path(""), object{"forwarding": object{"enabled": true, "automatic": false, "statuses": "all"}})
	operation := l.reseller.post(l.path("/forward-existing"), object{"statuses": []string{"new"}}).(object)["operation_id"]
	l.eventually("both go", func() bool { return l.forwardings("forwarded") == 4 })
	ended(fmt.Sprintf("operation/2/%v", operation))
	record("bulk_operation_forward_existing", fmt.Sprintf("operation/2/%v", operation))

	hook := newReceiver(t)
	made := l.provider.post("account/webhooks", object{"event": "sale.cancelled", "target_url": hook.url}).(object)
	hook.secret.Store(made["secret"].(string))
	hook.broken.Store("error")
	l.provider.post(fmt.Sprintf("account/sales/updatestatus/%v?status=cancelled", rows(l.provider.get("account/sales"))[1]["id"]), nil)
	l.eventually("the first try fails", func() bool { return rows(l.provider.get("account/webhooks"))[0]["failing_since"] != nil })
	hook.broken.Store("")
	l.eventually("the next one is taken", func() bool { return len(hook.of("sale.cancelled")) == 1 })
	ended("webhook/1/1")
	record("deliver_webhook_tried_again", "webhook/1/1")

	theirs := rows(l.provider.get("account/sales"))[0]
	l.provider.post(fmt.Sprintf("account/sales/updatestatus/%v?status=accepted_by_supplier", theirs["id"]), nil)
	l.eventually("the partner is told", func() bool {
		_, err := c.DescribeWorkflowExecution(t.Context(), "notify/1/1", "")
		return err == nil
	})
	ended("notify/1/1")
	record("notify_partners_told", "notify/1/1")
	run := rows(l.reseller.get(l.path("/runs")))[0]
	syncID := fmt.Sprintf("sync-products/2/%d/%v", l.integration, run["id"])
	ended(syncID)
	record("sync_products_selection", syncID)
	status, _ := l.reseller.request(http.MethodDelete, l.path(""), nil)
	require.Equal(t, http.StatusOK, status)
	integrationID := fmt.Sprintf("integration/2/%d", l.integration)
	ended(integrationID)
	record("integration_lived_and_removed", integrationID)
}
