package vault

import (
	"bytes"
	"context"
	"errors"
	"slices"
)

// walkFeed goes through the feed from its beginning and builds what the indices
// must come to.
func (c *checker) walkFeed(ctx context.Context) error {
	return c.guard(func() error {
		var err error
		if c.expired, err = c.expiry(); err != nil {
			return err
		}
		cursor := c.Bucket(bFeed).Cursor()
		for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			r, err := decodeRecord(k, v)
			if err != nil {
				c.take(err)
				continue
			}
			if r.Pos != c.head.Pos+1 {
				c.hurt("feed: record %d after %d", r.Pos, c.head.Pos)
			}
			if r.Hash != r.HashAfter(c.gen, c.head.Hash) {
				c.hurt("feed: record %d does not continue the chain", r.Pos)
			}
			if validAuthor(r.Author) != nil {
				c.hurt("feed: record %d has a bad author", r.Pos)
			}
			c.head = r
			if err := c.guard(func() error { return c.walkRecord(r) }); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *checker) walkRecord(r Record) error {
	c.count["feed"]++
	c.want(bIDs, r.ID[:], U64(r.Pos), r)
	if _, gone, err := c.gone(r.Pos); err != nil || gone {
		c.count["gone"]++ // who took it away is looked at last
		return err
	}
	object, err := c.object(r)
	if err != nil {
		return err
	}
	it, err := newItem(r.Kind, object)
	if err != nil {
		return errors.Join(ErrCorrupt, err)
	}
	switch r.Kind {
	case KindDeposit:
		if row, err := c.depositRow(r.Pos); err == nil && row.journal.IsZero() && r.Pos <= c.expired.unclaimed {
			c.hurt("feed: deposit %d is there after its time", r.Pos)
		}
	case KindErasure:
		c.walkErasure(r, it.erasure)
	case KindExpiry:
		if it.upTo >= r.Pos {
			c.hurt("feed: record %d lets go what came after it", r.Pos)
		}
		if c.hadEffect(r) {
			c.expiries[r.Pos] = it.upTo
		}
	case KindBlob:
		c.walkBlob(r, it.blob)
	case KindAppend:
		c.walkAppend(r, it.append)
	case KindRoster:
		if it.version <= c.roster {
			c.hurt("feed: record %d: roster %d after %d", r.Pos, it.version, c.roster)
		}
		c.roster = it.version
		c.want(bRosters, U64(it.version), U64(r.Pos), r)
	case KindCertificate:
		c.want(bCertificates, certificateKey(it.cert.Person, it.cert.Epoch), U64(r.Pos), r)
	case KindRevocation:
		c.want(bRevocations, U64(r.Pos), []byte(it.person), r)
	case KindRelease:
		if it.release.Former != c.release {
			c.hurt("feed: record %d: release after another than the last", r.Pos)
		}
		c.release = r.ID
		c.want(bReleases, U64(r.Pos), []byte{}, r)
	}
	return nil
}

// want looks up what record r must have left in a bucket, and counts it.
func (c *checker) want(bucket, key, value []byte, r Record) {
	c.count[string(bucket)]++
	if v := c.get(bucket, key); v == nil || !bytes.Equal(v, value) {
		c.hurt("%s: nothing, or something else, for record %d", bucket, r.Pos)
	}
}

// deposit finds the deposit that record r names; it must have come before.
func (c *checker) deposit(id ID, r Record) (pos uint64, ok bool) {
	d, err := c.present(id)
	if err != nil || d.Kind != KindDeposit || d.Pos >= r.Pos {
		c.hurt("feed: record %d names a deposit that did not come before it", r.Pos)
		return 0, false
	}
	return d.Pos, true
}

func (c *checker) walkBlob(r Record, b BlobRef) {
	pos, ok := c.deposit(b.Deposit, r)
	if !ok {
		return
	}
	d := c.deposits[pos]
	d.charged += charge(b.Size)
	c.deposits[pos] = d
	if row, err := c.depositRow(pos); err != nil {
		c.take(err)
	} else {
		c.want(bRefs, append(row.holder(pos), U64(r.Pos)...), b.Blob[:], r)
	}

	file, known := c.blobs[b.Blob]
	if known && file.size != b.Size {
		c.hurt("feed: record %d: blob of two sizes", r.Pos)
	}
	file.size = b.Size
	file.refs++
	if !known {
		if row, ok, err := c.blobRow(b.Blob); err == nil && ok && row.lack != 0 {
			file.lack = r.Pos
			c.want(bLacking, U64(r.Pos), b.Blob[:], r)
		}
	}
	c.blobs[b.Blob] = file
}

func (c *checker) walkAppend(r Record, a Append) {
	e := a.Entry
	head, known := c.journals[e.Journal]
	if known && (e.Seq != head.Seq+1 || e.Prev != head.Entry) || !known && e.Seq != 0 || !head.mayBeFollowedIn(e.Epoch) {
		c.hurt("feed: record %d does not continue its journal", r.Pos)
	}
	c.journals[e.Journal] = Head{Seq: e.Seq, Entry: e.ID(), Epoch: e.Epoch}
	c.want(bSteps, stepKey(e.Journal, e.Seq), U64(r.Pos), r)
	for _, id := range a.Claims {
		pos, ok := c.deposit(id, r)
		if !ok {
			continue
		}
		d := c.deposits[pos]
		if !d.journal.IsZero() && d.journal != e.Journal {
			c.hurt("feed: record %d claims what another journal holds", r.Pos)
		}
		d.journal = e.Journal
		c.deposits[pos] = d
	}
	for n, reply := range a.Replies {
		if r.Pos <= c.expired.answers {
			break
		}
		c.want(bReplies, replyKey(reply.Prefix, r.Pos, n), reply.Slot, r)
	}
}

// walkIndices holds what the walk over the feed came to against what is stored,
// and sees that there is nothing besides.
func (c *checker) walkIndices(ctx context.Context) error {
	err := errors.Join(
		rows(c, bDeposits, c.deposits, parseDepositRow, func(pos uint64) []byte { return U64(pos) }),
		rows(c, bJournals, c.journals, parseHead, func(id ID) []byte { return id[:] }),
		rows(c, bBlobs, c.blobs, parseBlobRow, func(id ID) []byte { return id[:] }),
		c.guard(c.walkObjects),
		c.guard(c.walkGone),
		c.guard(c.walkErased),
		c.guard(c.walkOthers))
	for _, name := range [][]byte{bIDs, bRefs, bLacking, bSteps, bReplies, bRosters, bCertificates, bRevocations, bReleases, bGone, bErased} {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err = errors.Join(err, c.guard(func() error {
			n := 0
			err := c.scan(name, nil, func(_, _ []byte) error { n++; return nil })
			if n != c.count[string(name)] {
				c.hurt("%s: %d rows where the feed makes %d", name, n, c.count[string(name)])
			}
			return err
		}))
	}
	return err
}

// rows compares a bucket with what it must hold, both ways.
func rows[K comparable, V comparable](c *checker, bucket []byte, want map[K]V, parse func([]byte) (V, error), key func(K) []byte) error {
	return c.guard(func() error {
		n := 0
		err := c.scan(bucket, nil, func(_, _ []byte) error { n++; return nil })
		if err != nil {
			return err
		}
		if n != len(want) {
			c.hurt("%s: %d rows where the feed makes %d", bucket, n, len(want))
		}
		for k, w := range want {
			if got, err := parse(c.get(bucket, key(k))); err != nil || got != w {
				c.hurt("%s: row %x is not what the feed makes it", bucket, key(k))
			}
		}
		return nil
	})
}

// walkObjects sees that the drawers hold one object for each record, no more,
// and in order.
func (c *checker) walkObjects() error {
	all := c.Bucket(bObjects)
	next := uint64(1)
	return all.ForEachBucket(func(k []byte) error {
		first := true
		return all.Bucket(k).ForEach(func(pos, _ []byte) error {
			passed := false
			for c.get(bGone, U64(next)) != nil {
				next++
				passed = true
			}
			if first && !passed && !slices.Equal(k, pos) || slices.Compare(k, pos) > 0 || !slices.Equal(pos, U64(next)) {
				c.hurt("objects: %x in drawer %x where %d belongs", pos, k, next)
			}
			first = false
			next++
			return nil
		})
	})
}

// walkOthers reads what does not come from the feed.
func (c *checker) walkOthers() error {
	err := c.scan(bDocuments, nil, func(k, v []byte) error {
		if sum := Sum(v); !bytes.Equal(k, sum[:]) {
			c.hurt("documents: %x does not have its hash", k)
		}
		return nil
	})
	return errors.Join(err,
		c.scan(bAccounts, nil, func(k, v []byte) error {
			_, err := parseAccount(k, v)
			c.take(err)
			return nil
		}),
		c.scan(bSessions, nil, func(k, v []byte) error {
			_, err := parseSession(v)
			c.take(err)
			return nil
		}))
}
