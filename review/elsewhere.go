package review

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// A restricted case leaves a sign, so that a later message of the same person
// reaches its holder, and a colleague who can't read the case doesn't take the
// message for somebody new. The sign is a journal whose id and key both come
// from the thread's id, which is nowhere but inside of what the person sealed:
// whoever opens a message of hers can find and read it, and nobody else.

// elsewhere says that a thread's case is restricted, and with whom.
type elsewhere struct {
	Journal string `json:"journal,omitempty"` // of the case, in hex
	Holder  string `json:"holder,omitempty"`  // person id
}

const signKind = "restricted"

// signOf is where the sign of a thread's restricted case is, and its key. ok is
// false for a thread id that is none.
func signOf(thread string) (journal vault.ID, key seal.Identity, ok bool) {
	id, err := hex.DecodeString(thread)
	if err != nil || len(id) != 16 {
		return vault.ID{}, "", false
	}
	b, err := hkdf.Key(sha256.New, id, nil, "peerwitness/restricted-thread/v1", 64)
	if err != nil {
		return vault.ID{}, "", false
	}
	return vault.ID(b[:32]), seal.IdentityFromSeed([32]byte(b[32:])), true
}

// signpost is a journal of that kind as far as it was read.
type signpost struct {
	read int // appends
	now  elsewhere
}

// sign reads what the sign of a thread says now: nothing where there is none,
// or the restriction was lifted. What counts is written by a lead, or by the
// holder whom the entry before names. The caller holds syncing.
func (w *Workstation) sign(thread string) elsewhere {
	journal, key, ok := signOf(thread)
	j := w.ix.journals[journal]
	if !ok || j == nil {
		return elsewhere{}
	}
	s := w.ix.signs[thread]
	if s.read == len(j.refs) {
		return s.now
	}
	stored, err := w.store.Appends(context.Background(), journal, 0)
	if err != nil {
		return s.now
	}
	s = signpost{}
	for i, r := range j.refs[:min(len(j.refs), len(stored))] {
		a := placed{r.pos, r.author, r.day, stored[i]}
		body, err := seal.OpenEntry(a.Entry, a.Effects(), key, w.ix.rosters.signer)
		if err != nil || body.Kind != signKind {
			continue
		}
		p, err := w.ix.author(body.Author, a)
		if err != nil || !p.Has(roster.Lead) && s.now.Holder != body.Author {
			continue
		}
		var next elsewhere
		if exact(body.Data, &next) == nil && next.check() == nil {
			s.now = next
		}
	}
	s.read = len(j.refs)
	w.ix.signs[thread] = s
	return s.now
}

func (e elsewhere) check() error {
	if e == (elsewhere{}) {
		return nil
	}
	if _, err := vault.ParseID(e.Journal); err != nil || !personForm.MatchString(e.Holder) {
		return errBody
	}
	return nil
}

// with is who looks after a thread's restricted case, where this person can't
// read on in it and a message to its desk reaches the holder. Empty otherwise:
// what the holder can't open must be read by somebody.
func (f *folding) with(thread, desk string, c *Case) string {
	if c != nil && c.key != "" {
		return ""
	}
	now := f.w.sign(thread)
	r := f.ix.rosters.newest
	if now.Holder == "" || r == nil || c != nil && now.Journal != c.Journal.String() {
		return ""
	}
	p, ok := r.Person(now.Holder)
	k, there := r.Desk(desk)
	if _, out := f.ix.revoked[now.Holder]; out || !ok || !worksOnCases(p) || !there || !k.Has(now.Holder) || now.Holder == f.w.Me() {
		return ""
	}
	return now.Holder
}

// threadOf is the thread of a case, empty for a text that was sealed by hand.
func (c *Case) threadOf() string {
	if c.Report.Thread.ID != "" {
		return c.Report.Thread.ID
	}
	return c.thread
}

// keepSign writes what a case's sign is to say, where it says something else. It
// comes after what made it so; what can't be written now is written at a later
// sync, by anybody whose word counts. The caller holds acting and has synced.
func (w *Workstation) keepSign(ctx context.Context, id vault.ID) {
	for range attempts {
		c, err := w.View().Case(id)
		if err != nil || c.key == "" || c.Journal.IsZero() {
			return
		}
		a, due, err := w.nextSign(c)
		if err != nil || !due {
			return
		}
		err = w.send(ctx, intent{a.Entry.Journal, signKind, a.Entry.Prev}, a)
		if !errors.Is(err, vault.ErrConflict) {
			_ = w.settle(ctx)
			return
		}
		if w.sync(ctx, nil) != nil {
			return
		}
	}
}

// keepSigns does so for all cases of this person, after a sync.
func (w *Workstation) keepSigns(ctx context.Context) {
	for _, c := range w.View().Cases {
		if c.Restricted != nil || slices.ContainsFunc(c.Entries, func(e Entry) bool { return e.Kind == "lift" && !e.Void }) {
			w.keepSign(ctx, c.ID)
		}
	}
}

// nextSign is the entry that a case's sign lacks.
func (w *Workstation) nextSign(c *Case) (vault.Append, bool, error) {
	journal, key, ok := signOf(c.threadOf())
	r := w.View().Roster
	if !ok || r == nil || w.Partner() {
		return vault.Append{}, false, nil
	}
	var want elsewhere
	if c.Restricted != nil {
		want = elsewhere{c.Journal.String(), c.Holder}
	}
	w.syncing <- struct{}{}
	now := w.sign(c.threadOf())
	var head vault.Head
	j := w.ix.journals[journal]
	if j != nil {
		head = j.head
	}
	w.release()
	if now == want || !w.now().has(w.Me(), []string{roster.Lead}) && now.Holder != w.Me() {
		return vault.Append{}, false, nil
	}
	body, err := encode(want)
	if err != nil {
		return vault.Append{}, false, fmt.Errorf("writing entry: %w", err)
	}
	a := vault.Append{Entry: vault.Entry{Journal: journal, Epoch: max(head.Epoch, 1)}}
	if j != nil {
		a.Entry.Seq, a.Entry.Prev = head.Seq+1, head.Entry
	}
	return a, true, w.sealEntry(&a, r, signKind, body, key.Recipient())
}
