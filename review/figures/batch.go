package figures

import (
	"errors"
	"fmt"

	"peerwitness/vault"
)

// MaxBatch bounds the bytes of a batch that is read.
const MaxBatch = 256 << 20

// Ref names one version of a record.
type Ref struct {
	Key Key `json:"key"`
	N   int `json:"n"`
}

// Batch is who is counted for a period: groups of records, each group the cases
// of people that are linked with each other. It is a secret. Whoever is in a
// batch is in no other one.
type Batch struct {
	V         int     `json:"v"`
	Programme string  `json:"programme"` // hex hash
	Version   int     `json:"version"`
	Period    string  `json:"period"`
	From      Day     `json:"from"`
	Until     Day     `json:"until"` // the cut-off: end of this day, UTC
	Cost      int     `json:"cost"`  // of each group, in parts of 1/32
	Groups    [][]Ref `json:"groups"`
}

// JSON returns the canonical bytes.
func (b Batch) JSON() ([]byte, error) {
	if b.Groups == nil {
		b.Groups = [][]Ref{}
	}
	return encode(b)
}

// ParseBatch reads canonical bytes. What the batch must hold is for [Gate].
func ParseBatch(raw []byte) (Batch, error) {
	var b Batch
	if err := decode(raw, MaxBatch, &b); err != nil {
		return Batch{}, fmt.Errorf("reading batch: %w", err)
	}
	if b.V != 1 || b.Groups == nil || !isHex(b.Programme, 32) || !b.From.valid() || !b.Until.valid() || b.Cost < 1 || b.Cost > LifeBudget {
		return Batch{}, fmt.Errorf("reading batch: %w", ErrShape)
	}
	if err := b.sorted(); err != nil {
		return Batch{}, fmt.Errorf("reading batch: %w", err)
	}
	return b, nil
}

// sorted checks the order that makes a batch one sequence of bytes: refs by key
// within a group, groups by their first, no record twice.
func (b Batch) sorted() error {
	n := 0
	for i, g := range b.Groups {
		if len(g) == 0 || i > 0 && compareKeys(b.Groups[i-1][0].Key, g[0].Key) >= 0 {
			return errGroups
		}
		n += len(g)
		for j, ref := range g {
			if ref.N < 0 || j > 0 && compareKeys(g[j-1].Key, ref.Key) >= 0 {
				return errGroups
			}
		}
	}
	if n == len(b.Groups) {
		return nil // each by itself, and one after the other: none is there twice
	}
	refs, list := make([]Ref, 0, n), make([]keyed, 0, n)
	for _, g := range b.Groups {
		for _, ref := range g {
			list = append(list, keyed{ref.Key.first(), int32(len(refs))})
			refs = append(refs, ref)
		}
	}
	list = sortKeyed(list, func(x, y int32) int { return compareKeys(refs[x].Key, refs[y].Key) })
	for i := 1; i < len(list); i++ {
		if list[i-1].first == list[i].first && refs[list[i-1].at].Key == refs[list[i].at].Key {
			return errGroups
		}
	}
	return nil
}

var errGroups = fmt.Errorf("%w: groups of the batch", ErrShape)

// ErrNotOver: the period's last day hasn't passed.
var ErrNotOver = errors.New("the period is not over")

// Close gathers the batch of a period once its last day has passed. records are
// all versions that the figures journal holds before the batch's own entry, in
// any order; former are the batches before it, oldest first. In it go records
// that are in none of those, whose coding was frozen by the cut-off (late ones
// of an earlier period too), whose people consented to be counted at the
// cut-off and haven't taken it back since; never practice. A group that
// would go over its lifetime budget is left out. ErrNotOver, ErrShape.
func Close(p Programme, period string, records []Record, former []Batch, today Day) (Batch, error) {
	b, err := closeBatch(p, period, records, former, today)
	if err != nil {
		return Batch{}, fmt.Errorf("closing batch: %w", err)
	}
	return b, nil
}

func closeBatch(p Programme, period string, records []Record, former []Batch, today Day) (Batch, error) {
	if err := p.check(); err != nil {
		return Batch{}, err
	}
	from, until, err := Window(p.Every, period)
	if err != nil {
		return Batch{}, err
	}
	first, _, err := Window(p.Every, p.First)
	if err != nil {
		return Batch{}, err
	}
	if from < first {
		return Batch{}, fmt.Errorf("%w: the programme begins with %s", ErrShape, p.First)
	}
	if today <= until {
		return Batch{}, fmt.Errorf("%w: it ends on %s", ErrNotOver, until)
	}
	h, err := gather(records)
	if err != nil {
		return Batch{}, err
	}
	b := Batch{V: 1, Programme: p.Hash().String(), Version: p.Version, Period: period, From: from, Until: until, Cost: p.cost(), Groups: [][]Ref{}}
	used := map[Key]bool{}
	for _, f := range former {
		for _, g := range f.Groups {
			for _, ref := range g {
				used[ref.Key] = true
			}
		}
	}
	var members []*Record
	for i := 0; i < len(h.records); {
		versions := h.run(i)
		i += len(versions)
		r := standing(versions, until)
		if r == nil || used[r.Key] || r.Frozen < first || r.Frozen > until {
			continue
		}
		if r.Practice || !r.CountMe || !versions[len(versions)-1].CountMe {
			continue
		}
		members = append(members, r) // by key, as relate wants them
	}
	for _, g := range relate(members, h, former, until) {
		if g.spent+b.Cost <= LifeBudget {
			b.Groups = append(b.Groups, g.refs)
		}
	}
	return b, nil
}

// related is a group of linked members and what their people have cost so far.
type related struct {
	refs  []Ref
	spent int // parts of 1/32
}

// relate groups members, which are sorted by key, by the people they share, also
// through records of former batches. Groups come in the order of their first
// member.
func relate(members []*Record, h *history, former []Batch, until Day) []related {
	n := len(members)
	for _, f := range former {
		n += len(f.Groups)
	}
	l := newLinker(n)
	l.addAll(members)
	at := len(members)
	for _, f := range former {
		for _, g := range f.Groups {
			for _, ref := range g {
				// as she was counted, and as she is known by now
				for _, r := range []*Record{h.version(ref), h.at(ref.Key, until)} {
					if r != nil {
						l.add(int32(at), r.People)
					}
				}
			}
			at++
		}
	}
	l.link()
	// Who was counted as k people in one batch, because nobody had linked her
	// cases, moved each table by k: that costs k² as much.
	spent := map[int32]int{}
	at = len(members)
	for _, f := range former {
		times := map[int32]int{}
		for range f.Groups {
			times[l.root(int32(at))]++
			at++
		}
		for root, k := range times {
			spent[root] += k * k * f.Cost
		}
	}
	out := make([]related, 0, len(members))
	place := make([]int32, n) // of a root's group, from 1 up
	refs := make([]Ref, len(members))
	for i, r := range members {
		root := l.root(int32(i))
		refs[i] = Ref{r.Key, r.N}
		if j := place[root]; j > 0 {
			out[j-1].refs = append(out[j-1].refs, refs[i])
			continue
		}
		out = append(out, related{refs: refs[i : i+1 : i+1], spent: spent[root]})
		place[root] = int32(len(out))
	}
	return out
}

// hash is the SHA-256 of the canonical bytes.
func (b Batch) hash() vault.ID {
	raw, err := b.JSON()
	if err != nil {
		return vault.ID{}
	}
	return vault.Sum(raw)
}
