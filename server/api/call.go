package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/services"
)

// call is one request, bound.
type call struct {
	svc     *services.Services
	actor   service.Actor
	account bool // account scope
	gin     *gin.Context
	query   map[string]any
	limit   bodyLimit
}

func (c *call) ctx() context.Context { return c.gin.Request.Context() }

// reply is an answer before its envelope.
type reply struct {
	status  int
	data    any
	message string
	file    *db.File // instead of an envelope
}

func ok(data any) (reply, error)       { return reply{http.StatusOK, data, "done", nil}, nil }
func created(data any) (reply, error)  { return reply{http.StatusCreated, data, "created", nil}, nil }
func accepted(data any) (reply, error) { return reply{http.StatusAccepted, data, "accepted", nil}, nil }

func okOr(data any, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return ok(data)
}

// each makes an answer's rows of what was read; none is an empty list.
func each[Row, Wire any](list []Row, wire func(Row) Wire) []Wire {
	rows := make([]Wire, 0, len(list))
	for _, row := range list {
		rows = append(rows, wire(row))
	}
	return rows
}

// nothing is told where the contract tells nothing: an empty list, as PHP writes an object without fields.
type nothing []struct{}

// thingID is the thing that something was done to.
type thingID struct {
	ID int64 `json:"id"`
}

// pathID reads the id of an operation that both adds (no id) and changes.
func (c *call) pathID() (int64, error) {
	if c.gin.Param("id") == "" {
		return 0, nil
	}
	return c.id("id")
}

// saved answers an operation that both adds and changes.
func (c *call) saved(data any, err error) (reply, error) {
	if err == nil && c.gin.Param("id") == "" {
		return created(data)
	}
	return okOr(data, err)
}

func (c *call) deleteByID(remove func(id int64) error) (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	return okOr(thingID{id}, remove(id))
}

func badRequest(field, value string) error {
	return service.Invalid(field, "field_invalid", value)
}

// id reads a number from the path. What is not a number is nothing that exists.
func (c *call) id(name string) (int64, error) {
	id, err := strconv.ParseInt(c.gin.Param(name), 10, 64)
	if err != nil || id <= 0 {
		return 0, service.NotFound()
	}
	return id, nil
}

// body reads the body's values.
func (c *call) body() (map[string]any, []byte, error) { return readBody(c.gin.Request, c.limit) }

// bind reads the body into a struct of lenient fields; it leaves alone what is not given.
func (c *call) bind(target any) error {
	values, _, err := c.body()
	if err != nil {
		return err
	}
	var whole any = values
	if list, isList := values[""]; isList && len(values) == 1 {
		whole = list
	}
	data, err := json.Marshal(whole)
	if err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return decode(data, target)
}

// decode reads JSON into a struct. A value that does not fit is refused by its field, which a lenient value does not know.
func decode(data []byte, target any) error {
	err := json.Unmarshal(data, target)
	if err == nil {
		return nil
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(data, &fields) // of what is no object there is no field to tell
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		alone, errAlone := json.Marshal(map[string]json.RawMessage{name: fields[name]})
		if errAlone == nil && json.Unmarshal(alone, reflect.New(reflect.TypeOf(target).Elem()).Interface()) != nil {
			return service.Unreadable(linking.InField(name, err))
		}
	}
	return service.Unreadable(err)
}

// q reads a query value as text.
func (c *call) q(name string) string {
	text, _ := c.query[name].(string)
	return strings.TrimSpace(text)
}

// list reads a query array: name[0]=a&name[1]=b, name[]=a, or name=a,b.
func (c *call) list(name string) []string {
	var list []string
	switch v := c.query[name].(type) {
	case string:
		if v != "" {
			list = strings.Split(v, ",")
		}
	case []any:
		for _, item := range v {
			list = append(list, fmt.Sprint(item))
		}
	case map[string]any:
		for _, item := range v {
			list = append(list, fmt.Sprint(item))
		}
		slices.Sort(list)
	}
	return list
}

func (c *call) numbers(name string) ([]int64, error) {
	var numbers []int64
	for _, text := range c.list(name) {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return nil, badRequest(name, text)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

func (c *call) optionalID(name string) (*int64, error) {
	text := c.q(name)
	if text == "" {
		return nil, nil //nolint:nilnil // not given
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, badRequest(name, text)
	}
	return &n, nil
}

func (c *call) flag(name string) (*bool, error) {
	text := strings.ToLower(c.q(name))
	switch text {
	case "":
		return nil, nil //nolint:nilnil // not given
	case "1", "true":
		return new(true), nil
	case "0", "false":
		return new(false), nil
	}
	return nil, badRequest(name, text)
}

// offsetPage builds a page with its links.
func offsetPage[T any](c *call, rows []T, page, size, total int) salesdock.Page[T] {
	last := max(1, (total+size-1)/size)
	link := func(n int) string {
		values := url.Values{}
		for key, v := range c.gin.Request.URL.Query() {
			values[key] = v
		}
		values.Set("page", strconv.Itoa(n))
		return c.path() + "?" + values.Encode()
	}
	p := salesdock.Page[T]{
		CurrentPage: salesdock.Int(page), Data: append([]T{}, rows...), FirstPageURL: link(1), LastPage: salesdock.Int(last), LastPageURL: link(last),
		Path: c.path(), PerPage: salesdock.Int(size), Total: salesdock.Int(total), Links: []salesdock.PageLink{},
	}
	if len(rows) > 0 {
		p.From, p.To = new(salesdock.Int((page-1)*size+1)), new(salesdock.Int((page-1)*size+len(rows)))
	}
	if page > 1 {
		p.PrevPageURL = new(link(page - 1))
	}
	if page < last {
		p.NextPageURL = new(link(page + 1))
	}
	p.Links = append(p.Links, salesdock.PageLink{URL: p.PrevPageURL, Label: "&laquo; Previous"})
	for n := max(1, page-4); n <= min(last, page+4); n++ {
		p.Links = append(p.Links, salesdock.PageLink{URL: new(link(n)), Label: strconv.Itoa(n), Active: n == page})
	}
	p.Links = append(p.Links, salesdock.PageLink{URL: p.NextPageURL, Label: "Next &raquo;"})
	return p
}

// cursorPage builds a change page with its links.
func cursorPage[T any](c *call, rows []T, next service.Cursor, more, full bool) salesdock.CursorPage[T] {
	p := salesdock.CursorPage[T]{Path: c.path(), PerPage: service.ChangePageSize, NextCursor: next.String(), Full: full, Data: append([]T{}, rows...)}
	if more {
		p.NextPageURL = new(c.path() + "?" + url.Values{"changed_since": {next.String()}, "extended": {"true"}}.Encode())
	}
	return p
}

func (c *call) path() string { return c.svc.PublicURL + c.gin.Request.URL.Path }

// pageOf cuts a page out of a list that is read whole because it is short.
func pageOf[T any](c *call, rows []T) (reply, error) {
	page, size, err := c.page()
	if err != nil {
		return reply{}, err
	}
	from := min((page-1)*size, len(rows))
	return ok(offsetPage(c, rows[from:min(from+size, len(rows))], page, size, len(rows)))
}

func ints(ids []int64) []int64 { return append([]int64{}, ids...) }

func stamp(at *time.Time) salesdock.Stamp { return salesdock.StampOf(at) }

// raw is JSON as it is kept, null where there is none.
func raw(data []byte) json.RawMessage {
	if len(data) == 0 {
		return json.RawMessage("null")
	}
	return data
}

func missing(field string) error {
	return &service.Error{Kind: service.KindIncomplete, Key: "missing", Fields: map[string]service.Sentence{field: {Key: "field_required"}}}
}
