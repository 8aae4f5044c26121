package figures

import (
	"errors"
	"fmt"

	"peerwitness/vault"
)

const (
	tagLedger = "peerwitness/ledger/v1"
	tagKey    = "peerwitness/noise-key/v1"
	maxEntry  = 16 << 10
)

// Sentinels of the ledger.
var (
	// ErrForked: the entries are not one chain.
	ErrForked = errors.New("ledger is not one chain")
	// ErrCounted: the period has an entry already, and not this one.
	ErrCounted = errors.New("the period was counted before, and differently")
)

// Entry is one line of the ledger: what was computed once and for all. It is
// kept in the figures journal; only the hash of the last one is public.
type Entry struct {
	V         int    `json:"v"`
	Seq       int    `json:"seq"`
	Programme string `json:"programme"` // hex hash
	Version   int    `json:"version"`
	Period    string `json:"period"`
	Batch     string `json:"batch"`  // hex hash of the batch's bytes
	Digest    string `json:"digest"` // hex D
	Noise     string `json:"noise"`  // hex H(lp("peerwitness/noise-key/v1") lp(key))
	Cost      int    `json:"cost"`   // ρ in parts of 1/32
	Output    string `json:"output"` // hex hash of the output's bytes
	Former    string `json:"former"` // hex hash of the entry before, empty for the first
}

// Hash names the entry and, through Former, all before it.
func (e Entry) Hash() vault.ID {
	b, err := encode(e)
	if err != nil {
		return vault.ID{}
	}
	return vault.Sum(vault.LP(tagLedger, b))
}

// JSON returns the canonical bytes.
func (e Entry) JSON() ([]byte, error) { return encode(e) }

// ParseEntry reads canonical bytes. ErrShape.
func ParseEntry(b []byte) (Entry, error) {
	var e Entry
	if err := decode(b, maxEntry, &e); err != nil {
		return Entry{}, fmt.Errorf("reading ledger entry: %w", err)
	}
	for _, s := range []string{e.Programme, e.Batch, e.Digest, e.Noise, e.Output} {
		if !isHex(s, 32) {
			return Entry{}, fmt.Errorf("reading ledger entry: %w: a hash", ErrShape)
		}
	}
	if e.V != 1 || e.Seq < 0 || e.Version < 1 || e.Cost < 1 || e.Cost > LifeBudget || (e.Seq == 0) != (e.Former == "") || e.Seq > 0 && !isHex(e.Former, 32) {
		return Entry{}, fmt.Errorf("reading ledger entry: %w", ErrShape)
	}
	return e, nil
}

// Head checks that the entries are one chain from the first and returns the hash
// of the last; zero when there are none. ErrForked.
func Head(ledger []Entry) (vault.ID, error) {
	head := vault.ID{}
	former := ""
	for i, e := range ledger {
		if e.V != 1 || e.Seq != i || e.Former != former {
			return vault.ID{}, fmt.Errorf("reading ledger: %w: at entry %d", ErrForked, i)
		}
		head = e.Hash()
		former = head.String()
	}
	return head, nil
}

// Extend returns the entry that a computed batch adds to the ledger. Where the
// period has that very entry, it is returned and added is false: counting again
// changes nothing. ErrForked, ErrCounted.
func Extend(ledger []Entry, b Batch, noise Key, out Output) (e Entry, added bool, err error) {
	head, err := Head(ledger)
	if err != nil {
		return Entry{}, false, err
	}
	e = Entry{V: 1, Seq: len(ledger), Programme: b.Programme, Version: b.Version, Period: b.Period, Batch: b.hash().String(),
		Digest: out.Digest.String(), Noise: commit(noise), Cost: b.Cost, Output: out.Hash().String()}
	if len(ledger) > 0 {
		e.Former = head.String()
	}
	for _, old := range ledger {
		if old.Period != b.Period {
			continue
		}
		same := e
		same.Seq, same.Former = old.Seq, old.Former
		if old == same {
			return old, false, nil
		}
		return Entry{}, false, fmt.Errorf("adding to ledger: %w: %s", ErrCounted, b.Period)
	}
	return e, true, nil
}

// commit names a noise key without giving it away.
func commit(noise Key) string {
	return vault.Sum(vault.LP(tagKey, noise[:])).String()
}
