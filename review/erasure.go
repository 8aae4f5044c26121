package review

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// ErrErased: the case was erased by two people. It matches ErrNoCase as well.
var ErrErased = fmt.Errorf("erased: %w", ErrNoCase)

// Erased says of a case that is gone what anybody may know.
type Erased struct {
	Journal  vault.ID
	Deposits []vault.ID
	Day      vault.Day // in the feed
	By       [2]string // who proposed it, and who agreed
}

// ErasedError is the answer to who looks for a case that was erased.
type ErasedError struct{ Erased Erased }

func (e *ErasedError) Error() string {
	return "the case was erased on " + e.Erased.Day.String()
}
func (e *ErasedError) Is(target error) bool { return target == ErrErased || target == ErrNoCase }

// erasure is a record by which something is to go: two people's erasure, or the
// server's expiry of what nobody took.
type erasure struct {
	vault.Record
	at   uint64 // position in the replica, which for a partner is not the Record's
	said vault.Erasure
	upTo uint64 // of an expiry
	done bool   // checked, and carried out here
	why  string // it is not believed
}

func (ix *index) takeErasure(r vault.Record, at uint64, object []byte) (err error) {
	x := &erasure{Record: r, at: at}
	if r.Kind == vault.KindExpiry {
		x.upTo, err = vault.ParseExpiry(object)
	} else {
		x.said, err = vault.ParseErasure(object)
	}
	if err == nil {
		ix.erasures = append(ix.erasures, x)
	}
	return err
}

// erased lists the cases that are gone.
func (ix *index) erased() (out []Erased) {
	for _, x := range ix.erasures {
		if x.done && x.Kind == vault.KindErasure {
			out = append(out, Erased{x.said.Journal, x.said.Deposits, x.Day, [2]string{x.said.Signed[0].By, x.said.Signed[1].By}})
		}
	}
	return out
}

// carryErasures checks what erasures and expiries came and carries out those
// that hold: the server's word alone takes nothing from this computer. changed
// says that the feed went on. The caller holds syncing.
func (w *Workstation) carryErasures(ctx context.Context, changed bool) (went bool, err error) {
	ctx = context.WithoutCancel(ctx)
	for _, x := range w.ix.erasures {
		if x.done {
			continue
		}
		if x.done, err = w.store.Done(ctx, x.at); err != nil {
			return went, fmt.Errorf("reading the replica: %w", err)
		}
		if !x.done {
			if err := w.believe(ctx, x); err != nil {
				went = went || x.why == ""
				x.why = plainReason(err)
				continue
			}
			if err := w.wipe(x); err != nil {
				return went, err
			}
			err := w.store.CarryOut(ctx, x.at)
			if errors.Is(err, vault.ErrErased) {
				x.done, err = true, nil // by another statement before
			}
			if errors.Is(err, vault.ErrConflict) || errors.Is(err, vault.ErrClaimed) || errors.Is(err, vault.ErrMalformed) {
				went = went || x.why == ""
				x.why = plainReason(err)
				continue
			}
			if err != nil {
				return went, fmt.Errorf("erasing: %w", err)
			}
		}
		x.done, x.why, went = true, "", true
		if err := w.forget(ctx, x); err != nil {
			return went, err
		}
	}
	if changed || went {
		return went, w.lookAtGone(ctx)
	}
	return went, nil
}

var (
	errHolders = errors.New("one of the two who signed was not given the case's key, as far as can be seen here")
	errClaims  = errors.New("it is not about what the case holds")
	errEarly   = errors.New("it is about what has more time by the list of people's own rules, or this computer's date is wrong")
	errPeople  = errors.New("it is not signed by two different people who work on cases")
)

// believe checks an erasure: two people's signatures, that both worked on cases
// at its place in the feed, were not shut out, and held the case; or that an
// expiry is not before its time. What it must not take from other cases the
// replica refuses.
func (w *Workstation) believe(ctx context.Context, x *erasure) error {
	at := w.ix.rosters.at(x.Pos)
	if at == nil {
		return errPeople
	}
	if x.Kind == vault.KindExpiry {
		return w.over(ctx, x, at)
	}
	if err := at.CheckErasure(x.said, func(p string) bool { return w.ix.revokedAt(p, x.Pos) }); err != nil {
		return errPeople
	}
	stored, err := w.store.Appends(ctx, x.said.Journal, 0)
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	if j := w.ix.journals[x.said.Journal]; j != nil && len(j.refs) == len(stored) && len(stored) > 0 {
		return w.held(x.said, j, stored, at)
	}
	// Nothing of the case itself came here: only what was sent to a desk can be
	// lost, and both have to work there, or lead.
	for _, id := range x.said.Deposits {
		d := w.ix.deposits[id]
		for _, s := range x.said.Signed {
			if d != nil && !w.atDesk(s.By, d.desk, at) {
				return errHolders
			}
		}
	}
	if len(stored) > 0 {
		return errClaims
	}
	return nil
}

func (w *Workstation) atDesk(person, desk string, at *roster.Roster) bool {
	if p, ok := at.Person(person); ok && p.Has(roster.Lead) {
		return true
	}
	d, ok := at.Desk(desk)
	return ok && d.Has(person)
}

// held checks a journal's outside, as far as it came here: both signers were
// made out the key of the last epoch, in grants that their granters signed, and
// the deposits are those that it claimed. The last entries often come only as
// gone, and they may have brought a grant or a claim. So whom none of those here
// was made out for may stand by working at the desk, whose people all get the
// key, unless the sender left her out or the case is restricted to others.
func (w *Workstation) held(e vault.Erasure, j *journal, stored []vault.Append, at *roster.Roster) error {
	last, has := stored[len(stored)-1].Entry.Epoch, map[string]bool{}
	var claims []vault.ID
	for i, a := range stored {
		p := placed{j.refs[i].pos, j.refs[i].author, j.refs[i].day, a}
		claims = append(claims, a.Claims...)
		then := w.ix.rosters.at(p.pos)
		for _, g := range a.Grants {
			if g.Epoch != last || then == nil || g.To != e.Signed[0].By && g.To != e.Signed[1].By {
				continue
			}
			to, _ := then.Person(g.To)
			_, err := seal.CheckGrant(g, to.Personal, func(person string) (ed25519.PublicKey, bool) {
				by, err := w.ix.author(person, p)
				return by.Key(), err == nil
			})
			has[g.To] = has[g.To] || err == nil
		}
	}
	c := w.ix.shown.byID.find(e.Journal)
	n := uint64(len(stored))
	if n > e.Seq+3 {
		return errClaims // something was written since: nobody agreed to that
	}
	for i, s := range e.Signed {
		// An entry is written by who was given the key in one before it.
		whole := n >= e.Seq+1+uint64(i)
		out := c != nil && (slices.Contains(c.LeftOut(), s.By) || c.Restricted != nil && !slices.Contains(c.Restricted, s.By))
		if !has[s.By] && (whole || out || !w.atDesks(s.By, e.Deposits, at)) {
			return errHolders
		}
	}
	slices.SortFunc(claims, func(a, b vault.ID) int { return slices.Compare(a[:], b[:]) })
	claims = slices.Compact(claims)
	if n == e.Seq+3 && !slices.Equal(claims, e.Deposits) {
		return errClaims
	}
	for _, id := range e.Deposits { // which an entry that is not here must have claimed
		if d := w.ix.deposits[id]; d != nil && !slices.Contains(claims, id) && !(w.atDesk(e.Signed[0].By, d.desk, at) && w.atDesk(e.Signed[1].By, d.desk, at)) {
			return errClaims
		}
	}
	return nil
}

func (w *Workstation) atDesks(person string, deposits []vault.ID, at *roster.Roster) bool {
	for _, id := range deposits {
		if d := w.ix.deposits[id]; d != nil && !w.atDesk(person, d.desk, at) {
			return false
		}
	}
	return true
}

// over checks that each unclaimed deposit which an expiry takes had its time.
func (w *Workstation) over(ctx context.Context, x *erasure, at *roster.Roster) error {
	if at.Policy.UnclaimedDays == 0 || x.Day > vault.DayOf(w.clock())+1 {
		return errEarly
	}
	for _, d := range w.ix.order {
		if d.pos > x.upTo || !d.claimed.IsZero() {
			continue
		}
		day, err := vault.FeedDay(ctx, w.store, d.pos)
		if err != nil {
			return err
		}
		// Its neighbours speak for it only where its own day can't be: else a server
		// that puts old days behind a fresh report would take it.
		if d.day <= vault.DayOf(w.clock())+1 {
			day = max(day, d.day)
		}
		if day+vault.Day(at.Policy.UnclaimedDays) >= x.Day {
			return errEarly
		}
	}
	return nil
}

// wipe removes what lies beside the replica of what is about to go. It comes
// first: after a crash it is only done again.
func (w *Workstation) wipe(x *erasure) error {
	if err := os.Remove(w.snapshotPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return errors.New("the file of opened cases can't be removed from this workstation's folder; check this computer's disk")
	}
	w.snapped = 0
	if x.Kind == vault.KindExpiry {
		return nil
	}
	gone := func(id vault.ID) bool { return id == x.said.Journal || slices.Contains(x.said.Deposits, id) }
	w.marks.forget(gone)
	return w.wishes.forget(gone)
}

// forget takes what is gone out of memory. The caller holds syncing.
func (w *Workstation) forget(ctx context.Context, x *erasure) error {
	ix := w.ix
	gone := map[vault.ID]bool{}
	if x.Kind == vault.KindErasure {
		for _, id := range x.said.Deposits {
			gone[id] = true
		}
	} else {
		for _, d := range ix.order {
			if d.pos <= x.upTo && d.claimed.IsZero() {
				gone[d.id] = true
			}
		}
	}
	ix.order = slices.DeleteFunc(ix.order, func(d *deposit) bool { return gone[d.id] })
	for id := range gone {
		delete(ix.deposits, id)
	}
	if x.Kind == vault.KindErasure {
		gone[x.said.Journal] = true
		delete(ix.journals, x.said.Journal)
		ix.taken = slices.DeleteFunc(ix.taken, func(id vault.ID) bool { return id == x.said.Journal })
		delete(w.unsent, x.said.Journal)
	}
	for id := range gone {
		if c := ix.shown.byID.find(id); c != nil {
			for _, a := range c.Attachments {
				for _, b := range a.blobs {
					delete(ix.blobs, b)
				}
			}
		}
	}
	ix.clusters.forget(gone)
	return nil
}

// lookAtGone holds what the server says is gone against who signed for it: it
// must not hide under an erasure what that does not name. The caller holds syncing.
func (w *Workstation) lookAtGone(ctx context.Context) error {
	w.ix.withheld = nil
	list, err := w.store.Gone(ctx)
	if err != nil {
		return fmt.Errorf("reading the replica: %w", err)
	}
	by := map[uint64]*erasure{}
	for _, x := range w.ix.erasures {
		by[x.at] = x
	}
	head, err := w.store.FeedHead(ctx)
	if err != nil {
		return fmt.Errorf("reading the replica: %w", err)
	}
	entries, odd := map[uint64]uint64{}, 0
	for _, g := range list {
		x := by[g.By]
		switch {
		case x == nil && (g.By <= w.ix.pos || g.By > head.Pos): // of what is here nobody signed for it
			odd++
		case x == nil: // not read so far
		case !x.done: // its own alarm speaks of it
		case x.Kind == vault.KindExpiry && g.Record.Kind == vault.KindAppend, x.Kind == vault.KindExpiry && g.Record.Kind == vault.KindDeposit && g.Record.Pos > x.upTo:
			odd++
		case x.Kind == vault.KindErasure && g.Record.Kind == vault.KindDeposit && !slices.Contains(x.said.Deposits, g.Record.ID):
			odd++
		case x.Kind == vault.KindErasure && g.Record.Kind == vault.KindAppend:
			if entries[g.By]++; entries[g.By] > x.said.Seq+3 {
				odd++
			}
		}
	}
	if odd > 0 {
		w.ix.withheld = []string{fmt.Sprintf("The server keeps %d entries back and says that they were erased, and nobody signed for that, unless they were lost with a damaged backup. Call your colleagues by another way and compare; ask the operator.", odd)}
	}
	return nil
}

// erasureAlarms speak of erasures that do not hold. The caller holds syncing.
func (w *Workstation) erasureAlarms() []string {
	out := slices.Clone(w.ix.withheld)
	for _, x := range w.ix.erasures {
		if x.why == "" {
			continue
		}
		what := "that a case was erased"
		if x.Kind == vault.KindExpiry {
			what = "that the time of reports which nobody took was over"
		}
		out = append(out, "The server says "+what+" on "+x.Day.String()+", and it does not hold: "+x.why+". What is on this computer was kept. Call your lead.")
	}
	if w.beforeWhy != "" {
		out = append(out, w.beforeWhy)
	}
	for _, why := range w.unsent {
		out = append(out, "Two people agreed to erase a case, and the server does not do it: "+why+". Nothing was erased. Tell your lead.")
	}
	return out
}

func parseSig(s string) (sig [64]byte, err error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != len(sig) || base64.StdEncoding.EncodeToString(b) != s {
		return sig, errBody
	}
	return [64]byte(b), nil
}

// statement is what a proposal to erase comes to, with the signatures so far.
func (p Proposal) statement(journal vault.ID) (e vault.Erasure, err error) {
	e = vault.Erasure{Journal: journal, Seq: p.Seq - 1}
	if e.After, err = vault.ParseID(p.After); err != nil || p.Seq == 0 {
		return e, errBody
	}
	for _, x := range p.Deposits {
		id, err := vault.ParseID(x)
		if err != nil {
			return e, errBody
		}
		e.Deposits = append(e.Deposits, id)
	}
	for i, s := range []struct{ by, sig string }{{p.By, p.Sig}, {p.Second, p.SecondSig}} {
		if s.sig == "" {
			continue
		}
		if e.Signed[i].Sig, err = parseSig(s.sig); err != nil {
			return e, err
		}
		e.Signed[i].By = s.by
	}
	return e, nil
}

// signErasure adds this person's signature to a step by which a case is to go.
func (w *Workstation) signErasure(kind string, s Step, c *Case) (Step, error) {
	p, waits := c.proposal(s.of())
	switch {
	case kind == "propose" && s.What == Erase:
		s.After = c.head.Entry.String()
		p = Proposal{Seq: c.head.Seq + 1, After: s.After, Deposits: s.Deposits}
	case kind == "agree" && waits && p.What == Erase:
	default:
		return s, nil
	}
	e, err := p.statement(c.Journal)
	if err != nil {
		return s, err
	}
	sig, err := roster.SignErasure(e, w.key.Signing)
	s.Sig = base64.StdEncoding.EncodeToString(sig[:])
	return s, err
}

// erasureSigned checks the signature that a step towards an erasure must carry.
func (f *folding) erasureSigned(c *Case, e read) error {
	p, sig := Proposal{What: e.Step.What, Seq: e.Seq, After: e.Step.After, Deposits: e.Step.Deposits}, e.Step.Sig
	if e.Kind == "agree" {
		p, _ = c.proposal(e.Step.of())
		p.Sig = ""
	}
	if p.What != Erase {
		if sig != "" || e.Step.After != "" {
			return errBody
		}
		return nil
	}
	said, err := p.statement(c.Journal)
	if err != nil {
		return notLegal("it does not carry what an erasure needs")
	}
	key, ok := f.ix.rosters.signer(e.Author, e.roster)
	b, err := parseSig(sig)
	if err != nil || !ok || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, said.Statement(), b[:]) {
		return notLegal("its signature for the server and for colleagues is not its author's")
	}
	return nil
}

// refusedErasure tells a refusal that asking again does not change, and that the
// case itself does not explain.
func refusedErasure(err error) bool {
	switch {
	case errors.Is(err, vault.ErrErased), errors.Is(err, vault.ErrConflict), errors.Is(err, access.ErrSignedOut):
		return false
	case errors.Is(err, roster.ErrPerson), errors.Is(err, roster.ErrSignature), errors.Is(err, roster.ErrSigners):
		return true
	}
	return definite(err)
}

// eraseAgreed sends what this person and another agreed to erase. It follows
// from the case itself, so that after a crash, or without a network, it goes
// with a later sync, and once.
func (w *Workstation) eraseAgreed(ctx context.Context) {
	if w.client == nil || !w.client.SignedIn() {
		return
	}
	went := false
	for _, c := range w.View().Cases {
		if c.Erase == nil || c.Erase.By != w.Me() && c.Erase.Second != w.Me() {
			continue
		}
		e, err := c.Erase.statement(c.Journal)
		if err == nil {
			err = w.client.PutErasure(ctx, e)
		}
		went = went || err == nil || errors.Is(err, vault.ErrErased) || errors.Is(err, vault.ErrConflict)
		if w.hold(ctx) != nil {
			return
		}
		if err != nil && refusedErasure(err) {
			went = went || w.unsent[c.Journal] == ""
			w.unsent[c.Journal] = plainReason(err)
		} else {
			delete(w.unsent, c.Journal)
		}
		w.release()
	}
	if went {
		_ = w.sync(ctx, nil) // the next one shows it
	}
}
