// Package vaulttest is the contract of vault.Store as a test. Every backend
// passes it; a backend's own tests add what only it can get wrong.
package vaulttest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerwitness/vault"
)

// Open gives a fresh, empty store that is closed when the test ends.
type Open func(t *testing.T, clock vault.Clock) vault.Store

// Reopen closes a store that Open gave, and opens what it left behind again,
// with the same clock.
type Reopen func(t *testing.T, s vault.Store) vault.Store

// Test runs the whole contract, each part on a store of its own.
func Test(t *testing.T, open Open, reopen Reopen) {
	for _, part := range []struct {
		name string
		run  func(t *testing.T, h *house)
	}{
		{"deposit", testDeposit},
		{"deposit limits", testDepositLimits},
		{"deposit at once", testDepositAtOnce},
		{"blob", testBlob},
		{"blob limits", testBlobLimits},
		{"blob at once", testBlobAtOnce},
		{"tickets", testTickets},
		{"quota", testQuota},
		{"append", testAppend},
		{"append refused", testAppendRefused},
		{"append limits", testAppendLimits},
		{"append at once", testAppendAtOnce},
		{"claim", testClaim},
		{"claim at once", testClaimAtOnce},
		{"buckets", testBuckets},
		{"rosters", testRosters},
		{"certificates", testCertificates},
		{"revocations", testRevocations},
		{"releases", testReleases},
		{"documents", testDocuments},
		{"authors", testAuthors},
		{"feed", testFeed},
		{"feed order", testFeedOrder},
		{"accounts", testAccounts},
		{"one step at once", testOneStepAtOnce},
		{"sessions", testSessions},
		{"reopen", testReopen},
		{"reopen after each write", testReopenEach},
		{"writers at once", testWritersAtOnce},
		{"replica", testReplica},
		{"replica refuses", testReplicaRefuses},
		{"replica blobs", testReplicaBlobs},
		{"own bytes", testOwnBytes},
		{"contexts", testContexts},
		{"closed", testClosed},
		{"erasure", testErasure},
		{"erasure refused", testErasureRefused},
		{"erasure first", testErasureFirst},
		{"erasure at once", testErasureAtOnce},
		{"erasure replica", testErasureReplica},
		{"kept feeds", testKeptFeeds},
		{"expiry", testExpiry},
		{"expiry and the clock", testExpiryClock},
		{"expiry replica", testExpiryReplica},
		{"random", testRandom},
	} {
		t.Run(part.name, func(t *testing.T) {
			clock := NewClock()
			part.run(t, &house{Store: open(t, clock.Now), t: t, clock: clock, open: open, reopen: reopen, checking: true})
		})
	}
}

// Clock is a clock that stands until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock stands in the afternoon of 23 November 2026.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 11, 23, 15, 4, 5, 6, time.UTC)} }

// Now is a vault.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move moves the clock by d.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const day = 24 * time.Hour

var ctx = context.Background()

// house is a store that is checked as a whole after every write, unless
// checking is off.
type house struct {
	vault.Store
	t        *testing.T
	clock    *Clock
	open     Open
	reopen   Reopen
	checking bool
	// reopening has the store closed and opened after every write, which must change nothing.
	reopening bool
}

func (h *house) check() {
	h.t.Helper()
	if !h.checking {
		return
	}
	if err := h.Store.Check(ctx); err != nil {
		h.t.Fatalf("store does not check clean: %v", err)
	}
	if h.reopening {
		before := read(h.t, h.Store)
		h.Store = h.reopen(h.t, h.Store)
		same(h.t, read(h.t, h.Store), before)
		ok(h.t, h.Store.Check(ctx))
	}
}

// another is a second store in the same test.
func (h *house) another() *house {
	c := *h
	c.Store = h.open(h.t, h.clock.Now)
	return &c
}

func (h *house) PutDeposit(ctx context.Context, d vault.Deposit) (vault.Accepted, error) {
	h.t.Helper()
	defer h.check()
	return h.Store.PutDeposit(ctx, d)
}

func (h *house) PutBlob(ctx context.Context, ticket string, sum vault.ID, body []byte) (bool, error) {
	h.t.Helper()
	defer h.check()
	return h.Store.PutBlob(ctx, ticket, sum, body)
}

func (h *house) Append(ctx context.Context, author string, a vault.Append) (vault.Appended, error) {
	h.t.Helper()
	defer h.check()
	return h.Store.Append(ctx, author, a)
}

func (h *house) PutRoster(ctx context.Context, author string, version uint64, note []byte) error {
	h.t.Helper()
	defer h.check()
	return h.Store.PutRoster(ctx, author, version, note)
}

func (h *house) PutCertificate(ctx context.Context, author string, c vault.Certificate) error {
	h.t.Helper()
	defer h.check()
	return h.Store.PutCertificate(ctx, author, c)
}

func (h *house) PutRevocation(ctx context.Context, author string, r vault.Revocation) error {
	h.t.Helper()
	defer h.check()
	return h.Store.PutRevocation(ctx, author, r)
}

func (h *house) PutRelease(ctx context.Context, author string, former vault.ID, body []byte) (vault.ID, error) {
	h.t.Helper()
	defer h.check()
	return h.Store.PutRelease(ctx, author, former, body)
}

func (h *house) Apply(ctx context.Context, records []vault.Record, objects [][]byte) error {
	h.t.Helper()
	defer h.check()
	return h.Store.Apply(ctx, records, objects)
}

func (h *house) PutReplicaBlob(ctx context.Context, sum vault.ID, body []byte) error {
	h.t.Helper()
	defer h.check()
	return h.Store.PutReplicaBlob(ctx, sum, body)
}

// Made-up people.
const (
	ana   = "p-00000000000000aa"
	berta = "p-00000000000000bb"
	carla = "p-00000000000000cc"
)

func fill(n int, b byte) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = b
	}
	return out
}

// body is n bytes that are like no other number's.
func body(n int, number uint64) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte(vault.Sum(vault.U64(number)))).Read(b)
	return b
}

func sum(s string) vault.ID { return vault.Sum([]byte(s)) }

func note(version uint64) []byte {
	return fmt.Appendf(nil, "peerwitness/roster/v1\n{\"version\":%d}\n\n— sig\n", version)
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if g, isBytes := got.([]byte); isBytes { // cmp is slow over megabytes
		if w := want.([]byte); !bytes.Equal(g, w) {
			t.Fatalf("got %d bytes, want %d others", len(g), len(w))
		}
		return
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("(-want +got)\n%s", d)
	}
}

// deposit puts one that no other number gives.
func (h *house) deposit(number uint64) vault.Accepted {
	h.t.Helper()
	return must(h.PutDeposit(ctx, vault.Deposit{Desk: "street", Report: body(300, number)}))(h.t)
}

// first is a journal's first entry, with claims.
func first(journal vault.ID, claims ...vault.ID) vault.Append {
	return vault.Append{Entry: vault.Entry{Journal: journal, Epoch: 1, Sealed: []byte("first")}, Claims: claims}
}

// after continues the journal whose last entry is e.
func after(e vault.Entry, sealed string) vault.Append {
	return vault.Append{Entry: vault.Entry{Journal: e.Journal, Epoch: e.Epoch, Seq: e.Seq + 1, Prev: e.ID(), Sealed: []byte(sealed)}}
}

// pos is where the feed ends.
func (h *house) pos() uint64 {
	h.t.Helper()
	return must(h.FeedHead(ctx))(h.t).Pos
}

// feed reads all of it, with the objects.
func feed(t *testing.T, s vault.Store) (records []vault.Record, objects [][]byte) {
	t.Helper()
	for {
		var from uint64
		if n := len(records); n > 0 {
			from = records[n-1].Pos
		}
		more := must(s.Feed(ctx, from, 7))(t)
		if len(more) == 0 {
			return records, objects
		}
		for _, r := range more {
			objects = append(objects, must(s.Object(ctx, r))(t))
		}
		records = append(records, more...)
	}
}

// state is all that a store's Reader tells.
type state struct {
	Head         vault.FeedHead
	Records      []vault.Record
	Objects      [][]byte
	Deposits     map[vault.ID]vault.Deposit
	Infos        map[vault.ID]vault.DepositInfo
	Blobs        map[vault.ID][]byte
	Heads        map[vault.ID]vault.Head
	Journals     map[vault.ID][]vault.Append
	Buckets      map[string][][]byte
	Rosters      map[uint64][]byte
	Current      uint64
	Certificates map[string][]vault.Certificate
	Revocations  []vault.Revocation
	Releases     []vault.ID
	Bodies       [][]byte
}

// read asks a store for everything its feed says is there.
func read(t *testing.T, s vault.Store) state {
	t.Helper()
	st := state{
		Deposits: map[vault.ID]vault.Deposit{}, Infos: map[vault.ID]vault.DepositInfo{},
		Blobs: map[vault.ID][]byte{}, Heads: map[vault.ID]vault.Head{}, Journals: map[vault.ID][]vault.Append{},
		Buckets: map[string][][]byte{}, Rosters: map[uint64][]byte{}, Certificates: map[string][]vault.Certificate{},
	}
	st.Head = must(s.FeedHead(ctx))(t)
	st.Records, st.Objects = feed(t, s)
	for i, r := range st.Records {
		switch r.Kind {
		case vault.KindDeposit:
			d, info, err := s.Deposit(ctx, r.ID)
			ok(t, err)
			st.Deposits[r.ID], st.Infos[r.ID] = d, info
		case vault.KindBlob:
			ref := must(vault.ParseBlobObject(st.Objects[i]))(t)
			st.Blobs[ref.Blob] = must(s.Blob(ctx, ref.Blob))(t)
		case vault.KindAppend:
			a := must(vault.ParseAppend(st.Objects[i]))(t)
			st.Heads[a.Entry.Journal] = must(s.Head(ctx, a.Entry.Journal))(t)
			st.Journals[a.Entry.Journal] = must(s.Appends(ctx, a.Entry.Journal, 0))(t)
		case vault.KindRoster:
			v := must(vault.RosterVersion(must(vault.ParseRosterObject(st.Objects[i]))(t)))(t)
			st.Rosters[v] = must(s.RosterAt(ctx, v))(t)
			current, latest, err := s.Roster(ctx)
			ok(t, err)
			st.Current, st.Rosters[current] = current, latest
		case vault.KindCertificate:
			c := must(vault.ParseCertificateObject(st.Objects[i]))(t)
			st.Certificates[c.Person] = must(s.Certificates(ctx, c.Person))(t)
		}
	}
	for _, p := range []string{"", "0", "1", "01", "0110"} {
		st.Buckets[p] = must(s.Bucket(ctx, p))(t)
	}
	st.Revocations = must(s.Revocations(ctx))(t)
	var err error
	st.Releases, st.Bodies, err = s.Releases(ctx)
	ok(t, err)
	return st
}

// everything puts some of each kind into the store.
func (h *house) everything() {
	h.t.Helper()
	t := h.t
	ok(t, h.PutRoster(ctx, "", 3, note(3)))
	d1, d2, d3 := h.deposit(1), h.deposit(2), h.deposit(3)
	for i, d := range []vault.Accepted{d1, d2, d1} {
		b := body(5000, uint64(i))
		must(h.PutBlob(ctx, d.Ticket, vault.Sum(b), b))(t)
	}
	shared := body(100, 99)
	must(h.PutBlob(ctx, d2.Ticket, vault.Sum(shared), shared))(t)
	must(h.PutBlob(ctx, d3.Ticket, vault.Sum(shared), shared))(t)
	ok(t, h.PutCertificate(ctx, ana, vault.Certificate{Person: ana, Epoch: 202611, JSON: []byte("{}")}))
	ok(t, h.PutCertificate(ctx, berta, vault.Certificate{Person: berta, Epoch: 202611, JSON: []byte("{}")}))
	ok(t, h.PutCertificate(ctx, ana, vault.Certificate{Person: ana, Epoch: 202612, JSON: []byte("{2}")}))
	a := first(sum("case one"), d1.ID, d2.ID)
	a.Grants = []vault.Grant{{Journal: a.Entry.Journal, Epoch: 1, To: ana, Body: []byte("g")}, {Journal: a.Entry.Journal, Epoch: 1, To: "recovery", Body: []byte("g")}}
	must(h.Append(ctx, ana, a))(t)
	h.clock.Move(day)
	b := after(a.Entry, "answer")
	b.Replies = []vault.Reply{{Prefix: "01", Slot: fill(vault.SlotSize, 1)}, {Prefix: "", Slot: fill(vault.SlotSize, 2)}}
	must(h.Append(ctx, berta, b))(t)
	late := body(700, 7)
	must(h.PutBlob(ctx, d1.Ticket, vault.Sum(late), late))(t) // after the claim
	c := after(b.Entry, "new epoch")
	c.Entry.Epoch = 2
	c.Replies = []vault.Reply{{Prefix: "0110", Slot: fill(vault.SlotSize, 3)}}
	must(h.Append(ctx, ana, c))(t)
	must(h.Append(ctx, ana, first(sum("case two"))))(t)
	ok(t, h.PutRevocation(ctx, ana, vault.Revocation{Person: carla, JSON: []byte("{}")}))
	ok(t, h.PutRoster(ctx, ana, 5, note(5)))
	r := must(h.PutRelease(ctx, ana, vault.ID{}, []byte("figures")))(t)
	must(h.PutRelease(ctx, berta, r, []byte("more figures")))(t)
}

// atOnce runs f n times at once and returns the errors.
func atOnce(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// winners counts the nils, and fails on an error that is not want.
func winners(t *testing.T, errs []error, want error) int {
	t.Helper()
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
		} else if !errors.Is(err, want) {
			t.Fatalf("a loser got %v, want %v", err, want)
		}
	}
	return n
}

// flip changes the lowest bit of one byte.
func flip(b []byte, at int) []byte {
	b = slices.Clone(b)
	b[at] ^= 1
	return b
}

func order(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }
