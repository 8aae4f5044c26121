package intake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

// manifest is what a browser needs to put the app on a phone's screen. It says
// no more of the app than its name.
type manifest struct {
	Name       string `json:"name"`
	Short      string `json:"short_name"`
	Lang       string `json:"lang"`
	Start      string `json:"start_url"`
	Scope      string `json:"scope"`
	Display    string `json:"display"`
	Background string `json:"background_color"`
	Theme      string `json:"theme_color"`
	Icons      []icon `json:"icons"`
}

type icon struct {
	Src     string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose"`
}

// ground is the app's own ground, in light.
const ground = "#f4f3ee"

// serveManifest answers the app's manifest, with the look that the
// organisation signed in the asked language.
func (s *server) serveManifest(w http.ResponseWriter, r *http.Request) error {
	ro, err := s.book.current(r.Context())
	if err != nil {
		return err
	}
	lang, look, err := s.look(r, ro)
	if err != nil {
		return err
	}
	m := manifest{
		Name: look.Name, Short: look.Name, Lang: lang, Start: "/" + start(r.URL.Query().Get("at"), ro.Fingerprint()), Scope: "/", Display: "standalone", Background: ground, Theme: ground,
		Icons: []icon{
			{"/icons/" + look.Icon + ".svg", "any", "image/svg+xml", "any"},
			{"/icons/" + look.Icon + "-192.png", "192x192", "image/png", "any"},
			{"/icons/" + look.Icon + "-512.png", "512x512", "image/png", "maskable"},
		},
	}
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("writing manifest: %w", err)
	}
	return s.cache.serve(w, r, b, "application/manifest+json", fresh)
}

// start is the fragment that an installed app opens with: the one of the link
// that led to it, so that the app insists on the same root keys and one that
// was put there for practice stays so. Anything else gives none, other roots than
// the organisation's too: so there are few manifests, and they stay in the cache.
func start(at, root string) string {
	if slices.Contains([]string{"practice", "root=" + root, "root=" + root + "&practice"}, at) {
		return "#" + at
	}
	return ""
}

// look reads the look out of the words in the asked language, its base
// language, English or the first there is, as phones do. Words that can't be
// read, and what they leave out, give what the app wears unasked.
func (s *server) look(r *http.Request, ro *roster.Roster) (lang string, look codebook.Look, err error) {
	look = codebook.Look{Name: "Notes", Icon: codebook.Icons[0]}
	wanted := strings.ToLower(r.URL.Query().Get("lang"))
	base, _, _ := strings.Cut(wanted, "-")
	known := make([]string, 0, len(ro.Texts))
	for l := range ro.Texts {
		known = append(known, l)
	}
	slices.Sort(known)
	for _, l := range append([]string{wanted, base, "en"}, known...) {
		if ro.Texts[l] != "" {
			lang = l
			break
		}
	}
	sum, err := vault.ParseID(ro.Texts[lang])
	if err != nil {
		return lang, look, nil //nolint:nilerr // a roster without words
	}
	b, err := s.Store.Document(r.Context(), sum)
	if err != nil {
		return lang, look, err
	}
	if t, err := codebook.ParseTexts(b, lang); err == nil {
		if t.Look.Name != "" {
			look.Name = t.Look.Name
		}
		if t.Look.Icon != "" {
			look.Icon = t.Look.Icon
		}
	}
	return lang, look, nil
}
