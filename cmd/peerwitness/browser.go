package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// browser uses a workstation's pages as a person would: it opens the address
// that was printed, follows links, and fills in the forms that are on the page
// and no others.
type browser struct {
	hc     *http.Client
	origin string
	page   string // the page that is open
}

const maxPage = 8 << 20

// browse opens a workstation by its launch address.
func browse(ctx context.Context, launch string) (*browser, error) {
	u, err := url.Parse(launch)
	if err != nil {
		return nil, errors.New("opening workstation: its address can't be read")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	b := &browser{hc: &http.Client{Jar: jar, Timeout: 2 * time.Minute}, origin: u.Scheme + "://" + u.Host}
	return b, b.get(ctx, u.RequestURI())
}

func (b *browser) get(ctx context.Context, path string) error {
	_, err := b.fetch(ctx, path)
	return err
}

// fetch gets a page or file of the workstation's.
func (b *browser) fetch(ctx context.Context, path string) (kind string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.origin+path, nil)
	if err != nil {
		return "", err
	}
	return b.do(req)
}

func (b *browser) do(req *http.Request) (kind string, err error) {
	resp, err := b.hc.Do(req)
	if err != nil {
		return "", fmt.Errorf("asking workstation: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPage+1))
	if err == nil && len(body) > maxPage {
		err = errors.New("the page is too long")
	}
	if err != nil {
		return "", fmt.Errorf("reading workstation's page: %w", err)
	}
	b.page = string(body)
	if resp.StatusCode >= 400 {
		return "", fmt.Errorf("workstation refused %s (%d): %s", req.URL.Path, resp.StatusCode, b.complaint())
	}
	return resp.Header.Get("Content-Type"), nil
}

var (
	errorPart = regexp.MustCompile(`(?s)<p class="error"[^>]*>(.*?)</p>`)
	anyTag    = regexp.MustCompile(`<[^>]*>`)
	formPart  = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)"[^>]*>(.*?)</form>`)
	hiddenTag = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// complaint is what the page says went wrong.
func (b *browser) complaint() string {
	if m := errorPart.FindStringSubmatch(b.page); m != nil {
		return strings.TrimSpace(html.UnescapeString(anyTag.ReplaceAllString(m[1], "")))
	}
	return printable(b.page[:min(len(b.page), 200)])
}

// submit sends the open page's form for action, with its hidden fields and the
// given ones. Of several forms for one action it takes the one whose hidden
// fields fit what is given.
func (b *browser) submit(ctx context.Context, action string, fields ...string) error {
	given := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		given.Set(fields[i], fields[i+1])
	}
	for _, form := range formPart.FindAllStringSubmatch(b.page, -1) {
		if html.UnescapeString(form[1]) != action {
			continue
		}
		send, fits := url.Values{}, true
		for _, h := range hiddenTag.FindAllStringSubmatch(form[2], -1) {
			name, value := h[1], html.UnescapeString(h[2])
			if given.Has(name) && given.Get(name) != value {
				fits = false
			}
			send.Set(name, value)
		}
		for name := range given {
			fits = fits && strings.Contains(form[2], `name="`+name+`"`)
			send.Set(name, given.Get(name))
		}
		if fits {
			return b.post(ctx, action, send)
		}
	}
	return fmt.Errorf("the page has no form for %s that fits", action)
}

func (b *browser) post(ctx context.Context, action string, send url.Values) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.origin+action, strings.NewReader(send.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", b.origin)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	_, err = b.do(req)
	return err
}

// shows reports whether the open page has the text, as a reader sees it.
func (b *browser) shows(text string) bool {
	return strings.Contains(html.UnescapeString(anyTag.ReplaceAllString(b.page, "")), text)
}

// unlock opens the desk with a passphrase and a sign-in code.
func (b *browser) unlock(ctx context.Context, passphrase, code string) error {
	err := b.submit(ctx, "/unlock", "passphrase", passphrase, "code", code)
	for err == nil && b.shows("Opening your cases") {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
			err = b.get(ctx, "/")
		}
	}
	return err
}

var caseRow = regexp.MustCompile(`(?s)<li[^>]*>\s*<a href="(/case/[0-9a-f]{64})[^"]*"[^>]*>(.*?)</a>`)

// findCase syncs and returns the path of the case whose row, or whose page,
// has the text.
func (b *browser) findCase(ctx context.Context, text string) (string, error) {
	if err := b.submit(ctx, "/sync"); err != nil {
		return "", err
	}
	if err := b.get(ctx, "/"); err != nil {
		return "", err
	}
	for _, row := range caseRow.FindAllStringSubmatch(b.page, -1) {
		if strings.Contains(html.UnescapeString(anyTag.ReplaceAllString(row[2], "")), text) {
			return row[1], nil
		}
	}
	return "", errors.New("no row of the inbox has the text")
}
