package access

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// Attempt is what a login or an enrolment sends. Nonce and Sig are base64.
type Attempt struct {
	Person string `json:"person"`
	Nonce  string `json:"nonce"`
	Time   string `json:"time"`
	Sig    string `json:"sig"`
	Code   string `json:"code"`
}

// The second factor: RFC 6238 with SHA-1, which authenticator apps all know.
const (
	totpPeriod = 30
	secretSize = 20
)

var (
	base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

	// nobody's key and secret stand in for those of people who do not exist or
	// have not enrolled, so that the same work is done for everybody.
	nobodyKey    ed25519.PublicKey
	nobodySecret [secretSize]byte
)

func init() {
	nobodyKey, _, _ = ed25519.GenerateKey(nil)
	rand.Read(nobodySecret[:])
}

// Challenge returns a nonce for person, known or not.
func (s *Server) Challenge(person string) [32]byte { return s.nonces.make(person, s.clock()) }

// Login checks an attempt and opens a session. ErrSignIn for everything that
// is wrong, ErrThrottled when a right signature came with too many wrong codes.
func (s *Server) Login(ctx context.Context, a Attempt) (token string, until time.Time, err error) {
	now := s.clock()
	p, ok, err := s.people.find(ctx, a.Person)
	if err != nil {
		return "", time.Time{}, err
	}
	account, err := s.store.Account(ctx, a.Person)
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return "", time.Time{}, fmt.Errorf("reading account: %w", err)
	}
	secret := account.Secret
	enrolled := len(secret) > 0
	if !enrolled {
		secret = nobodySecret[:]
	}
	step, matched := matchStep(secret, a.Code, now, account.LastStep)
	signed := s.signed(p, ok, a, now, func(nonce []byte) []byte {
		return LoginStatement(s.origin, nonce, a.Time)
	})
	if !signed {
		return "", time.Time{}, ErrSignIn
	}
	if !s.throttle.begin(p.ID, now) {
		return "", time.Time{}, ErrThrottled
	}
	if !enrolled || !matched {
		return "", time.Time{}, ErrSignIn
	}
	if err := s.store.UseStep(ctx, p.ID, step); errors.Is(err, vault.ErrUsedCode) || errors.Is(err, vault.ErrNotFound) {
		return "", time.Time{}, ErrSignIn
	} else if err != nil {
		return "", time.Time{}, fmt.Errorf("storing step: %w", err)
	}
	s.throttle.right(p.ID)
	return s.openSession(ctx, p.ID)
}

// Enrol gives p's account a new second factor, against the operator's one-time
// code. Only the person's own roster key signs the statement, so nobody enrols
// for another. ErrEnrol for everything that is wrong, ErrThrottled.
func (s *Server) Enrol(ctx context.Context, a Attempt) (secret, url string, err error) {
	now := s.clock()
	p, ok, err := s.people.find(ctx, a.Person)
	if err != nil {
		return "", "", err
	}
	signed := s.signed(p, ok, a, now, func(nonce []byte) []byte {
		return EnrolStatement(s.origin, nonce, a.Time, a.Code)
	})
	if !signed {
		return "", "", ErrEnrol
	}
	if !s.throttle.begin(p.ID, now) {
		return "", "", ErrThrottled
	}
	r, _, err := s.people.current(ctx)
	if err != nil {
		return "", "", err
	}
	raw := make([]byte, secretSize)
	rand.Read(raw)
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer:      strings.ReplaceAll(r.Organisation, ":", " "), // a colon ends the issuer
		AccountName: p.Name,
		Secret:      raw,
	})
	if err != nil {
		return "", "", errors.New("making second factor")
	}
	err = s.store.Enrol(ctx, p.ID, inviteHash(p.ID, a.Code), raw)
	if errors.Is(err, vault.ErrNotFound) {
		return "", "", ErrEnrol
	}
	if err != nil {
		return "", "", fmt.Errorf("storing second factor: %w", err)
	}
	s.throttle.right(p.ID)
	return key.Secret(), key.URL(), nil
}

// signed reports whether the attempt holds a fresh, unused nonce, a time near
// ours, and p's signature over the statement. It does the same work for a
// person who is not there.
func (s *Server) signed(p roster.Person, there bool, a Attempt, now time.Time, statement func(nonce []byte) []byte) bool {
	nonce, err1 := base64.StdEncoding.Strict().DecodeString(a.Nonce)
	sig, err2 := base64.StdEncoding.Strict().DecodeString(a.Sig)
	ok := there && err1 == nil && err2 == nil && near(a.Time, now)
	ok = s.nonces.fresh(a.Person, nonce, now) && ok
	key := p.Key()
	if len(key) != ed25519.PublicKeySize {
		key, ok = nobodyKey, false
	}
	ok = ed25519.Verify(key, statement(nonce), sig) && ok
	return ok && s.nonces.use(nonce, now)
}

// matchStep returns the step, out of now's and one either way, that the code
// belongs to. Should several match, it is the first above last.
func matchStep(secret []byte, code string, now time.Time, last uint64) (step uint64, ok bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	text := base32Plain.EncodeToString(secret)
	for d := int64(-1); d <= 1; d++ {
		at := now.Unix()/totpPeriod + d
		if at < 0 {
			continue
		}
		want, err := totp.GenerateCodeCustom(text, time.Unix(at*totpPeriod, 0), totp.ValidateOpts{
			Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && (!ok || step <= last) {
			step, ok = uint64(at), true
		}
	}
	return step, ok
}
