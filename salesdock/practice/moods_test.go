package practice_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"koppel/salesdock/practice"
)

// Without any, then each mood alone: it does what its name says, and the ledger knows what was really made.
func TestEachMoodDoesWhatItSays(t *testing.T) {
	t.Parallel()
	status := regexp.MustCompile(`(made-then|refused)-(\d{3})`)
	for _, mood := range practice.All() {
		t.Run(mood.Name, func(t *testing.T) {
			t.Parallel()
			require.Regexp(t, `^[A-Z].*\.$`, mood.Does, "one sentence")
			made := strings.HasPrefix(mood.Name, "made-")
			if !made && !strings.HasPrefix(mood.Name, "not-made-") && !strings.HasPrefix(mood.Name, "refused-") || strings.HasSuffix(mood.Name, "-silent") {
				return // the tests below
			}
			a := setup(t, 0)
			a.moods(mood.Name)
			answered, kind, body, err := a.call(http.MethodPost, "sales/flow/energie-consument/oefen", order())
			require.Equal(t, made, len(a.Ledger()) == 1)
			creates := a.Creates()
			require.Len(t, creates, 1)
			require.Equal(t, mood.Name, creates[0].Met)
			require.Equal(t, "ours/1", creates[0].Reference)
			if want := status.FindStringSubmatch(mood.Name); want != nil {
				require.NoError(t, err)
				require.Equal(t, want[2], fmt.Sprint(answered))
				require.Equal(t, answered, creates[0].Status)
			}
			switch {
			case strings.HasSuffix(mood.Name, "-html"):
				require.Contains(t, kind, "text/html")
			case strings.HasSuffix(mood.Name, "-json"):
				require.True(t, json.Valid([]byte(body)), body)
			case strings.HasSuffix(mood.Name, "-empty"):
				require.Empty(t, body)
			case strings.HasSuffix(mood.Name, "-reset"), mood.Name == "made-then-cut":
				require.Error(t, err)
			}
		})
	}
}

func (a *account) moods(names ...string) {
	a.t.Helper()
	moods := map[string]float64{}
	for _, name := range names {
		moods[name] = 1
	}
	require.NoError(a.t, a.SetMoods(1, moods))
}

// A create that is wrong is refused for what is wrong with it, whatever the mood.
func TestAWrongCreateIsNotMade(t *testing.T) {
	t.Parallel()
	a := setup(t, 0)
	a.moods("made-then-504-1015")
	wrong := order()
	wrong["product_id"] = 5
	status, _, _, err := a.call(http.MethodPost, "sales/flow/energie-consument/oefen", wrong)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, status)
	require.Empty(t, a.Ledger())
}

func TestAnswersInPlaceOfAll(t *testing.T) {
	t.Parallel()
	a := setup(t, 0)
	for mood, want := range map[string]int{"throttled": 429, "throttled-retry-after": 429, "throttled-1015": 429, "html-errors": 502, "token-refused": 401, "token-refused-html": 401} {
		a.moods(mood)
		status, _, body, err := a.call(http.MethodGet, "user/statuses", nil)
		require.NoError(t, err)
		require.Equal(t, want, status, mood)
		require.Equal(t, mood == "throttled-1015", strings.Contains(body, "1015"))
		status, _, _, err = a.call(http.MethodPost, "sales/flow/energie-consument/oefen", order())
		require.NoError(t, err)
		require.Equal(t, want, status, mood)
	}
	require.Empty(t, a.Ledger())
	a.moods("token-refused-once")
	for _, want := range []int{401, 200, 200} {
		status, _, _, err := a.call(http.MethodGet, "user/statuses", nil)
		require.NoError(t, err)
		require.Equal(t, want, status)
	}
	a.moods("truncated")
	_, _, _, err := a.call(http.MethodGet, "user/products", nil)
	require.Error(t, err)
}

// Each mood of rows spoils one row of a list that has its field, and leaves the others as they are.
func TestOneRowIsSpoilt(t *testing.T) {
	t.Parallel()
	for mood, path := range map[string]string{
		"created-at-zero": "user/products", "updated-at-zero": "user/sales", "offset-without-colon": "user/products", "valid-till-zero": "user/products", "valid-from-dutch": "user/products",
		"valid-from-with-time": "user/products", "name-too-long": "user/productquestions", "name-broken-utf8": "user/flows", "name-with-nul": "user/statuses", "wrong-types": "user/products",
		"id-missing": "user/products", "row-is-text": "user/sales", "sale-product-list": "user/sales?extended=true", "sale-status-text": "user/sales?extended=true", "sale-customer-list": "user/sales?extended=true",
		"duration-in-words": "user/products/1000", "price-with-comma": "user/products/1000",
	} {
		t.Run(mood, func(t *testing.T) {
			t.Parallel()
			a := setup(t, 0)
			for range 3 {
				_, _, _, err := a.call(http.MethodPost, "sales/flow/energie-consument/oefen", order())
				require.NoError(t, err)
			}
			sound := a.rows(path)
			a.moods(mood)
			spoilt, differ := a.rows(path), 0
			require.Len(t, spoilt, len(sound))
			for i := range sound {
				if string(sound[i]) != string(spoilt[i]) {
					differ++
				}
			}
			require.Equal(t, 1, differ)
		})
	}
}

// rows gives a list's rows as they are written, or the one of a detail.
func (a *account) rows(path string) []json.RawMessage {
	a.t.Helper()
	_, _, body, err := a.call(http.MethodGet, path, nil)
	require.NoError(a.t, err)
	var answer struct{ Data json.RawMessage }
	require.NoError(a.t, json.Unmarshal([]byte(body), &answer))
	var page struct{ Data []json.RawMessage }
	if json.Unmarshal(answer.Data, &page) == nil && page.Data != nil {
		return page.Data
	}
	var list []json.RawMessage
	if json.Unmarshal(answer.Data, &list) == nil {
		return list
	}
	return []json.RawMessage{answer.Data}
}

func TestBytesOfAnAnswer(t *testing.T) {
	t.Parallel()
	a := setup(t, 0)
	read := func(mood string) (kind, body string) {
		a.moods(mood)
		_, kind, body, err := a.call(http.MethodGet, "user/products", nil)
		require.NoError(t, err)
		return kind, body
	}
	for _, mood := range []string{"latin1", "latin1-unsaid"} {
		kind, body := read(mood)
		require.Equal(t, mood == "latin1", strings.Contains(kind, "ISO-8859-1"))
		require.Contains(t, body, "E\xe9n vaste prijs")
		require.False(t, utf8.ValidString(body))
	}
	_, body := read("bom")
	require.True(t, strings.HasPrefix(body, "\ufeff{"))
	_, body = read("name-broken-utf8")
	require.Equal(t, 1, strings.Count(body, "B\xf6hmer"))
	a.moods("latin1", "name-broken-utf8")
	_, _, body, err := a.call(http.MethodGet, "user/products", nil)
	require.NoError(t, err)
	require.Contains(t, body, "B\xf6hmer")
}

func TestListsAsAWhole(t *testing.T) {
	t.Parallel()
	a := setup(t, 0)
	const sales = 45
	for range sales {
		_, _, _, err := a.call(http.MethodPost, "sales/flow/energie-consument/oefen", order())
		require.NoError(t, err)
		a.now = a.now.Add(time.Second)
	}
	// pages reads a window that ends now of what was updated, as one that polls does.
	pages := func(moods ...string) (ids []int64, total int) {
		a.moods(moods...)
		window := "period_filter_on=updated_date&period=custom&period_start=2026-05-01+00:00:00&period_end=" + a.now.Add(2*time.Hour).Format("2006-01-02+15:04:05")
		for page := 1; page <= 3; page++ {
			a.now = a.now.Add(time.Second)
			_, _, body, err := a.call(http.MethodGet, fmt.Sprintf("user/sales?%s&page=%d", window, page), nil)
			require.NoError(t, err)
			var answer struct {
				Data struct {
					Total int
					Data  []struct{ ID int64 }
				}
			}
			require.NoError(t, json.Unmarshal([]byte(body), &answer))
			total = answer.Data.Total
			for _, row := range answer.Data.Data {
				ids = append(ids, row.ID)
			}
		}
		slices.Sort(ids)
		return slices.Compact(ids), total
	}
	ids, total := pages()
	require.Len(t, ids, sales)
	require.Equal(t, sales, total)
	_, total = pages("totals-too-high")
	require.Greater(t, total, sales)
	_, total = pages("totals-too-low")
	require.Less(t, total, sales)
	overlapping, _ := pages("pages-overlap")
	require.Len(t, overlapping, sales)
	moved, _ := pages("edited-between-pages")
	require.Less(t, len(moved), sales, "what is edited leaves the window, and one of the next page takes its place")
	a.moods("ids-ignored")
	require.Len(t, a.rows("user/sales?sale_ids[]=70000"), 20, "the filter is ignored")
	a.moods()
	require.Len(t, a.rows("user/sales?sale_ids[]=70000"), 1)
	a.moods("rows-twice")
	require.Len(t, a.rows("user/products"), 6)
	a.moods("empty-lists")
	require.Empty(t, a.rows("user/products"))
	require.Empty(t, a.rows("user/sales"))
	require.Len(t, a.rows("user/products/1000"), 1, "a detail is no list")
}

func TestClocks(t *testing.T) {
	t.Parallel()
	for mood, want := range map[string]struct{ ahead, naive time.Duration }{
		"": {0, 2 * time.Hour}, "clock-15-minutes-ahead": {15 * time.Minute, 2*time.Hour + 15*time.Minute}, "clock-15-minutes-behind": {-15 * time.Minute, 2*time.Hour - 15*time.Minute},
		"clock-an-hour-ahead": {time.Hour, 3 * time.Hour}, "clock-an-hour-behind": {-time.Hour, time.Hour}, "rows-in-utc": {0, 0}, "account-in-utc": {0, 0},
	} {
		a := setup(t, 0)
		if mood != "" {
			a.moods(mood)
		}
		_, _, _, err := a.call(http.MethodPost, "sales/flow/energie-consument/oefen", order())
		require.NoError(t, err)
		response, err := http.Get(a.base + "user/sales")
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		date, err := http.ParseTime(response.Header.Get("Date"))
		require.NoError(t, err)
		require.Equal(t, a.now.Add(want.ahead), date.UTC(), mood)
		require.Contains(t, string(a.rows("user/sales")[0]), a.now.Add(want.naive).Format(time.DateTime), "%s: Amsterdam is two hours ahead in May", mood)
		require.Equal(t, a.now, a.Ledger()[0].At, "the ledger knows the time")
	}
	a := setup(t, 0)
	a.moods("no-date")
	response, err := http.Get(a.base + "user/sales")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Empty(t, response.Header.Get("Date"))
}

func TestShownLate(t *testing.T) {
	t.Parallel()
	a := setup(t, 0)
	a.moods("made-shown-late")
	_, _, _, err := a.call(http.MethodPost, "sales/flow/energie-consument/oefen", order())
	require.Error(t, err)
	require.Len(t, a.Ledger(), 1)
	a.moods()
	require.Empty(t, a.rows("user/sales"))
	a.now = a.now.Add(time.Minute)
	require.Len(t, a.rows("user/sales"), 1)
	require.Len(t, a.rows("user/sales/70000"), 1)
}

// The same seed gives the same answers, in about the shares that were asked for.
func TestProbabilitiesOfASeed(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (met []string) {
		a := setup(t, 0)
		require.NoError(t, a.SetMoods(seed, map[string]float64{"made-then-504-1015": 0.2, "refused-413-html": 0.2, "throttled": 0.1}))
		for range 300 {
			_, _, _, err := a.call(http.MethodPost, "sales/flow/energie-consument/oefen", order())
			require.NoError(t, err)
		}
		for _, create := range a.Creates() {
			met = append(met, create.Met)
		}
		return met
	}
	first := run(7)
	require.Equal(t, first, run(7))
	require.NotEqual(t, first, run(8))
	count := map[string]int{}
	for _, met := range first {
		count[met]++
	}
	require.InDelta(t, 60, count["made-then-504-1015"], 25)
	require.InDelta(t, 60, count["refused-413-html"], 25)
	require.InDelta(t, 150, count[""], 40)
}

// Moods are listed and set over HTTP too; one that does not exist is told.
func TestMoodsOverHTTP(t *testing.T) {
	t.Parallel()
	a := setup(t, 0)
	control := func(method, path, body string) (int, string) {
		request, err := http.NewRequest(method, strings.TrimSuffix(a.base, "/api/oefen/v1/")+"/practice/"+path, bytes.NewReader([]byte(body)))
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		data, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(data)
	}
	status, body := control(http.MethodGet, "moods", "")
	require.Equal(t, http.StatusOK, status)
	for _, mood := range practice.All() {
		require.Contains(t, body, `"`+mood.Name+`"`)
	}
	status, _ = control(http.MethodPut, "moods", `{"seed": 3, "moods": {"made-then-reset": 1}, "rows": {"products/1001": "name-too-long"}}`)
	require.Equal(t, http.StatusOK, status)
	_, _, _, err := a.call(http.MethodPost, "sales/flow/energie-consument/oefen", order())
	require.Error(t, err)
	_, body = control(http.MethodGet, "ledger", "")
	require.Contains(t, body, `"met":"made-then-reset"`)
	_, body = control(http.MethodGet, "creates", "")
	require.Contains(t, body, `"sale_id":70000`)
	list := a.rows("user/products")
	require.Greater(t, len(list[1]), 3000, "the row is spoilt for good")
	require.Less(t, len(list[0]), 3000)
	require.Greater(t, len(a.rows("user/products/1001")[0]), 3000)
	for _, wrong := range []string{`{"moods": {"nonsense": 1}}`, `{"moods": {"slow": 2}}`, `{"rows": {"products/1": "slow"}}`, `[]`} {
		status, body = control(http.MethodPut, "moods", wrong)
		require.Equal(t, http.StatusBadRequest, status, body)
	}
}
