package service

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
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
		content.Documents = append(content.Documents, linking.Document{Name: name, Location: salesdock.DocumentURL(s.PublicURL, a.Account, productID, id)})
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

// DocumentNumber is the number by which a document of a product is asked here; 0 for one that is kept elsewhere, for
// anybody. One that the partner keeps goes by its place: the partner wants a token that nobody here has but the link.
func DocumentNumber(p db.Product, i int) int64 {
	kept, ok := salesdock.DocumentAt(p.Content.Documents[i].Location)
	switch {
	case !ok:
		return 0
	case p.IntegrationID != nil:
		return int64(i + 1)
	}
	return kept.ID
}

// ProductDocument reads a document of a product that the actor may see: an attachment, or one that the partner keeps.
func (s *Service) ProductDocument(ctx context.Context, a Actor, productID, number int64, account bool) (file db.File, err error) {
	p, err := s.Product(ctx, a, productID, account)
	if err != nil {
		return file, err
	}
	if p.IntegrationID != nil {
		return s.partnersDocument(ctx, a, p, number)
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		file, err = tx.FileByID(ctx, db.FileByIDParams{EnvironmentID: a.EnvironmentID, ID: number, Owner: "product", OwnerID: productID})
		return err
	})
	return file, orNotFound(err)
}

func (s *Service) partnersDocument(ctx context.Context, a Actor, p db.Product, number int64) (file db.File, err error) {
	if number < 1 || number > int64(len(p.Content.Documents)) {
		return file, notFound()
	}
	kept, ok := salesdock.DocumentAt(p.Content.Documents[number-1].Location)
	if !ok {
		return file, notFound()
	}
	var row db.Integration
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		row, err = tx.IntegrationByID(ctx, a.EnvironmentID, *p.IntegrationID)
		return err
	})
	if err != nil {
		return file, orNotFound(err)
	}
	client, err := s.partner(ctx, a, row)
	if err != nil {
		return file, err
	}
	name, content, err := client.Document(ctx, kept)
	var refusal *salesdock.Error
	switch {
	case errors.As(err, &refusal) && refusal.Status == http.StatusNotFound:
		return file, notFound()
	case err != nil:
		return file, refuse(http.StatusBadGateway, "document_unavailable", row.Name)
	}
	extension := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	if !slices.Contains(documentExtensions, extension) {
		extension = "bin"
	}
	return db.File{Name: strings.TrimSuffix(name, path.Ext(name)), Extension: extension, Content: content}, nil
}
