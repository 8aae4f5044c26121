package vault

import "slices"

// hadEffect tells whether an erasure or expiry was carried out, which on a store
// of its own it always is, and counts the mark of it.
func (c *checker) hadEffect(r Record) bool {
	if c.get(bErased, carriedKey(r.Pos)) == nil {
		if !c.follows() {
			c.hurt("feed: record %d had no effect", r.Pos)
		}
		return false
	}
	c.want(bErased, carriedKey(r.Pos), U64(r.Pos), r)
	return true
}

func (c *checker) walkErasure(r Record, e Erasure) {
	if !c.hadEffect(r) {
		return
	}
	c.erasures[r.Pos] = e
	c.want(bErased, erasedKey('j', e.Journal), U64(r.Pos), r)
	if c.get(bJournals, e.Journal[:]) != nil {
		c.hurt("journals: one that record %d erased", r.Pos)
	}
	for _, id := range e.Deposits {
		// Another erasure may name it too, where it never was here.
		if c.get(bErased, erasedKey('d', id)) == nil {
			c.hurt("erased: a deposit that record %d names is not marked", r.Pos)
		}
	}
}

// walkGone sees that each object that is not there was taken away by a record
// that could.
func (c *checker) walkGone() error {
	row, err := c.restored()
	if err != nil {
		return err
	}
	hurtBackup := row != nil && len(row.Hurt) > 0
	return c.scan(bGone, nil, func(k, v []byte) error {
		r, err := c.recordAt(k)
		if err != nil {
			return err
		}
		by, err := parseBy(v)
		if err != nil {
			return err
		}
		e, erased := c.erasures[by]
		upTo, expired := c.expiries[by]
		switch {
		case by <= r.Pos:
			c.hurt("gone: object %d, by a record before it", r.Pos)
		case erased && r.Kind == KindDeposit && !slices.Contains(e.Deposits, r.ID):
			c.hurt("gone: deposit %d, which record %d does not name", r.Pos, by)
		case erased && r.Kind != KindDeposit && r.Kind != KindBlob && r.Kind != KindAppend:
			c.hurt("gone: object %d, of a kind that stays", r.Pos)
		case expired && (r.Kind != KindDeposit && r.Kind != KindBlob || r.Kind == KindDeposit && r.Pos > upTo):
			c.hurt("gone: object %d, which record %d does not let go", r.Pos, by)
		case by == byLost && hurtBackup:
		case !erased && !expired && !c.follows():
			// A follower is told before it comes to the record, or may not
			// believe it; its reader says so.
			c.hurt("gone: object %d, by nothing", r.Pos)
		}
		return nil
	})
}

// walkErased counts what the tombstones mark besides, and sees that none of it
// is there.
func (c *checker) walkErased() error {
	return c.scan(bErased, nil, func(k, v []byte) error {
		by, err := parseBy(v)
		if err != nil {
			return err
		}
		_, erased := c.erasures[by]
		_, expired := c.expiries[by]
		switch {
		case len(k) == 1+len(ID{}) && k[0] == 'b':
			c.count[string(bErased)]++
			if !erased && !expired {
				c.hurt("erased: a blob, by nothing")
			}
			if c.get(bBlobs, k[1:]) != nil {
				c.hurt("erased: blob %x is there", k[1:])
			}
		case len(k) == 1+len(ID{}) && k[0] == 'd':
			c.count[string(bErased)]++
			if e, ok := c.erasures[by]; !ok || !slices.Contains(e.Deposits, ID(k[1:])) {
				c.hurt("erased: a deposit, by nothing")
			}
		}
		return nil
	})
}
