package admin_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/stretchr/testify/require"
)

// person is somebody at a browser: it keeps cookies, and follows where it is led.
type person struct {
	*world
	client *http.Client
	cookie map[string]string
}

type answer struct {
	status   int
	location string
	header   http.Header
	body     string
}

func (p *person) do(method, path string, form url.Values, header ...string) answer {
	p.t.Helper()
	return p.send(method, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), header...)
}

// upload posts a form with files.
func (p *person) upload(path string, form url.Values, files map[string]string) answer {
	p.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range form {
		for _, value := range values {
			require.NoError(p.t, w.WriteField(name, value))
		}
	}
	for name, content := range files {
		part, err := w.CreateFormFile(name, "bestand")
		require.NoError(p.t, err)
		_, err = io.WriteString(part, content)
		require.NoError(p.t, err)
	}
	require.NoError(p.t, w.Close())
	return p.send(http.MethodPost, path, w.FormDataContentType(), &body)
}

func (p *person) send(method, path, contentType string, body io.Reader, header ...string) answer {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, body)
	require.NoError(p.t, err)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", contentType)
	}
	for name, value := range p.cookie {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := p.client.Do(request)
	require.NoError(p.t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	for _, c := range response.Cookies() {
		require.True(p.t, strings.HasPrefix(c.Name, "__Host-") && c.Secure && c.HttpOnly && c.Path == "/" && c.Domain == "", "%+v", c)
		if c.MaxAge < 0 {
			delete(p.cookie, c.Name)
		} else {
			p.cookie[c.Name] = c.Value
		}
	}
	return answer{response.StatusCode, response.Header.Get("Location"), response.Header, string(data)}
}

func (p *person) get(path string) answer { p.t.Helper(); return p.do(http.MethodGet, path, nil) }

func (p *person) post(path string, pairs ...string) answer {
	p.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return p.do(http.MethodPost, path, form)
}

func (p *person) signIn(account, email string) *person {
	p.t.Helper()
	a := p.post("/sign-in", "account", account, "email", email, "password", password)
	require.Equal(p.t, http.StatusSeeOther, a.status, a.body)
	return p
}

func (w *world) person() *person {
	return &person{world: w, cookie: map[string]string{}, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}
