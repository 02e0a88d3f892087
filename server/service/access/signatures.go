package access

import (
	"bytes"
	"context"
	"errors"

	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
)

// CheckSignature holds a call with an integration token against the key that its user's calls are signed with. The first
// key that signs one is that key, before there is a link, while there is one and after it. A call that must be taken
// once is refused when it is played back.
func (s *Access) CheckSignature(ctx context.Context, a service.Actor, by *salesdock.Signature, once bool) error {
	switch {
	case by == nil && (a.MustSign || a.LinkKey != nil):
		return unsigned("not_signed")
	case by == nil:
		return nil
	case a.LinkKey != nil && !bytes.Equal(by.Key, a.LinkKey):
		return unsigned("signed_by_another")
	}
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		if a.LinkKey == nil {
			if err := s.pin(ctx, tx, a, by.Key); err != nil {
				return err
			}
		}
		if !once {
			return nil
		}
		count, err := tx.SignatureNonceInsert(ctx, db.SignatureNonceInsertParams{EnvironmentID: a.EnvironmentID, Nonce: subject("nonce", by.Nonce), Now: s.Now()})
		if err == nil && count == 0 {
			return unsigned("signed_before")
		}
		return err
	})
}

func unsigned(why string) *service.Error {
	return &service.Error{Kind: service.KindUnidentified, Key: why, Fields: map[string]service.Sentence{"signature": {Key: why}}}
}

// pin takes the first key; where another call was first, it must have been the same one.
func (s *Access) pin(ctx context.Context, tx *db.Tx, a service.Actor, key []byte) error {
	link, err := tx.LinkOfUser(ctx, a.EnvironmentID, a.UserID)
	if errors.Is(err, db.ErrNotFound) {
		return s.pinUser(ctx, tx, a, key)
	}
	if err != nil {
		return err
	}
	count, err := tx.LinkPin(ctx, db.LinkPinParams{EnvironmentID: a.EnvironmentID, ID: link.ID, PartnerKey: key})
	if err != nil {
		return err
	}
	if count == 0 {
		link, err = tx.LinkOfUser(ctx, a.EnvironmentID, a.UserID)
		return orAnother(link.PartnerKey, key, err)
	}
	return s.Audit(ctx, tx, a, "pin_key", "incoming_link", link.ID, nil, map[string]any{"fingerprint": salesdock.Fingerprint(key)})
}

func (s *Access) pinUser(ctx context.Context, tx *db.Tx, a service.Actor, key []byte) error {
	count, err := tx.UserPin(ctx, db.UserPinParams{EnvironmentID: a.EnvironmentID, ID: a.UserID, PartnerKey: key})
	if err != nil {
		return err
	}
	if count == 0 {
		user, err := tx.UserByID(ctx, a.EnvironmentID, a.UserID)
		return orAnother(user.PartnerKey, key, err)
	}
	return s.Audit(ctx, tx, a, "pin_key", "user", a.UserID, nil, map[string]any{"fingerprint": salesdock.Fingerprint(key)})
}

func orAnother(pinned, key []byte, err error) error {
	if err != nil || bytes.Equal(pinned, key) {
		return err
	}
	return unsigned("signed_by_another")
}
