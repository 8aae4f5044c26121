package access

import (
	"context"
	"errors"
	"fmt"

	"peerwitness/vault"
)

// ErrIncomplete: the feed is all here, but the server lacks blobs that it
// names. Sync says how many; everything else was stored.
var ErrIncomplete = errors.New("the server lacks attachments that its feed names")

// AnewError: the server shows a feed of another generation: its store was restored
// from a backup, or is another one. It matches vault.ErrFork.
type AnewError struct{ Head vault.FeedHead }

func (e *AnewError) Error() string {
	return "the server began anew: its store was restored from a backup, or is another one; nothing was changed here"
}
func (e *AnewError) Is(target error) bool { return target == vault.ErrFork }

const syncBlobs = 64

// Sync brings replica up to the server's feed, batch by batch, and then fetches
// the blobs that the replica lacks. The replica checks each hash; what it
// refuses is not stored. progress, if not nil, is told the position reached and
// the server's last one, and then the number of blobs fetched and wanted.
//
// A server that shows a feed which is not the one the replica holds (rolled
// back, forked, restored, another server) gives an error matching
// vault.ErrFork, and the replica keeps what it has.
func Sync(ctx context.Context, c *Client, replica vault.Store, progress func(done, total uint64)) error {
	if err := SyncFeed(ctx, c, replica, progress); err != nil {
		return err
	}
	if progress == nil {
		progress = func(uint64, uint64) {}
	}
	if err := syncLacking(ctx, c, replica, progress); err != nil {
		return fmt.Errorf("syncing attachments: %w", err)
	}
	return nil
}

// SyncFeed is Sync without the blobs.
func SyncFeed(ctx context.Context, c *Client, replica vault.Store, progress func(done, total uint64)) error {
	if progress == nil {
		progress = func(uint64, uint64) {}
	}
	for {
		more, err := syncBatch(ctx, c, replica, progress)
		if err != nil {
			return fmt.Errorf("syncing feed: %w", err)
		}
		if !more {
			return nil
		}
	}
}

// syncBatch applies one answer's records and reports whether there are more.
func syncBatch(ctx context.Context, c *Client, replica vault.Store, progress func(done, total uint64)) (more bool, err error) {
	held, err := replica.FeedHead(ctx)
	if err != nil {
		return false, fmt.Errorf("reading replica: %w", err)
	}
	head, records, objects, err := c.Feed(ctx, held.Pos, maxFeedItems)
	if err != nil {
		return false, err
	}
	if err := replica.Follow(ctx, head.Generation); errors.Is(err, vault.ErrFork) && held.Generation != head.Generation {
		return false, &AnewError{Head: head}
	} else if err != nil {
		return false, fmt.Errorf("the server shows another feed than the one this copy follows: %w", err)
	}
	switch {
	case head.Pos < held.Pos:
		return false, fmt.Errorf("the server shows %d entries where this copy has %d; nothing was changed here: %w",
			head.Pos, held.Pos, vault.ErrFork)
	case head.Pos == held.Pos && head.Hash != held.Hash:
		return false, fmt.Errorf("the server's feed differs from this copy at entry %d; nothing was changed here: %w",
			held.Pos, vault.ErrFork)
	case head.Pos == held.Pos:
		progress(held.Pos, head.Pos)
		return false, nil
	case len(records) == 0:
		return false, fmt.Errorf("%w: entries after %d are announced and not sent", ErrServer, held.Pos)
	}
	last := records[len(records)-1]
	if last.Pos > head.Pos || last.Pos == head.Pos && last.Hash != head.Hash {
		return false, fmt.Errorf("the server announces another feed than it sends: %w", vault.ErrFork)
	}
	if err := replica.Apply(ctx, records, objects); err != nil {
		return false, fmt.Errorf("applying entries after %d: %w", held.Pos, err)
	}
	progress(last.Pos, head.Pos)
	return last.Pos < head.Pos, nil
}

// syncLacking fetches blobs until none is lacking but those the server can't give.
func syncLacking(ctx context.Context, c *Client, replica vault.Store, progress func(done, total uint64)) error {
	gone := map[vault.ID]bool{}
	var done uint64
	for {
		lacking, err := replica.LackingBlobs(ctx, len(gone)+syncBlobs)
		if err != nil {
			return fmt.Errorf("reading replica: %w", err)
		}
		fetched := 0
		for _, sum := range lacking {
			if gone[sum] {
				continue
			}
			b, err := c.Blob(ctx, sum)
			if errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrHash) {
				gone[sum] = true
				continue
			}
			if err != nil {
				return err
			}
			if err := replica.PutReplicaBlob(ctx, sum, b); err != nil {
				return fmt.Errorf("storing blob: %w", err)
			}
			fetched++
			done++
			progress(done, max(done, done+uint64(len(lacking)-fetched-len(gone))))
		}
		if len(lacking) == len(gone) && fetched == 0 {
			break
		}
	}
	if len(gone) > 0 {
		return fmt.Errorf("%w: %d", ErrIncomplete, len(gone))
	}
	return nil
}
