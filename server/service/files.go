package service

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"koppel/db"
	"koppel/states"
)

// Upload is a file as it comes in: base64 and its extension.
type Upload struct{ Name, Extension, Content string }

// maxFile is the largest file that is kept, in bytes; MaxFiles is how many attachments a product has.
const (
	maxFile  = 5 << 20
	MaxFiles = 20
)

// The files that are taken.
var (
	imageExtensions    = []string{"png", "jpg", "jpeg", "gif", "webp"}
	DocumentExtensions = []string{"pdf", "png", "jpg", "jpeg", "docx", "xlsx", "txt"}
)

// Read gives a file's bytes, or says at which field what is wrong.
func (u Upload) Read(field string, extensions []string) ([]byte, error) {
	if !slices.Contains(extensions, strings.ToLower(u.Extension)) {
		return nil, Invalid(field+".extension", "field_invalid", u.Extension+" ("+strings.Join(extensions, ", ")+")")
	}
	content, err := base64.StdEncoding.DecodeString(u.Content)
	if err != nil || len(content) == 0 || len(content) > maxFile {
		return nil, Invalid(field+".content", "field_invalid", fmt.Sprintf("base64, ≤ %d MB", maxFile>>20))
	}
	return content, nil
}

// KeepFile replaces what an owner has of a kind.
func (s *Kernel) KeepFile(ctx context.Context, tx *db.Tx, a Actor, owner states.FileOwner, id int64, kind states.FileKind, u *Upload) error {
	if u == nil {
		return nil
	}
	params := db.FilesReplacedParams{EnvironmentID: a.EnvironmentID, Owner: owner, OwnerID: id, Kind: kind}
	if u.Content == "" {
		_, err := tx.FilesReplaced(ctx, params)
		return err
	}
	content, err := u.Read(string(kind), imageExtensions)
	if err != nil {
		return err
	}
	if _, err := tx.FilesReplaced(ctx, params); err != nil {
		return err
	}
	_, err = tx.FileInsert(ctx, db.FileInsertParams{
		EnvironmentID: a.EnvironmentID, Owner: owner, OwnerID: id, Kind: kind, Name: u.Name, Extension: strings.ToLower(u.Extension), Content: content, Now: s.Now(),
	})
	return err
}

// Image reads what an owner shows itself with; nil when it has nothing.
func (s *Kernel) Image(ctx context.Context, a Actor, owner states.FileOwner, id int64, kind states.FileKind) (file *db.File, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err := tx.FileOf(ctx, db.FileOfParams{EnvironmentID: a.EnvironmentID, Owner: owner, OwnerID: id, Kind: kind})
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		file = &row
		return err
	})
	return file, err
}
