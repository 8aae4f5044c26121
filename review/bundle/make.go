package bundle

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// Bundle is a bundle whose content is settled. It holds texts in memory, and
// opens attachments anew when it is written.
type Bundle struct {
	base   string
	record Record
	items  []item // sorted by path
	made   time.Time
	bytes  int64
}

// item is one file under data/.
type item struct {
	path string
	size int64
	sum  vault.ID
	text []byte                                // or:
	open func(context.Context) ([]byte, error) // gives it again
}

// Make settles what a bundle of c holds. redacted with without leaves those
// parts out; without redacted, everything goes. Attachments are opened one
// after the other to know their hashes. ErrPart, ErrTooLarge, and what opening
// gives.
func Make(ctx context.Context, c Case, redacted bool, without []string) (*Bundle, error) {
	b := &Bundle{made: c.Made.UTC().Truncate(time.Second)}
	l := leave{redacted: redacted, have: map[string]bool{}, out: map[string]bool{}}
	for _, p := range PartsOf(c) {
		if l.have[p.ID] || !partForm.MatchString(p.ID) {
			return nil, fmt.Errorf("making bundle: %w", ErrPart)
		}
		l.have[p.ID] = true
	}
	for _, id := range without {
		if !redacted || !l.have[id] {
			return nil, fmt.Errorf("making bundle: %w", ErrPart)
		}
		l.out[id] = true
	}
	b.record = Record{
		V: 1, Variant: Full, Organisation: line(c.Organisation, 1000), Case: c.Ref, Journal: c.Journal, Practice: c.Practice,
		Maker: c.Maker, MakerName: line(c.MakerName, 1000), Made: b.made, For: line(c.For, 4000), Why: line(c.Why, 4000),
		LeftOut: []Left{}, Rosters: []RosterFile{}, Entries: []EntryFile{}, Files: []FileRecord{},
	}
	if redacted {
		b.record.Variant = Redacted
	}
	for _, p := range PartsOf(c) {
		if l.out[p.ID] {
			b.record.LeftOut = append(b.record.LeftOut, Left{p.ID, line(p.Title, 200)})
		}
	}
	b.base = strings.Join(slices.DeleteFunc([]string{practiceMark(c.Practice), "evidence", c.Ref, b.record.Variant}, func(s string) bool { return s == "" }), "-")
	if err := b.fill(ctx, c, l); err != nil {
		return nil, fmt.Errorf("making bundle: %w", err)
	}
	return b, b.record.check()
}

func practiceMark(practice bool) string {
	if practice {
		return "practice"
	}
	return ""
}

// leave says what is left out.
type leave struct {
	redacted  bool
	have, out map[string]bool
}

// all reports whether everything that is needed is there. In a bundle of
// everything it is, also what no part stands for.
func (l leave) all(needs []string) bool {
	return !l.redacted || !slices.ContainsFunc(needs, func(id string) bool { return !l.have[id] || l.out[id] })
}

// fill adds every file, the record and the page last.
func (b *Bundle) fill(ctx context.Context, c Case, l leave) error {
	for _, r := range c.Rosters {
		name := fmt.Sprintf("data/rosters/roster-%d.txt", r.Version)
		b.text(name, r.Note)
		b.record.Rosters = append(b.record.Rosters, RosterFile{r.Version, name})
	}
	for _, e := range c.Entries {
		b.entry(e, l)
	}
	for _, f := range c.Files {
		if l.out[f.Part] || f.Missing != "" {
			continue
		}
		if err := b.file(ctx, f); err != nil {
			return err
		}
	}
	page := pageOf(c, b.record, l)
	b.text(nameWords, page.words())
	b.text(nameJournal, page.journal())
	b.text(nameCustody, page.custody())
	parts, err := page.parts()
	if err != nil {
		return err
	}
	b.text(nameParts, parts)
	record, err := encode(b.record)
	if err != nil {
		return err
	}
	b.text(nameRecord, record)
	html, err := page.html()
	if err != nil {
		return err
	}
	b.text(namePage, html)
	slices.SortFunc(b.items, func(a, b item) int { return strings.Compare(a.path, b.path) })
	if len(b.items) > maxFiles || b.bytes > maxTotal || len(record) > maxRecord {
		return ErrTooLarge
	}
	return nil
}

func (b *Bundle) text(name string, text []byte) {
	b.add(item{path: name, size: int64(len(text)), sum: vault.Sum(text), text: text})
}

func (b *Bundle) add(i item) {
	b.items = append(b.items, i)
	b.bytes += i.size
}

// entry lists one place of the journal, with its signed text where that may go.
func (b *Bundle) entry(e Entry, l leave) {
	x := EntryFile{Seq: e.Seq, ID: e.ID}
	if e.Accepted {
		x.Author, x.Name, x.Kind, x.Time = e.Author, line(e.Name, 1000), e.Kind, e.Time.UTC().Format(time.RFC3339)
	}
	switch {
	case !e.Accepted:
		x.Absent = "the workstation could not open it or did not accept it"
	case e.Never != "":
		x.Absent = e.Never
	case !l.all(e.Needs):
		x.Absent = "it holds something that was left out"
	case e.Shown == (seal.Shown{}):
		x.Absent = "its author signed it together with keys that must not leave"
	default:
		x.Path, x.Signature, x.Masked = fmt.Sprintf("data/journal/%04d.json", e.Seq), e.Shown.Sig, e.Shown.Masked
		b.text(x.Path, []byte(e.Shown.Text))
	}
	b.record.Entries = append(b.record.Entries, x)
}

func (b *Bundle) file(ctx context.Context, f File) error {
	content, err := f.Open(ctx)
	if err != nil {
		return err
	}
	sum := vault.Sum(content)
	name := path.Join("data/files", fmt.Sprintf("file-%02d%s", f.N, f.Ext))
	b.add(item{path: name, size: int64(len(content)), sum: sum, open: f.Open})
	b.record.Files = append(b.record.Files, FileRecord{
		N: f.N, Path: name, Type: line(f.Type, 100), Size: int64(len(content)), SHA256: sum.String(), Announced: f.Announced, Cleaned: f.Cleaned,
	})
	return nil
}

// Manifest is the hash that names the bundle: of manifest-sha256.txt, which
// names every file under data/ by its hash.
func (b *Bundle) Manifest() vault.ID { return vault.Sum(b.manifest()) }

// LeftOut are the ids of what was left out.
func (b *Bundle) LeftOut() []string {
	out := []string{}
	for _, l := range b.record.LeftOut {
		out = append(out, l.ID)
	}
	return out
}

// Name is a file name for the bundle, of our making.
func (b *Bundle) Name() string { return b.base + ".zip" }

// Files is how many files are under data/, Bytes how long they are together.
func (b *Bundle) Files() int   { return len(b.items) }
func (b *Bundle) Bytes() int64 { return b.bytes }

// Rechecked is how many of the journal's entries have their signed text along,
// and how many there are.
func (b *Bundle) Rechecked() (signed, all int) {
	for _, e := range b.record.Entries {
		if e.Path != "" {
			signed++
		}
	}
	return signed, len(b.record.Entries)
}

// HasClaim reports whether the entry that holds the report goes along as it was signed.
func (b *Bundle) HasClaim() bool {
	return len(b.record.Entries) > 0 && b.record.Entries[0].Path != ""
}
