package practice

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// wishes is what is told and asked about moods.
type wishes struct {
	Seed  uint64             `json:"seed"`
	Moods map[string]float64 `json:"moods"` // name → probability
	Rows  map[string]string  `json:"rows"`  // "products/1001" → a mood of rows, for good
}

// control is how people and tests steer the account: moods, the ledger, a sale's status.
func (p *Partner) control(w http.ResponseWriter, r *http.Request) {
	switch path := strings.TrimPrefix(r.URL.Path, "/practice/"); {
	case path == "moods" && r.Method == http.MethodPut:
		if err := p.wish(r.Body); err != nil {
			failure(w, http.StatusBadRequest, err.Error(), nil)
			return
		}
		answer(w, http.StatusOK, p.wishes())
	case path == "moods":
		answer(w, http.StatusOK, struct {
			wishes
			Known []Mood `json:"known"`
		}{p.wishes(), All()})
	case path == "ledger":
		answer(w, http.StatusOK, p.Ledger())
	case path == "creates":
		answer(w, http.StatusOK, p.Creates())
	case path == "status" && r.Method == http.MethodPost:
		id, err := strconv.ParseInt(r.URL.Query().Get("sale"), 10, 64)
		if err != nil || !p.SetStatus(id, r.URL.Query().Get("status"), r.URL.Query().Get("remark")) {
			failure(w, http.StatusNotFound, "There is no such sale.", nil)
			return
		}
		answer(w, http.StatusOK, nil)
	default:
		failure(w, http.StatusNotFound, "GET or PUT /practice/moods, GET /practice/ledger, GET /practice/creates, POST /practice/status?sale=&status=", nil)
	}
}

// wish sets the moods that a body names, and mends all others.
func (p *Partner) wish(body io.Reader) error {
	asked := wishes{Seed: 1}
	data, err := io.ReadAll(io.LimitReader(body, 1<<16))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &asked); err != nil {
		return err
	}
	if err := p.SetMoods(asked.Seed, asked.Moods); err != nil {
		return err
	}
	p.mu.Lock()
	clear(p.spoilt)
	p.mu.Unlock()
	for row, mood := range asked.Rows {
		resource, id, _ := strings.Cut(row, "/")
		if err := p.SpoilRow(resource, id, mood); err != nil {
			return err
		}
	}
	return nil
}

func (p *Partner) wishes() wishes {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := wishes{p.seed, map[string]float64{}, map[string]string{}}
	for name, probability := range p.moods {
		w.Moods[name] = probability
	}
	for row, mood := range p.spoilt {
		if mood != nil {
			w.Rows[row] = mood.Name
		}
	}
	return w
}
