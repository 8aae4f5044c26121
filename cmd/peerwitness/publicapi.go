package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// publicAPI is what a phone talks to. It follows no redirect and sends no
// cookie, user agent or anything else that a phone would not.
type publicAPI struct {
	base string
	hc   *http.Client
}

// publicServer checks a server's address: https, or http on this computer.
func publicServer(base string) (*publicAPI, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("%q is not a server's address, such as https://reports.example", base)
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".onion") || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return nil, fmt.Errorf("%q is not https://; plain http is for this computer and .onion only", base)
	}
	hc := &http.Client{
		Timeout:       5 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &publicAPI{base: u.Scheme + "://" + u.Host, hc: hc}, nil
}

// isURL tells a server's address from a file's name.
func isURL(s string) bool { return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") }

// apiError is the server's refusal, in its own words made printable.
type apiError struct {
	status int
	text   string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("server refused (%d): %s", e.status, printable(e.text))
}

func (a *publicAPI) do(ctx context.Context, method, path, kind string, body io.Reader, ticket string, limit int64) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Accept", "application/json, text/plain, */*")
	req.Header.Set("User-Agent", "")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if ticket != "" {
		req.Header.Set("Peerwitness-Ticket", ticket)
	}
	resp, err := a.hc.Do(req)
	if err != nil {
		var ue *url.Error // drop the address: it says nothing new
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return 0, nil, hint(fmt.Errorf("reaching server: %w", err), "nothing is lost: the same command again is safe")
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("reading server's answer: %w", err)
	case int64(len(b)) > limit:
		return 0, nil, fmt.Errorf("reading server's answer: over %d bytes", limit)
	case resp.StatusCode == http.StatusPreconditionRequired: // work is asked for, and the body says which
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		var said struct{ Error string }
		if json.Unmarshal(b, &said) != nil || said.Error == "" {
			said.Error = http.StatusText(resp.StatusCode)
		}
		return resp.StatusCode, nil, &apiError{resp.StatusCode, said.Error}
	}
	return resp.StatusCode, b, nil
}

// roster returns the served note, unchecked.
func (a *publicAPI) roster(ctx context.Context) ([]byte, error) {
	_, b, err := a.do(ctx, http.MethodGet, "/v1/roster", "", nil, "", vault.MaxNote)
	return b, err
}

// sheet returns a desk's sheet, whose parts are unchecked.
func (a *publicAPI) sheet(ctx context.Context, desk string) (roster.Sheet, error) {
	_, b, err := a.do(ctx, http.MethodGet, "/v1/desks/"+url.PathEscape(desk), "", nil, "", 16<<20)
	if err != nil {
		return roster.Sheet{}, err
	}
	return roster.ParseSheet(b)
}

// codebook returns the codebook of that hash, which it has checked.
func (a *publicAPI) codebook(ctx context.Context, hash string) ([]byte, error) {
	_, b, err := a.do(ctx, http.MethodGet, "/v1/codebook/"+hash, "", nil, "", vault.MaxDocument)
	if err == nil && vault.Sum(b).String() != hash {
		err = fmt.Errorf("reading codebook: %w", vault.ErrHash)
	}
	return b, err
}

// deposit is the answer to a report.
type deposit struct {
	ID     string
	Day    string
	Ticket string
	New    bool `json:"-"`
}

var errMoreWork = errors.New("sending: the server asks for ever more work")

// post sends one sealed report; again is harmless.
func (a *publicAPI) post(ctx context.Context, desk string, report []byte) (deposit, error) {
	id := vault.Deposit{Desk: desk, Report: report}.ID()
	shown := ""
	for range 3 {
		d, ask, err := a.postOnce(ctx, desk, report, shown)
		if err != nil || ask == nil {
			return d, err
		}
		if shown, err = work(ctx, id, ask.Challenge, ask.Bits); err != nil {
			return deposit{}, err
		}
	}
	return deposit{}, hint(errMoreWork, "many reports are coming in; the same command again is safe")
}

// asked is what a flooded server wants to see before it takes a report.
type asked struct {
	Challenge string
	Bits      int
}

func (a *publicAPI) postOnce(ctx context.Context, desk string, report []byte, work string) (deposit, *asked, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.WriteField("desk", desk); err != nil {
		return deposit{}, nil, err
	}
	if work != "" {
		if err := w.WriteField("work", work); err != nil {
			return deposit{}, nil, err
		}
	}
	part, err := w.CreateFormFile("report", "report")
	if err == nil {
		_, err = part.Write(report)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return deposit{}, nil, fmt.Errorf("writing request: %w", err)
	}
	status, b, err := a.do(ctx, http.MethodPost, "/v1/deposits", w.FormDataContentType(), &body, "", 64<<10)
	if err != nil {
		return deposit{}, nil, err
	}
	if status == http.StatusPreconditionRequired {
		var ask asked
		if json.Unmarshal(b, &ask) != nil || ask.Challenge == "" {
			return deposit{}, nil, errors.New("reading server's answer: it asks for work, and not for which")
		}
		return deposit{}, &ask, nil
	}
	var d deposit
	want := vault.DepositObject(vault.Deposit{Desk: desk, Report: report})
	if json.Unmarshal(b, &d) != nil || d.ID != vault.Sum(want).String() || d.Ticket == "" {
		return deposit{}, nil, errors.New("reading server's answer: it is not about this report")
	}
	d.New = status == http.StatusCreated
	return d, nil, nil
}

// putBlobs sends those blobs that the server does not have for the ticket.
func (a *publicAPI) putBlobs(ctx context.Context, ticket string, blobs [][]byte) error {
	byName := make(map[string][]byte)
	var names []string
	for _, b := range blobs {
		name := vault.Sum(b).String()
		byName[name] = b
		names = append(names, name)
	}
	ask, err := json.Marshal(map[string][]string{"blobs": names})
	if err != nil {
		return err
	}
	_, answer, err := a.do(ctx, http.MethodPost, "/v1/blobs/missing", "application/json", bytes.NewReader(ask), ticket, 256<<10)
	if err != nil {
		return err
	}
	var said struct{ Missing []string }
	if json.Unmarshal(answer, &said) != nil {
		return errors.New("reading server's answer: not a list of blobs")
	}
	for _, name := range said.Missing {
		b, ok := byName[name]
		if !ok {
			return errors.New("reading server's answer: it asks for a blob that is not ours")
		}
		if _, _, err := a.do(ctx, http.MethodPut, "/v1/blobs/"+name, "application/octet-stream", bytes.NewReader(b), ticket, 64<<10); err != nil {
			return err
		}
	}
	return nil
}
