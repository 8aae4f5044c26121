package roster_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

const nino, zoe, khin = "p-0000000000000001", "p-0000000000000002", "p-0000000000000003"

func certificate(t testing.TB, r *roster.Roster, person, key string, from string) roster.Certificate {
	t.Helper()
	c, err := roster.NewCertificate(person, r.Recovery, date(t, from), signing(key))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func marshal(t testing.TB, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCertificate(t *testing.T) {
	r := first(t)
	// Late in the evening west of Greenwich it is already December, UTC.
	from := time.Date(2026, 11, 30, 22, 0, 0, 0, time.FixedZone("", -5*3600))
	c, err := roster.NewCertificate(nino, r.Recovery, from, signing("person-1 signing"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Epoch != 202612 || c.From != "2026-12-01" || c.Until != "2027-01-15" {
		t.Errorf("epoch %d, %s to %s", c.Epoch, c.From, c.Until)
	}
	got, err := r.CheckCertificate(marshal(t, c))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, got); diff != "" {
		t.Error(diff)
	}
}

func TestNewCertificateRefuses(t *testing.T) {
	r, key, now := first(t), signing("person-1 signing"), date(t, "2026-11-23")
	if _, err := roster.NewCertificate(nino, r.Recovery, now, nil); err == nil {
		t.Error("signed without a key")
	}
	if _, err := roster.NewCertificate("nino", r.Recovery, now, key); !errors.Is(err, roster.ErrShape) {
		t.Errorf("person id: %v", err)
	}
	if _, err := roster.NewCertificate(nino, "age1qqq", now, key); !errors.Is(err, roster.ErrShape) {
		t.Errorf("recipient: %v", err)
	}
	for _, year := range []int{1969, 9999, 12000} {
		if _, err := roster.NewCertificate(nino, r.Recovery, now.AddDate(year-2026, 0, 0), key); !errors.Is(err, roster.ErrShape) {
			t.Errorf("year %d: %v", year, err)
		}
	}
	if _, err := roster.NewRevocation(nino, r.Hash, zoe, vault.ID{}, nil); err == nil {
		t.Error("a revocation without a key")
	}
	if _, err := roster.NewRevocation("nino", r.Hash, zoe, vault.ID{}, key); !errors.Is(err, roster.ErrShape) {
		t.Errorf("revoked person's id: %v", err)
	}
	if _, err := roster.NewRevocation(nino, r.Hash, "zoe", vault.ID{}, key); !errors.Is(err, roster.ErrShape) {
		t.Errorf("lead's id: %v", err)
	}
	large := make([]byte, vault.MaxCertificate+1)
	if _, err := r.CheckCertificate(large); !errors.Is(err, roster.ErrShape) {
		t.Errorf("large certificate: %v", err)
	}
	if _, err := r.CheckRevocation(large); !errors.Is(err, roster.ErrShape) {
		t.Errorf("large revocation: %v", err)
	}
}

// Whatever the server's order, the choice is the same, never from the far
// future, and current exactly when some certificate is good today.
func TestChooseProperties(t *testing.T) {
	r := first(t)
	start := date(t, "2026-01-01")
	rapid.Check(t, func(t *rapid.T) {
		var certs []roster.Certificate
		for _, d := range rapid.SliceOfN(rapid.IntRange(0, 200), 0, 8).Draw(t, "first days") {
			c, err := roster.NewCertificate(nino, r.Recovery, start.AddDate(0, 0, d), signing("person-1 signing"))
			if err != nil {
				t.Fatal(err)
			}
			certs = append(certs, c)
		}
		n := rapid.IntRange(0, 300).Draw(t, "today")
		now := start.AddDate(0, 0, n).Add(time.Duration(rapid.IntRange(0, 86399).Draw(t, "second")) * time.Second)
		today, limit := now.Format(time.DateOnly), now.AddDate(0, 0, 2).Format(time.DateOnly)
		got, current, ok := roster.Choose(certs, now)
		good := func(c roster.Certificate) bool { return c.From <= today && today <= c.Until }
		if current != slices.ContainsFunc(certs, good) || current && !good(got) {
			t.Errorf("current is %v for %s to %s on %s", current, got.From, got.Until, today)
		}
		if ok != slices.ContainsFunc(certs, func(c roster.Certificate) bool { return c.From <= limit }) || ok && got.From > limit {
			t.Errorf("ok is %v for %s on %s", ok, got.From, today)
		}
		for _, c := range certs {
			if c.From <= limit && good(c) == current && c.Epoch > got.Epoch {
				t.Errorf("epoch %d passed over for %d", c.Epoch, got.Epoch)
			}
		}
		shuffled := rapid.Permutation(certs).Draw(t, "shuffled")
		if again, _, _ := roster.Choose(shuffled, now); again != got {
			t.Errorf("another order gives %s, not %s", again.From, got.From)
		}
	})
}

func TestChooseSameFirstDay(t *testing.T) {
	r := first(t)
	a := certificate(t, r, nino, "person-1 signing", "2026-11-05")
	b, err := roster.NewCertificate(nino, r.People[1].Personal, date(t, "2026-11-05"), signing("person-1 signing"))
	if err != nil {
		t.Fatal(err)
	}
	x, _, _ := roster.Choose([]roster.Certificate{a, b}, date(t, "2026-11-23"))
	y, _, _ := roster.Choose([]roster.Certificate{b, a}, date(t, "2026-11-23"))
	if x != y || x.Recipient > a.Recipient || x.Recipient > b.Recipient {
		t.Error("the order decides between two certificates of one day")
	}
}

func TestWithout(t *testing.T) {
	r := first(t)
	v, err := roster.NewRevocation(zoe, r.Hash, nino, vault.ID{}, signing("person-1 signing"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.CheckRevocation(marshal(t, v))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v, got); diff != "" {
		t.Error(diff)
	}
	revs := []roster.Revocation{got}
	if !roster.Revoked(revs, zoe) || roster.Revoked(revs, khin) || roster.Revoked(nil, zoe) {
		t.Error("revoked is said of the wrong person")
	}
	w := r.Without(revs)
	if d, _ := w.Desk("street"); !slices.Equal(d.People, []string{nino}) {
		t.Errorf("at the desk: %v", d.People)
	}
	if p, ok := w.Person(zoe); !ok || len(p.Roles) != 0 || p.Key() == nil {
		t.Errorf("revoked person is %+v, %v", p, ok)
	}
	if diff := cmp.Diff(first(t), r); diff != "" {
		t.Errorf("the roster itself changed: %s", diff)
	}
	// Somebody revoked leads nothing any more.
	v, err = roster.NewRevocation(nino, r.Hash, khin, vault.ID{}, signing("person-3 signing"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.CheckRevocation(marshal(t, v)); !errors.Is(err, roster.ErrPerson) {
		t.Errorf("a revocation by somebody who leads nothing: %v", err)
	}
}

func TestOpeners(t *testing.T) {
	r := first(t)
	now := date(t, "2026-11-23")
	v, err := roster.NewRevocation(khin, r.Hash, nino, vault.ID{}, signing("person-1 signing"))
	if err != nil {
		t.Fatal(err)
	}
	old := certificate(t, r, zoe, "person-2 signing", "2026-06-01")
	forged := certificate(t, r, zoe, "person-3 signing", "2026-11-20")
	sheet := roster.Sheet{Desk: "health"}
	sheet.Certificates = []json.RawMessage{marshal(t, old), marshal(t, forged), marshal(t, certificate(t, r, khin, "person-3 signing", "2026-11-01"))}
	sheet.Revocations = []json.RawMessage{marshal(t, v), json.RawMessage(`{"person":"p-0000000000000002"}`)}
	parsed, err := roster.ParseSheet(marshal(t, sheet))
	if err != nil {
		t.Fatal(err)
	}
	got, refused, err := r.Openers("health", parsed, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(refused) != 2 || !errors.Is(refused[0], roster.ErrShape) || !errors.Is(refused[1], roster.ErrSignatures) {
		t.Errorf("refused %v", refused)
	}
	want := []roster.Opener{{Person: r.People[1], Certificate: old}, {Person: r.People[2], Revoked: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got, _, err = r.Openers("street", roster.Sheet{Desk: "street"}, now)
	if err != nil || len(got) != 2 || got[0].Certificate.Recipient != "" || got[0].Current || got[0].Revoked {
		t.Errorf("without a certificate: %+v, %v", got, err)
	}
	if _, _, err := r.Openers("street", sheet, now); !errors.Is(err, roster.ErrShape) {
		t.Errorf("another desk's sheet: %v", err)
	}
	if _, _, err := r.Openers("nowhere", roster.Sheet{Desk: "nowhere"}, now); !errors.Is(err, roster.ErrShape) {
		t.Errorf("no such desk: %v", err)
	}
}

func TestParseSheetRefuses(t *testing.T) {
	for _, s := range []string{
		``, `[]`, `{"desk":"a","certificates":[]}`, `{"desk":"a","certificates":null,"revocations":[]}`, `{"desk":"A","certificates":[],"revocations":[]}`,
		`{"desk":"a","certificates":[],"revocations":[]} `, `{"desk":"a","desk":"a","certificates":[],"revocations":[]}`,
		`{"desk":"a","certificates":[{"epoch":1,"epoch":2}],"revocations":[]}`, `{"desk":1,"certificates":[],"revocations":[]}`,
	} {
		if _, err := roster.ParseSheet([]byte(s)); !errors.Is(err, roster.ErrShape) {
			t.Errorf("%s: %v", s, err)
		}
	}
	if _, err := roster.ParseSheet(make([]byte, 17<<20)); !errors.Is(err, roster.ErrShape) {
		t.Errorf("17 MiB: %v", err)
	}
}
