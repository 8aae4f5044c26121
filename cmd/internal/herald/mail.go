package herald

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/smtp"
	"time"
)

// mailer is a message by e-mail. Each addressee gets one of their own, so that
// none reads who else is told.
type mailer struct {
	server, host, from string
	to                 []string
	user, password     string
	roots              *x509.CertPool // nil for the system's
	private            bool
}

func (m *mailer) send(ctx context.Context) error {
	conn, err := dialer(m.private).DialContext(ctx, "tcp", m.server)
	if err != nil {
		return err
	}
	defer conn.Close()
	if until, ok := ctx.Deadline(); ok {
		conn.SetDeadline(until)
	}
	c, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return errReach
	}
	if err := c.Hello("localhost"); err != nil { // not this computer's name
		return errReach
	}
	if ok, _ := c.Extension("STARTTLS"); !ok {
		return errTLS
	}
	if err := c.StartTLS(&tls.Config{ServerName: m.host, RootCAs: m.roots, MinVersion: tls.VersionTLS12}); err != nil {
		return errTLS
	}
	if m.user != "" {
		if err := c.Auth(smtp.PlainAuth("", m.user, m.password, m.host)); err != nil {
			return errSignIn
		}
	}
	var refused error
	for _, to := range m.to {
		if err := m.letter(c, to); err != nil {
			refused = errors.Join(refused, errStatus)
			if c.Reset() != nil {
				return errReach
			}
		}
	}
	_ = c.Quit() // what was taken was taken
	return refused
}

func (m *mailer) letter(c *smtp.Client, to string) error {
	if err := errors.Join(c.Mail(m.from), c.Rcpt(to)); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	var id [16]byte
	rand.Read(id[:])
	// The carrier sees when it takes a message; the date says no more than that.
	text := "From: <" + m.from + ">\r\nTo: <" + to + ">\r\nSubject: The desk\r\nDate: " + time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700") +
		"\r\nMessage-ID: <" + hex.EncodeToString(id[:]) + "@localhost>\r\nAuto-Submitted: auto-generated\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + words + "\r\n"
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return w.Close()
}
