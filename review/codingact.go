package review

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"

	"peerwitness/vault"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

// RecodedError tells that a colleague coded the case after the author of a new
// coding last looked. Entry is her coding's.
type RecodedError struct {
	By    string // person id
	Entry vault.ID
}

func (e *RecodedError) Error() string { return "a colleague has coded this case meanwhile" }

// Is makes it a refusal that people can act on.
func (e *RecodedError) Is(target error) bool { return target == ErrNotLegal }

// SetCoding writes a coding into a case. It fills in the version, the
// codebook's hash, and the record key: that of the case's first coding, or a
// new one. seen is the coding entry that the author looked at, zero when there was none;
// where the newest is another by then, nothing is written and the error is a
// *RecodedError. With a nil seen the later coding counts, whatever came between;
// the earlier one stays in the history. ErrNotLegal when the coding is faulty.
func (w *Workstation) SetCoding(ctx context.Context, id vault.ID, k Coding, book *codebook.Codebook, seen *vault.ID) error {
	k.V, k.Codebook, k.RecordKey = 1, book.Hash.String(), ""
	if faults := k.Faults(book); len(faults) > 0 {
		return notLegal(fmt.Sprintf("the coding has a fault: %s (%s)", faults[0].Text, faults[0].Field))
	}
	w.UseCodebook(book)
	return w.act(ctx, id, "coding", newCoding{k.whole(), seen}, func(c *Case, _ bool) error {
		if seen != nil && c.CodedIn != *seen {
			e := &RecodedError{Entry: c.CodedIn}
			for _, x := range c.Entries {
				if x.ID == c.CodedIn {
					e.By = x.Author
				}
			}
			return e
		}
		if k.Region != "" && !inRoster(w.View().Roster, k.Region, k.Part) {
			return notLegal("that region is no longer on the organisation's list; choose another")
		}
		return c.checkCoding(&k)
	})
}

func inRoster(r *roster.Roster, region, part string) bool {
	if r == nil {
		return false
	}
	g, ok := r.Region(region)
	return ok && (part == "" || slices.ContainsFunc(g.Parts, func(p roster.Part) bool { return p.ID == part }))
}

// newCoding is a coding on its way into a case: the record key comes from the
// case that it ends up following.
type newCoding struct {
	Coding
	seen *vault.ID
}

func (n newCoding) waits() any { return waitingCoding{n.Coding, n.seen} }

func (n newCoding) onCase(c *Case) any {
	if c.recordKey != "" {
		n.RecordKey = c.recordKey
	} else {
		var key [32]byte
		rand.Read(key[:])
		n.RecordKey = hex.EncodeToString(key[:])
	}
	return n.Coding
}

// checkCoding makes the checks on a coding that need its case. They are made
// before it is written, and again by every reader.
func (c *Case) checkCoding(k *Coding) error {
	if c.recordKey != "" && k.RecordKey != "" && k.RecordKey != c.recordKey {
		return notLegal("it changes the key by which figures know the case")
	}
	if may, why := c.MayComplain(); !may && k.filed() > c.Coding.filed() {
		return notLegal("a complaint can't be filed: " + why)
	}
	return nil
}

// filed is how many complaints the desk filed. How those that were filed in
// time went can be said whatever the person took back since; another can't be
// added to them.
func (k *Coding) filed() int {
	n := 0
	if k == nil {
		return n
	}
	for _, s := range k.Services {
		if s.Code == "complaint-filed" && s.Outcome != "declined" {
			n++
		}
	}
	return n
}

// code applies a coding entry. The codes are checked where the codebook that
// it names is known here.
func (f *folding) code(c *Case, e read) error {
	k := e.Coding
	if book := f.w.book(k.Codebook); book != nil {
		if faults := k.Faults(book); len(faults) > 0 {
			return fmt.Errorf("its coding does not fit its codebook, in %s", faults[0].Field)
		}
	}
	if err := c.checkCoding(k); err != nil {
		return err
	}
	c.before(e.Entry, "coding", false)
	c.Coding, c.CodedIn, c.recordKey = k, e.ID, k.RecordKey
	if k.Verification != "" {
		c.Verification, c.verifiedIn = k.Verification, e.ID
	}
	c.setAge()
	return nil
}

var ownBook = sync.OnceValue(func() *codebook.Codebook {
	b, err := codebook.Parse(codebook.Default())
	if err != nil {
		panic(err) // the embedded codebook is part of the program and has a test
	}
	return b
})

// book finds the codebook with a hash, among those that are known here.
func (w *Workstation) book(hash string) *codebook.Codebook {
	if own := ownBook(); hash == own.Hash.String() {
		return own
	}
	if b, ok := w.books.Load(hash); ok {
		return b.(*codebook.Codebook)
	}
	return nil
}

// UseCodebook makes a codebook known, besides the program's own. Codings by it
// are checked from the next fold on, and can be counted.
func (w *Workstation) UseCodebook(b *codebook.Codebook) {
	if _, known := w.books.LoadOrStore(b.Hash.String(), b); !known {
		w.rebook.Store(true)
	}
}
