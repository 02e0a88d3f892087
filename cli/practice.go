package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"koppel/salesdock/practice"
)

// PracticeCmd is koppel practice-partner.
type PracticeCmd struct {
	Address   string `help:"Address to serve on." default:"127.0.0.1:8090"`
	Account   string `help:"Name of the account." default:"oefenpartner"`
	Products  int    `help:"How many products it offers." default:"50"`
	PerMinute int    `help:"Requests a minute that an address, and a user, may make; 0 for no limit." default:"120"`

	Mood map[string]float64 `help:"A mood and its probability for each request, such as made-then-504-1015=0.2; more than one may be given." placeholder:"NAME=PROBABILITY"`
	Seed uint64             `help:"Where chance begins: the same seed and the same requests give the same answers." default:"1"`
}

// Help lists the moods.
func (*PracticeCmd) Help() string {
	var list strings.Builder
	list.WriteString("Moods: what the account can do wrong.\n\n")
	for _, mood := range practice.All() {
		fmt.Fprintf(&list, "    %-26s %s\n", mood.Name, mood.Does)
	}
	return list.String()
}

// Run serves until it is told to stop. What it holds is gone then.
func (c *PracticeCmd) Run(r *Run) error {
	partner := practice.New(practice.Config{Account: c.Account, Products: c.Products, PerMinute: c.PerMinute})
	if err := partner.SetMoods(c.Seed, c.Mood); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(r.Ctx, "tcp", c.Address)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", c.Address, err)
	}
	server := &http.Server{Handler: partner, ReadHeaderTimeout: 10 * time.Second}
	base := "http://" + listener.Addr().String()
	_, err = fmt.Fprintf(r.Out, `A stock Salesdock account to practise against, without any of our extensions.

  Address   %s
  Account   %s
  Token     %s

Start Koppel with KOPPEL_PARTNER_HOSTS=%s, or it will not call a private address.
  moods     curl -X PUT %s/practice/moods -d '{"moods": {"made-then-504-1015": 0.2}}'   (GET lists all %d; {} is a healthy account)
  sales     curl %s/practice/ledger    (what was really made; /practice/creates has every create, and its answer)
  a status  curl -X POST '%s/practice/status?sale=70000&status=in-behandeling'
`, base, c.Account, partner.Token(), listener.Addr(), base, len(practice.All()), base, base)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-r.Ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(r.Ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(drain); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
