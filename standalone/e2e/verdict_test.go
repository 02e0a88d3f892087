package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
	"koppel/salesdock/practice"
	"koppel/states"
	"koppel/words"
)

// told is what Koppel says of one sale that it accepted.
type told struct {
	sale, forwarding int64
	email            string // whose sale it is: each customer buys once
	state, cause     string
	look             string
	whoMustAct       string
	partnerSale      string
}

// verdict is what comes of holding what Koppel says against the partner's ledger. Each complaint is a line.
type verdict struct {
	forwarded int
	open      map[string]int // by state, cause and what a look found
	twice     []string       // made more than once, or two of ours that are one of theirs
	lost      []string       // accepted, and neither at the partner nor open; or forwarded, and not theirs
	silent    []string       // open without a reason in words, or without anyone who must act
}

// judge holds every accepted sale against what was really made.
func judge(sales []told, made []practice.Entry) verdict {
	v := verdict{open: map[string]int{}}
	theirs, met, adopted := map[string][]string{}, map[string][]string{}, map[string]int64{}
	for _, entry := range made {
		if entry.Reference == "" {
			continue // somebody at the partner entered it
		}
		theirs[entry.Email] = append(theirs[entry.Email], strconv.FormatInt(entry.SaleID, 10))
		met[entry.Email] = append(met[entry.Email], entry.Met)
	}
	for email, ids := range theirs {
		if len(ids) > 1 {
			v.twice = append(v.twice, fmt.Sprintf("%s is at the partner as %s, with %q", email, strings.Join(ids, " and "), met[email]))
		}
	}
	for _, s := range sales {
		name := fmt.Sprintf("sale %d of %s (%s, %s, look %q)", s.sale, s.email, s.state, s.cause, s.look)
		if other, taken := adopted[s.partnerSale]; taken && s.partnerSale != "" {
			v.twice = append(v.twice, fmt.Sprintf("%s and sale %d are both the partner's %s", name, other, s.partnerSale))
		}
		adopted[s.partnerSale] = s.sale
		switch {
		case s.forwarding == 0:
			v.lost = append(v.lost, name+" has no forwarding")
		case s.state == "forwarded" && !contains(theirs[s.email], s.partnerSale):
			v.lost = append(v.lost, name+" is forwarded as "+s.partnerSale+", which is not its own")
		case s.state == "forwarded":
			v.forwarded++
		case s.state == "withdrawn", s.state == "abandoned":
			v.lost = append(v.lost, name+" was given up")
		default:
			v.open[strings.TrimSpace(s.state+" "+s.cause+" "+s.look)]++
			if !s.explained() {
				v.silent = append(v.silent, fmt.Sprintf("%s: who must act is %q", name, s.whoMustAct))
			}
		}
	}
	return v
}

func contains(list []string, one string) bool {
	for _, item := range list {
		if item == one {
			return true
		}
	}
	return false
}

// explained says that an open sale has a cause that has words, and somebody who must act, or nobody in so many words. One
// that is being sent at this moment says so.
func (s told) explained() bool {
	known := s.cause != "" && words.Problem(states.English, linking.Problem{Code: states.Reason(s.cause)}) != s.cause+": "
	return s.state == "sending" || known && s.whoMustAct != ""
}

// The judge is seen to catch what it is for: each planted mistake, and nothing where there is none.
func TestTheJudgeCatchesWhatIsPlanted(t *testing.T) {
	t.Parallel()
	honest := func() ([]told, []practice.Entry) {
		var sales []told
		var made []practice.Entry
		for n := range 20 {
			email := fmt.Sprintf("k%d@x.example", n)
			s := told{sale: int64(n + 1), forwarding: int64(n + 100), email: email, state: "forwarded", partnerSale: strconv.Itoa(70000 + n)}
			if n%4 == 0 {
				s.state, s.cause, s.partnerSale, s.whoMustAct = "outcome_unknown", "outcome_unknown", "", "Jullie."
			}
			if n%8 != 0 {
				made = append(made, practice.Entry{SaleID: int64(70000 + n), Reference: fmt.Sprint("r/", n), Email: email})
			}
			sales = append(sales, s)
		}
		return sales, append(made, practice.Entry{SaleID: 80000, Email: "k1@x.example"})
	}
	sales, made := honest()
	v := judge(sales, made)
	require.Empty(t, v.twice)
	require.Empty(t, v.lost)
	require.Empty(t, v.silent)
	require.Equal(t, 15, v.forwarded)
	require.Equal(t, map[string]int{"outcome_unknown outcome_unknown": 5}, v.open)
	for name, plant := range map[string]struct {
		mistake             func(sales []told, made *[]practice.Entry)
		twice, lost, silent int
	}{
		"made again": {func(_ []told, made *[]practice.Entry) {
			*made = append(*made, practice.Entry{SaleID: 90000, Reference: "r/3", Email: "k3@x.example"})
		}, 1, 0, 0},
		"an open one made twice": {func(_ []told, made *[]practice.Entry) {
			*made = append(*made, practice.Entry{SaleID: 90000, Reference: "r/4", Email: "k4@x.example"})
		}, 1, 0, 0},
		"forwarded and never made":       {func(_ []told, made *[]practice.Entry) { *made = (*made)[1:] }, 0, 1, 0},
		"no forwarding":                  {func(sales []told, _ *[]practice.Entry) { sales[4].forwarding = 0 }, 0, 1, 0},
		"given up":                       {func(sales []told, _ *[]practice.Entry) { sales[4].state = "abandoned" }, 0, 1, 0},
		"another's sale":                 {func(sales []told, _ *[]practice.Entry) { sales[2].partnerSale = sales[1].partnerSale }, 1, 1, 0},
		"no cause":                       {func(sales []told, _ *[]practice.Entry) { sales[0].cause = "" }, 0, 0, 1},
		"a cause that nobody wrote":      {func(sales []told, _ *[]practice.Entry) { sales[0].cause = "whatever" }, 0, 0, 1},
		"nobody is said to have to act":  {func(sales []told, _ *[]practice.Entry) { sales[0].whoMustAct = "" }, 0, 0, 1},
		"forwarded without their number": {func(sales []told, _ *[]practice.Entry) { sales[1].partnerSale = "" }, 0, 1, 0},
	} {
		sales, made := honest()
		plant.mistake(sales, &made)
		v := judge(sales, made)
		require.Len(t, v.twice, plant.twice, name)
		require.Len(t, v.lost, plant.lost, name)
		require.Len(t, v.silent, plant.silent, name)
	}
}
