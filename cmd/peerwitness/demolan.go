package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// lanSite is how a real phone on the same network reaches the demo: browsers
// have no WebCrypto without TLS, so the phone must trust an authority first.
// That authority can vouch for this one address only, its private key is never
// written down, and it runs out in a week.
type lanSite struct {
	addr, origin string // of the server
	cert, key    string // its files
	ca           []byte // DER
	help         *http.Server
	helpURL      string
}

// lanAddress is this computer's IPv4 address on its network: a private one
// where it has any.
func lanAddress() (ip net.IP, private bool, err error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, false, fmt.Errorf("looking for a network: %w", err)
	}
	for _, a := range list {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.To4() == nil || !n.IP.IsGlobalUnicast() {
			continue
		}
		if n.IP.IsPrivate() {
			return n.IP.To4(), true, nil
		}
		if ip == nil {
			ip = n.IP.To4()
		}
	}
	if ip == nil {
		return nil, false, hint(errors.New("this computer is on no network"), "join the phone's Wi-Fi, or leave --lan out")
	}
	return ip, false, nil
}

func newLanSite(e *env, dir string) (*lanSite, error) {
	ip, private, err := lanAddress()
	if err != nil {
		return nil, err
	}
	if !private {
		e.say("warning: %s is not a private address; others than your network may reach the demo", ip)
	}
	l, err := net.Listen("tcp", net.JoinHostPort(ip.String(), "0"))
	if err != nil {
		return nil, fmt.Errorf("listening on the network: %w", err)
	}
	s := &lanSite{addr: l.Addr().String(), cert: filepath.Join(dir, "tls.crt"), key: filepath.Join(dir, "tls.key")}
	if err := l.Close(); err != nil { // the server takes the port over
		return nil, err
	}
	s.origin = "https://" + s.addr
	var leaf, leafKey []byte
	if s.ca, leaf, leafKey, err = issue(ip, e.now()); err != nil {
		return nil, fmt.Errorf("making certificate: %w", err)
	}
	if err := writeNew(s.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}), 0o644); err != nil {
		return nil, err
	}
	return s, writeNew(s.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: leafKey}), 0o600)
}

// issue makes an authority for ip alone and a server certificate under it; the
// authority's private key is gone when it returns.
func issue(ip net.IP, now time.Time) (ca, leaf, leafKey []byte, err error) {
	template := func(name string) (*x509.Certificate, error) {
		serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
		return &x509.Certificate{
			SerialNumber: serial, Subject: pkix.Name{CommonName: name},
			NotBefore: now.Add(-time.Hour), NotAfter: now.Add(7 * 24 * time.Hour), BasicConstraintsValid: true,
		}, err
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	top, err := template("Peerwitness demo, to be removed")
	if err != nil {
		return nil, nil, nil, err
	}
	top.IsCA, top.MaxPathLenZero, top.KeyUsage = true, true, x509.KeyUsageCertSign
	top.PermittedDNSDomainsCritical = true // makes the address constraint critical
	top.PermittedIPRanges = []*net.IPNet{{IP: ip, Mask: net.CIDRMask(32, 32)}}
	top.ExcludedDNSDomains = []string{""}
	if ca, err = x509.CreateCertificate(rand.Reader, top, top, caKey.Public(), caKey); err != nil {
		return nil, nil, nil, err
	}
	site, err := template("Peerwitness demo")
	if err != nil {
		return nil, nil, nil, err
	}
	site.KeyUsage, site.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	site.IPAddresses = []net.IP{ip}
	if leaf, err = x509.CreateCertificate(rand.Reader, site, top, key.Public(), caKey); err != nil {
		return nil, nil, nil, err
	}
	leafKey, err = x509.MarshalPKCS8PrivateKey(key)
	return ca, leaf, leafKey, err
}

// client trusts the demo's authority and no other.
func (s *lanSite) client() *http.Client {
	pool := x509.NewCertPool()
	if cert, err := x509.ParseCertificate(s.ca); err == nil {
		pool.AddCert(cert)
	}
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}}
}

// fingerprint is the authority's, in groups that can be read aloud.
func (s *lanSite) fingerprint() string {
	sum := sha256.Sum256(s.ca)
	text := strings.ToUpper(hex.EncodeToString(sum[:]))
	var groups []string
	for i := 0; i < len(text); i += 4 {
		groups = append(groups, text[i:i+4])
	}
	return strings.Join(groups, " ")
}

// serve offers, over plain HTTP, the authority's certificate and the way on:
// the phone can't ask over TLS for what it needs to trust TLS.
func (s *lanSite) serve(phone string) error {
	host, _, _ := net.SplitHostPort(s.addr)
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return fmt.Errorf("offering certificate: %w", err)
	}
	s.helpURL = "http://" + l.Addr().String() + "/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo-ca.crt", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-x509-ca-cert")
		w.Write(s.ca)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		fmt.Fprintf(w, lanPage, html.EscapeString(s.fingerprint()), html.EscapeString(phone))
	})
	s.help = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second,
		WriteTimeout: 20 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: log.New(io.Discard, "", 0)}
	go s.help.Serve(l) // it returns when close ends it
	return nil
}

const lanPage = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Peerwitness demo</title><style>body{font:18px/1.5 system-ui,sans-serif;max-width:34em;margin:2em auto;padding:0 1em}a{display:block;padding:.7em 0}code{overflow-wrap:anywhere}</style>
<h1>Peerwitness demo</h1><p>A practice organisation on a computer near you. Use a phone that you can do without, and remove the certificate afterwards.</p>
<ol><li>Download and install the certificate: <a href="/demo-ca.crt">demo-ca.crt</a> Its fingerprint must be the one on the computer's screen:<br><code>%s</code></li>
<li>Then open the practice app: <a href="%s">the app</a></li></ol></html>
`

// explain prints the QR code and what the phone's owner should compare.
func (s *lanSite) explain(w io.Writer) error {
	art, err := qrText(s.helpURL)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "Scan this with a phone on the same network (%s):\n\n%s\nIt offers a certificate to install first. Its fingerprint (SHA-256):\n%s\nIt vouches for this address only, for a week. Remove it from the phone afterwards.\n\n",
		s.helpURL, art, s.fingerprint())
	return err
}

func (s *lanSite) close() {
	if s.help == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := s.help.Shutdown(ctx); err != nil {
		s.help.Close()
	}
}
