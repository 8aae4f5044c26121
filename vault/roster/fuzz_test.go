package roster_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/mod/sumdb/note"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// checkParsed holds an accepted roster to what every reader must see in it.
func checkParsed(t *testing.T, b []byte, r *roster.Roster) {
	t.Helper()
	if !bytes.Equal(r.Note, b) || r.Hash != vault.Sum(b) {
		t.Error("the note that was kept is another one")
	}
	// A plain JSON reader sees the same roster, whatever it does with case.
	var plain roster.Roster
	if err := json.Unmarshal(bytes.Split(b, []byte("\n"))[1], &plain); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&plain, r, cmpopts.IgnoreFields(roster.Roster{}, "Note", "Hash")); diff != "" {
		t.Error(diff)
	}
	var keys []note.Verifier
	for _, s := range r.Roots {
		v, err := note.NewVerifier(s)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, v)
	}
	if _, err := note.Open(b, note.VerifierList(keys...)); err != nil {
		t.Errorf("package note refuses it: %v", err)
	}
	text, err := roster.Compose(r)
	if err != nil {
		t.Fatalf("can't be composed again: %v", err)
	}
	again, err := roster.Parse(forceSign(t, text, rootA, rootB, rootC))
	if errors.Is(err, roster.ErrThreshold) {
		return // other roots than ours
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again, r, cmpopts.IgnoreFields(roster.Roster{}, "Note", "Hash")); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range rosterCases(f) {
		f.Add(read(f, c.File))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := roster.Parse(b)
		if err == nil {
			checkParsed(t, b, r)
		} else if r != nil {
			t.Error("an error and a roster")
		}
	})
}

// FuzzParseSigned changes the JSON and signs it, so that what lies behind the
// signatures is reached.
func FuzzParseSigned(f *testing.F) {
	for _, c := range rosterCases(f) {
		f.Add(bytes.Split(read(f, c.File), []byte("\n"))[1])
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		b := forceSign(t, append(append([]byte("peerwitness/roster/v1\n"), line...), '\n'), rootA, rootB, rootC)
		if r, err := roster.Parse(b); err == nil {
			checkParsed(t, b, r)
		}
	})
}

func FuzzStrictJSON(f *testing.F) {
	var cases []struct{ Base64 string }
	readJSON(f, "strict.json", &cases)
	for _, c := range cases {
		b, err := base64.StdEncoding.DecodeString(c.Base64)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if roster.StrictJSON(b) != nil {
			return
		}
		if !json.Valid(b) {
			t.Fatal("accepted, and not JSON")
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, b); err != nil || !bytes.Equal(compact.Bytes(), b) {
			t.Errorf("accepted, and not compact: %v", err)
		}
		// Nothing is lost on the way through a map: no key came twice.
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
		if out.Len()-1 != len(b) {
			t.Errorf("%d bytes come back as %d", len(b), out.Len()-1)
		}
	})
}

func FuzzSigned(f *testing.F) {
	r := first(f)
	var v struct{ Certs, Revocations []struct{ JSON string } }
	readJSON(f, "certificates.json", &v)
	for _, c := range append(v.Certs, v.Revocations...) {
		f.Add([]byte(c.JSON))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := r.CheckCertificate(b); err == nil {
			if again, err := r.CheckCertificate(marshal(t, c)); err != nil || again != c {
				t.Errorf("certificate comes back as %+v, %v", again, err)
			}
		}
		if v, err := r.CheckRevocation(b); err == nil {
			if again, err := r.CheckRevocation(marshal(t, v)); err != nil || again != v {
				t.Errorf("revocation comes back as %+v, %v", again, err)
			}
		}
		if s, err := roster.ParseSheet(b); err == nil {
			if _, err := roster.ParseSheet(marshal(t, s)); err != nil {
				t.Errorf("sheet doesn't come back: %v", err)
			}
		}
	})
}

func FuzzCheckRecipient(f *testing.F) {
	var cases []struct{ Recipient string }
	readJSON(f, "recipients.json", &cases)
	for _, c := range cases {
		f.Add(c.Recipient)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if roster.CheckRecipient(s) == nil && (len(s) != 1959 || s[:7] != "age1pq1") {
			t.Errorf("accepted %q", s)
		}
	})
}
