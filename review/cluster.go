package review

import (
	"cmp"
	"maps"
	"slices"

	"peerwitness/vault"
)

// cluster is what has to be folded together: journals and deposits of which
// one may lead to another, by a report's id, a thread, a message's id, or a
// claim. Folded by itself it gives the cases that folding everything would
// give, so that an action costs its own case and not all of them.
type cluster struct {
	into     *cluster // the one that it became part of
	journals []taken
	deposits []*deposit // in feed order

	cases  []*Case // as last folded
	quiet  []Quarantined
	others int
	files  bool // a case of it announces attachments
}

// taken is a journal and its place among all that were taken.
type taken struct {
	n  int
	id vault.ID
}

// tie is something by which one journal or deposit may lead to another.
type tie struct {
	kind byte
	id   string
}

const (
	byJournal = 'j'
	byDeposit = 'd'
	byReport  = 'r'
	byThread  = 't'
	byMessage = 'm'
	byFigure  = 'f' // an entry of the figures journal
)

// clusters keeps the index's clusters and which of them changed.
type clusters struct {
	ties  map[tie]*cluster
	homes map[vault.ID]*cluster // of journals and deposits
	dirty map[*cluster]bool
	all   bool // something changed that any case may hang on
	files bool // other parts of attachments are here than before
}

func newClusters() *clusters {
	return &clusters{ties: map[tie]*cluster{}, homes: map[vault.ID]*cluster{}, dirty: map[*cluster]bool{}}
}

// top follows a cluster to the one that it became part of.
func (c *cluster) top() *cluster {
	for c.into != nil {
		c = c.into
	}
	return c
}

// deposit notes that a deposit is new or has changed.
func (cs *clusters) deposit(d *deposit) {
	ties := []tie{{byDeposit, string(d.id[:])}}
	if !d.claimed.IsZero() {
		ties = append(ties, tie{byJournal, string(d.claimed[:])})
	}
	if d.report != nil {
		ties = append(ties, tie{byReport, d.report.ID}, tie{byThread, d.report.Thread.ID})
	}
	if d.follow != nil {
		ties = append(ties, tie{byMessage, d.follow.Message.ID}, tie{byThread, d.follow.Thread})
		if sign, _, ok := signOf(d.follow.Thread); ok { // it decides who is shown the message
			ties = append(ties, tie{byJournal, string(sign[:])})
		}
	}
	c, fresh := cs.home(d.id, ties)
	if fresh {
		c.deposits = append(c.deposits, d)
		slices.SortFunc(c.deposits, func(a, b *deposit) int { return cmp.Compare(a.pos, b.pos) })
	}
}

// journal notes that the nth journal was read on.
func (cs *clusters) journal(n int, j *journal) {
	ties := []tie{{byJournal, string(j.id[:])}}
	for _, e := range j.entries {
		for _, id := range e.claims {
			ties = append(ties, tie{byDeposit, string(id[:])})
		}
		if e.report != nil {
			ties = append(ties, tie{byReport, e.report.ID}, tie{byThread, e.report.Thread.ID})
		}
		for _, m := range e.follows {
			ties = append(ties, tie{byMessage, m.Message.ID}, tie{byThread, m.Thread})
		}
		if e.counted.Entry != "" {
			ties = append(ties, tie{byFigure, e.counted.Entry})
		}
	}
	c, fresh := cs.home(j.id, ties)
	if fresh {
		c.journals = append(c.journals, taken{n, j.id})
		slices.SortFunc(c.journals, func(a, b taken) int { return cmp.Compare(a.n, b.n) })
	}
}

// figure notes an entry of the figures journal, of which a case may speak.
func (cs *clusters) figure(entry vault.ID) {
	if c := cs.ties[tie{byFigure, entry.String()}]; c != nil {
		cs.dirty[c.top()] = true
	}
}

// home finds the cluster of a journal or deposit, joins to it whatever its ties
// lead to, and marks it. fresh is true the first time.
func (cs *clusters) home(id vault.ID, ties []tie) (c *cluster, fresh bool) {
	if c = cs.homes[id]; c != nil {
		c = c.top()
	}
	fresh = c == nil
	for _, t := range ties {
		if other := cs.ties[t]; other != nil {
			c = cs.join(c, other.top())
		}
	}
	if c == nil {
		c = &cluster{}
	}
	for _, t := range ties {
		cs.ties[t] = c
	}
	cs.homes[id] = c
	cs.dirty[c] = true
	return c, fresh
}

// join makes one cluster of two, the smaller part of the larger.
func (cs *clusters) join(a, b *cluster) *cluster {
	switch {
	case a == nil || a == b:
		return b
	case len(a.deposits)+len(a.journals) < len(b.deposits)+len(b.journals):
		a, b = b, a
	}
	b.into = a
	a.journals, a.deposits = append(a.journals, b.journals...), append(a.deposits, b.deposits...)
	slices.SortFunc(a.journals, func(x, y taken) int { return cmp.Compare(x.n, y.n) })
	slices.SortFunc(a.deposits, func(x, y *deposit) int { return cmp.Compare(x.pos, y.pos) })
	// What both had shown goes when the whole is folded anew.
	a.cases, a.quiet, a.others = append(a.cases, b.cases...), append(a.quiet, b.quiet...), a.others+b.others
	a.files = a.files || b.files
	delete(cs.dirty, b)
	cs.dirty[a] = true
	return a
}

// forget takes journals and deposits out, with what led to them alone.
func (cs *clusters) forget(gone map[vault.ID]bool) {
	empty := map[*cluster]bool{}
	for id := range gone {
		c := cs.homes[id]
		if c == nil {
			continue
		}
		c = c.top()
		delete(cs.homes, id)
		c.journals = slices.DeleteFunc(c.journals, func(t taken) bool { return t.id == id })
		c.deposits = slices.DeleteFunc(c.deposits, func(d *deposit) bool { return d.id == id })
		cs.dirty[c] = true
		if len(c.journals)+len(c.deposits) == 0 {
			empty[c] = true
		}
	}
	if len(empty) > 0 {
		maps.DeleteFunc(cs.ties, func(_ tie, c *cluster) bool { return empty[c.top()] })
	}
}

// each calls do with every cluster that stands by itself.
func (cs *clusters) each(do func(*cluster)) {
	seen := make(map[*cluster]bool, len(cs.homes))
	for _, c := range cs.homes {
		if c = c.top(); !seen[c] {
			seen[c] = true
			do(c)
		}
	}
}

// mark marks what else has to be folded anew, before that is done.
func (cs *clusters) mark() {
	if cs.all || cs.files {
		cs.each(func(c *cluster) {
			if cs.all || c.files {
				cs.dirty[c] = true
			}
		})
	}
	cs.all, cs.files = false, false
}

// caseIndex finds cases by their ids and those of their deposits. It is never
// changed; a newer one may share most of it.
type caseIndex struct {
	base, over map[vault.ID]*Case // over has nil for what is gone
}

const maxOver = 256 // a copy of that many entries is small beside an action's own cost

func (x caseIndex) find(id vault.ID) *Case {
	if c, ok := x.over[id]; ok {
		return c
	}
	return x.base[id]
}

// after is the index once gone were replaced by come; all are then the cases.
func (x caseIndex) after(gone, come, all []*Case) caseIndex {
	set := func(m map[vault.ID]*Case, cases []*Case, there bool) {
		for _, c := range cases {
			value := c
			if !there {
				value = nil
			}
			m[c.ID] = value
			for _, d := range c.Deposits {
				m[d] = value
			}
		}
	}
	if len(x.over)+len(gone)+len(come) > maxOver {
		n := caseIndex{base: make(map[vault.ID]*Case, 2*len(all))}
		set(n.base, all, true)
		return n
	}
	n := caseIndex{base: x.base, over: maps.Clone(x.over)}
	if n.over == nil {
		n.over = map[vault.ID]*Case{}
	}
	set(n.over, gone, false)
	set(n.over, come, true)
	return n
}
