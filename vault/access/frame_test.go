package access_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/access"
)

// dialTo connects to one server, whatever address is asked for.
func dialTo(url string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(url, "http://"))
	}
}

func frame(t testing.TB, r vault.Record, object []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, access.WriteFrame(&b, r, object))
	return b.Bytes()
}

var record = vault.Record{Pos: 7, Kind: vault.KindAppend, ID: vault.Sum([]byte("x")), Day: 20780,
	Author: "p-0123456789abcdef", Hash: vault.Sum([]byte("y"))}

func TestFrame(t *testing.T) {
	b := frame(t, record, []byte("object"))
	rd := bytes.NewReader(append(b, b...))
	for range 2 {
		r, object, err := access.ReadFrame(rd)
		must(t, err)
		if r != record || string(object) != "object" {
			t.Fatalf("read %+v %q", r, object)
		}
	}
	if _, _, err := access.ReadFrame(rd); err != io.EOF {
		t.Fatalf("at the end: %v", err)
	}
	for n := 1; n < len(b); n++ {
		if _, _, err := access.ReadFrame(bytes.NewReader(b[:n])); !errors.Is(err, vault.ErrMalformed) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	huge := append([]byte{0xff, 0xff, 0xff, 0xff}, b...)
	_, _, err := access.ReadFrame(bytes.NewReader(huge))
	wantErr(t, err, vault.ErrTooLarge)
}

// What is accepted encodes to the same bytes.
func FuzzFrame(f *testing.F) {
	f.Add(frame(f, record, []byte("object")))
	f.Add(frame(f, vault.Record{}, nil))
	f.Add([]byte("\x00\x00\x00\x02{}\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rd := bytes.NewReader(b)
		r, object, err := access.ReadFrame(rd)
		if err != nil {
			return
		}
		if again := frame(t, r, object); !bytes.Equal(again, b[:len(b)-rd.Len()]) {
			t.Fatalf("%q became %q", b, again)
		}
	})
}

func TestOrigin(t *testing.T) {
	for in, want := range map[string]string{
		"https://Help.Example.org":      "https://help.example.org",
		"https://help.example.org:443/": "https://help.example.org",
		"http://127.0.0.1:80":           "http://127.0.0.1",
		"http://[::1]:8080/#root=x":     "http://[::1]:8080",
		"ftp://a":                       "", "https://": "", "//a": "", "https://u:p@a": "", "a": "", "https://:443": "",
	} {
		got, err := access.Origin(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
}
