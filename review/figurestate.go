package review

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"peerwitness/review/figures"
	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// figureState is what the entries of the figures journal add up to. It follows
// from the entries in their order and from nothing else, so that every keeper
// has the same.
type figureState struct {
	records    []figures.Record      // every version that counts, in the journal's order
	versions   map[figures.Key][]int // places of a record's versions, by their number
	programmes []proposed
	noise      figures.Key // for the next batch
	ledger     []figures.Entry
	closed     []closedPeriod // of the same length
	batches    []figures.Batch
	signatures []releaseSignature
	problems   []Problem
	more       bool // problems that are not kept
}

// proposed is a programme with the signatures that were entered for it, and the
// day on which each was.
type proposed struct {
	figures.SignedProgramme
	entered []enteredOn
}

type enteredOn struct {
	by  string
	day figures.Day
}

// closedPeriod is one line of the ledger with what it was computed from, which
// is all before it in the journal.
type closedPeriod struct {
	by        string
	programme figures.Programme
	records   []figures.Record // those that it was made from
	batch     figures.Batch
	noise     figures.Key
	output    figures.Output
}

// releaseSignature is one keeper's on the release of a period, as the release
// stood then.
type releaseSignature struct {
	Period  string            `json:"period"`
	Release string            `json:"release"` // hex H of the body without signatures
	Sig     figures.Signature `json:"sig"`
}

// keyData is the body of the entries that begin an epoch.
type keyData struct {
	V     int    `json:"v"`
	Noise string `json:"noise"` // 64 hex digits
}

// errRecord: a count record does not follow the ones before it.
var errRecord = errors.New("its count record does not follow the ones before it")

func newFigureState() figureState { return figureState{versions: map[figures.Key][]int{}} }

// apply takes one accepted entry in. An error means that it has no effect.
func (j *figureJournal) apply(ix *index, a placed, body seal.EntryBody) error {
	switch body.Kind {
	case "figures", "key":
		return j.applyKey(a, body)
	case "count":
		return j.applyCount(body.Data)
	case "programme":
		return j.applyProgramme(ix, a, body)
	case "ledger":
		return j.applyLedger(ix, a, body)
	case "signature":
		var s releaseSignature
		if err := canonical(body.Data, &s); err != nil || !isHex(s.Release, 32) || s.Sig.By != body.Author {
			return errBody
		}
		j.signatures = append(j.signatures, s)
		return nil
	}
	return fmt.Errorf("it is of a kind (%s) that this version does not know", body.Kind)
}

// canonical reads the data of an entry that is written in one way only.
func canonical(data []byte, v any) error {
	if err := strict(data, seal.MaxEntry, v); err != nil {
		return errBody
	}
	if again, err := encode(v); err != nil || !bytes.Equal(again, data) {
		return errBody
	}
	return nil
}

// applyKey begins an epoch: the noise key comes with a new key of the journal.
func (j *figureJournal) applyKey(a placed, body seal.EntryBody) error {
	var d keyData
	if err := canonical(body.Data, &d); err != nil || d.V != 1 || (a.Entry.Seq == 0) != (body.Kind == "figures") {
		return errBody
	}
	noise, err := figures.ParseKey(d.Noise)
	if err != nil {
		return errBody
	}
	if j.granted[a.Entry.Epoch][body.Author] != a.Entry.Seq {
		return errors.New("the key of its epoch was there before it")
	}
	j.noise = noise
	return nil
}

// applyCount takes one version of a record. Of two that say they are the same
// version the earlier one counts.
func (j *figureJournal) applyCount(data []byte) error {
	r, err := figures.ParseRecord(data)
	if err != nil {
		return errBody
	}
	places := j.versions[r.Key]
	if r.N < len(places) {
		if was, err := j.records[places[r.N]].JSON(); err == nil && bytes.Equal(was, data) {
			return nil // sent twice, because the answer to the first was lost
		}
		return errRecord
	}
	if r.N > len(places) {
		return errRecord
	}
	if r.N > 0 {
		old := &j.records[places[r.N-1]]
		if r.Frozen != old.Frozen || r.Practice != old.Practice || r.Day < old.Day {
			return errRecord
		}
	}
	j.versions[r.Key] = append(places, len(j.records))
	j.records = append(j.records, r)
	return nil
}

// applyProgramme takes its author's signature on a programme, and the programme
// with it. Signatures of others that it carries are theirs to write.
func (j *figureJournal) applyProgramme(ix *index, a placed, body seal.EntryBody) error {
	var s figures.SignedProgramme
	if err := canonical(body.Data, &s); err != nil {
		return errBody
	}
	if _, err := figures.ParseProgramme([]byte(s.Body)); err != nil {
		return errBody
	}
	author, err := ix.writer(body.Author, a)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(j.programmes, func(p proposed) bool { return p.Body == s.Body })
	known := proposed{SignedProgramme: figures.SignedProgramme{Body: s.Body}}
	if at >= 0 {
		known = j.programmes[at]
	}
	mine := slices.IndexFunc(s.Sigs, func(sig figures.Signature) bool { return sig.By == body.Author })
	if mine < 0 {
		return errors.New("its author has not signed the programme in it")
	}
	if known.SignedProgramme, err = known.With(s.Sigs[mine], author.Key()); err != nil {
		return errors.New("its author's signature on the programme fails")
	}
	// The earlier of two by one person stands. The list is made anew: an older state may hold it.
	if !slices.ContainsFunc(known.entered, func(e enteredOn) bool { return e.by == body.Author }) {
		known.entered = append(slices.Clone(known.entered), enteredOn{body.Author, arrived(a, body)})
	}
	if at < 0 {
		j.programmes = append(j.programmes, known)
	} else {
		j.programmes[at] = known
	}
	return nil
}

// arrived is the day of an entry: the later of what its author's computer gave
// and the day on which the server took it. One of the two may lie.
func arrived(a placed, body seal.EntryBody) figures.Day {
	return max(figures.DayOf(body.Time), figures.Day(a.day.String()))
}

func (d keyData) bytes() ([]byte, error) { return encode(d) }

func newKeyData() keyData {
	k := figures.NewKey()
	return keyData{V: 1, Noise: hex.EncodeToString(k[:])}
}

// bodyHash names the exact bytes of a release, whoever signed them.
func bodyHash(unsigned []byte) string { return vault.Sum(unsigned).String() }
