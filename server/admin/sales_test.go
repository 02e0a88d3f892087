package admin_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A workflow's id has slashes: unescaped, Temporal's Web UI finds nothing.
func TestOperatorsReachTheWorkflow(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	page := p.get(fmt.Sprintf("/o/zonwijs/sales/%d", w.ids["sales"])).body
	require.Contains(t, page, fmt.Sprintf("http://temporal.example/namespaces/default/workflows/forward-sale%%2F%d%%2F%d%%2F%d", w.owner.EnvironmentID, w.ids["integrations"], w.ids["sales"]))
}
