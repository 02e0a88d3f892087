package e2e

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sizeOf is what `make faults` makes larger.
func sizeOf(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return usual
}

// maxActions is what a person may be asked for, for however many sales.
const maxActions = 5

// TestNeverTwiceNeverLost sells to a stock partner that has every mood by chance, has it mended, and does what a person
// is asked to do. Whatever the partner did: no sale is made twice, none is lost, each that is open says why and who
// must act, and a few actions settle all of them.
func TestNeverTwiceNeverLost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(sizeOf("KOPPEL_FAULTS_SEEDS", 1)) {
		t.Run(fmt.Sprintf("seed %d", seed+1), func(t *testing.T) { prove(t, seed+1, sizeOf("KOPPEL_FAULTS_SALES", 150)) })
	}
}

func prove(t *testing.T, seed uint64, sales int) {
	began := time.Now()
	s := newStockLink(t, 3, "KOPPEL_LOG_LEVEL=warn", "KOPPEL_LOOK_AFTER=15s")
	s.patience = time.Duration(sales) * time.Second
	require.NoError(t, s.partner.SetMoods(seed, mixture(seed)))
	s.submit(0, sales)
	s.reseller.post(s.path("/sync"), nil)
	s.eventually("every sale was tried", func() bool { return s.number(`SELECT count(*) FROM forwardings WHERE attempts > 0`) == int64(sales) })
	var verdicts []verdict
	var actions []string
	defer func() { s.report(seed, sales, verdicts, actions, time.Since(began)) }()
	judged := func(when string) verdict {
		verdicts = append(verdicts, s.judged(sales, when))
		return verdicts[len(verdicts)-1]
	}
	judged("while everything goes wrong")
	for _, row := range s.reseller.get(s.path("/set-aside")).([]any) {
		require.NotEmpty(t, row.(object)["reason"], "what could not be read is named: %v", row)
	}
	s.moods()
	s.eventually("each is at the partner, or waits for a person", func() bool { return s.underWay() == 0 })
	actions = s.act(judged("when the partner is mended"))
	last := judged("after a person's actions")
	require.Equal(t, sales, last.forwarded, "%v settle all; open is %v", actions, last.open)
	require.LessOrEqual(t, len(actions), maxActions)
	require.Equal(t, sales, s.onceEach())
}

// underWay counts what is not at the partner and waits for nobody.
func (s stockLink) underWay() int64 {
	s.t.Helper()
	return s.number(`SELECT count(*) FROM forwardings WHERE state IN ('waiting', 'sending') OR state = 'outcome_unknown' AND
		(look NOT IN ('done', 'not_there') OR may_resend OR look = 'done' AND candidates @> '[{"odd": true}]')`)
}

// judged holds what Koppel says now against the ledger.
func (s stockLink) judged(sales int, when string) verdict {
	s.t.Helper()
	list := s.told()
	require.Len(s.t, list, sales, "%s: each accepted sale has a forwarding", when)
	v := judge(list, s.partner.Ledger())
	require.Empty(s.t, v.twice, when)
	require.Empty(s.t, v.lost, when)
	require.Empty(s.t, v.silent, when)
	return v
}

// told reads what Koppel says of every sale that it accepted.
func (s stockLink) told() (list []told) {
	s.t.Helper()
	forwardings := map[any]object{}
	for _, f := range s.all("account/forwardings") {
		forwardings[f["sale_id"]] = f
	}
	for _, row := range s.all("account/sales") {
		sale := told{sale: id(row), email: fmt.Sprint(row["email"])}
		if f := forwardings[row["id"]]; f != nil {
			sale.forwarding, sale.state = id(f), f["state"].(string)
			sale.cause, _ = f["cause"].(string)
			sale.look = lookOf(f)
			sale.whoMustAct, _ = f["who_must_act"].(string)
			sale.partnerSale, _ = f["partner_sale_id"].(string)
		}
		list = append(list, sale)
	}
	return list
}

// lookOf says what became of looking for a sale whose outcome is unknown.
func lookOf(f object) string {
	switch {
	case f["state"] != "outcome_unknown":
		return ""
	case f["not_there"] == true:
		return "not there"
	case f["looked_for"] == true:
		return "being looked for"
	}
	return "has candidates"
}

// act does what a person is asked to do, each for the whole lot, and waits for what comes of it.
func (s stockLink) act(open verdict) (actions []string) {
	s.t.Helper()
	waiting := func(what string) (count int) {
		for reason, n := range open.open {
			if strings.Contains(reason, what) {
				count += n
			}
		}
		return count
	}
	for _, action := range []struct {
		name, path string
		count      int
		body       object
		asked      string // those of which it is not done yet
	}{
		{"take over those with one candidate", "account/forwardings/settle", waiting("has candidates"), object{"integration_id": s.integration, "action": "adopt"}, "false"},
		{"send again those that are not there", "account/forwardings/settle", waiting("not there"), object{"integration_id": s.integration, "action": "resend"}, "look = 'not_there'"},
		{"try again what was refused", "account/forwardings/retry", waiting("action_required"), object{"integration_id": s.integration}, "state = 'action_required'"},
	} {
		if action.count == 0 {
			continue
		}
		actions = append(actions, fmt.Sprintf("%s (%d)", action.name, action.count))
		s.reseller.post(action.path, action.body)
		s.eventually("what was asked is done: "+action.name, func() bool {
			// In this order: what has just begun to be done is under way by then.
			return s.number(`SELECT count(*) FROM forwardings WHERE `+action.asked) == 0 && s.working() == 0 && s.underWay() == 0
		})
	}
	return actions
}

// working counts the operations that are not done.
func (s stockLink) working() int64 {
	s.t.Helper()
	return s.number(`SELECT count(*) FROM operations WHERE state = 'running'`)
}

// all reads every page of a list.
func (s stockLink) all(path string) (list []object) {
	s.t.Helper()
	for page := 1; ; page++ {
		data := s.reseller.get(fmt.Sprintf("%s?per_page=100&page=%d", path, page)).(object)
		list = append(list, rows(data)...)
		if data["next_page_url"] == nil {
			return list
		}
	}
}

// report prints what came of a seed.
func (s stockLink) report(seed uint64, sales int, verdicts []verdict, actions []string, took time.Duration) {
	creates, answers := s.partner.Creates(), map[string]int{}
	for _, c := range creates {
		answers[c.Met]++
	}
	var table strings.Builder
	fmt.Fprintf(&table, "seed %d: %d sales accepted, %d creates asked (%d different misfortunes), %d requests, %d at the partner, took %s\n", seed, sales, len(creates), len(answers)-1, s.partner.Requests(), len(s.partner.Ledger()), took.Round(time.Second))
	for i, v := range verdicts {
		when := []string{"under way", "mended", "after a person"}[i]
		fmt.Fprintf(&table, "  %-15s forwarded %d, twice %d, lost %d, open %d\n", when, v.forwarded, len(v.twice), len(v.lost), sales-v.forwarded)
		var open []string
		for reason, count := range v.open {
			open = append(open, fmt.Sprintf("      %4d  %s\n", count, reason))
		}
		slices.Sort(open)
		table.WriteString(strings.Join(open, ""))
	}
	fmt.Fprintf(&table, "  actions of a person: %d %v\n", len(actions), actions)
	s.t.Log(table.String())
}
