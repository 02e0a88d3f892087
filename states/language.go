package states

// Language is what people read.
type Language string

// Languages. Every sentence is in both.
const (
	Dutch   Language = "nl"
	English Language = "en"
)

// Languages lists them.
var Languages = []Language{Dutch, English}
