package api_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A product's picture and attachments are kept, and served to who may sell it; an organisation keeps all its fields.
func TestFilesAndOrganisationFields(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	picture := base64.StdEncoding.EncodeToString([]byte("\x89PNG picture"))
	pdf := []byte("%PDF-1.4 tarieven")
	s.must("PUT", fmt.Sprintf("account/products/%d", s.product), object{
		"image": object{"extension": "png", "content": picture}, "attachments": []object{{"name": "Tarieven", "extension": "pdf", "content": base64.StdEncoding.EncodeToString(pdf)}},
	})
	detail := s.must("GET", fmt.Sprintf("user/products/%d", s.product), nil).(object)
	require.Equal(t, object{"extension": "png", "content": picture}, detail["image"])
	document := detail["documents"].([]any)[0].(object)
	require.Equal(t, "Tarieven", document["name"])
	location := document["location"].(string)
	response, data := s.download(location, s.agent)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, string(pdf), data)
	s.must("POST", fmt.Sprintf("account/connect-organisation-to-products/%d", s.organisation), object{"products": []int64{}})
	response, _ = s.download(location, s.agent)
	require.Equal(t, http.StatusNotFound, response.StatusCode, "who may not sell it does not see its papers")
	response, _ = s.download(location, s.environment("other"))
	require.Equal(t, http.StatusNotFound, response.StatusCode)
	for field, body := range map[string]object{
		"image.extension":         {"image": object{"extension": "exe", "content": picture}},
		"image.content":           {"image": object{"extension": "png", "content": "###"}},
		"attachments.0.extension": {"attachments": []object{{"name": "x", "extension": "html", "content": picture}}},
	} {
		status, envelope := s.call("PUT", fmt.Sprintf("account/products/%d", s.product), body)
		require.Equal(t, http.StatusBadRequest, status, field)
		require.Contains(t, envelope["errors"], field)
	}

	fields := object{"name": "Partij", "contractor": "yes", "company_name": "Partij BV", "company_coc": 12345678, "email": "info@partij.example", "postcode": "1234AB", "city": "Utrecht", "logo": object{"extension": "png", "content": picture}}
	made := s.must("POST", "account/organisations", fields).(object)
	path := fmt.Sprintf("account/organisations/%v", made["id"])
	s.must("PUT", path, object{"city": "Zeist"})
	row := s.must("GET", path, nil).(object)
	require.Equal(t, "Zeist", row["city"])
	require.Equal(t, "12345678", row["company_coc"], "what is not given stays")
	require.Equal(t, picture, row["logo"].(object)["content"])
	status, envelope := s.call("PUT", path, object{"contractor": "misschien"})
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, envelope["errors"], "contractor")
	users := s.must("GET", "account/users", nil).(object)["data"].([]any)
	require.Equal(t, "Partner", users[len(users)-1].(object)["organisation"])
}

// A flow that is verified by a signature takes no order without one, unless it is completed, or a link's admin says not to look.
func TestVerificationBySignature(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.must("PUT", fmt.Sprintf("account/flows/%d", s.flow), object{"verification_method": "signature"})
	status, envelope := s.call("POST", sell, s.sale())
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, envelope["errors"], "signature")
	order := s.sale()
	order["signature"] = base64.StdEncoding.EncodeToString([]byte("handtekening"))
	s.must("POST", sell, order)
	order = s.sale()
	order["contract_date"], order["contract_pdf"] = "01-05-2026", object{"content": base64.StdEncoding.EncodeToString([]byte("%PDF")), "extension": "pdf"}
	s.must("POST", sell, order)

	s.token = s.agent
	s.must("PUT", "user/link", object{"account": "reseller", "base_url": "https://reseller.example", "link_key": "k", "secret": "s"})
	status, _ = s.call("POST", sell, s.sale())
	require.Equal(t, http.StatusBadRequest, status)
	s.exec(`UPDATE incoming_links SET settings = settings || '{"validate_verification": false}'`)
	s.must("POST", sell, s.sale())
}

// A status of one's own goes when it is deleted.
func TestAnOwnStatusIsDeleted(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.must("POST", "account/statuses", object{"id": "tijdelijk", "name": "Tijdelijk"})
	s.must("DELETE", "account/statuses/tijdelijk", nil)
	status, _ := s.call("DELETE", "account/statuses/tijdelijk", nil)
	require.Equal(t, http.StatusNotFound, status)
}
