package access_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/access/accesstest"
)

// attempt makes a right login of the person with a code.
func (s *site) attempt(t testing.TB, name, code string) access.Attempt {
	t.Helper()
	p := s.People[name]
	nonce := s.server.Challenge(p.ID)
	at := s.Clock().Format("2006-01-02T15:04:05Z")
	return access.Attempt{
		Person: p.ID, Nonce: base64.StdEncoding.EncodeToString(nonce[:]), Time: at, Code: code,
		Sig: sign(p.Private, access.LoginStatement(s.url, nonce[:], at)),
	}
}

func sign(key ed25519.PrivateKey, statement []byte) string {
	return base64.StdEncoding.EncodeToString(ed25519.Sign(key, statement))
}

func TestSignIn(t *testing.T) {
	s := newSite(t)
	c := s.signIn(t, "advocate")
	if !c.SignedIn() {
		t.Fatal("not signed in")
	}
	if _, _, _, err := c.Feed(ctx, 0, 10); err != nil {
		t.Fatal(err)
	}
	must(t, c.SignOut(ctx))
	_, _, _, err := c.Feed(ctx, 0, 10)
	wantErr(t, err, access.ErrSignedOut)
}

func TestSessionRunsOut(t *testing.T) {
	s := newSite(t)
	c := s.signIn(t, "advocate")
	s.Pass(access.SessionLife - time.Second)
	_, _, _, err := c.Feed(ctx, 0, 10)
	must(t, err)
	s.Pass(2 * time.Second)
	_, _, _, err = c.Feed(ctx, 0, 10)
	wantErr(t, err, access.ErrSignedOut)
}

// Every wrong attempt gets the same status and the same words.
func TestSignInRefused(t *testing.T) {
	s := newSite(t)
	s.enrol(t, "advocate")
	s.enrol(t, "other")
	s.Pass(time.Minute)
	code := func() string { return accesstest.Code(t, s.secrets["advocate"], s.Clock()) }
	cases := map[string]func(a *access.Attempt){
		"unknown person": func(a *access.Attempt) { a.Person = "p-ffffffffffffffff" },
		"another person": func(a *access.Attempt) { a.Person = s.People["other"].ID },
		"no person":      func(a *access.Attempt) { a.Person = "" },
		"not enrolled":   func(a *access.Attempt) { *a = s.attempt(t, "keeper", code()) },
		"wrong code":     func(a *access.Attempt) { a.Code = "000000" },
		"empty code":     func(a *access.Attempt) { a.Code = "" },
		"another's code": func(a *access.Attempt) { a.Code = accesstest.Code(t, s.secrets["other"], s.Clock()) },
		"code of 2 min ago": func(a *access.Attempt) {
			a.Code = accesstest.Code(t, s.secrets["advocate"], s.Clock().Add(-2*time.Minute))
		},
		"no signature":       func(a *access.Attempt) { a.Sig = "" },
		"another's key":      func(a *access.Attempt) { a.Sig = s.attempt(t, "other", "").Sig },
		"changed time":       func(a *access.Attempt) { a.Time = s.Clock().Add(time.Second).Format("2006-01-02T15:04:05Z") },
		"nonce of ones":      func(a *access.Attempt) { a.Nonce = base64.StdEncoding.EncodeToString(make([]byte, 32)) },
		"nonce of another's": func(a *access.Attempt) { a.Nonce = s.attempt(t, "other", "").Nonce },
		"no nonce":           func(a *access.Attempt) { a.Nonce = "" },
	}
	var words any
	for name, spoil := range cases {
		a := s.attempt(t, "advocate", code())
		spoil(&a)
		status, body, _ := s.call(t, "POST", "/access/v1/login", "", "application/json", toJSON(t, a))
		if status != http.StatusUnauthorized || body["token"] != nil {
			t.Errorf("%s: status %d, %v", name, status, body)
		}
		if words == nil {
			words = body["error"]
		}
		if body["error"] != words {
			t.Errorf("%s: other words: %v", name, body["error"])
		}
	}
	if _, _, err := s.server.Login(ctx, s.attempt(t, "advocate", code())); err != nil {
		t.Fatalf("the right attempt after all that: %v", err)
	}
}

func TestAttack07LoginReplayedExpiredOtherOrigin(t *testing.T) {
	s := newSite(t)
	s.enrol(t, "advocate")
	p := s.People["advocate"]
	login := func(a access.Attempt) int {
		t.Helper()
		status, _, _ := s.call(t, "POST", "/access/v1/login", "", "application/json", toJSON(t, a))
		return status
	}
	next := func() string {
		s.Pass(31 * time.Second)
		return accesstest.Code(t, s.secrets["advocate"], s.Clock())
	}

	used := s.attempt(t, "advocate", next())
	if got := login(used); got != http.StatusOK {
		t.Fatalf("first: %d", got)
	}
	if got := login(used); got != http.StatusUnauthorized {
		t.Errorf("replayed: %d", got)
	}
	used.Code = next() // the thief has a fresh code, but the nonce was used
	if got := login(used); got != http.StatusUnauthorized {
		t.Errorf("replayed with a fresh code: %d", got)
	}

	late := s.attempt(t, "advocate", "")
	s.Pass(2*time.Minute + time.Second)
	late.Code = accesstest.Code(t, s.secrets["advocate"], s.Clock())
	if got := login(late); got != http.StatusUnauthorized {
		t.Errorf("expired nonce: %d", got)
	}

	for name, origin := range map[string]string{"other": "https://evil.example", "none": ""} {
		a := s.attempt(t, "advocate", next())
		nonce, _ := base64.StdEncoding.DecodeString(a.Nonce)
		a.Sig = sign(p.Private, access.LoginStatement(origin, nonce, a.Time))
		if got := login(a); got != http.StatusUnauthorized {
			t.Errorf("origin %s: %d", name, got)
		}
	}

	for _, off := range []time.Duration{-6 * time.Minute, 6 * time.Minute, 365 * 24 * time.Hour} {
		a := s.attempt(t, "advocate", next())
		nonce, _ := base64.StdEncoding.DecodeString(a.Nonce)
		a.Time = s.Clock().Add(off).Format("2006-01-02T15:04:05Z")
		a.Sig = sign(p.Private, access.LoginStatement(s.url, nonce, a.Time))
		if got := login(a); got != http.StatusUnauthorized {
			t.Errorf("time off by %v: %d", off, got)
		}
	}

	if got := login(s.attempt(t, "advocate", next())); got != http.StatusOK {
		t.Errorf("a right one at the end: %d", got)
	}
}

func TestAttack08OneCodeTwentyTimes(t *testing.T) {
	s := newSite(t)
	s.enrol(t, "advocate")
	s.Pass(time.Minute)
	code := accesstest.Code(t, s.secrets["advocate"], s.Clock())
	attempts := make([]access.Attempt, 20)
	for i := range attempts {
		attempts[i] = s.attempt(t, "advocate", code)
	}
	var in atomic.Int64
	var wg sync.WaitGroup
	for _, a := range attempts {
		wg.Go(func() {
			if status, _, _ := s.call(t, "POST", "/access/v1/login", "", "application/json", toJSON(t, a)); status == http.StatusOK {
				in.Add(1)
			}
		})
	}
	wg.Wait()
	if in.Load() != 1 {
		t.Fatalf("%d sign-ins with one code", in.Load())
	}
}

func TestAttack09EnrolAnother(t *testing.T) {
	s := newSite(t)
	s.enrol(t, "other")
	before, err := s.store.Account(ctx, s.People["other"].ID)
	must(t, err)
	a, b := s.People["advocate"], s.People["other"]
	_, codeB, _, err := access.Invite(ctx, s.store, s.Clock, b.ID) // A has seen the paper with B's code
	must(t, err)
	_, codeA, _, err := access.Invite(ctx, s.store, s.Clock, a.ID)
	must(t, err)
	enrol := func(person, code string, key ed25519.PrivateKey) int {
		t.Helper()
		nonce := s.server.Challenge(person)
		at := s.Clock().Format("2006-01-02T15:04:05Z")
		status, body, _ := s.call(t, "POST", "/access/v1/enrol", "", "application/json", toJSON(t, access.Attempt{
			Person: person, Nonce: base64.StdEncoding.EncodeToString(nonce[:]), Time: at, Code: code,
			Sig: sign(key, access.EnrolStatement(s.url, nonce[:], at, code)),
		}))
		if status != http.StatusOK && body["secret"] != nil {
			t.Fatal("a refusal with a secret")
		}
		return status
	}
	for name, got := range map[string]int{
		"A's key, B's id, B's code": enrol(b.ID, codeB, a.Private),
		"A's key, B's id, A's code": enrol(b.ID, codeA, a.Private),
		"A's key, A's id, B's code": enrol(a.ID, codeB, a.Private),
		"B's key, B's id, no code":  enrol(b.ID, "", b.Private),
		"unknown person":            enrol("p-ffffffffffffffff", codeB, a.Private),
	} {
		if got != http.StatusForbidden {
			t.Errorf("%s: %d", name, got)
		}
	}
	after, err := s.store.Account(ctx, b.ID)
	must(t, err)
	if string(after.Secret) != string(before.Secret) {
		t.Fatal("B's second factor changed")
	}
	if got := enrol(b.ID, codeB, b.Private); got != http.StatusOK {
		t.Fatalf("B herself: %d", got)
	}
	if got := enrol(b.ID, codeB, b.Private); got != http.StatusForbidden {
		t.Fatalf("the code a second time: %d", got)
	}
}

func TestEnrolCode(t *testing.T) {
	s := newSite(t)
	p := s.People["advocate"]
	c := access.NewClient(s.url, nil)
	who, code, until, err := access.Invite(ctx, s.store, s.Clock, p.Name)
	must(t, err)
	if who.ID != p.ID || until != vault.DayOf(s.Clock())+7 || len(code) != 23 {
		t.Fatalf("invited %s until %s with %q", who.ID, until, code)
	}
	typed := strings.ToLower(strings.ReplaceAll(code, "-", " "))
	_, url, err := c.Enrol(ctx, p.ID, p.Private, typed, s.Clock())
	must(t, err)
	if !strings.HasPrefix(url, "otpauth://totp/") {
		t.Fatalf("url %q", url)
	}
	_, code, _, err = access.Invite(ctx, s.store, s.Clock, p.ID)
	must(t, err)
	s.Pass(9 * 24 * time.Hour)
	_, _, err = c.Enrol(ctx, p.ID, p.Private, code, s.Clock())
	wantErr(t, err, access.ErrEnrol)
	_, _, _, err = access.Invite(ctx, s.store, s.Clock, "nobody")
	wantErr(t, err, vault.ErrNotFound)
	must(t, access.End(ctx, s.store, p.ID))
	wantErr(t, access.End(ctx, s.store, "p-ffffffffffffffff"), vault.ErrNotFound)
}

// An invitation that was ended is void.
func TestEndVoidsInvitation(t *testing.T) {
	s := newSite(t)
	p := s.People["advocate"]
	_, code, _, err := access.Invite(ctx, s.store, s.Clock, p.ID)
	must(t, err)
	must(t, access.End(ctx, s.store, p.ID))
	_, _, err = access.NewClient(s.url, nil).Enrol(ctx, p.ID, p.Private, code, s.Clock())
	wantErr(t, err, access.ErrEnrol)
}

// Guessing codes takes the key, and is slowed down; guessing without the key
// does not lock her out.
func TestGuessingIsSlow(t *testing.T) {
	s := newSite(t)
	s.enrol(t, "advocate")
	s.Pass(time.Minute)
	for range 30 {
		a := s.attempt(t, "advocate", "000000")
		a.Sig = s.attempt(t, "other", "").Sig
		if _, _, err := s.server.Login(ctx, a); !errors.Is(err, access.ErrSignIn) {
			t.Fatalf("without the key: %v", err)
		}
	}
	var slowed int
	for range 30 {
		if _, _, err := s.server.Login(ctx, s.attempt(t, "advocate", "000000")); errors.Is(err, access.ErrThrottled) {
			slowed++
		}
	}
	if slowed != 20 {
		t.Fatalf("%d of 30 guesses slowed down", slowed)
	}
	right := func() error {
		_, _, err := s.server.Login(ctx, s.attempt(t, "advocate", accesstest.Code(t, s.secrets["advocate"], s.Clock())))
		return err
	}
	wantErr(t, right(), access.ErrThrottled)
	s.Pass(61 * time.Second)
	must(t, right())
}

func TestClockApart(t *testing.T) {
	s := newSite(t)
	s.enrol(t, "advocate")
	p := s.People["advocate"]
	wrong := s.Clock().Add(365 * 24 * time.Hour)
	err := access.NewClient(s.url, nil).SignIn(ctx, p.ID, p.Private, accesstest.Code(t, s.secrets["advocate"], wrong), wrong)
	wantErr(t, err, access.ErrClock)
	wantErr(t, err, access.ErrSignIn)
}
