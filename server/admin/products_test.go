package admin_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/catalogue"
)

// The documents of a product are there for who is signed in and may see it: their addresses take a token, which a browser
// does not have.
func TestDocumentsOfAProduct(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	product, err := w.svc.Catalogue.CreateProduct(t.Context(), w.owner, catalogue.ProductInput{
		Content: linking.ProductContent{Name: "Gas", Identifier: "gas", Type: "energy_g", Business: "2", Documents: []linking.Document{{Name: "Openbaar", Location: "https://elders.example/d.pdf"}}},
		Active:  true, Attach: []service.Upload{{Name: "Tarieven", Extension: "pdf", Content: base64.StdEncoding.EncodeToString([]byte("%PDF"))}},
	})
	require.NoError(t, err)
	page := fmt.Sprintf("/o/zonwijs/products/%d", product.ID)
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	body := p.get(page).body
	require.Contains(t, body, `href="https://elders.example/d.pdf"`)
	link := regexp.MustCompile(`href="(` + page + `/documents/\d+)"`).FindStringSubmatch(body)
	require.NotNil(t, link, body)
	got := p.get(link[1])
	require.Equal(t, "%PDF", got.body)
	require.Regexp(t, `<dt>Identifier</dt>\s*<dd>stroom-1</dd>`, w.person().signIn("zonwijs", "agent@partner.example").get(fmt.Sprintf("/o/zonwijs/products/%d", w.ids["products"])).body)
	require.Equal(t, `attachment; filename=Tarieven.pdf`, got.header.Get("Content-Disposition"))
	require.Equal(t, http.StatusNotFound, w.person().signIn("zonwijs", "agent@partner.example").get(link[1]).status, "the organisation does not have it")
	require.Equal(t, http.StatusNotFound, w.person().signIn("voltera", "owner@voltera.example").get(strings.Replace(link[1], "zonwijs", "voltera", 1)).status)
}
