package figures

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"peerwitness/vault"
)

const tagNoise = "cell-noise/v1"

// ErrUncounted: the batch can't be counted as it stands.
var ErrUncounted = errors.New("batch can't be counted")

// Output is what may be published of a batch: a value or a mask for each cell of
// the programme's full grid.
type Output struct {
	V         int     `json:"v"`
	Programme string  `json:"programme"`
	Version   int     `json:"version"`
	Period    string  `json:"period"`
	Tables    []Cells `json:"tables"`

	// Digest is D, which the noise hangs on: that of everybody counted. It is for
	// the ledger and never published.
	Digest vault.ID `json:"-"`
}

// Cells are those of one table, in the programme's order.
type Cells struct {
	Table string `json:"table"`
	Cells []Cell `json:"cells"`
}

// Cell is one number. Value is nil when it is masked: fewer than 15, may be none.
type Cell struct {
	Codes []string `json:"codes"`
	Value *int     `json:"value"`
}

// JSON returns the canonical bytes.
func (o Output) JSON() ([]byte, error) { return encode(o) }

// Hash returns the SHA-256 of the canonical bytes; zero when there are none.
func (o Output) Hash() vault.ID {
	b, err := o.JSON()
	if err != nil {
		return vault.ID{}
	}
	return vault.Sum(b)
}

// Compute counts a batch, adds noise, masks and rounds. The same programme,
// batch, noise key and records give the same bytes for ever, in whatever order
// the records come; any change of the batch draws the noise of every cell anew.
// records may hold more than the batch. ErrUncounted when one of its records is
// missing, isn't consented to, is practice, or has a code that a dimension without
// a rest does not list; ErrShape.
func Compute(p Programme, b Batch, noise Key, records []Record) (Output, error) {
	out, err := compute(p, b, noise, records)
	if err != nil {
		return Output{}, fmt.Errorf("computing figures: %w", err)
	}
	return out, nil
}

func compute(p Programme, b Batch, noise Key, records []Record) (Output, error) {
	groups, err := resolve(p, b, records)
	if err != nil {
		return Output{}, err
	}
	out := Output{V: 1, Programme: b.Programme, Version: p.Version, Period: b.Period, Digest: digest(groups)}
	counts, err := count(p, groups)
	if err != nil {
		return Output{}, err
	}
	for i, t := range p.Tables {
		cells := Cells{Table: t.ID, Cells: []Cell{}}
		for j, codes := range p.cells(t) {
			noisy, err := noisyCount(counts[i][j], noise, p, t.ID, b.Period, codes, out.Digest)
			if err != nil {
				return Output{}, err
			}
			c := Cell{Codes: codes}
			if v, ok := maskRound(noisy); ok {
				c.Value = &v
			}
			cells.Cells = append(cells.Cells, c)
		}
		out.Tables = append(out.Tables, cells)
	}
	return out, nil
}

// resolve finds the records of a batch's groups and checks that each may be counted.
func resolve(p Programme, b Batch, records []Record) ([][]*Record, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if b.Programme != p.Hash().String() || b.Version != p.Version || b.Cost != p.cost() {
		return nil, fmt.Errorf("%w: it is of another programme", ErrUncounted)
	}
	if err := b.sorted(); err != nil {
		return nil, err
	}
	h, err := gather(records)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, g := range b.Groups {
		n += len(g)
	}
	groups, room := make([][]*Record, len(b.Groups)), make([]*Record, n)
	for i, g := range b.Groups {
		groups[i], room = room[:len(g):len(g)], room[len(g):]
		for j, ref := range g {
			r := h.version(ref)
			switch {
			case r == nil:
				return nil, fmt.Errorf("%w: one of its records is missing", ErrUncounted)
			case r.Practice:
				return nil, fmt.Errorf("%w: one of its records is practice", ErrUncounted)
			case !r.CountMe:
				return nil, fmt.Errorf("%w: somebody in it did not consent to be counted", ErrUncounted)
			}
			groups[i][j] = r
		}
	}
	return groups, nil
}

// digest is D: SHA-256 over the sorted record_key ‖ SHA-256(coding) of everybody
// counted. A coding is lp(record JSON) lp(least record key of its group), so that
// who is linked with whom changes D as much as a code does.
func digest(groups [][]*Record) vault.ID {
	first := make([]int, len(groups)) // where a group's parts begin
	n := 0
	for i, g := range groups {
		first[i] = n
		n += len(g)
	}
	parts, order := make([][64]byte, n), make([]keyed, n)
	share(len(groups), func(from, to int) error {
		var buf, coding []byte
		for i := from; i < to; i++ {
			for j, r := range groups[i] {
				buf = r.appendJSON(buf[:0])
				coding = vault.AppendLP(coding[:0], buf)
				coding = vault.AppendLP(coding, groups[i][0].Key[:])
				at := first[i] + j
				copy(parts[at][:], r.Key[:])
				sum := sha256.Sum256(coding)
				copy(parts[at][32:], sum[:])
				order[at] = keyed{r.Key.first(), int32(at)}
			}
		}
		return nil
	})
	d := sha256.New()
	for _, k := range sortKeyed(order, func(a, b int32) int { return bytes.Compare(parts[a][:], parts[b][:]) }) {
		d.Write(parts[k.at][:])
	}
	return vault.ID(d.Sum(nil))
}

// share splits n things among the processors and returns the error of the first part that has one.
func share(n int, work func(from, to int) error) error {
	parts := min(runtime.GOMAXPROCS(0), 1+n/4096)
	errs := make([]error, parts)
	var wait sync.WaitGroup
	for i := range parts {
		wait.Go(func() { errs[i] = work(i*n/parts, (i+1)*n/parts) })
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// noisyCount adds the cell's noise, which the noise key and the whole batch fix.
func noisyCount(n int, noise Key, p Programme, table, period string, codes []string, d vault.ID) (int64, error) {
	var cell []byte
	for _, c := range codes {
		cell = vault.AppendLP(cell, []byte(c))
	}
	mac := hmac.New(sha256.New, noise[:])
	mac.Write(vault.LP(tagNoise, []byte(p.ID), vault.U64(uint64(p.Version)), []byte(table), []byte(period), cell, d[:]))
	z, err := NewSampler(mac.Sum(nil)).DGauss(Sigma2)
	if err != nil {
		return 0, err
	}
	return int64(n) + z, nil
}

// count counts people: each group once in each table, by its chosen main act.
func count(p Programme, groups [][]*Record) ([][]int, error) {
	counters := make([]*counter, len(p.Tables))
	empty := func() [][]int {
		out := make([][]int, len(counters))
		for i, c := range counters {
			out[i] = make([]int, c.cells)
		}
		return out
	}
	for i, t := range p.Tables {
		var err error
		if counters[i], err = newCounter(p, t); err != nil {
			return nil, err
		}
	}
	out := empty()
	var mu sync.Mutex // guards out
	err := share(len(groups), func(from, to int) error {
		own := empty()
		for _, g := range groups[from:to] {
			for i, c := range counters {
				cell, ok, err := c.cell(g)
				if err != nil {
					return err
				}
				if ok {
					own[i][cell]++
				}
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for i := range own {
			for j, n := range own[i] {
				out[i][j] += n
			}
		}
		return nil
	})
	return out, err
}

func hashOf(b []byte) string { return vault.Sum(b).String() }
