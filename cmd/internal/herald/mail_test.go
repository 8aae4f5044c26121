package herald

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// post office: a real, if small, SMTP server with STARTTLS and a certificate of
// the test's own authority.
type office struct {
	net.Listener
	ca    string // PEM
	cert  tls.Certificate
	plain bool // offers no STARTTLS

	mu      sync.Mutex
	letters []string
	to      []string
	auth    []string // with whether the line was encrypted
	lines   []string // all that came before TLS
}

func openOffice(t *testing.T) *office {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &office{Listener: l, ca: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go o.talk(conn)
		}
	}()
	t.Cleanup(func() { l.Close() })
	return o
}

func (o *office) talk(conn net.Conn) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	r, secure := bufio.NewReader(conn), false
	say := func(s string) { fmt.Fprintf(conn, "%s\r\n", s) }
	say("220 office")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		o.mu.Lock()
		if !secure {
			o.lines = append(o.lines, line)
		}
		o.mu.Unlock()
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-office")
			if secure {
				say("250 AUTH PLAIN")
			} else if o.plain {
				say("250 AUTH PLAIN LOGIN")
			} else {
				say("250 STARTTLS")
			}
		case "STARTTLS":
			say("220 go on")
			s := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{o.cert}})
			if s.Handshake() != nil {
				return
			}
			conn, r, secure = s, bufio.NewReader(s), true
		case "AUTH":
			b, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			o.mu.Lock()
			o.auth = append(o.auth, fmt.Sprintf("%q %v", b, secure))
			o.mu.Unlock()
			if strings.HasSuffix(string(b), "\x00pw-2718") {
				say("235 welcome")
			} else {
				say("535 no")
			}
		case "RCPT":
			if strings.Contains(rest, "gone@") {
				say("550 no such person")
				continue
			}
			o.mu.Lock()
			o.to = append(o.to, rest)
			o.mu.Unlock()
			say("250 ok")
		case "DATA":
			say("354 write")
			var b strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil || line == ".\r\n" {
					break
				}
				b.WriteString(line)
			}
			o.mu.Lock()
			o.letters = append(o.letters, b.String())
			o.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (o *office) herald(t *testing.T, password string, to ...string) *Herald {
	t.Helper()
	path := folder(t, map[string]any{"every_minutes": 15, "smtp": []any{map[string]any{"server": o.Addr().String(), "from": "desk@mail.example", "to": to,
		"user": "desk", "password_file": "pw", "ca_file": "ca.pem"}}}, map[string]string{"pw": password, "ca.pem": o.ca})
	h, err := Read(path, true)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestMailIsSealedOnItsWayAndSaysNothing(t *testing.T) {
	o := openOffice(t)
	h := o.herald(t, "pw-2718", "nino@mail.example", "anna@mail.example")
	s := store(t)
	log := run(t, h, s, 300*time.Millisecond)
	letters := func() int { o.mu.Lock(); defer o.mu.Unlock(); return len(o.letters) }
	eventually(t, "the first", func() bool { return letters() == 2 })
	deposit(t, s, "custody", "sealed-7731")
	eventually(t, "the second", func() bool { return letters() == 4 })
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, text := range o.letters {
		head, body, ok := strings.Cut(text, "\r\n\r\n")
		if !ok || body != words+"\r\n" || len(text) != len(o.letters[0]) || strings.Contains(text, "7731") || strings.Contains(text, "custody") {
			t.Errorf("letter %d is %q", i, text)
		}
		if strings.Contains(head, "nino@") == strings.Contains(head, "anna@") {
			t.Errorf("letter %d tells who else is told:\n%s", i, head)
		}
	}
	if strings.Join(o.lines[:2], "|") != "EHLO localhost|STARTTLS" || strings.Contains(strings.Join(o.lines, " "), "mail.example") {
		t.Errorf("before TLS it said %q", o.lines)
	}
	if o.auth[0] != `"\x00desk\x00pw-2718" true` {
		t.Errorf("signed in as %s", o.auth[0])
	}
	if log.all() != "" {
		t.Errorf("the log says %q", log.all())
	}
}

func TestMailThatCannotGo(t *testing.T) {
	o := openOffice(t)
	for name, c := range map[string]struct {
		h    *Herald
		want error
	}{
		"wrong password":        {o.herald(t, "pw-wrong", "nino@mail.example"), errSignIn},
		"nobody there":          {o.herald(t, "pw-2718", "gone@mail.example", "nino@mail.example"), errStatus},
		"another's certificate": {(&office{Listener: openOffice(t).Listener, ca: o.ca}).herald(t, "pw-2718", "nino@mail.example"), errTLS},
		"no STARTTLS": {func() *Herald {
			p := openOffice(t)
			p.plain = true
			return p.herald(t, "pw-2718", "nino@mail.example")
		}(), errTLS},
		"private": {func() *Herald {
			h := o.herald(t, "pw-2718", "nino@mail.example")
			m := &mailer{server: o.Addr().String(), host: "127.0.0.1", from: "a@mail.example", to: []string{"b@mail.example"}}
			h.targets[0].send = m.send
			return h
		}(), errPrivate},
	} {
		var log said
		h := c.h
		h.targets[0].due = true
		h.tell(t.Context(), false, log.say)
		if want := "notifications: one by e-mail did not go: " + c.want.Error() + ". It is tried again at the next time"; log.all() != want {
			t.Errorf("%s: the log says %q, want %q", name, log.all(), want)
		}
		if !h.targets[0].due {
			t.Errorf("%s: it is not tried again", name)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.letters) != 1 {
		t.Errorf("%d letters, want the one to who is there", len(o.letters))
	}
}
