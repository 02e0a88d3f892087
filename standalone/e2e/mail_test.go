package e2e

import (
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/internal/mailer/smtptest"
)

// The mail to a sale's customer and the one to somebody who was invited go out once each, behind the back of what asked
// for them. The link of the invitation opens.
func TestMailsGoOut(t *testing.T) {
	t.Parallel()
	mails := smtptest.New(t)
	l := ready(t, 1, "KOPPEL_SMTP_URL="+mails.URL, "KOPPEL_MAIL_FROM=koppel@provider.example")
	link := rows(l.provider.get("account/incoming-links"))[0]
	l.provider.patch(fmt.Sprintf("account/incoming-links/%v", link["id"]), object{"send_confirmation_mail": true})
	l.sell(1)
	l.eventually("it is forwarded", func() bool { return l.forwardings("forwarded") == 1 })
	invited := l.provider.post("account/invitation", object{"email": "nieuw@provider.example", "role": "admin"}).(object)
	require.Equal(t, true, invited["mailed"])
	// The third tells the integration's user that a token was made for it.
	l.eventually("all are sent", func() bool {
		return l.number(`SELECT count(DISTINCT kind) FROM mails WHERE state = 'sent'`) == 3 && l.number(`SELECT count(*) FROM mails WHERE state <> 'sent'`) == 0
	})
	require.Len(t, mails.Mails(), 3)
	body, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(strings.Join(mails.Mails(), "\n"))))
	require.NoError(t, err)
	mailed := regexp.MustCompile(`https?://\S+/invitation/\S+`).FindString(string(body))
	require.Equal(t, invited["invitation_url"], mailed)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.base+mailed[strings.Index(mailed, "/invitation/"):], nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
}
