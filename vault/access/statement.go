package access

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"peerwitness/vault"
)

// Origin returns scheme://host[:port] of an address, lower-case and without
// the scheme's own port, as sign-in statements name it.
func Origin(address string) (string, error) {
	u, err := url.Parse(strings.ToLower(address))
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil {
		return "", fmt.Errorf("%w: an origin is scheme://host[:port]", ErrRequest)
	}
	host := u.Host
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return "", fmt.Errorf("%w: an origin begins http:// or https://", ErrRequest)
	}
	return u.Scheme + "://" + host, nil
}

// LoginStatement is what a person signs to sign in at origin.
func LoginStatement(origin string, nonce []byte, at string) []byte {
	return vault.LP("peerwitness/login/v1", []byte(origin), nonce, []byte(at))
}

// EnrolStatement is what a person signs to enrol her second factor with the
// operator's one-time code, as she typed it.
func EnrolStatement(origin string, nonce []byte, at, code string) []byte {
	return vault.LP("peerwitness/enrol/v1", []byte(origin), nonce, []byte(at), []byte(code))
}

// statementTime writes t as a statement holds it.
func statementTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// near reports whether at is a statement's time, within clockWindow of now.
func near(at string, now time.Time) bool {
	t, err := time.Parse("2006-01-02T15:04:05Z", at)
	d := now.Sub(t)
	return err == nil && d <= clockWindow && d >= -clockWindow
}
