// Package access is the server's side, and the client, of what people on the
// roster do over HTTP: sign in, follow the feed, append to journals, publish
// certificates, revocations and rosters. Exact bytes are in PROTOCOL.md,
// section 10.
//
// Whether somebody may do something is decided in [Server]'s methods, never in
// the HTTP layer: each takes the bearer token, and looks at the session, the
// current roster, the revocations and the table of roles anew. A person who
// left the roster or was revoked is refused from the next request on, and her
// sessions end. The package can't decrypt, and the server never asks anybody
// to decrypt: signing in is a signature and a code.
//
// Nothing here keeps or logs an address, a user agent or a header.
package access

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// Sentinels, wrapped by the server's methods and given back by the client.
// Errors of the vault pass through both as vault's own sentinels.
var (
	// ErrSignIn: person, nonce, time, signature or code is wrong. Which of them
	// is never said.
	ErrSignIn = errors.New("sign-in refused")
	// ErrEnrol: the same for enrolment.
	ErrEnrol = errors.New("enrolment refused")
	// ErrThrottled: too many wrong codes under a right signature.
	ErrThrottled = errors.New("too many wrong codes: wait before the next try")
	// ErrSignedOut: no session, or one that has run out.
	ErrSignedOut = errors.New("not signed in")
	// ErrRemoved: the person is not on the roster any more, or was revoked.
	ErrRemoved = errors.New("no longer on the roster")
	// ErrRole: the person has no role that may do this.
	ErrRole = errors.New("no role that allows this")
	// ErrType: a body of another content type than belongs there.
	ErrType = errors.New("wrong content type")
	// ErrRequest: the request can't be read: a bad number, bad JSON, a body cut short.
	ErrRequest = errors.New("request can't be read")
	// ErrBusy: too much is in memory already; try again in a moment.
	ErrBusy = errors.New("server is busy")
)

// Lifetimes and windows of signing in.
const (
	SessionLife  = 12 * time.Hour
	nonceLife    = 2 * time.Minute
	clockWindow  = 5 * time.Minute
	InviteDays   = 7
	maxFeedItems = 1000
	maxFeedBytes = 32 << 20
)

// action is something a signed-in person may ask for.
type action string

const (
	actLogout      action = "logout"
	actFeed        action = "feed"
	actBlob        action = "blobs"
	actAppend      action = "append"
	actCertificate action = "certificates"
	actRevoke      action = "revocations"
	actRoster      action = "roster"
	actDocument    action = "documents"
	actRelease     action = "releases"
	actPutBack     action = "put-back"
	actErase       action = "erasures"
	actPlaces      action = "places"
)

// allowed is the whole of who may do what. A role that is not in an action's
// row may not; an action without a row is open to nobody.
var allowed = map[action][]string{
	actLogout:      {roster.Advocate, roster.Lead, roster.Keeper, roster.Partner, roster.Community},
	actFeed:        {roster.Advocate, roster.Lead, roster.Keeper, roster.Partner}, // a partner has one of her own
	actBlob:        {roster.Advocate, roster.Lead, roster.Keeper, roster.Partner}, // those of it
	actAppend:      {roster.Advocate, roster.Lead, roster.Keeper, roster.Partner}, // see Append
	actCertificate: {roster.Advocate, roster.Lead},
	actRevoke:      {roster.Lead},
	actRoster:      {roster.Lead},
	actDocument:    {roster.Lead},
	actRelease:     {roster.Lead, roster.Keeper},
	actPutBack:     {roster.Advocate, roster.Lead, roster.Keeper}, // see PutBack
	actErase:       {roster.Advocate, roster.Lead},
	actPlaces:      {roster.Partner},
}

// Server answers people on the roster. It is safe for concurrent use.
type Server struct {
	// Trouble, if set before serving, is told of each error that clients see
	// only as an internal one.
	Trouble func(error)

	store    vault.Store
	origin   string
	clock    vault.Clock
	people   *people
	nonces   *nonces
	throttle *throttle
	bodies   *semaphore.Weighted

	// gate makes a change of who may do what wait for the writes that were
	// allowed before it, and those after it see the change: writes hold it
	// for reading from the check to the commit.
	gate sync.RWMutex

	partnering sync.Mutex // guards the map
	partners   map[string]*partnerFeed

	// releasing lets one release at a time be looked up and stored, so that
	// the same one sent twice at once is new only once.
	releasing sync.Mutex
}

// NewServer serves store as origin (scheme://host[:port], what sign-in
// statements name, whatever a request's Host header says).
func NewServer(store vault.Store, origin string, clock vault.Clock) *Server {
	if o, err := Origin(origin); err == nil {
		origin = o
	}
	return &Server{
		store:    store,
		origin:   origin,
		clock:    clock,
		people:   &people{store: store},
		nonces:   newNonces(),
		partners: map[string]*partnerFeed{},
		throttle: newThrottle(),
		bodies:   semaphore.NewWeighted(3 * maxBody),
	}
}

// may tells who bears the token, if she may do a. ErrSignedOut, ErrRemoved
// (and then her sessions have ended), ErrRole.
func (s *Server) may(ctx context.Context, bearer string, a action) (roster.Person, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(bearer)
	if err != nil || len(raw) != 32 {
		return roster.Person{}, ErrSignedOut
	}
	session, err := s.store.Session(ctx, vault.Sum(raw))
	if errors.Is(err, vault.ErrNotFound) || err == nil && !s.clock().Before(session.Until) {
		return roster.Person{}, ErrSignedOut
	}
	if err != nil {
		return roster.Person{}, fmt.Errorf("reading session: %w", err)
	}
	p, ok, err := s.people.find(ctx, session.Person)
	if err != nil {
		return roster.Person{}, err
	}
	if !ok {
		if err := s.store.DeleteSessions(ctx, session.Person); err != nil {
			return roster.Person{}, fmt.Errorf("ending sessions: %w", err)
		}
		return roster.Person{}, ErrRemoved
	}
	if !slices.ContainsFunc(allowed[a], p.Has) {
		return roster.Person{}, ErrRole
	}
	return p, nil
}

// openSession makes a session for person and returns its token, which the
// store keeps only as a hash.
func (s *Server) openSession(ctx context.Context, person string) (token string, until time.Time, err error) {
	var raw [32]byte
	rand.Read(raw[:])
	until = s.clock().UTC().Truncate(time.Second).Add(SessionLife)
	err = s.store.PutSession(ctx, vault.Session{Token: vault.Sum(raw[:]), Person: person, Until: until})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("storing session: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), until, nil
}

// Logout ends the bearer's session.
func (s *Server) Logout(ctx context.Context, bearer string) error {
	if _, err := s.may(ctx, bearer, actLogout); err != nil {
		return err
	}
	raw, _ := base64.RawURLEncoding.DecodeString(bearer) // may has read it
	return s.store.DeleteSession(ctx, vault.Sum(raw))
}
