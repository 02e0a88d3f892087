package linking

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Candidate is a sale at a partner that an attempt with an unknown outcome may have made.
type Candidate struct {
	PartnerSaleID string `json:"partner_sale_id"`
	CreatedAt     string `json:"created_at"`
	Customer      string `json:"customer"`
	Score         int    `json:"score"`            // how many of name, e-mail and birthdate agree
	Apart         int    `json:"apart"`            // seconds between the attempt and the sale
	Product       bool   `json:"product"`          // it is of the product that was sent
	Timely        bool   `json:"timely"`           // it was made while the attempt was under way, as far as the clocks are known
	Unread        bool   `json:"unread,omitempty"` // nothing of it could be compared: nobody can say that it is another
	Odd           bool   `json:"odd,omitempty"`    // some of it could not be read, so that a later look may know better
}

// FullScore is the score of a candidate on which everything that can be compared agrees.
const FullScore = 3

// CompareCustomer counts how much of a partner's sale agrees with the customer that was sent, and how much of it could
// be compared: however people write it.
func CompareCustomer(sent map[string]string, email, lastname, birthdate string) (agree, compared int) {
	theirs := map[string]string{"email": plainText(email), "lastname": plainText(lastname), "birthdate": plainDay(birthdate)}
	ours := map[string]string{"email": plainText(sent["email"]), "lastname": plainText(sent["lastname"]), "birthdate": plainDay(sent["birthdate"])}
	for field, value := range theirs {
		if value == "" || ours[field] == "" {
			continue
		}
		compared++
		if value == ours[field] {
			agree++
		}
	}
	return agree, compared
}

// plainText is a text without what people and systems write in different ways: case, spaces, composed letters.
func plainText(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(text))
}

// plainDay is a day in one spelling, or nothing for what is none, or may be two days.
func plainDay(text string) string {
	at, _, err := ParseMoment(text)
	if err != nil {
		return ""
	}
	return at.In(Amsterdam).Format(time.DateOnly)
}

// BestCandidates puts the best first, and keeps so many: what agrees most, made closest to the attempt, and of two
// in one second the one with the lower number.
func BestCandidates(found []Candidate, keep int) []Candidate {
	rank := func(c Candidate) int {
		if c.Product {
			return 2*c.Score + 1
		}
		return 2 * c.Score
	}
	slices.SortStableFunc(found, func(a, b Candidate) int {
		return cmp.Or(rank(b)-rank(a), a.Apart-b.Apart, len(a.PartnerSaleID)-len(b.PartnerSaleID), cmp.Compare(a.PartnerSaleID, b.PartnerSaleID))
	})
	return found[:min(len(found), keep)]
}

// FreeCandidates leaves out what other forwardings have adopted, and puts the best first.
func FreeCandidates(found []Candidate, taken []*string) []Candidate {
	free := []Candidate{}
	for _, c := range found {
		if !slices.ContainsFunc(taken, func(id *string) bool { return id != nil && *id == c.PartnerSaleID }) {
			free = append(free, c)
		}
	}
	return BestCandidates(free, candidatesShown)
}

// candidatesShown is how many candidates a person is shown: the best ones.
const candidatesShown = 20

// Fits says that all that can be compared agrees: what is left of doubt is when it was made, and whose it is.
func (c Candidate) Fits() bool { return c.Score == FullScore && c.Product }

// TheOne gives the candidate that is ours beyond doubt: the only one that fits, made while the attempt was under way.
// Weaker ones beside it (another customer with the same birthday) are no doubt.
func TheOne(free []Candidate) (Candidate, bool) {
	fitting := slices.DeleteFunc(slices.Clone(free), func(c Candidate) bool { return !c.Fits() })
	if len(fitting) != 1 || !fitting[0].Timely {
		return Candidate{}, false
	}
	return fitting[0], true
}

// TheOnly gives the candidate that a person would choose without looking. Either it is the only one on which everything
// agrees, whatever weaker ones (another customer with the same birthday) stand beside it; or it is the only one there is,
// of the same product, on which most agrees. The best candidate comes first.
func TheOnly(free []Candidate) (Candidate, bool) {
	if len(free) == 0 || !free[0].Product {
		return Candidate{}, false
	}
	if free[0].Fits() {
		return free[0], len(free) == 1 || !free[1].Fits()
	}
	return free[0], len(free) == 1 && free[0].Score == FullScore-1
}
