package retention

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"koppel/db"
)

// Chain is what was found of an environment's part of the audit log.
type Chain struct {
	Account  string
	Begins   int64 // the first position that is there
	Position int64 // the last
	Hash     []byte
	Rows     int      // that are there, and as they were sealed
	Wrong    []string // what is not as it was, the first few of it
}

// Seal is one that somebody kept elsewhere.
type Seal struct {
	Account  string
	Position int64
	Hash     []byte
}

// ParseSeals reads seals as koppel audit verify prints them.
func ParseSeals(texts []string) (seals []Seal, err error) {
	for _, text := range texts {
		parts := strings.Split(text, ":")
		if len(parts) != 3 {
			return nil, fmt.Errorf("%q is no seal: account:position:hash", text)
		}
		position, errNumber := strconv.ParseInt(parts[1], 10, 64)
		hash, errHash := hex.DecodeString(parts[2])
		if err := errors.Join(errNumber, errHash); err != nil {
			return nil, fmt.Errorf("%q is no seal: account:position:hash: %w", text, err)
		}
		seals = append(seals, Seal{parts[0], position, hash})
	}
	return seals, nil
}

// keepsAudit is how young a row of the audit log is that nothing may remove; koppel_audit_forget holds it.
const keepsAudit = 30 * 24 * time.Hour

// mostWrong is how much of what is wrong is told of one chain.
const mostWrong = 10

// VerifyAudit checks every environment's chain: each seal follows from the one before it, each row is as it was sealed, and
// none is missing but those of before the oldest one that is left. It writes nothing.
func VerifyAudit(ctx context.Context, store *db.Store, known []Seal, now time.Time) (chains []Chain, err error) {
	var environments []db.SystemAuditChainsRow
	err = store.WithSystemTx(ctx, func(tx *db.Tx) error {
		environments, err = tx.SystemAuditChains(ctx)
		return err
	})
	for _, env := range environments {
		v := &verifier{Chain: Chain{Account: env.Account}, environment: env.ID, known: known, now: now}
		for done := false; err == nil && !done; {
			err = store.WithSystemTx(ctx, func(tx *db.Tx) error { // a page each: nothing waits for it
				done, err = v.page(ctx, tx)
				return err
			})
		}
		if err != nil {
			return nil, fmt.Errorf("verify the audit log of %s: %w", env.Account, err)
		}
		chains = append(chains, v.Chain)
	}
	for _, seal := range known {
		found := false
		for i := range chains {
			found = found || chains[i].Account == seal.Account
			if chains[i].Account == seal.Account && seal.Position > chains[i].Position {
				chains[i].Wrong = append(chains[i].Wrong, fmt.Sprintf("seal %d is known, and is not there: the end was cut off", seal.Position))
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no environment %q", seal.Account)
		}
	}
	return chains, err
}

type verifier struct {
	Chain
	environment int64
	known       []Seal
	now         time.Time
	oldest      time.Time // of the rows that are there
}

func (v *verifier) wrong(format string, args ...any) {
	if len(v.Wrong) < mostWrong {
		v.Wrong = append(v.Wrong, fmt.Sprintf(format, args...))
	}
}

func (v *verifier) page(ctx context.Context, tx *db.Tx) (done bool, err error) {
	seals, err := tx.SystemAuditSeals(ctx, db.SystemAuditSealsParams{EnvironmentID: v.environment, AfterPosition: v.Position, PageSize: batch})
	if err != nil {
		return false, err
	}
	if len(seals) == 0 {
		passed, err := tx.SystemAuditPassedBy(ctx, v.environment)
		for _, id := range passed {
			v.wrong("row %d was put in afterwards: the chain had passed it by", id)
		}
		return true, err
	}
	v.oldest, err = tx.SystemAuditOldest(ctx, v.environment)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return false, err
	}
	ids := make([]int64, len(seals))
	for i, seal := range seals {
		ids[i] = seal.AuditID
	}
	list, err := tx.SystemAuditRows(ctx, v.environment, ids)
	if err != nil {
		return false, err
	}
	rows := make(map[int64]db.AuditLog, len(list))
	for _, row := range list {
		rows[row.ID] = row
	}
	for _, seal := range seals {
		row, there := rows[seal.AuditID]
		v.seal(seal, row, there)
	}
	return false, nil
}

func (v *verifier) seal(seal db.AuditSeal, row db.AuditLog, there bool) {
	switch {
	case v.Begins == 0 && seal.Position > 1: // what came before went by its age: here the chain begins
		v.Begins = seal.Position
		if v.now.Sub(seal.At) < keepsAudit {
			v.wrong("the beginning was cut off: seal %d is too young to be one", seal.Position)
		}
	case v.Begins == 0:
		v.Begins = 1
		fallthrough
	default:
		if seal.Position != v.Position+1 {
			v.wrong("seals %d to %d are missing", v.Position+1, seal.Position-1)
		} else if !bytes.Equal(seal.Hash, chained(v.Hash, seal.Digest)) {
			v.wrong("seal %d does not follow from the one before it", seal.Position)
		}
	}
	v.Position, v.Hash = seal.Position, seal.Hash
	for _, known := range v.known {
		if known.Account == v.Account && known.Position == seal.Position && !bytes.Equal(known.Hash, seal.Hash) {
			v.wrong("seal %d is another one than was known", seal.Position)
		}
	}
	switch {
	case there && bytes.Equal(auditDigest(row), seal.Digest):
		v.Rows++
	case there:
		v.wrong("row %d was changed after it was sealed", seal.AuditID)
	case !v.oldest.IsZero() && seal.At.After(v.oldest): // by its age an older one would have gone first
		v.wrong("row %d is missing, and older ones are there", seal.AuditID)
	}
}
