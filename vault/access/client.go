package access

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"peerwitness/vault"
)

// Sentinels of the client alone.
var (
	// ErrClock: sign-in was refused and the two clocks are far apart.
	ErrClock = errors.New("this computer's clock and the server's differ")
	// ErrServer: the server answered with something that is not of the protocol.
	ErrServer = errors.New("server's answer is not of the protocol")
	// ErrUnreachable: no answer came.
	ErrUnreachable = errors.New("server can't be reached")
)

// StatusError is an answer that no sentinel stands for.
type StatusError struct{ Status int }

func (e *StatusError) Error() string { return fmt.Sprintf("server answered with status %d", e.Status) }

const maxAnswer = 64 << 10

// Client talks to one server for one person. It is safe for concurrent use.
// Its methods return the server's errors as the sentinels of vault, of roster
// and of this package; an append that lost a race as *vault.ConflictError or
// *vault.ClaimedError.
type Client struct {
	base   string
	origin string
	hc     *http.Client

	mu    sync.Mutex // guards what follows
	token string
	own   bool
}

// NewClient talks to the server at base, scheme://host[:port]. A nil hc is one
// with time limits. Redirects are never followed, so that a token goes to base
// or nowhere.
func NewClient(base string, hc *http.Client) *Client {
	if hc == nil {
		hc = &http.Client{Timeout: 10 * time.Minute}
	}
	c := *hc
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	base = strings.TrimRight(base, "/")
	origin, err := Origin(base)
	if err != nil {
		origin = base // the request will say what is wrong with it
	}
	return &Client{base: base, origin: origin, hc: &c}
}

// SignedIn reports whether the client holds a token. The server may have ended
// the session since; then a call returns ErrSignedOut.
func (c *Client) SignedIn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token != ""
}

// OwnFeed reports whether the feed that the server showed last is the person's
// own, as partners have one: its places are not the store's, see Places.
func (c *Client) OwnFeed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.own
}

func (c *Client) setToken(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = token
}

// SignIn opens a session with the person's signing key and a code of her
// second factor. What the server sends is signed only as 32 bytes inside a
// tagged statement: no challenge can stand for anything else. ErrSignIn,
// ErrThrottled, ErrClock.
func (c *Client) SignIn(ctx context.Context, person string, key ed25519.PrivateKey, code string, now time.Time) error {
	a, err := c.attempt(ctx, person, code, now)
	if err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	nonce, at := a.Nonce, a.Time
	raw, _ := base64.StdEncoding.DecodeString(nonce) // attempt has read it
	a.Sig = base64.StdEncoding.EncodeToString(ed25519.Sign(key, LoginStatement(c.origin, raw, at)))
	var out struct{ Token, Until string }
	if err := c.postJSON(ctx, "/login", a, &out); err != nil {
		return fmt.Errorf("signing in: %w", apart(err, now))
	}
	if out.Token == "" {
		return fmt.Errorf("signing in: %w", ErrServer)
	}
	c.setToken(out.Token)
	return nil
}

// Enrol makes the person's second factor with the operator's one-time code and
// returns its secret, base32, and the otpauth URL of the same. ErrEnrol,
// ErrThrottled, ErrClock.
func (c *Client) Enrol(ctx context.Context, person string, key ed25519.PrivateKey, code string, now time.Time) (secret, url string, err error) {
	a, err := c.attempt(ctx, person, code, now)
	if err != nil {
		return "", "", fmt.Errorf("enrolling: %w", err)
	}
	raw, _ := base64.StdEncoding.DecodeString(a.Nonce) // attempt has read it
	a.Sig = base64.StdEncoding.EncodeToString(ed25519.Sign(key, EnrolStatement(c.origin, raw, a.Time, a.Code)))
	var out struct{ Secret, URL string }
	if err := c.postJSON(ctx, "/enrol", a, &out); err != nil {
		return "", "", fmt.Errorf("enrolling: %w", apart(err, now))
	}
	if out.Secret == "" || !strings.HasPrefix(out.URL, "otpauth://") {
		return "", "", fmt.Errorf("enrolling: %w", ErrServer)
	}
	return out.Secret, out.URL, nil
}

// attempt asks for a challenge and fills in everything but the signature.
func (c *Client) attempt(ctx context.Context, person, code string, now time.Time) (Attempt, error) {
	var out struct{ Nonce string }
	if err := c.postJSON(ctx, "/challenge", map[string]string{"person": person}, &out); err != nil {
		return Attempt{}, err
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(out.Nonce)
	if err != nil || len(raw) != 32 {
		return Attempt{}, fmt.Errorf("%w: challenge is not 32 bytes", ErrServer)
	}
	return Attempt{Person: person, Nonce: out.Nonce, Time: statementTime(now), Code: code}, nil
}

// refusal is a server's error with the time it said it was.
type refusal struct {
	error
	date time.Time
}

func (r *refusal) Unwrap() error { return r.error }

// apart says so when a sign-in was refused while the clocks are far apart.
func apart(err error, now time.Time) error {
	var r *refusal
	if !errors.As(err, &r) || r.date.IsZero() || !errors.Is(err, ErrSignIn) && !errors.Is(err, ErrEnrol) {
		return err
	}
	if d := now.Sub(r.date); d > time.Minute || d < -time.Minute {
		return fmt.Errorf("%w by %v; %w", ErrClock, d.Abs().Round(time.Minute), err)
	}
	return err
}

// SignOut ends the session. The client forgets its token in any case.
func (c *Client) SignOut(ctx context.Context) error {
	_, _, err := c.do(ctx, http.MethodPost, "/logout", "", nil, maxAnswer)
	c.setToken("")
	if err != nil {
		return fmt.Errorf("signing out: %w", err)
	}
	return nil
}

// Feed returns the server's head and up to limit records after position after
// with their objects. Nothing of it is checked but its form: that is the
// replica's work.
func (c *Client) Feed(ctx context.Context, after uint64, limit int) (head vault.FeedHead, records []vault.Record, objects [][]byte, err error) {
	path := "/feed?after=" + strconv.FormatUint(after, 10) + "&limit=" + strconv.Itoa(limit)
	h, b, err := c.do(ctx, http.MethodGet, path, "", nil, 2*maxFeedBytes)
	if err != nil {
		return head, nil, nil, fmt.Errorf("reading feed: %w", err)
	}
	if head, err = parseHead(h); err != nil {
		return head, nil, nil, fmt.Errorf("reading feed: %w", err)
	}
	c.mu.Lock()
	c.own = h.Get("Peerwitness-Feed") == "own"
	c.mu.Unlock()
	rd := bytes.NewReader(b)
	for {
		r, object, err := ReadFrame(rd)
		if err == io.EOF {
			return head, records, objects, nil
		}
		if err == nil && len(records) == limit {
			err = fmt.Errorf("%w: more records than asked for", ErrServer)
		}
		if err != nil {
			return head, nil, nil, fmt.Errorf("reading feed: %w", err)
		}
		records, objects = append(records, r), append(objects, object)
	}
}

func parseHead(h http.Header) (head vault.FeedHead, err error) {
	gen, err1 := hex.DecodeString(h.Get("Peerwitness-Generation"))
	pos, hash, _ := strings.Cut(h.Get("Peerwitness-Head"), " ")
	n, err2 := strconv.ParseUint(pos, 10, 64)
	id, err3 := vault.ParseID(hash)
	if err := errors.Join(err1, err2, err3); err != nil || len(gen) != len(head.Generation) {
		return head, fmt.Errorf("%w: head of feed", ErrServer)
	}
	return vault.FeedHead{Generation: [16]byte(gen), Pos: n, Hash: id}, nil
}

// Places returns where each record of a partner's feed stands in the store's
// own. ErrRole for who is no partner.
func (c *Client) Places(ctx context.Context) ([]uint64, error) {
	_, b, err := c.do(ctx, http.MethodGet, "/places", "", nil, maxPlaces)
	if err != nil {
		return nil, fmt.Errorf("reading places: %w", err)
	}
	if len(b)%8 != 0 {
		return nil, fmt.Errorf("reading places: %w", ErrServer)
	}
	out := make([]uint64, 0, len(b)/8)
	for ; len(b) > 0; b = b[8:] {
		out = append(out, binary.BigEndian.Uint64(b))
	}
	return out, nil
}

const maxPlaces = 32 << 20

// Ended returns the journals of a partner's feed whose share has ended.
func (c *Client) Ended(ctx context.Context) ([]vault.ID, error) {
	_, b, err := c.do(ctx, http.MethodGet, "/ended", "", nil, maxPlaces)
	if err != nil {
		return nil, fmt.Errorf("reading which shares ended: %w", err)
	}
	const size = len(vault.ID{})
	if len(b)%size != 0 {
		return nil, fmt.Errorf("reading which shares ended: %w", ErrServer)
	}
	out := make([]vault.ID, 0, len(b)/size)
	for ; len(b) > 0; b = b[size:] {
		out = append(out, vault.ID(b[:size]))
	}
	return out, nil
}

// Blob returns the blob of that hash, which it has checked. vault.ErrNotFound,
// vault.ErrHash.
func (c *Client) Blob(ctx context.Context, sum vault.ID) ([]byte, error) {
	_, b, err := c.do(ctx, http.MethodGet, "/blobs/"+sum.String(), "", nil, vault.MaxBlob)
	if err != nil {
		return nil, fmt.Errorf("reading blob: %w", err)
	}
	if vault.Sum(b) != sum {
		return nil, fmt.Errorf("reading blob: %w", vault.ErrHash)
	}
	return b, nil
}

// Append sends a. The same append again gets the same answer, so that one
// whose answer was lost can be sent again.
func (c *Client) Append(ctx context.Context, a vault.Append) (vault.Appended, error) {
	status, b, err := c.post(ctx, "/append", "application/octet-stream", vault.AppendObject(a))
	if err != nil {
		return vault.Appended{}, fmt.Errorf("appending: %w", err)
	}
	var out struct {
		ID  string
		Seq uint64
	}
	if json.Unmarshal(b, &out) != nil || out.ID != a.Entry.ID().String() || out.Seq != a.Entry.Seq {
		return vault.Appended{}, fmt.Errorf("appending: %w", ErrServer)
	}
	return vault.Appended{ID: a.Entry.ID(), Seq: out.Seq, New: status == http.StatusCreated}, nil
}

// PutCertificate publishes the signed-in person's own certificate.
func (c *Client) PutCertificate(ctx context.Context, json []byte) error {
	return c.put(ctx, "/certificates", "application/json", json, "publishing certificate")
}

// PutRevocation publishes a revocation that the signed-in lead signed.
func (c *Client) PutRevocation(ctx context.Context, json []byte) error {
	return c.put(ctx, "/revocations", "application/json", json, "publishing revocation")
}

// PutRoster publishes a signed roster. Its codebook and texts must be there:
// see PutDocument.
func (c *Client) PutRoster(ctx context.Context, note []byte) error {
	return c.put(ctx, "/roster", "text/plain", note, "publishing roster")
}

// PutDocument stores a codebook or a text file for a roster to come.
func (c *Client) PutDocument(ctx context.Context, body []byte) (vault.ID, error) {
	if err := c.put(ctx, "/documents", "application/json", body, "publishing document"); err != nil {
		return vault.ID{}, err
	}
	return vault.Sum(body), nil
}

// PutRelease publishes a signed release of figures after former, the zero ID for
// the first. The same release again gets the same answer. *vault.FormerError
// when former is not the last one.
func (c *Client) PutRelease(ctx context.Context, former vault.ID, body []byte) (vault.ID, error) {
	object := vault.ReleaseObject(vault.Release{Former: former, Body: body})
	_, b, err := c.post(ctx, "/releases", "application/octet-stream", object)
	if err != nil {
		return vault.ID{}, fmt.Errorf("publishing release: %w", err)
	}
	id := vault.Sum(object)
	var out struct{ ID string }
	if json.Unmarshal(b, &out) != nil || out.ID != id.String() {
		return vault.ID{}, fmt.Errorf("publishing release: %w", ErrServer)
	}
	return id, nil
}

// PutErasure erases a case by the statement of two people. The same statement
// again gets the same answer. The errors are those of Server.PutErasure.
func (c *Client) PutErasure(ctx context.Context, e vault.Erasure) error {
	_, b, err := c.post(ctx, "/erasures", "application/octet-stream", vault.ErasureObject(e))
	if err != nil {
		return fmt.Errorf("erasing: %w", err)
	}
	var out struct{ ID string }
	if json.Unmarshal(b, &out) != nil || out.ID != e.ID().String() {
		return fmt.Errorf("erasing: %w", ErrServer)
	}
	return nil
}
