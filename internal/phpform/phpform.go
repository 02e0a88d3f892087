// Package phpform writes values as the forms of PHP programs have them, which is how many Salesdock clients send theirs.
package phpform

import (
	"fmt"
	"net/url"
)

// Values writes an object's fields with PHP-style keys: a[b][0]=x. Null is an empty text.
func Values(fields map[string]any) url.Values {
	form := url.Values{}
	for name, value := range fields {
		add(form, name, value)
	}
	return form
}

func add(form url.Values, name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			add(form, name+"["+key+"]", inner)
		}
	case []any:
		for i, inner := range v {
			add(form, fmt.Sprintf("%s[%d]", name, i), inner)
		}
	case nil:
		form.Set(name, "")
	default:
		form.Set(name, fmt.Sprint(v))
	}
}
