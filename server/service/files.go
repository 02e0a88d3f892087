package service

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"koppel/db"
	"koppel/linking"
)

// Upload is a file as it comes in: base64 and its extension.
type Upload struct{ Name, Extension, Content string }

// maxFile is the largest file that is kept, in bytes; maxFiles is how many attachments a product has.
const (
	maxFile  = 5 << 20
	maxFiles = 20
)

var (
	imageExtensions    = []string{"png", "jpg", "jpeg", "gif", "webp"}
	documentExtensions = []string{"pdf", "png", "jpg", "jpeg", "docx", "xlsx", "txt"}
)

// read gives a file's bytes, or says at which field what is wrong.
func (u Upload) read(field string, extensions []string) ([]byte, error) {
	if !slices.Contains(extensions, strings.ToLower(u.Extension)) {
		return nil, invalid(field+".extension", "field_invalid", u.Extension+" ("+strings.Join(extensions, ", ")+")")
	}
	content, err := base64.StdEncoding.DecodeString(u.Content)
	if err != nil || len(content) == 0 || len(content) > maxFile {
		return nil, invalid(field+".content", "field_invalid", fmt.Sprintf("base64, ≤ %d MB", maxFile>>20))
	}
	return content, nil
}

// keepFile replaces what an owner has of a kind.
func (s *Service) keepFile(ctx context.Context, tx *db.Tx, a Actor, owner string, id int64, kind string, u *Upload) error {
	if u == nil {
		return nil
	}
	params := db.FilesReplacedParams{EnvironmentID: a.EnvironmentID, Owner: owner, OwnerID: id, Kind: kind}
	if u.Content == "" {
		_, err := tx.FilesReplaced(ctx, params)
		return err
	}
	content, err := u.read(kind, imageExtensions)
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

// attach keeps a product's attachments and adds them to its documents, at the address where they are served.
func (s *Service) attach(ctx context.Context, tx *db.Tx, a Actor, productID int64, content *linking.ProductContent, uploads []Upload) error {
	if len(content.Documents)+len(uploads) > maxFiles {
		return invalid("attachments", "field_invalid", fmt.Sprintf("> %d", maxFiles))
	}
	for i, u := range uploads {
		data, err := u.read(fmt.Sprintf("attachments.%d", i), documentExtensions)
		if err != nil {
			return err
		}
		name := u.Name
		if name == "" {
			name = fmt.Sprintf("document %d", i+1)
		}
		id, err := tx.FileInsert(ctx, db.FileInsertParams{
			EnvironmentID: a.EnvironmentID, Owner: "product", OwnerID: productID, Kind: "document", Name: name, Extension: strings.ToLower(u.Extension), Content: data, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		location := fmt.Sprintf("%s/api/%s/v1/user/products/%d/documents/%d", s.PublicURL, a.Account, productID, id)
		content.Documents = append(content.Documents, linking.Document{Name: name, Location: location})
	}
	return nil
}

// Image reads what an owner shows itself with; nil when it has nothing.
func (s *Service) Image(ctx context.Context, a Actor, owner string, id int64, kind string) (file *db.File, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		row, err := tx.FileOf(ctx, db.FileOfParams{EnvironmentID: a.EnvironmentID, Owner: owner, OwnerID: id, Kind: kind})
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		file = &row
		return err
	})
	return file, err
}

// ProductDocument reads an attachment of a product that the actor may see.
func (s *Service) ProductDocument(ctx context.Context, a Actor, productID, fileID int64, account bool) (file db.File, err error) {
	if _, err := s.Product(ctx, a, productID, account); err != nil {
		return file, err
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		file, err = tx.FileByID(ctx, db.FileByIDParams{EnvironmentID: a.EnvironmentID, ID: fileID, Owner: "product", OwnerID: productID})
		return err
	})
	return file, orNotFound(err)
}
