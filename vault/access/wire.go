package access

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// do sends one request of the client and returns the header and the body of a
// 2xx answer, which must fit in limit.
func (c *Client) do(ctx context.Context, method, path, mediaType string, body []byte, limit int64) (http.Header, []byte, error) {
	res, b, err := c.exchange(ctx, method, path, mediaType, body, limit)
	if err != nil {
		return nil, nil, err
	}
	return res.Header, b, nil
}

func (c *Client) exchange(ctx context.Context, method, path, mediaType string, body []byte, limit int64) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/access/v1"+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: address", ErrRequest)
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	req.Header.Set("User-Agent", "peerwitness")
	c.mu.Lock()
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	c.mu.Unlock()
	res, err := c.hc.Do(req)
	if err != nil {
		return nil, nil, unreachable(ctx, err)
	}
	defer res.Body.Close()
	good := res.StatusCode >= 200 && res.StatusCode < 300
	if !good {
		limit = maxAnswer
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, nil, unreachable(ctx, err)
	}
	if !good {
		date, _ := http.ParseTime(res.Header.Get("Date")) // zero when it has none
		return nil, nil, &refusal{unjudge(res.StatusCode, b), date}
	}
	if int64(len(b)) > limit {
		return nil, nil, fmt.Errorf("%w: longer than %d bytes", ErrServer, limit)
	}
	return res, b, nil
}

// unreachable keeps what the caller's own context says apart from the network.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

func (c *Client) post(ctx context.Context, path, mediaType string, body []byte) (status int, b []byte, err error) {
	res, b, err := c.exchange(ctx, http.MethodPost, path, mediaType, body, maxAnswer)
	if err != nil {
		return 0, nil, err
	}
	return res.StatusCode, b, nil
}

func (c *Client) put(ctx context.Context, path, mediaType string, body []byte, doing string) error {
	if _, _, err := c.post(ctx, path, mediaType, body); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func (c *Client) postJSON(ctx context.Context, path string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	_, b, err = c.post(ctx, path, "application/json", b)
	if err != nil {
		return err
	}
	if json.Unmarshal(b, out) != nil {
		return fmt.Errorf("%w: not the JSON that belongs here", ErrServer)
	}
	return nil
}
