package api

import (
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"

	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
)

// upload is a file in a request.
type upload struct {
	Name      salesdock.Text `json:"name"`
	Extension salesdock.Text `json:"extension"`
	Content   salesdock.Text `json:"content"`
}

// uploads are the files of a field. A form's field with nothing in it has none.
type uploads []upload

func (u *uploads) UnmarshalJSON(data []byte) error {
	if string(data) == `""` {
		return nil
	}
	return json.Unmarshal(data, (*[]upload)(u))
}

func (u *upload) input() *service.Upload {
	if u == nil {
		return nil
	}
	return &service.Upload{Name: string(u.Name), Extension: string(u.Extension), Content: string(u.Content)}
}

// wireImage is a file in an answer: its extension and its content.
func wireImage(file *db.File) *salesdock.Image {
	if file == nil {
		return nil
	}
	return &salesdock.Image{Extension: salesdock.Text(file.Extension), Content: salesdock.Text(base64.StdEncoding.EncodeToString(file.Content))}
}

// productDocument serves an attachment to who may see its product.
func (c *call) productDocument() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	fileID, err := c.id("file_id")
	if err != nil {
		return reply{}, err
	}
	file, err := c.svc.Integrations.ProductDocument(c.ctx(), c.actor, id, fileID, c.account)
	if err != nil {
		return reply{}, err
	}
	c.gin.Header("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name + "." + file.Extension}))
	return reply{status: http.StatusOK, file: &file}, nil
}
