package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"time"
	"unicode/utf8"

	"peerwitness/vault"
)

// Record is data/bundle.json: what a bundle says of itself to a machine.
type Record struct {
	V            int          `json:"v"`
	Variant      string       `json:"variant"`
	Organisation string       `json:"organisation"`
	Case         string       `json:"case"`
	Journal      string       `json:"journal"`
	Practice     bool         `json:"practice"`
	Maker        string       `json:"maker"`
	MakerName    string       `json:"maker_name"`
	Made         time.Time    `json:"made"`
	For          string       `json:"for"`
	Why          string       `json:"why"`
	LeftOut      []Left       `json:"left_out"`
	Rosters      []RosterFile `json:"rosters"`
	Entries      []EntryFile  `json:"entries"`
	Files        []FileRecord `json:"files"`
}

// Left is a part that was left out.
type Left struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// RosterFile is a version of the list of people.
type RosterFile struct {
	Version uint64 `json:"version"`
	Path    string `json:"path"`
}

// EntryFile is one place of the journal. Without Path its signed text is not in
// the bundle, and Absent says why.
type EntryFile struct {
	Seq       uint64 `json:"seq"`
	ID        string `json:"id"`
	Author    string `json:"author"`
	Name      string `json:"name"`
	Time      string `json:"time"` // RFC 3339, as the author's computer had it
	Kind      string `json:"kind"`
	Path      string `json:"path"`
	Signature string `json:"signature"`
	Masked    bool   `json:"masked"`
	Absent    string `json:"absent"`
}

// FileRecord is an attachment that is in the bundle.
type FileRecord struct {
	N         int    `json:"n"`
	Path      string `json:"path"`
	Type      string `json:"type"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	Announced string `json:"announced"`
	Cleaned   bool   `json:"cleaned"`
}

// exportFile is export.json: the entry that records the bundle, as its author
// signed it.
type exportFile struct {
	Body string `json:"body"`
	Sig  string `json:"sig"`
}

// encode is JSON to be read by people as well. Characters that can't be seen, or
// would steer a terminal, are escaped: a reader of JSON gets them as they were.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("writing bundle: %w", err)
	}
	if !bytes.ContainsFunc(b.Bytes(), hidden) {
		return b.Bytes(), nil
	}
	var s bytes.Buffer
	for _, r := range b.String() {
		switch {
		case !hidden(r):
			s.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&s, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			fmt.Fprintf(&s, `\u%04x`, r)
		}
	}
	return s.Bytes(), nil
}

// decode reads JSON into v when it is exactly what encode would write of it:
// no key twice, none that is not known, and one reading of it only.
func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if !utf8.Valid(b) || d.Decode(v) != nil {
		return ErrNoBundle
	}
	if _, err := d.Token(); err != io.EOF {
		return ErrNoBundle
	}
	if again, err := encode(v); err != nil || !bytes.Equal(again, b) {
		return ErrNoBundle
	}
	return nil
}

var (
	partForm   = regexp.MustCompile(`^[a-z][a-z0-9-]{0,40}$`)
	personForm = regexp.MustCompile(`^p-[0-9a-f]{16}$`)
	refForm    = regexp.MustCompile(`^[0-9a-f]{8}$`)
)

// check makes the checks on a record that need nothing else.
func (r *Record) check() error {
	bad := func(what string) error { return fmt.Errorf("%w: %s", ErrNoBundle, what) }
	j, err := vault.ParseID(r.Journal)
	switch {
	case r.V != 1:
		return bad("not version 1")
	case r.Variant != Full && r.Variant != Redacted, r.Variant == Full && len(r.LeftOut) > 0:
		return bad("variant")
	case err != nil, !refForm.MatchString(r.Case), j.String()[:8] != r.Case:
		return bad("case")
	case !personForm.MatchString(r.Maker):
		return bad("maker")
	}
	for _, l := range r.LeftOut {
		if !partForm.MatchString(l.ID) {
			return bad("a part that was left out")
		}
	}
	for i, x := range r.Rosters {
		if i > 0 && x.Version <= r.Rosters[i-1].Version {
			return bad("order of the lists of people")
		}
	}
	for i, e := range r.Entries {
		if _, err := vault.ParseID(e.ID); err != nil || e.Seq != uint64(i) || (e.Path == "") == (e.Absent == "") {
			return bad("an entry")
		}
	}
	return nil
}
