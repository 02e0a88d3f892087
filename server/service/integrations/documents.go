package integrations

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// ProductDocument reads a document of a product that the actor may see: an attachment, or one that the partner keeps.
func (s *Integrations) ProductDocument(ctx context.Context, a service.Actor, productID, number int64, account bool) (file db.File, err error) {
	p, err := s.Catalogue.Product(ctx, a, productID, account)
	if err != nil {
		return file, err
	}
	if p.IntegrationID != nil {
		return s.partnersDocument(ctx, a, p, number)
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		file, err = tx.FileByID(ctx, db.FileByIDParams{EnvironmentID: a.EnvironmentID, ID: number, Owner: states.FileOfProduct, OwnerID: productID})
		return err
	})
	return file, service.OrNotFound(err)
}

func (s *Integrations) partnersDocument(ctx context.Context, a service.Actor, p db.Product, number int64) (file db.File, err error) {
	if number < 1 || number > int64(len(p.Content.Documents)) {
		return file, service.NotFound()
	}
	kept, ok := salesdock.DocumentAt(p.Content.Documents[number-1].Location)
	if !ok {
		return file, service.NotFound()
	}
	var row db.Integration
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err = tx.IntegrationByID(ctx, a.EnvironmentID, *p.IntegrationID)
		return err
	})
	if err != nil {
		return file, service.OrNotFound(err)
	}
	client, err := s.Partner(ctx, row)
	if err != nil {
		return file, err
	}
	name, content, err := client.Document(ctx, kept)
	var refusal *salesdock.Error
	switch {
	case errors.As(err, &refusal) && refusal.NotFound() && refusal.Contract:
		return file, service.NotFound()
	case err != nil:
		return file, service.Refuse(service.KindPartnerFails, "document_unavailable", row.Name)
	}
	extension := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	if !slices.Contains(service.DocumentExtensions, extension) {
		extension = "bin"
	}
	return db.File{Name: strings.TrimSuffix(name, path.Ext(name)), Extension: extension, Content: content}, nil
}
