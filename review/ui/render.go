package ui

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"unicode"
)

//go:embed templates/*.html
var templates embed.FS

// frame is what every page is set in.
type frame struct {
	Title    string
	Unlocked bool
	Keeper   bool // works on figures
	Me       string
	Conn     connection
	Alarms   []string
	Anew     bool     // there is something to read about a server that began anew
	Calls    []called // what calls the person at once
	More     int      // and how many more
	Came     int
	Flash    string
	Form     func() string // a fresh form token at each call
	Seen     string        // how far the case of the page went when it was made
	Data     any
	Again    int // seconds after which the page asks for itself again; 0: it does not
}

// again is met by page data that change by themselves.
type again interface{ again() int }

// waitList is what the part "waits" is made of; All says of which case each is.
type waitList struct {
	Frame frame
	Items []wait
	All   bool
}

// message is a page that only says something.
type message struct{ Title, Text string }

// titles of the pages whose data do not give one.
var titles = map[string]string{
	"unlock": "Unlock", "enrol": "Set up your second factor", "enrolcode": "Set up your second factor",
	"inbox": "Cases", "away": "Leave cover", "opening": "Opening your cases", "quarantine": "What could not be taken in", "waiting": "What waits on this computer", "deadlines": "What is to be done", "team": "How the work goes",
	"sheet": "Bring in a spreadsheet", "sheetcolumns": "Columns of the spreadsheet", "sheetcheck": "Dry run of the spreadsheet", "sheetprogress": "Bringing in a spreadsheet",
	"takeout": "Take out my cases", "anew": "The server began anew",
}

// titled is met by page data with a title of its own.
type titled interface{ title() string }

func (m message) title() string { return m.Title }

// parsePages reads every page with the layout round it.
func parsePages() (map[string]*template.Template, error) {
	funcs := template.FuncMap{"text": visible, "under": under, "forms": formsOn,
		"waits": func(f frame, items []wait, all bool) waitList { return waitList{f, items, all} }}
	layout, err := template.New("layout.html").Funcs(funcs).ParseFS(templates, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	names, err := templates.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, n := range names {
		name := strings.TrimSuffix(n.Name(), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		t, err := layout.Clone()
		if err != nil {
			return nil, err
		}
		if pages[name], err = t.ParseFS(templates, path.Join("templates", n.Name())); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// fieldOf is a field of a form, for its part of a template.
type fieldOf struct {
	ID    string
	Field flowField
}

func under(id string, f flowField) fieldOf { return fieldOf{id, f} }

// formsOf is a list of forms on a page, for its part of a template.
type formsOf struct {
	Page  any
	Forms []flowForm
}

func formsOn(page any, forms []flowForm) formsOf { return formsOf{page, forms} }

// show writes a page. It is made whole before anything is sent, so that no half
// page is ever seen.
func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, page string, data any) {
	x := sessionOf(r)
	f := frame{Title: titles[page], Flash: x.takeFlash(), Form: x.formToken, Data: data}
	if t, ok := data.(titled); ok {
		f.Title = t.title()
	}
	if t, ok := data.(interface{ seen() string }); ok {
		f.Seen = t.seen()
	}
	if a, ok := data.(again); ok {
		f.Again = a.again()
	}
	if d := s.current(); d != nil {
		d.look()
		v := d.work.View()
		f.Calls, f.More, f.Came = d.callLines(v)
		f.Keeper = d.keeps()
		f.Unlocked, f.Me, f.Conn, f.Alarms = true, v.Name(d.work.Me()), d.connection(s.cfg.Clock()), v.Alarms
		f.Anew = v.Anew != nil
	}
	var b bytes.Buffer
	if err := s.pages[page].ExecuteTemplate(&b, "layout.html", f); err != nil {
		http.Error(w, "This page could not be made. Your cases are unharmed; go back and try again.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// bare writes a page without the layout, for the strip inside of others.
func (s *Server) bare(w http.ResponseWriter, page string, data any) {
	var b bytes.Buffer
	if err := s.pages[page].ExecuteTemplate(&b, page+".html", data); err != nil {
		http.Error(w, "This part of the page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes())
}

// visible writes out characters that would be invisible or would turn the text
// around them: control characters, and those that override or isolate a
// direction. Lines stay lines. Joiners and marks that scripts need stay as they
// are, but no more marks on one letter than any script sets: hundreds of them
// would be drawn over the rest of the page.
func visible(s string) string {
	if !strings.ContainsFunc(s, hidden) && !piled(s) {
		return s
	}
	var b strings.Builder
	marks, piles := 0, 0
	left := func() {
		if piles > 0 {
			fmt.Fprintf(&b, "⟨+%d marks⟩", piles)
		}
		marks, piles = 0, 0
	}
	for _, r := range s {
		if !unicode.Is(unicode.M, r) {
			left()
		} else if marks++; marks > maxMarks {
			piles++
			continue
		}
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r == '\r':
		case r < 0x20:
			b.WriteRune(0x2400 + r) // the picture of that control character
		case r == 0x7f:
			b.WriteRune('␡')
		default:
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		}
	}
	left()
	return b.String()
}

// maxMarks is how many marks stand on one letter at most.
const maxMarks = 8

// piled reports whether a letter of s bears more.
func piled(s string) bool {
	marks := 0
	for _, r := range s {
		switch {
		case r < 0x300 || !unicode.Is(unicode.M, r):
			marks = 0
		default:
			if marks++; marks > maxMarks {
				return true
			}
		}
	}
	return false
}

func hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20 || r >= 0x7f && r < 0xa0:
		return true
	case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
		return true
	case r == 0x2028 || r == 0x2029 || r == 0xfeff || r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return false
}
