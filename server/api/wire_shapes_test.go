package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wireShape is a published request: the names and types of its body and of each example of an answer.
type wireShape struct {
	Method   string `json:"method"`
	Path     string `json:"path"`
	BodyJSON any    `json:"body_json"`
	Answers  []struct {
		Status int `json:"status"`
		Shape  any `json:"shape"`
	} `json:"answers"`
}

func wireShapes(t *testing.T) (rows []wireShape) {
	t.Helper()
	data, err := os.ReadFile("testdata/wire-shapes.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &rows))
	return rows
}

// writtenAs are the types of the shapes, by what a value of them looks like.
var writtenAs = map[string]*regexp.Regexp{
	"text": regexp.MustCompile(`^"`), "empty text": regexp.MustCompile(`^"`), "text of digits": regexp.MustCompile(`^"\d+"$`), "int": regexp.MustCompile(`^-?\d+$`),
	"number": regexp.MustCompile(`^-?\d+(\.\d+)?$`), "bool": regexp.MustCompile(`^(true|false)$`), "null": regexp.MustCompile(`^(null|"[^"].*|-?\d.*|true|false|\{.*|\[.*)$`),
	"text Y-m-d": regexp.MustCompile(`^"\d{4}-\d\d-\d\d"$`), "text d-m-Y": regexp.MustCompile(`^"\d\d-\d\d-\d{4}"$`), "text Y-m-d H:i:s": regexp.MustCompile(`^"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"$`),
	"text ISO 8601 Z": regexp.MustCompile(`^"\d{4}-\d\d-\d\dT`),
}

// lacking lists what of a shape an answer has not, or not in its type. Where a list of ours is empty nothing is told of its rows.
func lacking(at string, shape, value any) (found []string) {
	switch s := shape.(type) {
	case map[string]any:
		object, isObject := value.(object)
		if !isObject {
			return []string{at}
		}
		for name, inner := range s {
			got, there := object[name]
			if !there {
				found = append(found, strings.TrimPrefix(at+"."+name, "."))
				continue
			}
			if got == nil && strings.HasSuffix(name, "_page_url") {
				continue // there is no such page
			}
			found = append(found, lacking(strings.TrimPrefix(at+"."+name, "."), inner, got)...)
		}
	case []any:
		list, isList := value.([]any)
		if !isList {
			return []string{at}
		}
		if len(s) > 0 && len(list) > 0 {
			return lacking(at, s[0], list[0])
		}
	case string:
		data, _ := json.Marshal(value) // it was JSON
		fits := slices.ContainsFunc(strings.Split(s, " | "), func(kind string) bool { return writtenAs[kind].Match(data) })
		if !fits {
			return []string{at}
		}
	}
	return found
}

// published is a shop that has something of everything that the shapes ask for.
func published(t *testing.T) (s *shop, path func(string) (string, bool)) {
	t.Helper()
	s = newShop(t)
	question := idOf(s.must("GET", "account/productquestions", nil).([]any)[0])
	agreement := idOf(s.must("GET", "account/agreements", nil).([]any)[0])
	supplier := idOf(s.must("GET", "account/suppliers", nil).([]any)[0])
	s.must("PUT", fmt.Sprintf("account/organisations/%d", s.organisation), object{
		"identifier": "bv", "contractor": "yes", "company_name": "BV", "contact_person": "P", "housenumber": "1", "streetname": "S", "city": "C", "email": "o@bv.example", "phone": "0612345678",
		"sales_channel": "d2d", "description": "D", "logo": object{"content": "ZA==", "extension": "png"},
	})
	s.must("PUT", fmt.Sprintf("account/products/%d", s.product), object{"retention": "2", "valid_from": "2026-01-01", "valid_till": "2090-01-01", "image": object{"content": "ZA==", "extension": "png"}})
	body := s.sale()
	maps.Copy(body, object{
		"business": "1", "company_name": "BV", "contact_person": "P", "company_coc": "12345678", "infix": "van", "initials": "J.", "g_region": "1", "gas_ean": "871687000000000009",
		"usage_e_high": "1", "usage_e_low": "1", "e_connection_type": "1x25A", "g_connection_type": "G4", "company_vat": "NL1",
	})
	maps.Copy(body, object{"relation_id": "7", "gender": "male", "valid_till": "2090-01-01", "usage_e_single": "1", "usage_g": "1", "electricity_ean": "871687000000000016", "initial_user_firstname": "V",
		"initial_organisation_name": "D", "sale_channel": "d2d", "iban_holder": "J", "suffix": "a", "connection_suffix": "b"})
	_, made := s.callIn("acme", "POST", sell, body, s.agent)
	sale := idOf(made["data"])
	ids := map[string]int64{
		"product_id": s.product, "flow_id": s.flow, "productquestion_id": question, "agreement_id": agreement, "supplier_id": supplier, "sale_id": sale, "organisation_id": s.organisation,
	}
	return s, func(path string) (string, bool) {
		for name, id := range ids {
			path = strings.ReplaceAll(path, "{"+name+"}", fmt.Sprint(id))
		}
		return strings.ReplaceAll(path, "{scope}", "account"), !strings.Contains(strings.ReplaceAll(path, "{scope}", ""), "{")
	}
}

// exceptions reads the table of docs/conformance.md: what differs from the shapes by choice, each with its reason.
func exceptions(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/conformance.md")
	require.NoError(t, err)
	table := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z]+ [^`]+)` \\| (`data[^|]*`|`submitted[^|]*`) \\| ([^|]{15,}) \\|$").FindAllStringSubmatch(string(text), -1) {
		for _, key := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[2], -1) {
			table[row[1]] = append(table[row[1]], key[1])
		}
	}
	return table
}

// Each answer that is published has here each key in its type, in one of its examples at least, or is an exception with a reason.
func TestAnswersHaveThePublishedShapes(t *testing.T) {
	t.Parallel()
	s, fill := published(t)
	excepted, used, held := exceptions(t), map[string]bool{}, 0
	for _, row := range wireShapes(t) {
		path, filled := fill(row.Path)
		if row.Method != "GET" || !filled {
			continue
		}
		extended := []string{""}
		if row.Path == "{scope}/sales" {
			extended = []string{"", "?extended=true"}
		}
		var best []string
		for i, answer := range row.Answers {
			if answer.Status >= 300 || answer.Shape == nil {
				continue
			}
			status, answered := s.call("GET", path+extended[min(i, len(extended)-1)], nil)
			if status == 404 || status == 501 {
				continue // not served: said in words
			}
			found := lacking("", answer.Shape, answered)
			held++
			if len(extended) > 1 || best == nil || len(found) < len(best) {
				best = append([]string{}, found...)
			}
			if len(extended) > 1 {
				checkExcepted(t, "GET "+row.Path, best, excepted, used)
			}
		}
		checkExcepted(t, "GET "+row.Path, best, excepted, used)
	}
	require.Greater(t, held, 20)
	for operation, keys := range excepted {
		for _, key := range keys {
			require.True(t, strings.HasPrefix(key, "submitted") || used[operation+" "+key], "%s %s is said to differ, and does not", operation, key)
		}
	}
}

func checkExcepted(t *testing.T, operation string, found []string, excepted map[string][]string, used map[string]bool) {
	t.Helper()
	for _, key := range found {
		at := slices.IndexFunc(excepted[operation], func(known string) bool { return key == known || strings.HasPrefix(key, known+".") })
		if at < 0 {
			t.Errorf("%s: %s", operation, key)
			continue
		}
		used[operation+" "+excepted[operation][at]] = true
	}
}

// Each name that a published create sends is kept, and comes back.
func TestEachPublishedNameOfASaleComesBack(t *testing.T) {
	t.Parallel()
	s, _ := published(t)
	creates := 0
	for _, row := range wireShapes(t) {
		body, isObject := row.BodyJSON.(map[string]any)
		if row.Method != "POST" || !strings.HasPrefix(row.Path, "sales/flow/") || !isObject {
			continue
		}
		creates++
		sent := s.sale()
		for name, kind := range body {
			if _, needed := sent[name]; !needed {
				sent[name] = sample(name, kind)
			}
		}
		id := idOf(s.must("POST", sell, sent))
		told := s.must("GET", fmt.Sprintf("account/sales/%d", id), nil).(object)["submitted"].(object)
		for name := range body {
			value := sent[name]
			if value == nil || value == "" || name == "related_products" {
				continue // nothing was said of it; further products have a test of their own
			}
			require.Contains(t, told, name, "create %d", creates)
			if name != "phone" && name != "postcode" && name != "connection_postcode" && !strings.HasSuffix(name, "_ean") && name != "product_id" {
				want, _ := json.Marshal(value)
				got, _ := json.Marshal(told[name])
				require.Equal(t, strings.Trim(string(want), `"`), strings.Trim(string(got), `"`), name)
			}
		}
	}
	require.Equal(t, 11, creates)
}

// sample is a value of a published type.
func sample(name string, kind any) any {
	forms := object{
		"gender": "male", "company_coc": "12345678", "sale_channel": "d2d", "electricity_ean": "871687000000000016", "gas_ean": "871687000000000009", "iban": "NL91ABNA0417164300",
		"related_products": []any{}, "signature": "ZA==", "transaction_type": "order",
	}
	if fit, known := forms[name]; known {
		return fit
	}
	switch k := kind.(type) {
	case string:
		switch {
		case k == "int":
			return 7
		case k == "text of digits":
			return "0012"
		case strings.HasPrefix(k, "text Y"):
			return "2026-12-31"
		case strings.HasPrefix(k, "text d"):
			return "31-12-2026"
		}
		return "tekst"
	case []any:
		made := []any{}
		for _, inner := range k {
			made = append(made, sample("", inner))
		}
		return made
	case map[string]any:
		made := object{}
		for inner, of := range k {
			made[inner] = sample(inner, of)
		}
		return made
	}
	return kind
}
