package figures

import (
	"bytes"
	"fmt"
	"slices"
)

// A history is the records of the figures journal, all versions, by key. It
// doesn't depend on the order they come in.
type history map[Key][]*Record // by N, upwards

// gather checks that the versions of each record agree with each other: one
// record at each N from 0 up, days never falling, one day of freeze. The same
// version twice is once.
func gather(records []Record) (history, error) {
	h := make(history, len(records))
	one := make([]*Record, len(records)) // most records have one version: no slice of its own
	for i := range records {
		r := &records[i]
		if err := r.check(); err != nil {
			return nil, err
		}
		one[i] = r
		if all, ok := h[r.Key]; ok {
			h[r.Key] = append(all, r)
		} else {
			h[r.Key] = one[i : i+1 : i+1]
		}
	}
	for key, all := range h {
		if len(all) == 1 && all[0].N == 0 {
			continue
		}
		slices.SortFunc(all, func(a, b *Record) int { return a.N - b.N })
		kept := all[:0]
		for _, r := range all {
			if n := len(kept); n > 0 && kept[n-1].N == r.N {
				if string(kept[n-1].appendJSON(nil)) != string(r.appendJSON(nil)) {
					return nil, fmt.Errorf("%w: one version of a record says two things", ErrShape)
				}
				continue
			}
			kept = append(kept, r)
		}
		for i, r := range kept {
			if r.N != i || r.Frozen != kept[0].Frozen || r.Practice != kept[0].Practice || i > 0 && r.Day < kept[i-1].Day {
				return nil, fmt.Errorf("%w: the versions of a record do not follow each other", ErrShape)
			}
		}
		h[key] = kept
	}
	return h, nil
}

// at returns the version of a record that stood at the end of a day, nil when
// there was none.
func (h history) at(key Key, day Day) *Record {
	var found *Record
	for _, r := range h[key] {
		if r.Day > day {
			break
		}
		found = r
	}
	return found
}

// version returns one version of a record, nil when it isn't there.
func (h history) version(ref Ref) *Record {
	all := h[ref.Key]
	if ref.N < 0 || ref.N >= len(all) {
		return nil
	}
	return all[ref.N]
}

// A linker joins things that share a person: union-find over small numbers.
type linker struct {
	parent []int32
	person map[string]int32
}

func newLinker(n int) *linker {
	l := &linker{parent: make([]int32, n), person: make(map[string]int32, n)}
	for i := range l.parent {
		l.parent[i] = int32(i)
	}
	return l
}

func (l *linker) root(i int32) int32 {
	for l.parent[i] != i {
		l.parent[i] = l.parent[l.parent[i]]
		i = l.parent[i]
	}
	return i
}

func (l *linker) join(a, b int32) {
	a, b = l.root(a), l.root(b)
	l.parent[max(a, b)] = min(a, b)
}

// add says that thing i is about these people.
func (l *linker) add(i int32, people []string) {
	for _, p := range people {
		if first, ok := l.person[p]; ok {
			l.join(first, i)
		} else {
			l.person[p] = i
		}
	}
}

func compareKeys(a, b Key) int { return bytes.Compare(a[:], b[:]) }
