package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"koppel/internal/config"
	"koppel/salesdock/practice"
)

// PracticeCmd is koppel practice-partner.
type PracticeCmd struct {
	Address   string `help:"Address to serve on." default:"127.0.0.1:8090"`
	Account   string `help:"Name of the account." default:"oefenpartner"`
	Products  int    `help:"How many products it offers." default:"50"`
	PerMinute int    `help:"Requests a minute that an address, and a user, may make; 0 for no limit." default:"120"`
}

// Run serves until it is told to stop. What it holds is gone then.
func (c *PracticeCmd) Run(r *Run) error {
	listener, err := (&net.ListenConfig{}).Listen(r.Ctx, "tcp", c.Address)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", c.Address, err)
	}
	partner := practice.New(practice.Config{Account: c.Account, Products: c.Products, PerMinute: c.PerMinute})
	server := &http.Server{Handler: partner, ReadHeaderTimeout: 10 * time.Second}
	base := "http://" + listener.Addr().String()
	_, err = fmt.Fprintf(r.Out, `A stock Salesdock account to practise against, without any of our extensions.

  Address   %s
  Account   %s
  Token     %s

Start Koppel with KOPPEL_PARTNER_HOSTS=%s, or it will not call a private address.
  faults    curl -X PUT %s/practice/faults -d '{"lose_every": 5}'   (GET shows all of them; {} is a healthy account)
  sales     curl %s/practice/ledger
  a status  curl -X POST '%s/practice/status?sale=70000&status=in-behandeling'
`, base, c.Account, partner.Token(), listener.Addr(), base, base, base)
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
	drain, cancel := context.WithTimeout(context.WithoutCancel(r.Ctx), config.ShutdownTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
