package herald

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Bounds of a configuration.
const (
	maxConfig  = 64 << 10
	maxSecret  = 4 << 10
	maxTargets = 16
	minEvery   = 5 // minutes
	maxEvery   = 24 * 60
)

// config is the file, as an operator writes it. Files that it names are looked
// for beside it.
type config struct {
	EveryMinutes int      `json:"every_minutes"`
	Ntfy         []hook   `json:"ntfy"`
	Webhook      []hook   `json:"webhook"`
	SMTP         []letter `json:"smtp"`
}

type hook struct {
	URL       string `json:"url"`
	TokenFile string `json:"token_file"`
}

type letter struct {
	Server       string   `json:"server"` // host:port
	From         string   `json:"from"`
	To           []string `json:"to"`
	User         string   `json:"user"`
	PasswordFile string   `json:"password_file"`
	CAFile       string   `json:"ca_file"`
}

// Read reads a configuration file. private allows addresses inside of the
// operator's own network, and plain HTTP to them. Its errors name a field and
// quote nothing of the file.
func Read(path string, private bool) (*Herald, error) {
	b, err := readFile(path, maxConfig)
	if err != nil {
		return nil, fmt.Errorf("reading the notifications' configuration: %w", err)
	}
	h, err := parse(b, filepath.Dir(path), private)
	if err != nil {
		return nil, fmt.Errorf("reading the notifications' configuration: %w", err)
	}
	return h, nil
}

func parse(b []byte, dir string, private bool) (*Herald, error) {
	var c config
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, errors.New("not the JSON that peerwitnessd serve --help shows")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows after the configuration")
	}
	switch n := len(c.Ntfy) + len(c.Webhook) + len(c.SMTP); {
	case c.EveryMinutes < minEvery || c.EveryMinutes > maxEvery:
		return nil, fmt.Errorf("every_minutes must be %d to %d", minEvery, maxEvery)
	case n == 0 || n > maxTargets:
		return nil, fmt.Errorf("it must name 1 to %d places to tell", maxTargets)
	}
	h := &Herald{Every: time.Duration(c.EveryMinutes) * time.Minute}
	for i, x := range c.Ntfy {
		t, err := x.target("ntfy", ntfyBody, "text/plain; charset=utf-8", dir, private)
		if err != nil {
			return nil, fmt.Errorf("ntfy %d: %w", i+1, err)
		}
		h.targets = append(h.targets, t)
	}
	for i, x := range c.Webhook {
		t, err := x.target("webhook", webhookBody, "application/json", dir, private)
		if err != nil {
			return nil, fmt.Errorf("webhook %d: %w", i+1, err)
		}
		h.targets = append(h.targets, t)
	}
	for i, x := range c.SMTP {
		t, err := x.target(dir, private)
		if err != nil {
			return nil, fmt.Errorf("smtp %d: %w", i+1, err)
		}
		h.targets = append(h.targets, t)
	}
	return h, nil
}

func (x hook) target(kind, body, mime, dir string, private bool) (*target, error) {
	u, err := url.Parse(x.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Opaque != "":
		return nil, errors.New("url is not an address of the form https://host/path")
	case u.Scheme != "https" && (u.Scheme != "http" || !private):
		return nil, errors.New("url must begin with https://")
	}
	token, err := secret(dir, x.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("token_file: %w", err)
	}
	p := &post{url: u.String(), body: body, mime: mime, token: token, client: newClient(private)}
	return &target{kind: kind, send: p.send}, nil
}

func (x letter) target(dir string, private bool) (*target, error) {
	host, port, err := net.SplitHostPort(x.Server)
	if err != nil || host == "" || port == "" {
		return nil, errors.New("server is not host:port")
	}
	m := &mailer{server: x.Server, host: host, user: x.User, private: private}
	if m.from, err = address(x.From); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	if len(x.To) == 0 || len(x.To) > maxTargets {
		return nil, fmt.Errorf("to must have 1 to %d addresses", maxTargets)
	}
	for _, to := range x.To {
		a, err := address(to)
		if err != nil {
			return nil, fmt.Errorf("to: %w", err)
		}
		m.to = append(m.to, a)
	}
	if m.password, err = secret(dir, x.PasswordFile); err != nil {
		return nil, fmt.Errorf("password_file: %w", err)
	}
	if (m.user == "") != (m.password == "") {
		return nil, errors.New("user and password_file go together")
	}
	if x.CAFile != "" {
		b, err := readFile(beside(dir, x.CAFile), maxConfig)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		m.roots = x509.NewCertPool()
		if !m.roots.AppendCertsFromPEM(b) {
			return nil, errors.New("ca_file has no certificate")
		}
	}
	return &target{kind: "e-mail", send: m.send}, nil
}

// address takes a plain e-mail address. A line end in it could add headers.
func address(s string) (string, error) {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", errors.New("not a plain e-mail address")
	}
	return s, nil
}

func beside(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// secret reads a file that only its owner may read. An empty path is none.
func secret(dir, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	path = beside(dir, path)
	b, err := readFile(path, maxSecret)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return "", errors.New("others may read it: chmod 600")
	}
	s := strings.TrimRight(string(b), "\r\n")
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", errors.New("it is empty, or has control characters")
	}
	return s, nil
}

func readFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.New("the file can't be opened")
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, errors.New("the file can't be read")
	case int64(len(b)) > most:
		return nil, errors.New("the file is too large")
	}
	return b, nil
}
