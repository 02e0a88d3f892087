package catalogue

import (
	"context"
	"fmt"
	"strings"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// attach keeps a product's attachments and adds them to its documents, at the address where they are served.
func (s *Catalogue) attach(ctx context.Context, tx *db.Tx, a service.Actor, productID int64, content *linking.ProductContent, uploads []service.Upload) error {
	if len(content.Documents)+len(uploads) > service.MaxFiles {
		return service.Invalid("attachments", "field_invalid", fmt.Sprintf("> %d", service.MaxFiles))
	}
	for i, u := range uploads {
		if limit := linking.TooLong("name", u.Name); limit > 0 {
			return service.Invalid(fmt.Sprintf("attachments.%d.name", i), "too_long", limit)
		}
		data, err := u.Read(fmt.Sprintf("attachments.%d", i), service.DocumentExtensions)
		if err != nil {
			return err
		}
		name := u.Name
		if name == "" {
			name = fmt.Sprintf("document %d", i+1)
		}
		id, err := tx.FileInsert(ctx, db.FileInsertParams{
			EnvironmentID: a.EnvironmentID, Owner: states.FileOfProduct, OwnerID: productID, Kind: states.FileDocument, Name: name, Extension: strings.ToLower(u.Extension), Content: data, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		content.Documents = append(content.Documents, linking.Document{Name: name, Location: salesdock.DocumentURL(s.PublicURL, a.Account, productID, id)})
	}
	return nil
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
