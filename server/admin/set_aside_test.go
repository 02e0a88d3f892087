package admin_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A row that could not be read is named, with its field and value, at its link, at the run, and under Actie vereist.
func TestWhatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	link := fmt.Sprintf("/o/zonwijs/integrations/%d", w.ids["integrations"])
	require.Contains(t, p.get(link).body, "3 regels van de partner zijn niet te lezen")
	for _, address := range []string{link + "/set-aside", fmt.Sprintf("%s/runs/%d", link, w.ids["runs"]), "/o/zonwijs/action-required"} {
		body := p.get(address).body
		for _, text := range []string{"Wind 1 jaar (8)", "Prijs: “gratis”: geen bedrag", "hun nummer 88", "een regel zonder nummer"} {
			require.Contains(t, body, text, address)
		}
	}
}
