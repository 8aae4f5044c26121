package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/access/accesstest"
)

// form is a deposit as a phone sends it.
func form(t testing.TB, desk string, report []byte) (mediaType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	must(t, w.WriteField("desk", desk))
	out, err := w.CreateFormFile("report", "report.age")
	must(t, err)
	out.Write(report)
	must(t, w.Close())
	return w.FormDataContentType(), b.Bytes()
}

// certificate makes a self-signed one and returns the names of its files.
func certificate(t testing.TB) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	must(t, os.WriteFile(cert, certPEM, 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return cert, key, pool
}

func TestServeRefusesPlainHTTPForOthers(t *testing.T) {
	org := accesstest.NewOrg(t)
	dir := initStoreOf(t, org)
	cert, key, _ := certificate(t)
	for name, args := range map[string][]string{
		"plain, for everybody":         {"--listen", "0.0.0.0:0", "--origin", "http://example.org"},
		"plain, by default everybody":  {"--listen", ":0", "--origin", "http://example.org"},
		"proxy without an origin":      {"--listen", "127.0.0.1:0", "--behind-proxy"},
		"proxy with a plain origin":    {"--listen", "127.0.0.1:0", "--behind-proxy", "--origin", "http://example.org"},
		"TLS with a plain origin":      {"--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key, "--origin", "http://example.org"},
		"TLS without files":            {"--listen", "127.0.0.1:0", "--tls-cert", "none", "--tls-key", key},
		"TLS everywhere, no origin":    {"--listen", ":0", "--tls-cert", cert, "--tls-key", key},
		"an origin that is none":       {"--listen", "127.0.0.1:0", "--origin", "example"},
		"an address that can't be had": {"--listen", "192.0.2.1:1"},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		var out bytes.Buffer
		err := runAt(ctx, append([]string{"serve", "--store", dir}, args...), &out, io.Discard, org.Clock)
		cancel()
		if err == nil || out.Len() > 0 {
			t.Errorf("%s: served", name)
		}
	}
	empty := t.TempDir()
	store, err := vault.OpenBolt(empty, org.Clock)
	must(t, err)
	must(t, store.Close())
	if _, _, err := in(t, org, "serve", "--store", empty, "--listen", "127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), "no roster") {
		t.Errorf("without a roster: %v", err)
	}
}

// Accounts are made beside a running server, and what it serves is whole.
func TestServe(t *testing.T) {
	org := accesstest.NewOrgAt(t, time.Now())
	dir := initStoreOf(t, org)
	d := start(t, dir)
	p := org.People["advocate"]
	out, _, err := in(t, org, "account", "invite", "--store", dir, p.ID)
	must(t, err)
	code := codeLine.FindStringSubmatch(out)
	if code == nil {
		t.Fatalf("printed %s", out)
	}
	ctx := context.Background()
	c := access.NewClient(d.url, nil)
	secret, _, err := c.Enrol(ctx, p.ID, p.Private, code[1], time.Now())
	must(t, err)
	must(t, c.SignIn(ctx, p.ID, p.Private, accesstest.Code(t, secret, time.Now()), time.Now()))
	if out, _, err := in(t, org, "account", "list", "--store", dir); err != nil || !strings.Contains(out, p.ID+"  enrolled") {
		t.Errorf("listed %s %v", out, err)
	}
	if _, _, err := in(t, org, "account", "invite", "--store", dir, "Nobody"); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("invited nobody: %v", err)
	}
	must(t, access.Sync(ctx, c, replicaOf(t), nil))
	_, _, err = in(t, org, "account", "end", "--store", dir, p.Name)
	must(t, err)
	if _, _, _, err := c.Feed(ctx, 0, 1); !errors.Is(err, access.ErrSignedOut) {
		t.Errorf("after account end: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, socketName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("control socket: %v %v", info.Mode(), err)
	}
	res, err := http.Get(d.url + "/")
	must(t, err)
	res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("the page: %d", res.StatusCode)
	}
	d.stop(t)
	if log := d.logged(); log != "" {
		t.Errorf("logged %s", log)
	}
	if _, err := os.Stat(filepath.Join(dir, socketName)); err == nil {
		t.Error("the socket is left behind")
	}
	if _, _, err := in(t, org, "check", "--store", dir); err != nil {
		t.Error(err)
	}
}

func replicaOf(t testing.TB) vault.Store {
	t.Helper()
	s, err := vault.OpenBolt(t.TempDir(), time.Now)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestAttack19NothingInTheLog(t *testing.T) {
	org := accesstest.NewOrgAt(t, time.Now())
	dir := initStoreOf(t, org)
	cert, key, pool := certificate(t)
	d := start(t, dir, "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(d.url, "https://") {
		t.Fatalf("listening on %s", d.url)
	}
	addr := strings.TrimPrefix(d.url, "https://")
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 77)}}
	for _, hello := range []string{"GET / HTTP/1.1\r\nHost: MARKER\r\n\r\n", "MARKER-MARKER-MARKER", "\x16\x03\x01\x00\x05MARKER"} {
		c, err := from.Dial("tcp", addr)
		must(t, err)
		io.WriteString(c, hello)
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c)
		c.Close()
	}
	if c, err := tls.DialWithDialer(from, "tcp", addr, &tls.Config{ServerName: "marker.example"}); err == nil {
		c.Close()
		t.Error("a certificate that nobody signed was taken")
	}
	hc := &http.Client{Transport: headers{
		&http.Transport{DialContext: from.DialContext, TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true},
		map[string]string{"User-Agent": "MARKER", "Authorization": "Bearer MARKER", "X-Forwarded-For": "10.9.8.7"},
	}}
	media, large := form(t, "street", bytes.Repeat([]byte("MARKER"), 1<<20))
	for _, r := range []struct {
		method, path, media string
		body                []byte
		want                int
	}{
		{"GET", "/MARKER", "", nil, 404}, {"GET", "/access/v1/feed", "", nil, 401}, {"POST", "/v1/deposits", media, large, 413},
		{"PUT", "/v1/blobs/" + vault.Sum(large).String(), "", large[:100], 403}, {"POST", "/access/v1/login", "application/json", []byte("MARKER"), 400},
		{"GET", "/v1/roster", "", nil, 200},
	} {
		req, err := http.NewRequest(r.method, d.url+r.path, bytes.NewReader(r.body))
		must(t, err)
		req.Header.Set("Content-Type", r.media)
		res, err := hc.Do(req)
		must(t, err)
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != r.want || res.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s %s: %d", r.method, r.path, res.StatusCode)
		}
	}
	out := d.stop(t)
	if got := d.logged() + out; got != "a TLS handshake failed\n" {
		t.Errorf("logged %q", got)
	}
	entries, err := os.ReadDir(d.temp)
	if err != nil || len(entries) > 0 {
		t.Errorf("temporary files: %v %v", entries, err)
	}
}

// An expired roster is served, with a word to the operator.
func TestServeExpiredRoster(t *testing.T) {
	org := accesstest.NewOrg(t)
	dir := initStoreOf(t, org)
	org.Pass(3 * 365 * 24 * time.Hour)
	ctx, cancel := context.WithCancel(context.Background())
	pr, pw := io.Pipe()
	var log bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- runAt(ctx, []string{"serve", "--store", dir, "--listen", "127.0.0.1:0"}, pw, &log, org.Clock)
	}()
	line := make([]byte, 100)
	n, err := pr.Read(line)
	must(t, err)
	url := strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "listening on "))
	media, body := form(t, "street", accesstest.Report(8, 0))
	res, err := http.Post(url+"/v1/deposits", media, bytes.NewReader(body))
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		t.Errorf("%d", res.StatusCode)
	}
	cancel()
	must(t, <-ended)
	if !strings.Contains(log.String(), "expired") {
		t.Errorf("logged %q", log.String())
	}
}
