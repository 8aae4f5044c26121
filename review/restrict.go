package review

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// Restrict lets only some people read on and write in a case: it begins an
// epoch, with a new key that they alone are given, and recovery. Only a lead
// can, and only one who holds the case. Whoever held the case before keeps what
// she could read until then. Restricting again changes who is named. Doing so
// also mends a case whose newest epoch somebody began who may not.
func (w *Workstation) Restrict(ctx context.Context, id vault.ID, people []string, reason string) error {
	s := Step{People: named(people), Reason: strings.TrimSpace(reason)}
	body, err := encode(s)
	if err != nil {
		return fmt.Errorf("writing entry: %w", err)
	}
	w.acting.Lock()
	defer w.acting.Unlock()
	for range attempts {
		c, err := w.leading(ctx, id)
		if err != nil {
			return err
		}
		what := intent{c.Journal, "restrict", vault.Sum(body)}
		if w.alreadyDone(what) {
			return nil
		}
		if err := c.permitNow(Entry{Kind: "restrict", Step: &s}, w.now()); err != nil {
			return err
		}
		if c.Holder != "" && !slices.Contains(s.People, c.Holder) && w.now().has(c.Holder, casework) {
			return notLegal("the person who holds the case has to be among them: hand it over first")
		}
		next := *c
		next.Restricted, next.Shared = s.People, nil
		a, err := w.newEpoch(&next, "restrict", body)
		if err != nil {
			return err
		}
		if err = w.send(ctx, what, a); err == nil {
			err = w.settle(ctx)
			w.keepSign(ctx, id)
			return err
		}
		if !errors.Is(err, vault.ErrConflict) && !errors.Is(err, vault.ErrEpoch) {
			return err
		}
	}
	return ErrBusy
}

// Lift opens a restricted case to the desk again. Whoever may hold it is given
// its keys with the entry that follows.
func (w *Workstation) Lift(ctx context.Context, id vault.ID, reason string) error {
	s := stepOf{"lift", Step{Reason: strings.TrimSpace(reason)}}
	return w.act(ctx, id, s.kind, s, nothingMore)
}

// leading is fresh for who begins an epoch: what she needs is the key of the
// last good one.
func (w *Workstation) leading(ctx context.Context, id vault.ID) (*Case, error) {
	c, err := w.fresh(ctx, id)
	if !errors.Is(err, ErrNotYours) {
		return c, err
	}
	if c, err = w.View().Case(id); err != nil {
		return nil, err
	}
	if !w.CanMend(c) {
		return nil, ErrNotYours
	}
	return c, nil
}

// CanMend reports whether nobody can go on with a case, because somebody wrote
// to it under a key of their own who may not, and this person can mend that by
// restricting it. A restriction that leaves her out is no such thing.
func (w *Workstation) CanMend(c *Case) bool {
	return c.Readable && c.key == "" && !c.beyond && c.keys[c.epoch] != "" && c.held[c.epoch][w.Me()] &&
		w.now().has(w.Me(), []string{roster.Lead})
}

// mayBegin reports whether an entry that can't be opened may well begin an
// epoch, by what can be seen from outside: who wrote it, and whom it gives a key.
func (ix *index) mayBegin(j *journal, a placed) bool {
	p, err := ix.author(a.author, a)
	if err != nil || !p.Has(roster.Lead) || !j.granted[j.epoch][a.author] {
		return false
	}
	recovery, lead := false, false
	for _, g := range a.Grants {
		if g.To == roster.Recovery {
			recovery = recovery || g.Epoch == a.Entry.Epoch
			continue
		}
		to, ok := ix.rosters.at(a.pos).Person(g.To)
		if !ok || !worksOnCases(to) && !j.shared[g.To] {
			return false
		}
		lead = lead || to.Has(roster.Lead) && g.Epoch == a.Entry.Epoch
	}
	return recovery && lead
}

// newEpoch is the append that begins the next epoch of a case, which says who
// goes on with it.
func (w *Workstation) newEpoch(c *Case, kind string, body []byte) (vault.Append, error) {
	r := w.View().Roster
	if r == nil || r.Version < c.lastRoster {
		return vault.Append{}, errNoRoster
	}
	if c.head.Epoch == math.MaxUint32 {
		return vault.Append{}, notLegal("somebody has used up the keys that this case can have; tell the operator")
	}
	key, err := seal.NewIdentity()
	if err != nil {
		return vault.Append{}, fmt.Errorf("making a case's key: %w", err)
	}
	keys := maps.Clone(c.keys)
	keys[c.head.Epoch+1] = key
	a := vault.Append{Entry: vault.Entry{Journal: c.Journal, Epoch: c.head.Epoch + 1, Seq: c.head.Seq + 1, Prev: c.head.Entry}}
	if a.Grants, err = w.grants(r, c, keys, c.Journal); err != nil {
		return vault.Append{}, err
	}
	return a, w.sealEntry(&a, r, kind, body, key.Recipient())
}

// named are people, each once, in the order that an entry has them in.
func named(people []string) []string {
	out := slices.Clone(people)
	slices.Sort(out)
	return slices.Compact(out)
}

// nameable checks to whom a case is to be restricted.
func (c *Case) nameable(people []string, m moment) error {
	switch {
	case len(people) == 0:
		return notLegal("choose who goes on with the case")
	case len(people) > maxNamed:
		return notLegal(fmt.Sprintf("%d people at most", maxNamed))
	}
	for _, p := range people {
		switch {
		case !m.has(p, casework):
			return notLegal("one of them does not work on cases")
		case slices.Contains(c.LeftOut(), p):
			return notLegal("the person chose that one of them should not open this")
		}
	}
	if !slices.ContainsFunc(people, func(p string) bool { return m.has(p, []string{roster.Lead}) }) {
		return notLegal("one of them has to be a lead, who alone can name others later")
	}
	return nil
}

// restrict applies the entry that begins an epoch. A case is always somebody's:
// where its holder is not among those named, it is the lead's.
func (c *Case) restrict(e read) {
	c.before(e.Entry, "holder", true)
	c.Restricted, c.Shared = e.Step.People, nil // whoever is not named has no key from here on
	if !slices.Contains(c.Restricted, c.Holder) {
		c.Holder = e.Author
	}
	if !slices.Contains(c.Restricted, c.Cover.By) {
		c.Cover = Cover{}
	}
	c.drop(func(p Proposal) bool { return p.What == Restrict })
}

// acceptEpoch makes the checks on an entry that says who a case's key is for.
// They are all those that the table makes, too: what counts here has its effect
// in the case, or a key would be for others than the case says.
func (ix *index) acceptEpoch(j *journal, a placed, body seal.EntryBody) error {
	s, err := parseStep(body.Kind, body.Data)
	if err != nil || body.Kind != "restrict" && body.Kind != "lift" && body.Kind != "unshare" || strings.TrimSpace(s.Reason) == "" {
		return errors.New("it begins a key of its own, and does not say for whom and why")
	}
	m := ix.momentOf(read{Entry: Entry{Author: body.Author}, roster: body.Roster, pos: a.pos, day: a.day})
	switch {
	case !m.has(body.Author, []string{roster.Lead}):
		return errors.New("only a lead can say who a case's key is for")
	case (a.Entry.Epoch == j.epoch) != (body.Kind == "lift"):
		return errors.New("a restriction and the end of a share have a key of their own, and nothing else has")
	case body.Kind == "lift":
		return nil
	case body.Kind == "unshare":
		err = j.goesOn(*s, m)
	default:
		err = (&Case{Report: j.report()}).nameable(s.People, m)
	}
	if err != nil {
		return err
	}
	given := map[string]bool{}
	for _, g := range a.Grants {
		if g.To != roster.Recovery && !slices.Contains(s.People, g.To) {
			return errors.New("it gives the new key to somebody whom it does not name")
		}
		given[g.To] = given[g.To] || g.Epoch == a.Entry.Epoch
	}
	for _, p := range append([]string{roster.Recovery}, s.People...) {
		if !given[p] {
			return errors.New("it does not give the new key to everybody whom it names, and to recovery")
		}
	}
	return nil
}

// report is what the entry that opened the case holds of the sender's.
func (j *journal) report() seal.Report {
	if len(j.entries) == 0 || j.entries[0].report == nil {
		return seal.Report{}
	}
	return *j.entries[0].report
}

// begin notes which epoch a journal is in after an accepted entry.
func (j *journal) begin(epoch uint32, r read) {
	j.epoch = epoch
	switch r.Kind {
	case "unshare":
		j.endShares(*r.Step)
	case "restrict":
		j.named, j.shared = map[string]bool{}, nil
		for _, p := range r.Step.People {
			j.named[p] = true
		}
	case "lift":
		j.named = nil
	}
}
