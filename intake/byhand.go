package intake

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

// The way in without a script: for browsers that run none (Tor Browser's
// "Safest") and people who would rather seal with a tool of their own. The page
// takes what age has sealed and nothing else; this server could not read it.

//go:embed byhand.html
var byHandHTML string

var byHandTemplate = template.Must(template.New("by-hand").Parse(byHandHTML))

// byHandRules allow a form to this server, and nothing more: no script, no
// style, no picture.
const byHandRules = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

//go:embed byhand/*.json
var byHandFiles embed.FS

// byHandWords are the page's words in one language.
type byHandWords struct {
	Help        string `json:"help"`
	Title       string `json:"title"`
	Lead        string `json:"lead"`
	Traces      string `json:"traces"`
	First       string `json:"first"`
	Write       string `json:"write"`
	Second      string `json:"second"`
	Recipients  string `json:"recipients"`
	Seal        string `json:"seal"`
	Age         string `json:"age"`
	Third       string `json:"third"`
	Desk        string `json:"desk"`
	File        string `json:"file"`
	Send        string `json:"send"`
	Only        string `json:"only"`
	Arrived     string `json:"arrived"`
	ArrivedWhat string `json:"arrived_what"`
	Back        string `json:"back"`
}

// byHandLanguage is a language of the page: its tag, its own name, and what a
// browser knows it by and which way it runs.
type byHandLanguage struct{ Tag, Name, Locale, Dir string }

// byHandLanguages are the app's, in its order (intake/app/src/strings); the
// first two are always on, the others where the roster names texts in them.
var byHandLanguages = []byHandLanguage{
	{"en", "English", "en", "ltr"}, {"fr", "Français", "fr", "ltr"}, {"es", "Español", "es", "ltr"}, {"pt", "Português", "pt", "ltr"},
	{"ru", "Русский", "ru", "ltr"}, {"uk", "Українська", "uk", "ltr"}, {"ar", "العربية", "ar", "rtl"}, {"prs", "دری", "fa-AF", "rtl"},
	{"sw", "Kiswahili", "sw", "ltr"}, {"my", "မြန်မာ", "my", "ltr"},
}

var byHandIn = func() map[string]byHandWords {
	out := make(map[string]byHandWords)
	for _, l := range byHandLanguages {
		b, err := byHandFiles.ReadFile("byhand/" + l.Tag + ".json")
		var w byHandWords
		if err == nil {
			err = json.Unmarshal(b, &w)
		}
		if err != nil {
			panic(err) // the embedded file is part of the program
		}
		out[l.Tag] = w
	}
	return out
}()

type byHandDesk struct{ ID, Label, Names string }

type byHandPage struct {
	byHandLanguage
	W      byHandWords
	Others []byHandLanguage
	Desks  []byHandDesk
	Done   bool
	// Refused: what was just sent is nothing that age has sealed.
	Refused bool
}

// byHandOn are the languages that the page is shown in.
func byHandOn(ro *roster.Roster) []byHandLanguage {
	return slices.DeleteFunc(slices.Clone(byHandLanguages), func(l byHandLanguage) bool {
		return !slices.Contains(codebook.Reviewed(), l.Tag) && ro.Texts[l.Tag] == ""
	})
}

// byHandPageIn is the page in the first of some languages that is on, else in
// the first that is.
func byHandPageIn(ro *roster.Roster, wanted ...string) byHandPage {
	on := byHandOn(ro)
	l := on[0]
	for _, tag := range wanted {
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		i := slices.IndexFunc(on, func(l byHandLanguage) bool {
			return l.Tag == base || strings.HasPrefix(l.Locale+"-", base+"-") && base != ""
		})
		if i >= 0 {
			l = on[i]
			break
		}
	}
	others := slices.DeleteFunc(on, func(o byHandLanguage) bool { return o == l })
	return byHandPage{byHandLanguage: l, W: byHandIn[l.Tag], Others: others}
}

// askedFor are the languages asked for by ?lang= or Accept-Language.
func askedFor(r *http.Request) []string {
	wanted := []string{r.URL.Query().Get("lang")}
	for _, item := range strings.Split(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(item), ";")
		wanted = append(wanted, tag)
	}
	return wanted
}

// withDesks is the page with who can open what at each desk. There is a form
// beside each: a file that is sealed to one desk's people and sent to another
// would be read by nobody.
func (p byHandPage) withDesks(ro *roster.Roster, openers func(desk string) ([]roster.Opener, error)) (byHandPage, error) {
	for _, d := range ro.Desks {
		list, err := openers(d.ID)
		if err != nil {
			return byHandPage{}, err
		}
		var names []string
		for _, o := range list {
			if o.Certificate.Recipient != "" {
				names = append(names, o.Person.Name)
			}
		}
		p.Desks = append(p.Desks, byHandDesk{d.ID, d.Label(p.Tag), strings.Join(names, ", ")})
	}
	return p, nil
}

func (p byHandPage) bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := byHandTemplate.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("writing page: %w", err)
	}
	return b.Bytes(), nil
}

// ByHandPages are the ways in without a script as a server with this roster
// shows them, by their path: the page in each language that is on, and each
// desk's list of whom to seal to. openers are who can open a desk's reports
// now; a desk without any has no list. The error is openers'.
func ByHandPages(ro *roster.Roster, openers func(desk string) ([]roster.Opener, error)) (map[string][]byte, error) {
	pages := make(map[string][]byte)
	for _, l := range byHandOn(ro) {
		p, err := byHandPageIn(ro, l.Tag).withDesks(ro, openers)
		if err != nil {
			return nil, err
		}
		if pages["/by-hand?lang="+l.Tag], err = p.bytes(); err != nil {
			return nil, err
		}
	}
	for _, d := range ro.Desks {
		list, err := openers(d.ID)
		if err != nil {
			return nil, err
		}
		if b := recipients(ro, list); b != nil {
			pages["/by-hand/"+d.ID+"/recipients.txt"] = b
		}
	}
	return pages, nil
}

// ByHandHeaders are the rules that the page without a script comes with.
func ByHandHeaders() http.Header {
	return http.Header{
		"Content-Security-Policy": {byHandRules},
		"Content-Type":            {"text/html; charset=utf-8"},
		"Cache-Control":           {"no-store"},
		"Vary":                    {"Accept-Language"},
	}
}

// serveByHand answers the page.
func (s *server) serveByHand(w http.ResponseWriter, r *http.Request) error {
	ro, err := s.book.current(r.Context())
	if err != nil {
		return err
	}
	p, err := s.byHandDesks(r, ro)
	if err != nil {
		return err
	}
	return s.byHand(w, http.StatusOK, p)
}

func (s *server) byHandDesks(r *http.Request, ro *roster.Roster) (byHandPage, error) {
	return byHandPageIn(ro, askedFor(r)...).withDesks(ro, func(desk string) ([]roster.Opener, error) { return s.openers(r, ro, desk) })
}

func (s *server) byHand(w http.ResponseWriter, status int, p byHandPage) error {
	b, err := p.bytes()
	if err != nil {
		return err
	}
	maps.Copy(w.Header(), ByHandHeaders())
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	w.Write(b)
	return nil
}

// openers are who can open a desk's reports today.
func (s *server) openers(r *http.Request, ro *roster.Roster, desk string) ([]roster.Opener, error) {
	b, err := s.book.sheet(r.Context(), desk, s.Clock())
	if err != nil {
		return nil, err
	}
	sheet, err := roster.ParseSheet(b)
	if err != nil {
		return nil, err
	}
	openers, _, err := ro.Openers(desk, sheet, s.Clock())
	return openers, err
}

// serveRecipients answers whom to seal to, one to a line, as age reads it.
func (s *server) serveRecipients(w http.ResponseWriter, r *http.Request) error {
	ro, err := s.book.current(r.Context())
	if err != nil {
		return err
	}
	desk := mux.Vars(r)["desk"]
	openers, err := s.openers(r, ro, desk)
	if err != nil {
		return err
	}
	b := recipients(ro, openers)
	if b == nil {
		return refuse(http.StatusServiceUnavailable, "nobody at this desk can open a report at the moment")
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="recipients.txt"`)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.Write(b)
	return nil
}

// recipients is whom to seal to, one to a line, as age reads it; nil when
// nobody of the desk can open anything.
func recipients(ro *roster.Roster, openers []roster.Opener) []byte {
	var b bytes.Buffer
	for _, o := range openers {
		if o.Certificate.Recipient != "" {
			fmt.Fprintf(&b, "# %s\n%s\n", o.Person.Name, o.Certificate.Recipient)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	fmt.Fprintf(&b, "# recovery\n%s\n", ro.Recovery)
	return b.Bytes()
}

var errNotAge = refuse(http.StatusUnprocessableEntity,
	"this is not a file that age 1.3 has sealed for these people; nothing of it was kept. Seal it as the page says, and choose the .age file")

// takeByHand takes a sealed file from the page's form.
func (s *server) takeByHand(w http.ResponseWriter, r *http.Request) error {
	room := room{of: s.reports}
	defer room.leave()
	d, _, free, err := s.readDeposit(w, r, &room)
	if err != nil {
		return err
	}
	if !d.ByHand {
		free()
		return refuse(http.StatusBadRequest, "this page takes a file that was sealed by hand")
	}
	if err := s.book.checkReport(r.Context(), d); err != nil {
		free()
		var refused *refusal
		if errors.As(err, &refused) && refused.status == http.StatusUnprocessableEntity {
			if !strings.Contains(r.Header.Get("Accept"), "text/html") {
				return errNotAge
			}
			ro, err := s.book.current(r.Context())
			if err != nil {
				return err
			}
			p, err := s.byHandDesks(r, ro)
			if err != nil {
				return err
			}
			p.Refused = true
			return s.byHand(w, http.StatusUnprocessableEntity, p)
		}
		return err
	}
	if ask, err := s.admit(r, d, ""); err != nil {
		return err
	} else if ask != nil {
		free()
		return errBusy
	}
	ro, err := s.book.current(r.Context())
	if err != nil {
		free()
		return err
	}
	p := byHandPageIn(ro, askedFor(r)...)
	if _, err := s.Store.PutDeposit(r.Context(), d); err != nil {
		return err // the buffer may still be read: it is left to the collector
	}
	free()
	p.Done = true
	return s.byHand(w, http.StatusOK, p)
}
