package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net/url"
	"strings"
	"testing"

	"peerwitness/intake/app"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

// The app on a phone's own screen is called and looks as the organisation
// signed it, and says nothing else of itself.
func TestManifest(t *testing.T) {
	s := newSite(t)
	read := func(query string) map[string]any {
		t.Helper()
		got := s.do(t, "GET", "/app.webmanifest"+query, nil)
		if got.status != 200 || got.header.Get("Content-Type") != "application/manifest+json" || got.header.Get("Cache-Control") != "no-cache" {
			t.Fatalf("%s: %d, %s", query, got.status, got.header.Get("Content-Type"))
		}
		var m map[string]any
		must(t, json.Unmarshal(got.plain(t), &m))
		return m
	}
	if m := read("?lang=fr-CA"); m["name"] != "Notes" || m["lang"] != "fr" || m["display"] != "standalone" || m["start_url"] != "/" || m["scope"] != "/" {
		t.Errorf("without a look: %v", m)
	}

	looks := bytes.Replace(codebook.DefaultTexts()["fr"], []byte("{"), []byte(`{"look":{"name":"Carnet","icon":"leaf","colour":"green"},`), 1)
	sum, err := s.store.PutDocument(context.Background(), looks)
	must(t, err)
	note := s.Next(t, func(r *roster.Roster) { r.Texts["fr"] = sum.String() })
	must(t, s.store.PutRoster(context.Background(), s.People[roster.Lead].ID, s.Roster.Version, note))
	m := read("?lang=fr")
	if m["name"] != "Carnet" || m["short_name"] != "Carnet" || !strings.Contains(string(s.do(t, "GET", "/app.webmanifest?lang=fr", nil).plain(t)), "/icons/leaf-192.png") {
		t.Errorf("with a look: %v", m)
	}
	for _, query := range []string{"", "?lang=", "?lang=en", "?lang=xx", "?lang=" + strings.Repeat("a", 2000), "?lang=%00", "?lang=../fr"} {
		if m := read(query); m["name"] != "Notes" || m["lang"] != "en" {
			t.Errorf("%q: %v", query, m)
		}
	}
	root := s.Roster.Fingerprint()
	for at, want := range map[string]string{
		"": "/", "practice": "/#practice", "root=" + root: "/#root=" + root, "root=" + root + "&practice": "/#root=" + root + "&practice",
		"root=" + strings.Repeat("0123456789abcdef", 4): "/",
		"root=" + root[1:]: "/", "root=" + root + "&x": "/", "//evil.example": "/", "root=" + root + "#x": "/", "practice\n": "/",
	} {
		if m := read("?lang=en&at=" + url.QueryEscape(at)); m["start_url"] != want {
			t.Errorf("%q: starts at %v, want %s", at, m["start_url"], want)
		}
	}
	for _, key := range []string{"description", "categories", "shortcuts", "related_applications"} {
		if m[key] != nil {
			t.Errorf("it has a %s", key)
		}
	}
	if b, _ := json.Marshal(m); strings.Contains(string(b), s.Roster.Organisation) {
		t.Error("it names the organisation")
	}
}

// Every icon that words may ask for is there, in each form that the manifest
// names.
func TestIconsAreThere(t *testing.T) {
	dist, err := fs.Sub(app.Files, "dist")
	must(t, err)
	for _, name := range codebook.Icons {
		for _, end := range []string{".svg", "-192.png", "-512.png"} {
			b, err := fs.ReadFile(dist, "icons/"+name+end)
			if err != nil || len(b) == 0 || len(b) > 16<<10 {
				t.Errorf("icons/%s%s: %d bytes, %v", name, end, len(b), err)
			}
		}
	}
}
