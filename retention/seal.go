package retention

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"koppel/db"
)

const sealLock = "koppel.audit.seal"

// SealAudit seals what is settled of the audit log, in batches; what another process is sealing at the moment is left to it.
// What is still to be masked is waited for: a seal is of a row as it stays.
func (k *Keeper) SealAudit(ctx context.Context) error {
	if err := k.maskAudit(ctx); err != nil {
		return err
	}
	for {
		sealed := 0
		err := k.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
			locked, err := tx.SystemTryLock(ctx, sealLock)
			if err != nil || !locked {
				return err
			}
			sealed, err = sealBatch(ctx, tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("seal the audit log: %w", err)
		}
		if sealed < batch {
			return nil
		}
	}
}

func sealBatch(ctx context.Context, tx *db.Tx) (sealed int, err error) {
	rows, err := tx.SystemAuditUnsealed(ctx, batch)
	if err != nil {
		return 0, err
	}
	heads := map[int64]db.SystemAuditHeadRow{}
	for _, row := range rows {
		if row.ToMask {
			return sealed, nil
		}
		head, known := heads[row.AuditLog.EnvironmentID]
		if !known {
			if head, err = tx.SystemAuditHead(ctx, row.AuditLog.EnvironmentID); err != nil && !errors.Is(err, db.ErrNotFound) {
				return 0, err
			}
		}
		digest := auditDigest(row.AuditLog)
		head = db.SystemAuditHeadRow{Position: head.Position + 1, Hash: chained(head.Hash, digest)}
		err := tx.SystemAuditSeal(ctx, db.SystemAuditSealParams{
			EnvironmentID: row.AuditLog.EnvironmentID, Position: head.Position, AuditID: row.AuditLog.ID, At: row.AuditLog.At, Changed: row.AuditLog.Changed, Digest: digest, Hash: head.Hash,
		})
		if err != nil {
			return 0, err
		}
		heads[row.AuditLog.EnvironmentID] = head
		sealed++
	}
	return sealed, nil
}

// auditDigest covers what a row says. Each part has its length before it, so that no two rows are the same text.
func auditDigest(row db.AuditLog) []byte {
	user := int64(0)
	if row.UserID != nil {
		user = *row.UserID
	}
	operator := ""
	if row.Operator != nil {
		operator = *row.Operator
	}
	sum := sha256.New()
	for _, part := range []string{
		fmt.Sprint(row.EnvironmentID), fmt.Sprint(row.ID), fmt.Sprint(user), row.Action, row.Entity, row.EntityID, string(row.Old), string(row.New),
		fmt.Sprint(row.At.UnixMicro()), row.Address, row.Request, operator,
	} {
		_, _ = sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part)))) // never fails (hash.Hash)
		_, _ = sum.Write([]byte(part))
	}
	return sum.Sum(nil)
}

func chained(before, digest []byte) []byte {
	sum := sha256.Sum256(slices.Concat(before, digest))
	return sum[:]
}
