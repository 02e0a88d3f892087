package api_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A document that the partner keeps is served here to who may see the product, with the link's token; to nobody else, and
// the token goes to no other address: not to the one that the partner gives itself either.
func TestADocumentOfThePartner(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	link(t, s)
	owner := s.environment("derde")
	theirs := s.one(`SELECT e.id::text FROM environments e WHERE account = 'other'`)
	status, made := s.callIn("derde", "POST", "account/products", object{"name": "x", "identifier": "x", "type": "simple"}, owner)
	require.Equal(t, http.StatusCreated, status, made)
	s.exec(fmt.Sprintf(`
		WITH p AS (INSERT INTO products (environment_id, content, created_at, updated_at) VALUES (%[1]s, '{"name": "Van B", "identifier": "b", "type": "simple"}', now(), now()) RETURNING environment_id, id),
		f AS (INSERT INTO files (environment_id, owner, owner_id, kind, name, extension, content, created_at) SELECT environment_id, 'product', id, 'document', 'Tarieven', 'pdf', '%%PDF', now() FROM p RETURNING owner_id, id)
		UPDATE products SET integration_id = (SELECT max(id) FROM integrations), partner_product_id = f.owner_id, content = content || jsonb_build_object('documents', jsonb_build_array(
			jsonb_build_object('name', 'Tarieven', 'location', format('https://b.example/api/other/v1/user/products/%%s/documents/%%s', f.owner_id, f.id)),
			jsonb_build_object('name', 'Openbaar', 'location', 'https://elders.example/tarieven.pdf'),
			jsonb_build_object('name', 'Van een derde', 'location', format('%[2]s/api/derde/v1/user/products/%%s/documents/%%s', f.owner_id, f.id)),
			jsonb_build_object('name', 'Weg', 'location', format('%[2]s/api/other/v1/user/products/%%s/documents/999', f.owner_id))))
		FROM f WHERE products.id = %[3]d`, theirs, s.base, s.product))
	product := fmt.Sprintf("user/products/%d", s.product)
	at := func(i int) string {
		return s.must("GET", product, nil).(object)["documents"].([]any)[i].(object)["location"].(string)
	}
	require.Equal(t, fmt.Sprintf("%s/api/acme/v1/%s/documents/1", s.base, product), at(0))
	require.Equal(t, "https://elders.example/tarieven.pdf", at(1), "anybody's stays where it is")

	for _, token := range []string{s.token, s.agent} {
		response, data := s.download(at(0), token)
		require.Equal(t, http.StatusOK, response.StatusCode, data)
		require.Equal(t, "%PDF", data)
		require.Equal(t, "application/pdf", response.Header.Get("Content-Type"))
		require.Contains(t, response.Header.Get("Content-Disposition"), "Tarieven.pdf")
	}
	foreign := s.must("POST", "account/users", object{"email": "b@elders.example", "role": "agent", "organisation_id": idOf(s.must("POST", "account/organisations", object{"name": "Elders"}))})
	stranger := s.must("POST", fmt.Sprintf("account/users/%d/tokens", idOf(foreign)), object{"name": "t"}).(object)["token"].(string)
	for _, c := range []struct {
		number, token string
		status        int
	}{
		{"1", stranger, 404}, {"2", s.token, 404}, {"4", s.token, 404}, {"5", s.token, 404}, {"0", s.token, 404}, {"3", s.token, 502},
	} {
		for _, scope := range []string{"user", "account"} {
			if scope == "account" && c.token == stranger {
				continue
			}
			got, refusal := s.call("GET", strings.Replace(product, "user", scope, 1)+"/documents/"+c.number, nil, "Authorization", "Bearer "+c.token)
			require.Equal(t, c.status, got, "%s of %s: %v", c.number, scope, refusal)
		}
	}
}

// What is attached comes back byte for byte.
func TestAnAttachmentIsServedAsItCame(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	content := strings.Repeat("\x00\xff", 4<<10)
	made := s.must("POST", "account/products", object{"name": "x", "identifier": "x", "type": "simple", "attachments": []object{{"name": "d", "extension": "txt", "content": base64.StdEncoding.EncodeToString([]byte(content))}}})
	location := s.must("GET", fmt.Sprintf("account/products/%d", idOf(made)), nil).(object)["documents"].([]any)[0].(object)["location"].(string)
	_, data := s.download(location, s.token)
	require.Equal(t, content, data)
}
