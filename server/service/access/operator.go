package access

import (
	"context"

	"koppel/db"
	"koppel/server/service"
	"koppel/states"
)

// Environments lists every environment, for who runs this deployment.
func (s *Access) Environments(ctx context.Context) (list []db.SystemEnvironmentListRow, err error) {
	err = s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		list, err = tx.SystemEnvironmentList(ctx)
		return err
	})
	return list, err
}

// OperatorIn is who runs this deployment, at work in an environment: with an owner's rights, and as no user of it.
func (s *Access) OperatorIn(ctx context.Context, account string) (a service.Actor, err error) {
	env, err := s.Environment(ctx, account)
	return service.Actor{EnvironmentID: env.ID, Account: env.Account, EnvironmentName: env.Name, Language: env.Language, Role: states.RoleOwner}, err
}

// UserCalled finds a user by e-mail address.
func (s *Access) UserCalled(ctx context.Context, a service.Actor, email string) (user db.User, err error) {
	if !db.Storable(email) {
		return user, service.NotFound()
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		user, err = tx.UserByEmail(ctx, a.EnvironmentID, email)
		return err
	})
	return user, service.OrNotFound(err)
}

// EndSessions signs a user out everywhere, and says how many sessions that were.
func (s *Access) EndSessions(ctx context.Context, a service.Actor, id int64) (ended int64, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		user, err := tx.UserByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		if !mayManage(a, user) {
			return service.Forbidden()
		}
		if ended, err = tx.SessionsOfUserDelete(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "end_sessions", "user", id, nil, map[string]any{"sessions": ended})
	})
	return ended, service.OrNotFound(err)
}
