package figures

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"peerwitness/vault"
)

// A counter finds the one cell of a table in which a group counts.
type counter struct {
	p      Programme
	tag    []byte // lp(table)
	dims   []Dimension
	index  []map[string]int // code → place, per dimension
	served bool             // the table asks for a service
	cells  int
}

func newCounter(p Programme, t Table) (*counter, error) {
	c := &counter{p: p, tag: vault.LP(t.ID), cells: 1}
	for _, id := range t.Dimensions {
		d, ok := p.dimension(id)
		if !ok {
			return nil, fmt.Errorf("%w: table without its dimension", ErrShape)
		}
		at := make(map[string]int, len(d.Codes))
		for i, code := range d.Codes {
			at[code.Code] = i
		}
		c.dims, c.index = append(c.dims, d), append(c.index, at)
		c.cells *= len(d.Codes)
		c.served = c.served || id == Service || id == Outcome
	}
	return c, nil
}

// cell returns the place of the group's cell. Of its main acts the one with the
// least HMAC-SHA256(record_key, lp(table) ‖ u32(act index)) counts; ok is false
// when none has a place in this table: nothing was served.
func (c *counter) cell(g []*Record) (place int, ok bool, err error) {
	var chosen *Record
	var least [sha256.Size]byte
	for _, r := range g {
		if c.served && len(r.Services) == 0 {
			continue
		}
		if chosen == nil && len(g) == 1 {
			chosen = r
			break
		}
		if rank := c.rank(r, nil); chosen == nil || bytes.Compare(rank[:], least[:]) < 0 {
			chosen, least = r, rank
		}
	}
	if chosen == nil {
		return 0, false, nil
	}
	s := c.service(chosen)
	for i, d := range c.dims {
		code := codeOf(c.p, d.ID, chosen, s)
		at, listed := c.index[i][code]
		if !listed {
			if d.Rest == "" {
				return 0, false, fmt.Errorf("%w: a record has a code that dimension %q does not list", ErrUncounted, d.ID)
			}
			at = c.index[i][d.Rest]
		}
		place = place*len(d.Codes) + at
	}
	return place, true, nil
}

// service returns which of a record's services counts: the one with the least
// HMAC-SHA256(record_key, lp(table) ‖ u32(act index) ‖ lp(service) lp(outcome)).
func (c *counter) service(r *Record) Served {
	if !c.served {
		return Served{}
	}
	chosen := r.Services[0]
	if len(r.Services) == 1 {
		return chosen
	}
	var least [sha256.Size]byte
	for i := range r.Services {
		if rank := c.rank(r, &r.Services[i]); i == 0 || bytes.Compare(rank[:], least[:]) < 0 {
			chosen, least = r.Services[i], rank
		}
	}
	return chosen
}

func (c *counter) rank(r *Record, s *Served) [sha256.Size]byte {
	var space [512]byte
	b := append(space[:0], c.tag...)
	b = append(b, vault.U32(uint32(r.ActIndex))...)
	if s != nil {
		b = vault.AppendLP(b, []byte(s.Service))
		b = vault.AppendLP(b, []byte(s.Outcome))
	}
	return hmacSum(r.Key, b)
}

// hmacSum is HMAC-SHA256 without the allocations of crypto/hmac: it runs once or
// more for every record of a batch.
func hmacSum(key Key, message []byte) [sha256.Size]byte {
	var space [sha256.BlockSize + 512]byte
	inner := append(space[:0], make([]byte, sha256.BlockSize)...)
	var outer [sha256.BlockSize + sha256.Size]byte
	for i := range sha256.BlockSize {
		k := byte(0)
		if i < len(key) {
			k = key[i]
		}
		inner[i], outer[i] = k^0x36, k^0x5c
	}
	sum := sha256.Sum256(append(inner, message...))
	copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:])
}

// codeOf returns a record's code in a dimension, empty when it has none.
func codeOf(p Programme, dimension string, r *Record, s Served) string {
	switch dimension {
	case Region:
		return r.Region
	case ActGroup:
		return r.Group
	case Act:
		return r.Act
	case Perpetrator:
		return r.Perpetrator
	case Population:
		for _, code := range p.Populations {
			if slices.Contains(r.Populations, code) {
				return code
			}
		}
		return ""
	case Service:
		return s.Service
	case Outcome:
		return s.Outcome
	}
	return ""
}
