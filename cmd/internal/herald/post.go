package herald

import (
	"context"
	"io"
	"net/http"
	"strings"
)

// post is a message by HTTP, to ntfy or to a webhook.
type post struct {
	url, body, mime, token string
	client                 *http.Client
}

// newClient follows no redirect and uses no proxy of the environment's: either
// could lead where the dialer must not.
func newClient(private bool) *http.Client {
	return &http.Client{
		Timeout:       sendTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DialContext: dialer(private).DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: sendTime, MaxResponseHeaderBytes: 16 << 10},
	}
}

func (p *post) send(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, strings.NewReader(p.body))
	if err != nil {
		return errReach
	}
	req.Header.Set("Content-Type", p.mime)
	req.Header.Set("User-Agent", "") // none
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.CopyN(io.Discard, resp.Body, 4<<10) // so that it is not taken for a broken call; what it says is not needed
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return errStatus
	}
	return nil
}
