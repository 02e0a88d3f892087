package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ids are those of the rows of a list, whichever way it is told.
func ids(data any) (list []int64) {
	rows, plain := data.([]any)
	if !plain {
		rows = data.(object)["data"].([]any)
	}
	list = []int64{}
	for _, row := range rows {
		list = append(list, idOf(row))
	}
	return list
}

// A value that a filter does not know is refused at the filter: taken silently, it gave a list of everything.
func TestAFilterRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	period := []string{"period_filter_on=verwijderd", "period_filter_on[0]=created_date", "period=vorig_jaar", "period=custom", "period=custom&period_start=2026-01-01+00:00:00",
		"period_start=2026-01-01+00:00:00", "period_end=2026-01-01+00:00:00"}
	list := []string{"page=x", "per_page=-1"}
	for path, queries := range map[string][]string{
		"products": append([]string{"business=3", "business=ja", "active=misschien", "supplier_id=x", "type[0]=energy_e", "extended=soms", "period_filter_on=deleted_date"}, period...),
		"sales": append(append([]string{"type=lead", "type[]=offer", "flow_id=x", "supplier_id=-", "statuses[0]=nieuw", "statuses=new,nieuw", "offer_statuses[]=ja", "sale_ids[0]=x",
			"organisations[]=x", "include_concept_sales=soms", "extended=soms"}, period...), list...),
		"statuses":              {"status_source=lead"},
		"account/users":         append(append([]string{}, period...), list...),
		"account/organisations": list,
	} {
		for _, query := range queries {
			field, _, _ := strings.Cut(query[strings.LastIndexByte(query, '&')+1:], "=")
			field, _, _ = strings.Cut(field, "[")
			scopes := []string{"user/" + path, "account/" + path}
			if strings.HasPrefix(path, "account/") {
				scopes = []string{path}
			}
			for _, address := range scopes {
				status, answered := s.call("GET", address+"?"+query, nil)
				require.Equal(t, 400, status, "%s?%s: %v", address, query, answered)
				told := answered["errors"].(object)
				if strings.HasPrefix(query, "period=custom") {
					field = map[bool]string{true: "period_end", false: "period_start"}[strings.Contains(query, "start")]
				} else if strings.HasPrefix(query, "period_start") || strings.HasPrefix(query, "period_end") {
					field = "period"
				}
				require.Contains(t, told, field, "%s?%s", address, query)
			}
		}
	}
	status, answered := s.call("GET", "user/products?active=0", nil)
	require.Equal(t, 400, status, "it is of the account's scope: %v", answered)
}

// Each filter of products gives what it says.
func TestFiltersOfProducts(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	made := map[string]int64{"2": s.product}
	for _, business := range []string{"0", "1", ""} {
		made[business] = idOf(s.must("POST", "account/products", object{"name": "P" + business, "identifier": "p" + business, "type": "energy_g", "business": business}))
	}
	for query, want := range map[string][]int64{
		"business=0": {made["2"], made["0"], made[""]}, "business=1": {made["2"], made["1"], made[""]}, "business=2": {made["2"], made[""]},
		"type=energy_e": {made["2"]}, "types[0]=energy_g&types[1]=x": {made["0"], made["1"], made[""]}, "types=energy_e,energy_g": {made["2"], made["0"], made["1"], made[""]},
		"q=%25": {}, "q=%": {}, "q=p1": {made["1"]}, "active=0": {}, "period_filter_on=updated_date&period=today": {made["2"], made["0"], made["1"], made[""]},
		"period=yesterday": {}, "supplier_id=999": {},
	} {
		require.Equal(t, want, ids(s.must("GET", "account/products?"+query, nil)), query)
	}
}

// Each filter of sales gives what it says: no sale was deleted, so none is in any period of deletions.
func TestFiltersOfSales(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := idOf(s.must("POST", sell, s.sale()))
	offered := s.sale()
	offered["transaction_type"] = "offer"
	offer := idOf(s.must("POST", sell, offered))
	s.must("POST", fmt.Sprintf("account/sales/updatestatus/%d?status=cancelled", order), nil)
	both := []int64{offer, order}
	span := "&period=custom&period_start=" + url.QueryEscape("2020-01-01 00:00:00") + "&period_end=" + url.QueryEscape("2090-01-01 00:00:00")
	for query, want := range map[string][]int64{
		"period_filter_on=deleted_date": {}, "period_filter_on=deleted_date" + span: {}, "period_filter_on=created_date" + span: both, "period=this_month": both,
		"period_filter_on=cancelled_date" + span: {order}, "period_filter_on=sent_date" + span: {}, "period_filter_on=finalized_at" + span: {}, "period_filter_on=updated_date&period=today": both,
		"type=offer": {offer}, "type=sale": {order}, "type=order": {order}, "statuses[]=cancelled": {order}, "statuses=cancelled,offer_pending": both, "offer_statuses[0]=open&type=offer": {offer},
		"offer_statuses[0]=1": {}, "product_types[]=energy_e": both, "product_types[]=telecom": {}, "sale_ids[5]=" + fmt.Sprint(offer): {offer}, "include_concept_sales=1": both, "extended=1": both,
		"organisations[0]=" + fmt.Sprint(s.organisation): {}, "flow_id=" + fmt.Sprint(s.flow): both, "flow_id=999": {},
	} {
		require.Equal(t, want, ids(s.must("GET", "account/sales?"+query, nil)), query)
	}
	require.Len(t, ids(s.must("GET", "account/users?period_filter_on=created_date&period=today", nil)), 2)
	require.Empty(t, ids(s.must("GET", "account/users?period=yesterday", nil)))
}

// A page before the first is the first, and more rows than a page may have are as many as it may.
func TestPagesAreClamped(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for query, want := range map[string][]float64{"page=0": {1, 20}, "per_page=1000": {1, 100}, "page=&per_page=": {1, 20}, "page=2&per_page=1": {2, 1}, "per_page=0": {1, 20}} {
		page := s.must("GET", "account/sales?"+query, nil).(object)
		require.Equal(t, want, []float64{page["current_page"].(float64), page["per_page"].(float64)}, query)
	}
}
