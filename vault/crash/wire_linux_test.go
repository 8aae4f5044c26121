package crash_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// wire is one client's own connection. It counts the answers on it, so that each
// can be found again among what the server was seen to send.
type wire struct {
	addr func() string

	rt   *http.Transport
	port int         // this end's
	nth  int         // answers on this connection so far
	sent atomic.Bool // the last request went out whole
}

type wireKey struct{}

// in has requests under the context go by w.
func (w *wire) in(ctx context.Context) context.Context {
	ctx = context.WithValue(ctx, wireKey{}, w)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) { w.sent.Store(info.Err == nil) },
	})
}

// switchboard sends each request by the wire of its context.
var switchboard = &http.Client{Timeout: 30 * time.Second, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
	return r.Context().Value(wireKey{}).(*wire).roundTrip(r)
})}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (w *wire) roundTrip(r *http.Request) (*http.Response, error) {
	if w.rt == nil {
		w.rt = &http.Transport{MaxConnsPerHost: 1, DisableCompression: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, w.addr())
			if err == nil {
				w.port, w.nth = conn.LocalAddr().(*net.TCPAddr).Port, 0
			}
			return conn, err
		}}
	}
	w.sent.Store(false)
	res, err := w.rt.RoundTrip(r)
	if err == nil {
		w.nth++
	}
	return res, err
}

// close drops the connection.
func (w *wire) close() {
	if w.rt != nil {
		w.rt.CloseIdleConnections()
	}
}
