package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"github.com/rogpeppe/go-internal/testscript"

	"peerwitness/intake"
	"peerwitness/review/figures"
	"peerwitness/vault"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// A list that has run out says nothing of today, and it is said.
func TestVerifyWithAnExpiredList(t *testing.T) {
	var out bytes.Buffer
	e := &env{stdout: &out, now: time.Now}
	v := verifier{root: "given", list: &roster.Roster{Organisation: "Harbour Peers", Expires: "2020-01-02"}}
	v.caution(e)
	if !strings.Contains(out.String(), "the list was good until 2020-01-02") {
		t.Error(out.String())
	}
	out.Reset()
	v.list.Expires = "9000-01-01"
	v.caution(e)
	if strings.Contains(out.String(), "was good until") {
		t.Error(out.String())
	}
}

func TestReleaseAddress(t *testing.T) {
	id := vault.Sum([]byte("x"))
	for s, want := range map[string]vault.ID{
		"https://a.example": {}, "https://a.example/": {}, "https://a.example/figures": {}, "https://a.example/figures/": {}, "https://a.example/figures?lang=fr#check": {},
		"https://a.example/v1/releases": {}, "https://a.example/figures/" + id.String(): id, "https://a.example/figures/" + id.String() + "/": id,
		"https://a.example/figures/" + id.String() + "/en.html": id, "https://a.example/figures/" + id.String() + "/release.peerwitness": id,
	} {
		base, got, err := releaseAddress(s)
		if err != nil || got != want || base != "https://a.example" {
			t.Errorf("%s: %s %s %v", s, base, got, err)
		}
	}
	for _, s := range []string{"https://", "https://a.example/x", "https://a.example/figures/x", "https://u:p@a.example/figures", "https://a.example/figures/" + strings.ToUpper(id.String()), "https://a.example/" + id.String(), "http://[", "https://a.example/figures/../figures"} {
		if _, _, err := releaseAddress(s); err == nil {
			t.Errorf("%s: taken", s)
		}
	}
}

// releaseCmd is `release OUT ROSTER PERIOD FORMER PASSFILE KEY…`: it makes a
// release of random reports through the engine, after the release in FORMER (-
// for the first), signed by the keys.
func releaseCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 5 {
		ts.Fatalf("usage: release OUT ROSTER PERIOD FORMER PASSFILE KEY...")
	}
	note, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	r, err := roster.Parse(note)
	ts.Check(err)
	former := vault.ID{}
	if args[3] != "-" {
		former = releaseID(ts, args[3])
	}
	body := madeRelease(ts, r, args[2], former)
	pass, err := passphraseFile(ts.MkAbs(args[4]))
	ts.Check(err)
	for _, file := range args[5:] {
		b, err := os.ReadFile(ts.MkAbs(file))
		ts.Check(err)
		k, err := seal.OpenKeyFile(b, pass)
		ts.Check(err)
		body, err = figures.Sign(body, k.Person, k.Signing)
		ts.Check(err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), body, 0o644))
}

// releaseID is the id of the release in a file, after what it says itself.
func releaseID(ts *testscript.TestScript, file string) vault.ID {
	body, err := os.ReadFile(ts.MkAbs(file))
	ts.Check(err)
	says, err := vault.GlanceRelease(body)
	ts.Check(err)
	former := vault.ID{}
	if says.Former != "" {
		former, err = vault.ParseID(says.Former)
		ts.Check(err)
	}
	return vault.Sum(vault.ReleaseObject(vault.Release{Former: former, Body: body}))
}

func madeRelease(ts *testscript.TestScript, r *roster.Roster, period string, former vault.ID) []byte {
	cb, err := codebook.Parse(codebook.Default())
	ts.Check(err)
	p, err := figures.Default(cb, r, period, "2019-12-20", 20, figures.Labels{"en": "Outreach contacts a year", "fr": "Contacts par an"})
	ts.Check(err)
	from, _, err := figures.Window(p.Every, period)
	ts.Check(err)
	rnd := rand.New(rand.NewPCG(uint64(len(period)), uint64(period[len(period)-1])))
	var records []figures.Record
	acts := cb.Codes(codebook.Acts)
	for range 300 {
		var key figures.Key
		for i := range key {
			key[i] = byte(rnd.Uint32())
		}
		act := acts[rnd.IntN(len(acts))]
		group, _ := cb.GroupOf(act)
		records = append(records, figures.Record{Key: key, Day: from, Frozen: from, CountMe: true, People: []string{hex.EncodeToString(key[:16])},
			Act: act, Group: group, Populations: []string{}, Services: []figures.Served{}}.Tidy())
	}
	b, err := figures.Close(p, period, records, nil, "9000-01-01")
	ts.Check(err)
	out, err := figures.Compute(p, b, figures.Key{1}, records)
	ts.Check(err)
	entry, _, err := figures.Extend(nil, b, figures.Key{1}, out)
	ts.Check(err)
	release, err := figures.NewRelease(p, out, r.Organisation, entry.Hash(), former)
	ts.Check(err)
	body, err := figures.Pack(release)
	ts.Check(err)
	return body
}

// tamperCmd is `tamper HOW IN OUT`: it does what somebody without the signers'
// keys could do to a release.
func tamperCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: tamper HOW IN OUT")
	}
	body, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	sigs, files, err := vault.UnpackRelease(bytes.Clone(body))
	ts.Check(err)
	swap := func(name, from, to string) {
		for i := range files {
			if files[i].Name == name {
				if !strings.Contains(string(files[i].Body), from) {
					ts.Fatalf("%s does not hold %q", name, from)
				}
				files[i].Body = []byte(strings.Replace(string(files[i].Body), from, to, 1))
			}
		}
	}
	// remade writes all files anew from a changed release, as the engine would.
	remade := func(change func(r *figures.Release)) {
		r, err := figures.ParseRelease(files[0].Body)
		ts.Check(err)
		change(&r)
		files, err = figures.Export(r)
		ts.Check(err)
	}
	switch args[0] {
	case "spelling":
		swap("release.json", `"value":`, `"value": `)
	case "value-in-json":
		swap("release.json", `"value":null`, `"value":95`)
	case "value-in-table":
		swap("figures.csv", ",,masked,,", ",95,published,85,105")
	case "value-everywhere":
		remade(func(r *figures.Release) { // of a table that the headline is not about
			n := 15
			r.Tables[2].Cells[0].Value = &n
		})
	case "label":
		swap("en.html", "Police and officials", "Good police")
	case "label-everywhere":
		remade(func(r *figures.Release) { r.Tables[0].Titles["en"] = "Happy people by region" })
	case "signature":
		var list []figures.Signature
		ts.Check(json.Unmarshal(sigs, &list))
		list[0].Sig, list[1].Sig = list[1].Sig, list[0].Sig
		sigs, err = json.Marshal(list)
		ts.Check(err)
	case "signature-gone":
		var list []figures.Signature
		ts.Check(json.Unmarshal(sigs, &list))
		sigs, err = json.Marshal(list[:1])
		ts.Check(err)
	case "missing":
		files = append(files[:1], files[2:]...)
	case "extra":
		files = append(files, vault.ReleaseFile{Name: "counts.csv", Body: []byte("3")})
	case "script":
		swap("fr.html", "</main>", "<script>alert(1)</script></main>")
	case "escape":
		swap("release.json", `"organisation":"`, `"organisation":"\u001b]0;title\u0007\u001b[2J`)
	case "escape-in-name":
		fields := [][]byte{sigs, []byte("release.json"), files[0].Body, []byte("\x1b[31mx.html"), []byte("x")}
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), vault.LP("peerwitness/figures/v1", fields...), 0o644))
		return
	case "cut":
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), body[:len(body)-1], 0o644))
		return
	case "one-file":
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), files[0].Body, 0o644))
		return
	case "huge":
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), make([]byte, vault.MaxRelease+1), 0o644))
		return
	default:
		ts.Fatalf("tamper: %q is not known", args[0])
	}
	out, err := vault.PackRelease(sigs, files)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), out, 0o644))
}

// publishCmd is `publish VAR ROSTER RELEASE…`: it serves the roster and the
// releases, one after the other, and puts the address into VAR. A release named
// -lie=FILE is served in place of the one before it; -hide hides the one before
// it from the list.
func publishCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: publish VAR ROSTER RELEASE...")
	}
	note, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	r, err := roster.Parse(note)
	ts.Check(err)
	dir, err := os.MkdirTemp(filepath.Dir(ts.MkAbs("x")), "store-")
	ts.Check(err)
	store, err := vault.OpenBolt(dir, time.Now)
	ts.Check(err)
	ctx := context.Background()
	ts.Check(store.PutRoster(ctx, "", r.Version, note))
	last := vault.ID{}
	lies, hidden := map[string][]byte{}, ""
	for _, file := range args[2:] {
		if lie, ok := strings.CutPrefix(file, "-lie="); ok {
			lies["/figures/"+last.String()+"/release.peerwitness"], err = os.ReadFile(ts.MkAbs(lie))
			ts.Check(err)
			continue
		}
		if file == "-hide" {
			hidden = last.String()
			continue
		}
		body, err := os.ReadFile(ts.MkAbs(file))
		ts.Check(err)
		last, err = store.PutRelease(ctx, "", last, body)
		ts.Check(err)
	}
	router := mux.NewRouter()
	intake.Routes(router, intake.Config{Store: store, Clock: time.Now})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, ok := lies[r.URL.Path]; ok {
			w.Write(b)
			return
		}
		if hidden != "" && r.URL.Path == "/v1/releases" {
			r.Header.Del("Accept-Encoding")
			rec := httptest.NewRecorder()
			router.ServeHTTP(rec, r)
			var list struct {
				Releases []map[string]any `json:"releases"`
			}
			if json.Unmarshal(rec.Body.Bytes(), &list) == nil {
				for i, item := range list.Releases {
					if item["id"] == hidden {
						list.Releases = append(list.Releases[:i], list.Releases[i+1:]...)
						break
					}
				}
			}
			json.NewEncoder(w).Encode(list)
			return
		}
		router.ServeHTTP(w, r)
	}))
	ts.Defer(func() {
		server.Close()
		ts.Check(store.Close())
	})
	ts.Setenv(args[0], server.URL)
	ts.Setenv(args[0]+"_LAST", last.String())
}
