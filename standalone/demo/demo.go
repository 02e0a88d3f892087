package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"
)

// Demo is the demo of one data folder.
type Demo struct {
	BaseURL      string
	Environments []Environment
	Out          io.Writer
	Marker       string // exists when the demo was seeded
}

func (d *Demo) say(format string, args ...any) {
	fmt.Fprintf(d.Out, "demo: "+format+"\n", args...) //nolint:errcheck // the terminal
}

func (d *Demo) client(account string) client {
	for _, e := range d.Environments {
		if e.Account == account {
			return client{d.BaseURL, account, e.OwnerToken}
		}
	}
	return client{}
}

func (d *Demo) provider() client { return d.client(Provider) }
func (d *Demo) reseller() client { return d.client(Reseller) }

// Seed makes the demo, once: the provider, the reseller, their link with its mappings, imported products, and
// sales in several states.
func (d *Demo) Seed(ctx context.Context) error {
	if _, err := os.Stat(d.Marker); err == nil {
		return nil
	}
	began := time.Now()
	d.say("seeding, through the API")
	for _, step := range []func(context.Context) error{d.setUpProvider, d.setUpReseller, d.link, d.importProducts, d.mapForms, d.sell} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.say("seeded in %s", time.Since(began).Round(100*time.Millisecond))
	return os.WriteFile(d.Marker, []byte(time.Now().UTC().Format(time.RFC3339)+"\n"), 0o600)
}

func (d *Demo) setUpReseller(ctx context.Context) error {
	r := d.reseller()
	if err := setUpForms(ctx, r); err != nil {
		return err
	}
	return r.post(ctx, "account/statuses", object{"id": "bij-voltera", "name": "Bij Voltera in behandeling", "type": "default"}, nil)
}

type idOnly struct {
	ID int64 `json:"id"`
}

// link is what B and A do to link: an organisation with grants and a user with a token at B, an integration
// at A.
func (d *Demo) link(ctx context.Context) error {
	p, r := d.provider(), d.reseller()
	var organisation, user idOnly
	if err := p.post(ctx, "account/organisations", object{"name": "Zonwijs", "identifier": "zonwijs"}, &organisation); err != nil {
		return err
	}
	if err := p.post(ctx, fmt.Sprintf("account/connect-organisation-to-products/%d", organisation.ID), object{}, nil); err != nil {
		return err
	}
	var flows []idOnly
	if err := p.get(ctx, "account/flows", &flows); err != nil {
		return err
	}
	var ids []int64
	for _, f := range flows {
		ids = append(ids, f.ID)
	}
	if err := p.put(ctx, fmt.Sprintf("account/organisations/%d/flows", organisation.ID), object{"flow_ids": ids}); err != nil {
		return err
	}
	err := p.post(ctx, "account/users", object{"email": "koppeling@zonwijs.example", "firstname": "Koppeling_zonwijs", "role": "agent", "organisation_id": organisation.ID}, &user)
	if err != nil {
		return err
	}
	var token struct {
		Token string `json:"token"`
	}
	if err := p.post(ctx, fmt.Sprintf("account/users/%d/tokens", user.ID), object{"name": "Koppeling", "integration": true}, &token); err != nil {
		return err
	}
	if err := r.post(ctx, "account/integrations", object{"account_name": Provider, "token": token.Token}, nil); err != nil {
		return err
	}
	d.say("%s is linked to %s", Reseller, Provider)
	return nil
}

func (d *Demo) integration(ctx context.Context) (int64, error) {
	var list []idOnly
	if err := d.reseller().get(ctx, "account/integrations", &list); err != nil {
		return 0, err
	}
	if len(list) == 0 {
		return 0, errors.New("the demo's integration is gone")
	}
	return list[0].ID, nil
}

const imported = 60

func (d *Demo) importProducts(ctx context.Context) error {
	id, err := d.integration(ctx)
	if err != nil {
		return err
	}
	r := d.reseller()
	var offered []struct {
		ID    int64  `json:"id"`
		State string `json:"state"`
	}
	path := fmt.Sprintf("account/integrations/%d/products", id)
	err = wait(ctx, "the first look at the partner", func() (bool, error) {
		err := r.get(ctx, path, &offered)
		return len(offered) >= productCount, err
	})
	if err != nil {
		return err
	}
	var ids []int64
	for _, p := range offered[:imported] {
		ids = append(ids, p.ID)
	}
	if err := r.put(ctx, path, object{"product_ids": ids}); err != nil {
		return err
	}
	err = wait(ctx, "the import", func() (bool, error) {
		if err := r.get(ctx, path, &offered); err != nil {
			return false, err
		}
		count := 0
		for _, p := range offered {
			if p.State == "imported" {
				count++
			}
		}
		return count == imported, nil
	})
	d.say("%d of %d products imported", imported, productCount)
	return err
}

// mapForms accepts what the mapping pages suggest, and switches forwarding on.
func (d *Demo) mapForms(ctx context.Context) error {
	id, err := d.integration(ctx)
	if err != nil {
		return err
	}
	r := d.reseller()
	base := fmt.Sprintf("account/integrations/%d/", id)
	var flows struct {
		Mappings []struct {
			FlowID     int64 `json:"flow_id"`
			Suggestion *struct {
				PartnerFlowID int64 `json:"partner_flow_id"`
			} `json:"suggestion"`
		} `json:"mappings"`
	}
	if err := r.get(ctx, base+"mappings/flows", &flows); err != nil {
		return err
	}
	var pairs []object
	for _, f := range flows.Mappings {
		if f.Suggestion != nil {
			pairs = append(pairs, object{"flow_id": f.FlowID, "partner_flow_id": f.Suggestion.PartnerFlowID})
		}
	}
	if err := r.put(ctx, base+"mappings/flows", pairs); err != nil {
		return err
	}
	for kind, field := range map[string]string{"questions": "question_id", "agreements": "agreement_id"} {
		if err := acceptSuggestions(ctx, r, base+"mappings/"+kind, field); err != nil {
			return err
		}
	}
	if err := r.put(ctx, base+"mappings/statuses", []object{{"partner_status": "in-behandeling", "status": "bij-voltera"}, {"partner_status": "verwerkt", "status": "netto"}}); err != nil {
		return err
	}
	d.say("flows, questions, agreements and statuses mapped")
	return r.call(ctx, "PATCH", fmt.Sprintf("account/integrations/%d", id), object{
		"vanished_products": "deactivate", "forwarding": object{"enabled": true, "automatic": true, "statuses": []string{"new", "verified"}}, "status_poll_minutes": 5,
	}, nil)
}

func acceptSuggestions(ctx context.Context, c client, path, field string) error {
	var rows []struct {
		PartnerIdentifier string         `json:"partner_identifier"`
		Suggestion        map[string]any `json:"suggestion"`
	}
	if err := c.get(ctx, path, &rows); err != nil {
		return err
	}
	pairs := []object{}
	for _, row := range rows {
		if row.Suggestion != nil {
			pairs = append(pairs, object{"partner_identifier": row.PartnerIdentifier, field: row.Suggestion[field]})
		}
	}
	return c.put(ctx, path, pairs)
}

// Live keeps the demo moving a little: the provider changes a tariff now and then, and moves a status.
func (d *Demo) Live(ctx context.Context) {
	tick := time.NewTicker(45 * time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var err error
		if n%2 == 0 {
			err = d.changeTariff(ctx)
		} else {
			err = d.moveStatus(ctx)
		}
		if err != nil && ctx.Err() == nil {
			d.say("%v", err)
		}
	}
}

func (d *Demo) changeTariff(ctx context.Context) error {
	p := d.provider()
	var products []struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
		Type string `json:"type"`
	}
	if err := p.get(ctx, "account/products?type=energy_e_g", &products); err != nil || len(products) == 0 {
		return err
	}
	chosen := products[rand.IntN(len(products))] //nolint:gosec // any one will do
	var detail struct {
		CustomFields map[string]string `json:"customfields"`
	}
	if err := p.get(ctx, fmt.Sprintf("account/products/%d", chosen.ID), &detail); err != nil {
		return err
	}
	detail.CustomFields["tariff_single"] = fmt.Sprintf("0.2%03d", rand.IntN(1000)) //nolint:gosec // any tariff will do
	if err := p.put(ctx, fmt.Sprintf("account/products/%d", chosen.ID), object{"customfields": detail.CustomFields}); err != nil {
		return err
	}
	d.say("%s changed a tariff of %s", Provider, chosen.Name)
	return nil
}

func (d *Demo) moveStatus(ctx context.Context) error {
	p := d.provider()
	var page struct {
		Data []struct {
			ID     int64  `json:"id"`
			Status string `json:"status"`
		} `json:"data"`
	}
	if err := p.get(ctx, "account/sales", &page); err != nil {
		return err
	}
	next := map[string]string{"new": "in-behandeling", "in-behandeling": "verwerkt"}
	for _, s := range page.Data {
		to, moves := next[s.Status]
		if !moves {
			continue
		}
		if err := p.post(ctx, fmt.Sprintf("account/sales/updatestatus/%d?status=%s", s.ID, to), nil, nil); err != nil {
			return err
		}
		d.say("%s moved sale %d to %s", Provider, s.ID, to)
		return nil
	}
	return nil
}
