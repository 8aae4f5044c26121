package figures

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

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
	seen := make(map[Key]bool, len(b.Groups))
	for i, g := range b.Groups {
		if len(g) == 0 || i > 0 && bytes.Compare(b.Groups[i-1][0].Key[:], g[0].Key[:]) >= 0 {
			return fmt.Errorf("%w: groups of the batch", ErrShape)
		}
		for j, ref := range g {
			if seen[ref.Key] || ref.N < 0 || j > 0 && bytes.Compare(g[j-1].Key[:], ref.Key[:]) >= 0 {
				return fmt.Errorf("%w: groups of the batch", ErrShape)
			}
			seen[ref.Key] = true
		}
	}
	return nil
}

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
	for key, versions := range h {
		r := h.at(key, until)
		if r == nil || used[key] || r.Frozen < first || r.Frozen > until {
			continue
		}
		if r.Practice || !r.CountMe || !versions[len(versions)-1].CountMe {
			continue
		}
		members = append(members, r)
	}
	slices.SortFunc(members, func(a, b *Record) int { return bytes.Compare(a.Key[:], b.Key[:]) })
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
func relate(members []*Record, h history, former []Batch, until Day) []related {
	n := len(members)
	for _, f := range former {
		n += len(f.Groups)
	}
	l := newLinker(n)
	for i, r := range members {
		l.add(int32(i), r.People)
	}
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
	var out []related
	place := make(map[int32]int, len(members))
	for i, r := range members {
		root := l.root(int32(i))
		j, ok := place[root]
		if !ok {
			j = len(out)
			place[root] = j
			out = append(out, related{spent: spent[root]})
		}
		out[j].refs = append(out[j].refs, Ref{r.Key, r.N})
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
