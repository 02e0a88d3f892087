package salesdock

// Page is an offset page.
type Page[T any] struct {
	CurrentPage  Int        `json:"current_page"`
	Data         []T        `json:"data"`
	FirstPageURL string     `json:"first_page_url"`
	From         *Int       `json:"from"`
	LastPage     Int        `json:"last_page"`
	LastPageURL  string     `json:"last_page_url"`
	Links        []PageLink `json:"links"`
	NextPageURL  *string    `json:"next_page_url"`
	Path         string     `json:"path"`
	PerPage      Int        `json:"per_page"`
	PrevPageURL  *string    `json:"prev_page_url"`
	To           *Int       `json:"to"`
	Total        Int        `json:"total"`

	Unreadable []Unreadable `json:"-"` // rows of this page that could not be read
}

// PageLink is one of a page's links to other pages.
type PageLink struct {
	URL    *string `json:"url"`
	Label  string  `json:"label"`
	Active bool    `json:"active"`
}

// CursorPage is a cursor page. Without a next page, next_cursor is where the next read begins.
type CursorPage[T any] struct {
	Path        string  `json:"path"`
	PerPage     Int     `json:"per_page"`
	NextCursor  string  `json:"next_cursor"`
	NextPageURL *string `json:"next_page_url"`
	PrevCursor  *string `json:"prev_cursor"`
	PrevPageURL *string `json:"prev_page_url"`
	Full        bool    `json:"full"` // our extension: read from the beginning, what is not listed is not offered
	Data        []T     `json:"data"`

	Unreadable []Unreadable `json:"-"` // rows of this page that could not be read
}
