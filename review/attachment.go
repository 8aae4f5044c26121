package review

import (
	"context"
	"errors"
	"fmt"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// ErrNotComplete: parts of an attachment have not arrived yet.
var ErrNotComplete = errors.New("the attachment has not fully arrived")

// Announced is the hex SHA-256 of the file as the person chose it, which is not
// that of what came when something was taken out of it before it was sealed.
func (a Attachment) Announced() string { return a.meta.SHA256 }

// Attachment opens the n-th file of a case and returns its bytes, in memory
// only, and what its sender said of it. Parts that the replica lacks are asked
// of the server. Nothing is returned unless every part, the sealing, the
// padding and the hash that the report gave are right; ErrNotComplete when parts are lacking.
func (w *Workstation) Attachment(ctx context.Context, id vault.ID, n int) ([]byte, Attachment, error) {
	c, err := w.View().Case(id)
	if err != nil {
		return nil, Attachment{}, err
	}
	var a *Attachment
	for i := range c.Attachments {
		if c.Attachments[i].N == n {
			a = &c.Attachments[i]
		}
	}
	if a == nil {
		return nil, Attachment{}, fmt.Errorf("%w: attachment", ErrNoCase)
	}
	if len(a.blobs) == 0 {
		return nil, *a, ErrNotComplete
	}
	parts := make([][]byte, 0, len(a.blobs))
	for _, b := range a.blobs {
		part, err := w.part(ctx, b)
		if err != nil {
			return nil, *a, err
		}
		parts = append(parts, part)
	}
	plain, err := seal.OpenAttachment(a.meta, a.blobs, parts)
	if err != nil {
		if e := w.markBroken(ctx, a.key, err); e != nil {
			return nil, *a, e
		}
		return nil, *a, fmt.Errorf("opening attachment: %w", err)
	}
	return plain, *a, nil
}

// part reads one blob from the replica, or from the server when it is lacking.
func (w *Workstation) part(ctx context.Context, sum vault.ID) ([]byte, error) {
	b, err := w.store.Blob(ctx, sum)
	if err == nil || !errors.Is(err, vault.ErrNotFound) {
		return b, err
	}
	if w.client == nil || !w.client.SignedIn() {
		return nil, ErrNotComplete
	}
	b, err = w.client.Blob(ctx, sum)
	switch {
	case errors.Is(err, vault.ErrNotFound):
		return nil, ErrNotComplete
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrOffline, err)
	case vault.Sum(b) != sum:
		return nil, vault.ErrHash
	}
	// Kept for the next time, as far as the feed has named it already.
	if err := w.store.PutReplicaBlob(ctx, sum, b); err != nil && !errors.Is(err, vault.ErrNotFound) {
		return nil, fmt.Errorf("keeping a part: %w", err)
	}
	return b, nil
}

// markBroken remembers that an attachment failed its checks, so that the case shows it.
func (w *Workstation) markBroken(ctx context.Context, k blobsKey, why error) error {
	if err := w.hold(ctx); err != nil {
		return err
	}
	defer w.release()
	w.ix.broken[k] = why
	w.ix.clusters.files = true
	w.publish()
	return nil
}
