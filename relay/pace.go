package relay

import (
	"context"
	"fmt"
	"maps"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/partner"
)

const (
	// relearnAfter is how long a partner must not have throttled before a learned limit is tried a little higher.
	relearnAfter = 10 * time.Minute
	paceEvery    = 2 * time.Second
	setAgain     = 2 * time.Minute // Temporal may have a new store
)

// Pace keeps the partner queue's rates as the limit groups are: Rate for those of whom nothing is known, and a
// weight of it for the others. The rates live in Temporal, so that all workers together keep them.
type Pace struct {
	Store     *db.Store
	Client    client.Client
	Namespace string
	TaskQueue string
	Rate      float64 // requests a second for each limit group of whom nothing is known
	Log       *zap.Logger
	Now       func() time.Time
	Kept      func() // is called each time the rates are as they should be; may be nil

	weights map[string]float32 // as Temporal has them; nil: not known
	setAt   time.Time
}

// Run follows the limit groups until ctx ends.
func (p *Pace) Run(ctx context.Context) {
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	for {
		err := p.follow(ctx)
		switch {
		case err == nil && p.Kept != nil:
			p.Kept()
		case err != nil && ctx.Err() == nil:
			p.Log.Warn("budget.pace.failed", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *Pace) follow(ctx context.Context) error {
	now := p.Now()
	before := now.Add(-relearnAfter)
	wanted := map[string]float32{}
	err := p.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		if err := tx.SystemLimitGroupsRefresh(ctx, partner.StockLimit); err != nil {
			return err
		}
		if err := tx.SystemLimitGroupsBelieve(ctx); err != nil {
			return err
		}
		if err := tx.SystemLimitGroupsRelearn(ctx, &now, &before); err != nil {
			return err
		}
		groups, err := tx.SystemLimitGroups(ctx)
		for _, g := range groups {
			if limit := partner.PerMinute(g.RequestsPerMinute, g.Learned); limit > 0 {
				wanted[g.Name] = float32(partner.PerSecond(limit) / p.Rate)
			}
		}
		return err
	})
	if err != nil || now.Sub(p.setAt) < setAgain && maps.Equal(wanted, p.weights) {
		return err
	}
	if err := p.set(ctx, wanted); err != nil {
		return err
	}
	p.weights, p.setAt = wanted, now
	return nil
}

func (p *Pace) set(ctx context.Context, wanted map[string]float32) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var gone []string
	for name := range p.weights {
		if _, still := wanted[name]; !still {
			gone = append(gone, name)
		}
	}
	_, err := p.Client.WorkflowService().UpdateTaskQueueConfig(ctx, &workflowservice.UpdateTaskQueueConfigRequest{
		Namespace: p.Namespace, TaskQueue: p.TaskQueue, TaskQueueType: enums.TASK_QUEUE_TYPE_ACTIVITY, Identity: "koppel",
		UpdateFairnessKeyRateLimitDefault: &workflowservice.UpdateTaskQueueConfigRequest_RateLimitUpdate{
			RateLimit: &taskqueue.RateLimit{RequestsPerSecond: float32(p.Rate)}, Reason: "a partner's budget",
		},
		SetFairnessWeightOverrides: wanted, UnsetFairnessWeightOverrides: gone,
	})
	if err != nil {
		return fmt.Errorf("set the partner queue's rates: %w", err)
	}
	return nil
}
