package bundle

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// Checked is what a check found. It held when there are no faults; only then is
// the rest to be relied on, and Record is nil when it can't be read.
type Checked struct {
	Faults   []Fault
	Files    int      // under data/
	Manifest vault.ID // the hash that names the bundle
	Record   *Record
	// Roots is the fingerprint of the root keys of the newest list of people.
	Roots   string
	Newest  *roster.Roster
	Signed  int         // entries that their authors' signatures were checked on
	Absent  []EntryFile // those whose signed text is not in the bundle
	Said    int         // messages whose signature by the person's own key held
	Unsaid  int         // messages that can't be checked so, since keys were taken out of them
	Forged  []EntryFile // entries with messages that are not by the person's own key, as the desk was shown
	Traced  int         // files whose hash stands in something that an advocate signed
	Authors []string    // display names and ids of those who signed entries
}

// OK reports whether everything held.
func (c *Checked) OK() bool { return len(c.Faults) == 0 }

// Verify checks the bundle at path, a folder or a zip file: that each file is
// there and as its manifest says, none besides; that the export's record names
// this content, and each entry's signed text is its author's and stands where it
// says. root is the fingerprint that the organisation's root keys must have, or
// empty. It returns an error only when there is no bundle to speak of
// (ErrNoBundle) or ctx ended; all else are faults.
func Verify(ctx context.Context, path, root string) (*Checked, error) {
	s, err := openSource(path)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return verify(ctx, s, root)
}

func verify(ctx context.Context, s *source, root string) (*Checked, error) {
	if s.files[nameBagit] == nil && s.files[nameManifest] == nil {
		return nil, fmt.Errorf("%w: there is no %s in it", ErrNoBundle, nameBagit)
	}
	v := &verifier{s: s, c: &Checked{}, root: root, sums: map[string]vault.ID{}}
	v.bag(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// Signatures by bytes that changed would only say again that they changed.
	if len(s.faults) == 0 {
		v.signatures(ctx)
	} else if b, err := s.read(ctx, nameRecord, maxRecord); err == nil {
		_ = v.record(b)
	}
	v.c.Faults = s.faults
	return v.c, ctx.Err()
}

// tagNames are the files beside data/ that the tag manifest lists.
var tagNames = []string{nameBagit, nameInfo, nameManifest, nameStart, nameExport}

type verifier struct {
	s       *source
	c       *Checked
	root    string
	sums    map[string]vault.ID // of data/, by path
	rosters map[uint64]*roster.Roster
	desk    string            // of the signed claim
	thread  ed25519.PublicKey // of its report
	files   []announced       // by signed entries
}

// bag makes the checks of RFC 8493, and that nothing is there besides.
func (v *verifier) bag(ctx context.Context) {
	s := v.s
	if b, err := s.read(ctx, nameBagit, maxSmall); err != nil || string(b) != declaration {
		s.fault(nameBagit, "was changed, or is missing")
	}
	tags := v.manifest(ctx, nameTags, false)
	payload := v.manifest(ctx, nameManifest, true)
	known := map[string]bool{nameTags: true}
	for _, must := range tagNames {
		known[must] = true
		if tags != nil && !slices.ContainsFunc(tags, func(l listed) bool { return l.path == must }) {
			s.fault(must, "does not stand in %s", nameTags)
		}
	}
	for _, l := range append(tags, payload...) {
		known[l.path] = true
		if s.files[l.path] == nil {
			s.fault(l.path, "is missing")
			continue
		}
		sum, err := s.sum(ctx, l.path)
		switch {
		case err != nil:
			s.fault(l.path, "can't be read whole")
		case sum != l.sum:
			s.fault(l.path, "was changed")
		}
	}
	for _, l := range payload {
		v.sums[l.path] = l.sum
	}
	v.c.Files = len(payload)
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		switch {
		case known[name]:
		case strings.HasPrefix(name, "data/") && payload == nil:
			// Without the manifest nobody can tell.
		default:
			s.fault(name, "was added: no manifest names it")
		}
	}
}

// manifest reads one, and is nil when it can't be relied on.
func (v *verifier) manifest(ctx context.Context, name string, payload bool) []listed {
	b, err := v.s.read(ctx, name, maxManifest)
	if err != nil {
		v.s.fault(name, "is missing or can't be read")
		return nil
	}
	list, err := parseManifest(b, payload)
	if err != nil {
		v.s.fault(name, "was changed: it is not of the form that a bundle's manifest has")
		return nil
	}
	if payload {
		v.c.Manifest = vault.Sum(b)
	}
	return list
}

func (v *verifier) record(b []byte) error {
	var r Record
	if err := decode(b, &r); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	v.c.Record = &r
	return nil
}

// signatures checks who stands behind the bundle and the entries in it.
func (v *verifier) signatures(ctx context.Context) {
	b, err := v.s.read(ctx, nameRecord, maxRecord)
	if err == nil {
		err = v.record(b)
	}
	if err != nil {
		v.s.fault(nameRecord, "is not of the form that a bundle's record has")
		return
	}
	v.tagFiles(ctx)
	if !v.lists(ctx) {
		return
	}
	v.export(ctx)
	v.entries(ctx)
	v.attachments()
}

// tagFiles checks those whose content follows from what is under data/.
func (v *verifier) tagFiles(ctx context.Context) {
	var bytes int64
	for path := range v.sums {
		bytes += v.s.sizes[path]
	}
	for name, want := range map[string][]byte{nameInfo: bagInfo(*v.c.Record, len(v.sums), bytes), nameStart: []byte(start)} {
		if b, err := v.s.read(ctx, name, maxSmall); err != nil || string(b) != string(want) {
			v.s.fault(name, "is not what the rest of the bundle gives")
		}
	}
}

// lists reads the lists of people, each as it follows from the one before.
func (v *verifier) lists(ctx context.Context) bool {
	v.rosters = map[uint64]*roster.Roster{}
	var held *roster.Roster
	met := v.root == ""
	for _, x := range v.c.Record.Rosters {
		if _, listed := v.sums[x.Path]; !listed {
			v.s.fault(x.Path, "is missing")
			return false
		}
		note, err := v.s.read(ctx, x.Path, vault.MaxNote)
		var r *roster.Roster
		if err == nil {
			r, err = roster.Parse(note)
		}
		if err == nil {
			var issued time.Time
			if issued, err = time.Parse(time.DateOnly, r.Issued); err == nil {
				held, err = roster.Adopt(held, note, "", issued)
			}
		}
		if err != nil || held.Version != x.Version {
			v.s.fault(x.Path, "is not a list of people that its root keys signed, or does not follow from the one before")
			return false
		}
		v.rosters[held.Version] = held
		met = met || held.Fingerprint() == v.root
	}
	if held == nil {
		v.s.fault(nameRecord, "names no list of people to check signatures by")
		return false
	}
	v.c.Newest, v.c.Roots = held, held.Fingerprint()
	if !met {
		v.s.fault("", "The list of people in it is not that of the root keys whose fingerprint was given. Nothing was checked by it.")
		return false
	}
	return true
}

// exportData is what of an export entry's data is compared.
type exportData struct {
	V        int      `json:"v"`
	Variant  string   `json:"variant"`
	Manifest string   `json:"manifest"`
	LeftOut  []string `json:"left_out"`
	For      string   `json:"for"`
	Why      string   `json:"why"`
}

// export checks the entry by which the case remembers the bundle: the maker's
// signature over all of its content.
func (v *verifier) export(ctx context.Context) {
	fault := func(text string) { v.s.fault(nameExport, "%s", text) }
	b, err := v.s.read(ctx, nameExport, maxSmall)
	var x exportFile
	if err == nil {
		err = decode(b, &x)
	}
	if err != nil {
		fault("is not of the form that an export's record has")
		return
	}
	body, err := seal.CheckShown(seal.Shown{Text: x.Body, Sig: x.Sig}, v.signer)
	if err != nil {
		fault("is not signed by the person whom it names")
		return
	}
	var d exportData
	r := v.c.Record
	last := vault.ID{}.String()
	if n := len(r.Entries); n > 0 {
		last = r.Entries[n-1].ID
	}
	left := make([]string, len(r.LeftOut))
	for i, l := range r.LeftOut {
		left[i] = l.ID
	}
	switch {
	case body.Kind != "export", json.Unmarshal(body.Data, &d) != nil, d.V != 1:
		fault("is another kind of entry")
	case d.Manifest != v.c.Manifest.String():
		fault("is signed for another bundle than this one")
	case body.Journal != r.Journal, body.Seq != uint64(len(r.Entries)), body.Prev != last:
		fault("does not follow the last entry of the journal in this bundle")
	case body.Author != r.Maker, d.Variant != r.Variant, !slices.Equal(d.LeftOut, left), line(d.For, 4000) != r.For, line(d.Why, 4000) != r.Why:
		fault("says something else of this bundle than " + nameRecord)
	case !v.mayWrite(body):
		fault("is by somebody who does not work on cases")
	case line(v.name(body), 1000) != r.MakerName, line(v.c.Newest.Organisation, 1000) != r.Organisation:
		v.s.fault(nameRecord, "names another maker or organisation than the list of people does")
	}
}

func (v *verifier) name(b seal.EntryBody) string {
	p, _ := v.rosters[b.Roster].Person(b.Author)
	return p.Name
}

func (v *verifier) mayWrite(b seal.EntryBody) bool {
	p, ok := v.rosters[b.Roster].Person(b.Author)
	return ok && (p.Has(roster.Advocate) || p.Has(roster.Lead))
}

// entries checks each signed text by its author's key, and each against the one before.
func (v *verifier) entries(ctx context.Context) {
	r := v.c.Record
	prev, version := vault.ID{}.String(), uint64(0)
	for _, e := range r.Entries {
		if e.Path == "" {
			v.c.Absent = append(v.c.Absent, e)
		} else if body, ok := v.entry(ctx, e); ok {
			switch {
			case body.Journal != r.Journal, body.Seq != e.Seq, body.Prev != prev:
				v.s.fault(e.Path, "belongs to another place of the journal, or to another journal")
			case body.Author != e.Author, body.Kind != e.Kind, body.Time.UTC().Format(time.RFC3339) != e.Time:
				v.s.fault(e.Path, "was signed with another author, time or kind than the bundle shows")
			case body.Roster < version:
				v.s.fault(e.Path, "was signed under an older list of people than an entry before it")
			case !v.mayWrite(body):
				v.s.fault(e.Path, "is by somebody who does not work on cases")
			default:
				v.signed(body, e)
			}
			version = max(version, body.Roster)
		}
		prev = e.ID
	}
}

func (v *verifier) entry(ctx context.Context, e EntryFile) (seal.EntryBody, bool) {
	if _, listed := v.sums[e.Path]; !listed {
		v.s.fault(e.Path, "is missing")
		return seal.EntryBody{}, false
	}
	b, err := v.s.read(ctx, e.Path, maxEntry)
	if err != nil {
		v.s.fault(e.Path, "can't be read")
		return seal.EntryBody{}, false
	}
	body, err := seal.CheckShown(seal.Shown{Text: string(b), Sig: e.Signature, Masked: e.Masked}, v.signer)
	switch {
	case errors.Is(err, seal.ErrAuthor):
		v.s.fault(e.Path, "is by somebody who is not on the list of people that it names")
	case err != nil:
		v.s.fault(e.Path, "is not signed by the person whom it names")
	}
	return body, err == nil
}
