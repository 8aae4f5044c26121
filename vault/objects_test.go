package vault_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerwitness/vault"
)

const (
	ana   = "p-00000000000000aa"
	berta = "p-00000000000000bb"
)

func fill(n int, b byte) []byte { return bytes.Repeat([]byte{b}, n) }

func sampleAppend() vault.Append {
	journal := vault.Sum([]byte("journal"))
	return vault.Append{
		Entry:  vault.Entry{Journal: journal, Epoch: 2, Seq: 1, Prev: vault.Sum([]byte("before")), Sealed: []byte("sealed")},
		Claims: []vault.ID{vault.Sum([]byte("d1")), vault.Sum([]byte("d2"))},
		Grants: []vault.Grant{
			{Journal: journal, Epoch: 1, To: ana, Body: []byte("grant")},
			{Journal: journal, Epoch: 2, To: "recovery", Body: []byte("grant")},
		},
		Replies: []vault.Reply{{Prefix: "0110", Slot: fill(vault.SlotSize, 7)}, {Slot: fill(vault.SlotSize, 8)}},
	}
}

// Each parser, with the encoder that must give back what it accepted.
var parsers = []struct {
	name   string
	object []byte
	again  func([]byte) ([]byte, error)
}{
	{"deposit", vault.DepositObject(vault.Deposit{Desk: "street", Report: []byte("age")}), againDeposit},
	{"by hand", vault.DepositObject(vault.Deposit{Desk: "street", Report: []byte("age"), ByHand: true}), againDeposit},
	{"entry", vault.EntryObject(sampleAppend().Entry), againEntry},
	{"grant", vault.GrantObject(sampleAppend().Grants[0]), againGrant},
	{"reply", vault.ReplyObject(sampleAppend().Replies[0]), againReply},
	{"append", vault.AppendObject(sampleAppend()), againAppend},
	{"roster", vault.RosterObject([]byte("note")), againRoster},
	{"certificate", vault.CertificateObject(vault.Certificate{Person: ana, Epoch: 202611, JSON: []byte("{}")}), againCertificate},
	{"revocation", vault.RevocationObject(vault.Revocation{Person: ana, JSON: []byte("{}")}), againRevocation},
	{"blob", vault.BlobObject(vault.BlobRef{Deposit: vault.Sum(nil), Blob: vault.Sum([]byte("b")), Size: 1}), againBlob},
	{"release", vault.ReleaseObject(vault.Release{Body: []byte("figures")}), againRelease},
}

func again[T any](parse func([]byte) (T, error), encode func(T) []byte) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		v, err := parse(b)
		if err != nil {
			return nil, err
		}
		return encode(v), nil
	}
}

var (
	againDeposit     = again(vault.ParseDeposit, vault.DepositObject)
	againEntry       = again(vault.ParseEntry, vault.EntryObject)
	againGrant       = again(vault.ParseGrant, vault.GrantObject)
	againReply       = again(vault.ParseReply, vault.ReplyObject)
	againAppend      = again(vault.ParseAppend, vault.AppendObject)
	againRoster      = again(vault.ParseRosterObject, vault.RosterObject)
	againCertificate = again(vault.ParseCertificateObject, vault.CertificateObject)
	againRevocation  = again(vault.ParseRevocationObject, vault.RevocationObject)
	againBlob        = again(vault.ParseBlobObject, vault.BlobObject)
	againRelease     = again(vault.ParseRelease, vault.ReleaseObject)
)

func TestObjectsRoundTrip(t *testing.T) {
	for _, p := range parsers {
		t.Run(p.name, func(t *testing.T) {
			got, err := p.again(p.object)
			if err != nil || !bytes.Equal(got, p.object) {
				t.Fatalf("parsed and encoded again: %x, %v", got, err)
			}
			for n := range p.object {
				if _, err := p.again(p.object[:n]); !errors.Is(err, vault.ErrMalformed) {
					t.Fatalf("cut at %d: %v", n, err)
				}
			}
			if _, err := p.again(append(slices.Clone(p.object), 0)); !errors.Is(err, vault.ErrMalformed) {
				t.Errorf("one byte more: %v", err)
			}
			for _, other := range parsers {
				if _, err := other.again(p.object); err == nil && other.name != p.name &&
					p.name != "deposit" && p.name != "by hand" {
					t.Errorf("also taken as %s", other.name)
				}
			}
		})
	}
}

func TestAppendParsesToItself(t *testing.T) {
	a := sampleAppend()
	got, err := vault.ParseAppend(vault.AppendObject(a))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(a, got); d != "" {
		t.Error(d)
	}
}

func TestEffectsBindEveryPart(t *testing.T) {
	base := sampleAppend().Effects()
	for name, change := range map[string]func(*vault.Append){
		"claims":  func(a *vault.Append) { a.Claims = a.Claims[:1] },
		"grants":  func(a *vault.Append) { a.Grants[0].To = berta },
		"replies": func(a *vault.Append) { a.Replies[1].Slot[0]++ },
	} {
		a := sampleAppend()
		change(&a)
		if a.Effects() == base {
			t.Errorf("%s changed and the hash did not", name)
		}
	}
	a := sampleAppend()
	a.Entry.Sealed = []byte("other")
	if a.Effects() != base {
		t.Error("the entry is part of its own effects")
	}
}

func TestParseAppendBounds(t *testing.T) {
	claims := func(n int) []vault.ID {
		ids := make([]vault.ID, n)
		for i := range ids {
			ids[i] = vault.Sum(vault.U32(uint32(i)))
		}
		return ids
	}
	for _, c := range []struct {
		name   string
		change func(*vault.Append)
		want   error
	}{
		{"most claims", func(a *vault.Append) { a.Claims = claims(vault.MaxClaims) }, nil},
		{"one claim too many", func(a *vault.Append) { a.Claims = claims(vault.MaxClaims + 1) }, vault.ErrTooLarge},
		{"most grants", func(a *vault.Append) { a.Grants = slices.Repeat(a.Grants[:1], vault.MaxGrants) }, nil},
		{"one grant too many", func(a *vault.Append) { a.Grants = slices.Repeat(a.Grants[:1], vault.MaxGrants+1) }, vault.ErrTooLarge},
		{"most replies", func(a *vault.Append) { a.Replies = slices.Repeat(a.Replies[:1], vault.MaxReplies) }, nil},
		{"one reply too many", func(a *vault.Append) { a.Replies = slices.Repeat(a.Replies[:1], vault.MaxReplies+1) }, vault.ErrTooLarge},
		{"largest grant", func(a *vault.Append) { a.Grants[0].Body = fill(vault.MaxGrant, 1) }, nil},
		{"grant too large", func(a *vault.Append) { a.Grants[0].Body = fill(vault.MaxGrant+1, 1) }, vault.ErrTooLarge},
		{"too large as a whole", func(a *vault.Append) { a.Entry.Sealed = fill(vault.MaxAppend, 1) }, vault.ErrTooLarge},
		{"doubled claim", func(a *vault.Append) { a.Claims[1] = a.Claims[0] }, vault.ErrMalformed},
		{"zero claim", func(a *vault.Append) { a.Claims[1] = vault.ID{} }, vault.ErrMalformed},
		{"grant for another journal", func(a *vault.Append) { a.Grants[0].Journal[0]++ }, vault.ErrMalformed},
		{"grant for a later epoch", func(a *vault.Append) { a.Grants[0].Epoch = 3 }, vault.ErrMalformed},
		{"grant of epoch zero", func(a *vault.Append) { a.Grants[0].Epoch = 0 }, vault.ErrMalformed},
		{"grant to nobody", func(a *vault.Append) { a.Grants[0].To = "p-1" }, vault.ErrMalformed},
		{"empty grant", func(a *vault.Append) { a.Grants[0].Body = nil }, vault.ErrMalformed},
		{"longest prefix", func(a *vault.Append) { a.Replies[0].Prefix = "0101010101010101" }, nil},
		{"prefix too long", func(a *vault.Append) { a.Replies[0].Prefix = "01010101010101010" }, vault.ErrMalformed},
		{"prefix of other characters", func(a *vault.Append) { a.Replies[0].Prefix = "012" }, vault.ErrMalformed},
		{"other character inside", func(a *vault.Append) { a.Replies[0].Prefix = "0a1" }, vault.ErrMalformed},
		{"short slot", func(a *vault.Append) { a.Replies[0].Slot = fill(vault.SlotSize-1, 1) }, vault.ErrMalformed},
		{"long slot", func(a *vault.Append) { a.Replies[0].Slot = fill(vault.SlotSize+1, 1) }, vault.ErrMalformed},
		{"epoch zero", func(a *vault.Append) { a.Entry.Epoch, a.Grants = 0, nil }, vault.ErrMalformed},
		{"zero journal", func(a *vault.Append) { a.Entry.Journal, a.Grants = vault.ID{}, nil }, vault.ErrMalformed},
		{"first with a former", func(a *vault.Append) { a.Entry.Seq = 0 }, vault.ErrMalformed},
		{"later without a former", func(a *vault.Append) { a.Entry.Prev = vault.ID{} }, vault.ErrMalformed},
		{"nothing sealed", func(a *vault.Append) { a.Entry.Sealed = nil }, vault.ErrMalformed},
	} {
		a := sampleAppend()
		c.change(&a)
		if _, err := vault.ParseAppend(vault.AppendObject(a)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestParseOthersBounds(t *testing.T) {
	for _, c := range []struct {
		name   string
		object []byte
		again  func([]byte) ([]byte, error)
		want   error
	}{
		{"largest report", vault.DepositObject(vault.Deposit{Desk: "a", Report: fill(vault.MaxReport, 1)}), againDeposit, nil},
		{"report too large", vault.DepositObject(vault.Deposit{Desk: "a", Report: fill(vault.MaxReport+1, 1)}), againDeposit, vault.ErrTooLarge},
		{"empty report", vault.DepositObject(vault.Deposit{Desk: "a"}), againDeposit, vault.ErrMalformed},
		{"no desk", vault.DepositObject(vault.Deposit{Report: fill(1, 1)}), againDeposit, vault.ErrMalformed},
		{"desk in capitals", vault.DepositObject(vault.Deposit{Desk: "Street", Report: fill(1, 1)}), againDeposit, vault.ErrMalformed},
		{"desk that begins with -", vault.DepositObject(vault.Deposit{Desk: "-s", Report: fill(1, 1)}), againDeposit, vault.ErrMalformed},
		{"longest desk", vault.DepositObject(vault.Deposit{Desk: string(fill(32, 'a')), Report: fill(1, 1)}), againDeposit, nil},
		{"desk too long", vault.DepositObject(vault.Deposit{Desk: string(fill(33, 'a')), Report: fill(1, 1)}), againDeposit, vault.ErrMalformed},
		{"largest note", vault.RosterObject(fill(vault.MaxNote, 1)), againRoster, nil},
		{"note too large", vault.RosterObject(fill(vault.MaxNote+1, 1)), againRoster, vault.ErrTooLarge},
		{"empty note", vault.RosterObject(nil), againRoster, vault.ErrMalformed},
		{"certificate of nobody", vault.CertificateObject(vault.Certificate{Person: "recovery", JSON: fill(1, 1)}), againCertificate, vault.ErrMalformed},
		{"certificate too large", vault.CertificateObject(vault.Certificate{Person: ana, JSON: fill(vault.MaxCertificate+1, 1)}), againCertificate, vault.ErrTooLarge},
		{"revocation of nobody", vault.RevocationObject(vault.Revocation{Person: "P-00000000000000aa", JSON: fill(1, 1)}), againRevocation, vault.ErrMalformed},
		{"largest blob", vault.BlobObject(vault.BlobRef{Deposit: vault.Sum(nil), Blob: vault.Sum(nil), Size: vault.MaxBlob}), againBlob, nil},
		{"blob too large", vault.BlobObject(vault.BlobRef{Deposit: vault.Sum(nil), Blob: vault.Sum(nil), Size: vault.MaxBlob + 1}), againBlob, vault.ErrMalformed},
		{"empty blob", vault.BlobObject(vault.BlobRef{Deposit: vault.Sum(nil), Blob: vault.Sum(nil)}), againBlob, vault.ErrMalformed},
		{"blob of nothing", vault.BlobObject(vault.BlobRef{Blob: vault.Sum(nil), Size: 1}), againBlob, vault.ErrMalformed},
		{"empty release", vault.ReleaseObject(vault.Release{}), againRelease, vault.ErrMalformed},
		{"release too large", vault.ReleaseObject(vault.Release{Body: fill(vault.MaxRelease+1, 1)}), againRelease, vault.ErrTooLarge},
	} {
		if _, err := c.again(c.object); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestRosterVersion(t *testing.T) {
	for note, want := range map[string]uint64{
		"peerwitness/roster/v1\n{\"version\":7,\"x\":[1]}\n\n— sig\n": 7,
		"x\n{\"Version\":7}\n":     0,
		"x\n{\"version\":0}\n":     0,
		"x\n{\"version\":-1}\n":    0,
		"x\n{\"version\":1.5}\n":   0,
		"x\n{\"version\":\"1\"}\n": 0,
		"x\n[]\n":                  0,
		"":                         0,
	} {
		got, err := vault.RosterVersion([]byte(note))
		if got != want || (want == 0) != errors.Is(err, vault.ErrMalformed) {
			t.Errorf("%q: %d, %v, want %d", note, got, err, want)
		}
	}
}

func TestRecordHashCoversEveryField(t *testing.T) {
	r := vault.Record{Pos: 1, Kind: vault.KindDeposit, ID: vault.Sum(nil), Day: 3, Author: ana}
	var gen [16]byte
	seen := map[vault.ID]string{r.HashAfter(gen, vault.ID{}): "itself"}
	note := func(name string, h vault.ID) {
		if was, ok := seen[h]; ok {
			t.Errorf("%s hashes like %s", name, was)
		}
		seen[h] = name
	}
	note("generation", r.HashAfter([16]byte{1}, vault.ID{}))
	note("former", r.HashAfter(gen, vault.ID{1}))
	for name, change := range map[string]func(*vault.Record){
		"pos":    func(r *vault.Record) { r.Pos++ },
		"kind":   func(r *vault.Record) { r.Kind = vault.KindBlob },
		"id":     func(r *vault.Record) { r.ID[0]++ },
		"day":    func(r *vault.Record) { r.Day++ },
		"author": func(r *vault.Record) { r.Author = "" },
	} {
		c := r
		change(&c)
		note(name, c.HashAfter(gen, vault.ID{}))
	}
}

// fuzz holds that what a parser accepts encodes to the same bytes again, and
// that what it refuses it refuses by name.
func fuzz(f *testing.F, again func([]byte) ([]byte, error)) {
	for _, p := range parsers {
		f.Add(p.object)
		f.Add(p.object[:len(p.object)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := again(b)
		if err != nil {
			if !errors.Is(err, vault.ErrMalformed) && !errors.Is(err, vault.ErrTooLarge) {
				t.Fatalf("refused without a name: %v", err)
			}
			return
		}
		if !bytes.Equal(got, b) {
			t.Fatalf("%x became %x", b, got)
		}
	})
}

func FuzzParseDeposit(f *testing.F)           { fuzz(f, againDeposit) }
func FuzzParseEntry(f *testing.F)             { fuzz(f, againEntry) }
func FuzzParseGrant(f *testing.F)             { fuzz(f, againGrant) }
func FuzzParseReply(f *testing.F)             { fuzz(f, againReply) }
func FuzzParseAppend(f *testing.F)            { fuzz(f, againAppend) }
func FuzzParseRosterObject(f *testing.F)      { fuzz(f, againRoster) }
func FuzzParseCertificateObject(f *testing.F) { fuzz(f, againCertificate) }
func FuzzParseRevocationObject(f *testing.F)  { fuzz(f, againRevocation) }
func FuzzParseBlobObject(f *testing.F)        { fuzz(f, againBlob) }
func FuzzParseRelease(f *testing.F)           { fuzz(f, againRelease) }

func FuzzRosterVersion(f *testing.F) {
	f.Add([]byte("x\n{\"version\":7}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := vault.RosterVersion(b); (err == nil) == (v == 0) {
			t.Fatalf("version %d with %v", v, err)
		}
	})
}
