package review

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// placed is an append with its place in the feed and the author whom the
// server let in. The server is not believed: the author inside must agree.
type placed struct {
	pos    uint64
	author string
	day    vault.Day
	vault.Append
}

// journal is one case's journal as far as it was read. Once published in the
// index it does not change; reading on makes a new one.
type journal struct {
	id   vault.ID
	n    int // its place among the journals
	head vault.Head
	next uint64 // seq of the next append
	pos  uint64 // of the last append
	refs []ref  // one for each append, to read them again after a late grant

	// keys are identities that grants gave for an epoch; proven is the one that
	// opened an accepted entry. Only a proven one is ever sealed to.
	keys    map[uint32][]seal.Identity
	proven  map[uint32]seal.Identity
	granted map[uint32]map[string]bool // by accepted entries

	epoch      uint32          // the last that was begun as it should be; 0 before the claim
	named      map[string]bool // to whom that epoch is restricted; nil: to nobody in particular
	shared     map[string]bool // partners who were given it; must not be written to
	beyond     bool            // a later one was begun by somebody who may, without this person
	lastRoster uint64
	entries    []read
	claims     map[vault.ID]bool // by accepted entries
	unread     int               // entries no grant opens
	problems   []Problem
}

type ref struct {
	pos    uint64
	author string
	day    vault.Day
}

// read is an accepted entry with its body.
type read struct {
	Entry
	pos    uint64
	day    vault.Day // in the feed
	roster uint64    // version of the list of people that it was signed under
	epoch  uint32
	grants []string // who was given the epoch's key with it
	claims []vault.ID
	claim  *claimData // of the entry that opens the case, else nil
	// Of claim and join entries: what the person sent, taken apart once.
	report  *seal.Report
	follows []seal.FollowUp
	unfit   int // follow-ups that are not of the agreed form
	count   countData
	counted countedData
	boxes   []string // where its append left slots for the person
}

func newJournal(id vault.ID) *journal {
	return &journal{
		id: id, keys: map[uint32][]seal.Identity{}, proven: map[uint32]seal.Identity{},
		granted: map[uint32]map[string]bool{}, claims: map[vault.ID]bool{},
	}
}

func (j *journal) clone() *journal {
	n := *j
	n.refs, n.entries, n.problems = slices.Clone(j.refs), slices.Clone(j.entries), slices.Clone(j.problems)
	n.keys, n.proven, n.claims = maps.Clone(j.keys), maps.Clone(j.proven), maps.Clone(j.claims)
	n.granted = map[uint32]map[string]bool{}
	for e, g := range j.granted {
		n.granted[e] = maps.Clone(g)
	}
	return &n
}

// claim returns the body of the entry that opened the case, or nil.
func (j *journal) claim() *claimData {
	if len(j.entries) == 0 {
		return nil
	}
	return j.entries[0].claim
}

func (j *journal) trouble(seq uint64, what string) {
	j.problems = append(j.problems, Problem{Alarm: true, Text: fmt.Sprintf("Entry %d of this case is not shown: %s.", seq, what)})
}

// readJournal reads appends that follow what j holds. It returns an error only
// when the replica can't be read; whatever is wrong with an entry becomes a
// problem of the case, and the rest is read on.
func (w *Workstation) readJournal(ctx context.Context, j *journal, appends []placed) error {
	late := false
	for _, a := range appends {
		for _, g := range a.Grants {
			late = w.takeGrant(j, a, g) && j.unread > 0 || late
		}
	}
	if late {
		return w.readAgain(ctx, j, appends)
	}
	keys := keyring{}
	for _, a := range appends {
		w.readEntry(j, a, keys)
	}
	return nil
}

// keyring has a journal's identities, expanded once for all of its entries. It is
// not kept.
type keyring map[seal.Identity]*seal.Ready

func (k keyring) ready(id seal.Identity) (*seal.Ready, error) {
	if r := k[id]; r != nil {
		return r, nil
	}
	r, err := id.Ready()
	if err == nil {
		k[id] = r
	}
	return r, err
}

// readAgain reads the whole journal anew, because a grant came for entries
// that could not be opened before.
func (w *Workstation) readAgain(ctx context.Context, j *journal, appends []placed) error {
	stored, err := w.store.Appends(ctx, j.id, 0)
	if err != nil {
		return fmt.Errorf("reading journal: %w", err)
	}
	all := make([]placed, 0, len(j.refs)+len(appends))
	for i, r := range j.refs {
		if i < len(stored) {
			all = append(all, placed{r.pos, r.author, r.day, stored[i]})
		}
	}
	all = append(all, appends...)
	fresh := newJournal(j.id)
	for _, a := range all {
		for _, g := range a.Grants {
			w.takeGrant(fresh, a, g)
		}
	}
	keys := keyring{}
	for _, a := range all {
		w.readEntry(fresh, a, keys)
	}
	fresh.n = j.n
	*j = *fresh
	return nil
}

// takeGrant keeps the identity of a grant to this person and reports whether
// it gave one. The granter is the append's author, nobody else.
func (w *Workstation) takeGrant(j *journal, a placed, g vault.Grant) bool {
	if g.To != w.key.Person || w.ix.revokedAt(a.author, a.pos) {
		return false
	}
	id, err := seal.OpenGrant(g, w.personal, w.key.Person, func(person string) (ed25519.PublicKey, bool) {
		p, err := w.ix.author(person, a)
		return p.Key(), err == nil
	})
	if err != nil {
		j.problems = append(j.problems, Problem{Alarm: true, Text: "A key for this case that was made out to you is not good: " + plainReason(err) + ". It is not used."})
		return false
	}
	if slices.Contains(j.keys[g.Epoch], id) {
		return false
	}
	j.keys[g.Epoch] = append(j.keys[g.Epoch], id)
	return true
}

// author finds the person who may have written an append to a case at its
// place: somebody who works on cases, and all that writer asks.
func (ix *index) author(person string, a placed) (roster.Person, error) {
	p, err := ix.writer(person, a)
	if err == nil && !worksOnCases(p) {
		return roster.Person{}, errors.New("its author does not work on cases")
	}
	return p, err
}

func worksOnCases(p roster.Person) bool { return p.Has(roster.Advocate) || p.Has(roster.Lead) }

// writer finds the person who wrote an append: on the list of people that was
// in force at its place, not revoked, and the one the feed names.
func (ix *index) writer(person string, a placed) (roster.Person, error) {
	at := ix.rosters.at(a.pos)
	if at == nil {
		return roster.Person{}, errors.New("no list of people was in force then")
	}
	p, ok := at.Person(person)
	switch {
	case person != a.author:
		return roster.Person{}, errors.New("the server named another author than the one who signed")
	case !ok:
		return roster.Person{}, errors.New("its author was not on the list of people then")
	case ix.revokedAt(person, a.pos):
		return roster.Person{}, errors.New("its author had been shut out before it was written")
	}
	return p, nil
}

// readEntry opens one append's entry, or notes why it can't be believed.
func (w *Workstation) readEntry(j *journal, a placed, keys keyring) {
	e := a.Entry
	if e.Seq != j.next || e.Seq > 0 && e.Prev != j.head.Entry || e.Epoch < j.head.Epoch || j.next > 0 && a.pos <= j.pos {
		j.trouble(e.Seq, "it does not follow the entry before it")
	}
	j.head = vault.Head{Seq: e.Seq, Entry: e.ID(), Epoch: e.Epoch}
	j.next, j.pos = e.Seq+1, a.pos
	j.refs = append(j.refs, ref{a.pos, a.author, a.day})

	candidates := j.keys[e.Epoch]
	if id, ok := j.proven[e.Epoch]; ok {
		candidates = []seal.Identity{id}
	}
	if len(candidates) == 0 {
		j.unread++
		j.beyond = j.beyond || e.Epoch > j.epoch && w.ix.mayBegin(j, a)
		return
	}
	var r read
	var version uint64
	var err error
	for _, id := range candidates {
		var key *seal.Ready
		if key, err = keys.ready(id); err != nil {
			continue
		}
		if r, version, err = w.ix.open(j, a, key); err == nil {
			j.proven[e.Epoch] = id
			break
		}
	}
	if err != nil {
		j.trouble(e.Seq, plainReason(err))
		return
	}
	j.lastRoster = version
	j.begin(e.Epoch, r)
	if r.Kind == "share" && w.ix.partnerAt(r.Step.To, a.pos) {
		j.shared = maps.Clone(j.shared)
		if j.shared == nil {
			j.shared = map[string]bool{}
		}
		j.shared[r.Step.To] = true
	}
	j.beyond = false
	for _, g := range a.Grants {
		if !j.shared[g.To] && w.ix.partnerAt(g.To, a.pos) {
			j.problems = append(j.problems, Problem{Alarm: true, Text: fmt.Sprintf("With entry %d the key of this case was given to somebody of a partner organisation with whom it is not shared. Ask its author, and a lead to restrict the case, which makes a new key.", e.Seq)})
			continue
		}
		if j.named != nil && !j.named[g.To] && !j.shared[g.To] && g.To != roster.Recovery {
			j.problems = append(j.problems, Problem{Alarm: true, Text: fmt.Sprintf("With entry %d the key of this restricted case was given to somebody who is not among those named. Ask its author, and a lead to restrict the case anew.", e.Seq)})
			continue
		}
		if j.granted[g.Epoch] == nil {
			j.granted[g.Epoch] = map[string]bool{}
		}
		j.granted[g.Epoch][g.To] = true
		if g.Epoch == e.Epoch {
			r.grants = append(r.grants, g.To)
		}
	}
	for _, c := range a.Claims {
		j.claims[c] = true
	}
	j.entries = append(j.entries, r)
}

// open opens an append's entry with one identity and makes every check on it.
// It returns the roster version that the entry was written under.
func (ix *index) open(j *journal, a placed, id seal.Key) (read, uint64, error) {
	body, err := seal.OpenEntry(a.Entry, a.Effects(), id, ix.rosters.signer)
	if err == nil {
		err = ix.accept(j, a, body)
	}
	var r read
	if err == nil {
		r, err = decodeEntry(a.Entry, a, body)
	}
	if err == nil && j.claim() == nil && r.claim == nil {
		err = errors.New("nobody has taken the case before it")
	}
	if err == nil && r.claim != nil {
		err = ix.acceptClaim(j, a, body, r.claim)
	}
	return r, body.Roster, err
}

// signer finds the key an entry's author had on the roster version it names.
func (l *lineage) signer(person string, version uint64) (ed25519.PublicKey, bool) {
	r := l.version(version)
	if r == nil {
		return nil, false
	}
	p, ok := r.Person(person)
	return p.Key(), ok
}

// accept makes the checks that need the journal and the feed.
func (ix *index) accept(j *journal, a placed, body seal.EntryBody) error {
	if err := ix.mayWrite(j, a, body); err != nil {
		return err
	}
	if body.Roster < j.lastRoster {
		return errors.New("it was signed under an older list of people than an entry before it")
	}
	switch {
	case j.epoch == 0: // the claim, or nothing yet: see open
		return nil
	case !j.granted[j.epoch][body.Author]:
		return errors.New("its author does not hold this case")
	case a.Entry.Epoch != j.epoch, body.Kind == "restrict", body.Kind == "lift", body.Kind == "unshare":
		return ix.acceptEpoch(j, a, body)
	}
	return nil
}

// mayWrite checks that the author may have written to a case: somebody who works
// on cases, or a partner with whom this one is shared, who gives nobody anything.
func (ix *index) mayWrite(j *journal, a placed, body seal.EntryBody) error {
	p, err := ix.writer(body.Author, a)
	switch {
	case err != nil, worksOnCases(p):
		return err
	case !onlyPartner(p):
		return errors.New("its author does not work on cases")
	case !j.shared[body.Author]:
		return errors.New("its author is of a partner organisation with which the case is not shared")
	case len(a.Grants)+len(a.Claims)+len(a.Replies) > 0:
		return errors.New("its author is of a partner organisation, which gives nobody a key or an answer")
	}
	return nil
}

// acceptClaim makes the checks on the entry that opens a case.
func (ix *index) acceptClaim(j *journal, a placed, body seal.EntryBody, c *claimData) error {
	if a.Entry.Seq != 0 || len(j.entries) > 0 {
		return errors.New("a case is taken once, by its first entry")
	}
	desk, ok := ix.rosters.version(body.Roster).Desk(c.Desk)
	if !ok || !slices.Contains(desk.People, body.Author) {
		return errors.New("its author does not work at that desk")
	}
	for _, id := range a.Claims {
		if d := ix.deposits[id]; d != nil && d.desk != c.Desk {
			return errors.New("it takes something that was sent to another desk")
		}
	}
	return nil
}
