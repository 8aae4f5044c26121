package figures

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A history is the records of the figures journal, all versions, by key and then
// by N upwards. It doesn't depend on the order they come in.
type history struct {
	records []*Record
	firsts  []uint64 // of the records' keys
	start   []int32  // where the records begin whose key has these top bits
	shift   uint
}

// gather checks that the versions of each record agree with each other: one
// record at each N from 0 up, days never falling, one day of freeze. The same
// version twice is once.
func gather(records []Record) (*history, error) {
	list := make([]keyed, len(records))
	err := share(len(records), func(from, to int) error {
		for i := from; i < to; i++ {
			if err := records[i].check(); err != nil {
				return err
			}
			list[i] = keyed{records[i].Key.first(), int32(i)}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list = sortKeyed(list, func(a, b int32) int {
		return cmp.Or(compareKeys(records[a].Key, records[b].Key), cmp.Compare(records[a].N, records[b].N))
	})
	h := &history{records: make([]*Record, 0, len(list)), firsts: make([]uint64, 0, len(list))}
	for _, k := range list {
		r := &records[k.at]
		if n := len(h.records); n > 0 && h.records[n-1].Key == r.Key {
			old := h.records[n-1]
			if r.N == old.N {
				if string(old.appendJSON(nil)) != string(r.appendJSON(nil)) {
					return nil, fmt.Errorf("%w: one version of a record says two things", ErrShape)
				}
				continue
			}
			if r.N != old.N+1 || r.Frozen != old.Frozen || r.Practice != old.Practice || r.Day < old.Day {
				return nil, errVersions
			}
		} else if r.N != 0 {
			return nil, errVersions
		}
		h.records, h.firsts = append(h.records, r), append(h.firsts, k.first)
	}
	h.shift, h.start = shares(len(h.records))
	for _, first := range h.firsts {
		h.start[first>>h.shift+1]++
	}
	for i := 1; i < len(h.start); i++ {
		h.start[i] += h.start[i-1]
	}
	return h, nil
}

var errVersions = fmt.Errorf("%w: the versions of a record do not follow each other", ErrShape)

// all returns the versions of a record, nil when there are none.
func (h *history) all(key Key) []*Record {
	first := key.first()
	lo, hi := h.start[first>>h.shift], h.start[first>>h.shift+1]
	at, _ := slices.BinarySearch(h.firsts[lo:hi], first)
	from := int(lo) + at
	if from < int(hi) && h.firsts[from] == first && h.records[from].Key != key {
		// Another key that begins alike: by chance never, on purpose a thousand times.
		at, _ = slices.BinarySearchFunc(h.records[from:hi], key, func(r *Record, k Key) int { return compareKeys(r.Key, k) })
		from += at
	}
	if from >= int(hi) || h.records[from].Key != key {
		return nil
	}
	return h.run(from)
}

// run returns the versions of the record that begins at a place.
func (h *history) run(from int) []*Record {
	to := from + 1
	for to < len(h.records) && h.firsts[to] == h.firsts[from] && h.records[to].Key == h.records[from].Key {
		to++
	}
	return h.records[from:to]
}

// at returns the version of a record that stood at the end of a day, nil when
// there was none.
func (h *history) at(key Key, day Day) *Record { return standing(h.all(key), day) }

func standing(versions []*Record, day Day) *Record {
	var found *Record
	for _, r := range versions {
		if r.Day > day {
			break
		}
		found = r
	}
	return found
}

// version returns one version of a record, nil when it isn't there.
func (h *history) version(ref Ref) *Record {
	all := h.all(ref.Key)
	if ref.N < 0 || ref.N >= len(all) {
		return nil
	}
	return all[ref.N]
}

// A linker joins things that share a person: union-find over small numbers.
type linker struct {
	parent []int32
	people []string
	things []keyed // one for each of people: the person's first, and her place there
	of     []int32 // the thing that each is about
}

func newLinker(n int) *linker {
	l := &linker{parent: make([]int32, n)}
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

// add says that thing i is about these people; link joins them.
func (l *linker) add(i int32, people []string) {
	for _, p := range people {
		l.things = append(l.things, keyed{personFirst(p), int32(len(l.people))})
		l.people, l.of = append(l.people, p), append(l.of, i)
	}
}

// addAll adds the people of records, as things from 0 up. Several processors
// wait for the memory together, which is most of the work.
func (l *linker) addAll(records []*Record) {
	begin := make([]int32, len(records)+1)
	for i, r := range records {
		begin[i+1] = begin[i] + int32(len(r.People))
	}
	n := int(begin[len(records)])
	l.people, l.things, l.of = make([]string, n), make([]keyed, n), make([]int32, n)
	share(len(records), func(from, to int) error {
		for i := from; i < to; i++ {
			for j, p := range records[i].People {
				at := begin[i] + int32(j)
				l.people[at], l.things[at], l.of[at] = p, keyed{personFirst(p), at}, int32(i)
			}
		}
		return nil
	})
}

// link joins all that were added. Roots are good after it.
func (l *linker) link() {
	sorted := sortKeyed(l.things, func(a, b int32) int { return strings.Compare(l.people[a], l.people[b]) })
	for i := 1; i < len(sorted); i++ {
		a, b := sorted[i-1], sorted[i]
		if a.first == b.first && l.people[a.at] == l.people[b.at] {
			l.join(l.of[a.at], l.of[b.at])
		}
	}
}
