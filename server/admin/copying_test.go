package admin_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service/integrations"
)

// A partner's questions are made ours by a button, which is there while one of them is not mapped.
func TestCopyingQuestionsIsOfferedWhileOneIsLeft(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	theirs := []linking.Question{{ID: 901, Name: "Favoriete kleur", Identifier: "kleur", InputType: "text", Visible: true}}
	require.NoError(t, w.svc.Store.WithTx(t.Context(), w.owner.EnvironmentID, func(tx *db.Tx) error {
		_, err := ledger.SaveSetupPart(t.Context(), tx, w.owner.EnvironmentID, w.ids["integrations"], linking.PartQuestions, theirs, time.Now())
		return err
	}))
	page := fmt.Sprintf("/o/zonwijs/integrations/%d/questions", w.ids["integrations"])
	const offer = "Maak alle vragen die niet gekoppeld zijn ook bij ons"
	a := p.get(page)
	require.Contains(t, a.body, "0 van 1 gekoppeld")
	require.Contains(t, a.body, offer)
	require.Equal(t, http.StatusSeeOther, p.post(page, "copy", integrations.EveryQuestion).status)
	a = p.get(page)
	require.Contains(t, a.body, "1 van 1 gekoppeld")
	require.NotContains(t, a.body, offer)
}
