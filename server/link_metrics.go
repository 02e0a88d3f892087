package server

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"koppel/db"
	"koppel/partner"
	"koppel/states"
)

// What an open forwarding stands at, as SystemForwardingsOpen says.
const (
	standingWaiting = "waiting"
	standingPerson  = "person"
	standingUnknown = "unknown"
)

// reasonNotDue is of a sale that waits by its link's own delay: nothing is wrong with it.
const reasonNotDue = "not_due"

// alone says whether each link has series of its own: a deployment with very many has totals only.
func (r *reading) alone(limit int) bool { return len(r.links) <= limit }

// saleMetrics tells of sales that have not arrived: by reason, and for each link.
type saleMetrics struct {
	facts *facts
	limit int
}

var (
	salesWaiting     = desc("koppel_sales_waiting", "Sales on their way to a partner, by reason; not_due: by the link's own delay.", "reason")
	salesPerson      = desc("koppel_sales_need_person", "Sales that wait for a person, by reason.", "reason")
	salesUnknown     = desc("koppel_sales_outcome_unknown", "Sales that were sent and of which nobody knows whether they arrived.")
	salesOldest      = desc("koppel_sales_oldest_waiting_seconds", "How long the sale waits that waits longest since it was due; 0 when none does.")
	linkSalesWaiting = desc("koppel_link_sales_waiting", "Sales on their way to this link's partner, by reason.", "integration", "reason")
	linkSalesPerson  = desc("koppel_link_sales_need_person", "Sales of this link that wait for a person, by reason.", "integration", "reason")
	linkSalesUnknown = desc("koppel_link_sales_outcome_unknown", "Sales of this link of which nobody knows whether they arrived.", "integration")
	linkSalesOldest  = desc("koppel_link_oldest_waiting_seconds", "How long the sale of this link waits that waits longest since it was due.", "integration")
)

// Describe implements prometheus.Collector.
func (*saleMetrics) Describe(out chan<- *prometheus.Desc) {
	described(out, salesWaiting, salesPerson, salesUnknown, salesOldest, linkSalesWaiting, linkSalesPerson, linkSalesUnknown, linkSalesOldest)
}

// heldUp sums sales that have not arrived.
type heldUp struct {
	waiting, person map[string]int64 // by reason
	unknown         int64
	oldest          time.Duration
}

func newHeldUp() *heldUp { return &heldUp{waiting: map[string]int64{}, person: map[string]int64{}} }

func (h *heldUp) add(f db.SystemForwardingsOpenRow, now time.Time) {
	reason := f.Reason
	if reason == "" {
		reason = "none"
	}
	switch f.Standing {
	case standingWaiting:
		h.waiting[reason] += f.Sales
		if reason != reasonNotDue {
			h.oldest = max(h.oldest, now.Sub(f.Since))
		}
	case standingPerson:
		h.person[reason] += f.Sales
	case standingUnknown:
		h.person[reason] += f.Sales
		h.unknown += f.Sales
	default: // it is looked for
		h.unknown += f.Sales
	}
}

// Collect implements prometheus.Collector. Without a database it tells nothing.
func (m *saleMetrics) Collect(out chan<- prometheus.Metric) {
	read := m.facts.read()
	if read == nil {
		return
	}
	all, each := newHeldUp(), map[int64]*heldUp{}
	for _, l := range read.links {
		each[l.ID] = newHeldUp()
	}
	for _, f := range read.forwardings {
		all.add(f, read.at)
		if link, there := each[f.IntegrationID]; there {
			link.add(f, read.at)
		}
	}
	for reason, n := range all.waiting {
		gauge(out, salesWaiting, float64(n), reason)
	}
	for reason, n := range all.person {
		gauge(out, salesPerson, float64(n), reason)
	}
	gauge(out, salesUnknown, float64(all.unknown))
	gauge(out, salesOldest, all.oldest.Seconds())
	if !read.alone(m.limit) {
		return
	}
	for id, link := range each {
		integration := strconv.FormatInt(id, 10)
		for reason, n := range link.waiting {
			gauge(out, linkSalesWaiting, float64(n), integration, reason)
		}
		for reason, n := range link.person {
			gauge(out, linkSalesPerson, float64(n), integration, reason)
		}
		gauge(out, linkSalesUnknown, float64(link.unknown), integration)
		gauge(out, linkSalesOldest, link.oldest.Seconds(), integration)
	}
}

// linkMetrics tells how links stand: what they read and how old that is, and what their partners allow.
type linkMetrics struct {
	facts *facts
	limit int
}

var (
	links          = desc("koppel_links", "Links towards partners, by state and by what the partner runs.", "state", "partner")
	linksProducts  = desc("koppel_links_products_age_seconds", "How long ago a partner's products were looked at, of the active link that waits longest.")
	linksStatuses  = desc("koppel_links_statuses_age_seconds", "How long ago a partner's statuses were read, of the active link that follows them and waits longest.")
	linksDown      = desc("koppel_links_circuit_open", "Links whose partner does not answer and is left alone.")
	linksBudget    = desc("koppel_links_budget_used_ratio", "Requests of the last minute as a part of what the partner allows, of the link that uses most.")
	linksAlone     = desc("koppel_links_with_series", "How many links have series of their own, koppel_link_…: all, or none.")
	linkUp         = desc("koppel_link_active", "Whether this link is active: 1, or 0 while it is paused.", "integration")
	linkProducts   = desc("koppel_link_products_age_seconds", "How long ago this partner's products were looked at.", "integration")
	linkStatuses   = desc("koppel_link_statuses_age_seconds", "How long ago this partner's statuses were read.", "integration")
	linkDown       = desc("koppel_link_circuit_open", "Whether this link's partner does not answer and is left alone: 1, or 0.", "integration")
	linkBudgetUsed = desc("koppel_link_budget_used_ratio", "Requests of the last minute as a part of what the partner allows; of all links together that share it.", "integration")
)

// Describe implements prometheus.Collector.
func (*linkMetrics) Describe(out chan<- *prometheus.Desc) {
	described(out, links, linksProducts, linksStatuses, linksDown, linksBudget, linksAlone, linkUp, linkProducts, linkStatuses, linkDown, linkBudgetUsed)
}

// Collect implements prometheus.Collector. Without a database it tells nothing.
func (m *linkMetrics) Collect(out chan<- prometheus.Metric) {
	read := m.facts.read()
	if read == nil {
		return
	}
	type group struct {
		state   states.IntegrationState
		partner states.PartnerKind
	}
	count := map[group]int{}
	for _, state := range []states.IntegrationState{states.IntegrationActive, states.IntegrationPaused} {
		for _, kind := range []states.PartnerKind{states.PartnerKoppel, states.PartnerStock} {
			count[group{state, kind}] = 0
		}
	}
	alone, down := read.alone(m.limit), 0
	var products, statuses time.Duration
	var budget float64
	for _, l := range read.links {
		count[group{l.State, l.PartnerKind}]++
		budget = max(budget, budgetUsed(l))
		if l.CircuitOpen {
			down++
		}
		if l.State == states.IntegrationActive {
			products = max(products, read.at.Sub(l.ProductsAt))
			if l.FollowsStatuses {
				statuses = max(statuses, read.at.Sub(l.StatusesAt))
			}
		}
		if alone {
			linkSeries(out, read.at, l)
		}
	}
	for g, n := range count {
		gauge(out, links, float64(n), string(g.state), string(g.partner))
	}
	gauge(out, linksProducts, products.Seconds())
	gauge(out, linksStatuses, statuses.Seconds())
	gauge(out, linksDown, float64(down))
	gauge(out, linksBudget, budget)
	gauge(out, linksAlone, truth(alone)*float64(len(read.links)))
}

func linkSeries(out chan<- prometheus.Metric, now time.Time, l db.SystemLinkStatesRow) {
	integration, active := strconv.FormatInt(l.ID, 10), l.State == states.IntegrationActive
	gauge(out, linkUp, truth(active), integration)
	gauge(out, linkDown, truth(l.CircuitOpen), integration)
	gauge(out, linkBudgetUsed, budgetUsed(l), integration)
	if active {
		gauge(out, linkProducts, now.Sub(l.ProductsAt).Seconds(), integration)
		if l.FollowsStatuses {
			gauge(out, linkStatuses, now.Sub(l.StatusesAt).Seconds(), integration)
		}
	}
}

// budgetUsed is 0 where nothing is known of what a partner allows.
func budgetUsed(l db.SystemLinkStatesRow) float64 {
	allowed := partner.PerMinute(l.RequestsPerMinute, l.Learned)
	if allowed == 0 {
		return 0
	}
	return float64(l.Used) / float64(allowed)
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
