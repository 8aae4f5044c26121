package crash_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
)

// thing is what was sent and acknowledged. Deposits and blobs are made anew from
// their number when they are looked for.
type thing interface {
	// held looks for it in a store, byte for byte.
	held(w *witness) error
	String() string
}

// witness looks for things in one store.
type witness struct {
	vault.Reader
	journals map[vault.ID][]vault.Append
}

func newWitness(s vault.Reader) *witness {
	return &witness{s, map[vault.ID][]vault.Append{}}
}

// lost returns those of things that are not in the store as they were sent.
func lost(s vault.Reader, things []thing) (gone []error) {
	w := newWitness(s)
	for _, x := range things {
		if err := x.held(w); err != nil {
			gone = append(gone, fmt.Errorf("%s: %w", x, err))
		}
	}
	return gone
}

var errOther = errors.New("other bytes than were sent")

type deposited struct {
	n    uint64
	hand bool // small, as by hand; else as the app sends it
}

// header begins every report: eight stanzas that look like sealed ones.
var header = func() []byte {
	b := accesstest.Report(8, 0)
	return b[:len(b)-reportPayload]
}()

const reportPayload = 16 + 32<<10 + 16

func (d deposited) make() vault.Deposit {
	if d.hand {
		return vault.Deposit{Desk: "street", ByHand: true, Report: slices.Concat(header, fill(100+int(d.n%5000), d.n))}
	}
	return vault.Deposit{Desk: "street", Report: slices.Concat(header, fill(reportPayload, d.n))}
}

func (d deposited) String() string { return fmt.Sprintf("deposit %d", d.n) }

func (d deposited) held(w *witness) error {
	want := d.make()
	got, _, err := w.Deposit(ctx, want.ID())
	if err == nil && (got.Desk != want.Desk || got.ByHand != want.ByHand || !bytes.Equal(got.Report, want.Report)) {
		err = errOther
	}
	return err
}

type blobbed struct {
	n       uint64
	deposit deposited
}

func (b blobbed) make() []byte { return fill(1+int(b.n%20000), b.n) }

func (b blobbed) String() string { return fmt.Sprintf("blob %d of %s", b.n, b.deposit) }

func (b blobbed) held(w *witness) error {
	want := b.make()
	got, err := w.Blob(ctx, vault.Sum(want))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return errOther
	}
	_, info, err := w.Deposit(ctx, b.deposit.make().ID())
	if err == nil && !slices.Contains(info.Blobs, vault.Sum(want)) {
		err = errors.New("its deposit does not have it")
	}
	return err
}

// appended is an entry of a journal with what it claims.
type appended struct{ vault.Append }

func (a appended) String() string {
	return fmt.Sprintf("entry %d of journal %s", a.Entry.Seq, a.Entry.Journal)
}

func (a appended) held(w *witness) error {
	all, known := w.journals[a.Entry.Journal]
	if !known {
		var err error
		if all, err = w.Appends(ctx, a.Entry.Journal, 0); err != nil {
			return err
		}
		w.journals[a.Entry.Journal] = all
	}
	if a.Entry.Seq >= uint64(len(all)) {
		return vault.ErrNotFound
	}
	if !bytes.Equal(vault.AppendObject(all[a.Entry.Seq]), vault.AppendObject(a.Append)) {
		return errOther
	}
	for _, id := range a.Claims {
		if _, info, err := w.Deposit(ctx, id); err != nil || info.ClaimedBy != a.Entry.Journal {
			return errors.Join(errors.New("a deposit that it claimed is not its own"), err)
		}
	}
	return nil
}
