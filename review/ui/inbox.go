package ui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/codebook"
)

// listing is a list as a browser last asked for it. Pages beside it keep its
// order, so that it does not jump while somebody works down it.
type listing struct {
	View, Desk string
	ids        []vault.ID
	pos        uint64
}

func (l *listing) url() string {
	q := url.Values{}
	if l.View != views[0].name {
		q.Set("view", l.View)
	}
	if l.Desk != "" {
		q.Set("desk", l.Desk)
	}
	if len(q) == 0 {
		return "/"
	}
	return "/?" + q.Encode()
}

type link struct {
	Label, URL string
	Count      int
	Current    bool
}

type inboxPage struct {
	Views, Desks []link
	Searches     []review.Search
	Rows         []row
	View         string // label of the current view
	Sought       string // what was looked for
	All          int    // cases in the view, found or not
	Shown, Total int
	Any          bool // there is any case at all
	Quarantine   int
	Alarm        bool   // something in quarantine speaks of tampering
	Helped       []fact // how the help went, as people say
	HelpSaid     string // how many of how many said it
	Others       int
	Waits        int // done here without a connection
	Stopped      int // of those, what can't be done
	Urgent, New  int
	Messages     int
	Oldest       string
	Partner      bool   // of somebody of a partner organisation
	Practice     string // address of the phone app for a practice report, empty when it is not known
}

// row is one case in a list.
type row struct {
	URL, Title, Excerpt, Lang string
	Mark                      mark
	Desk, State, Holder       string
	Arrived, Day              string
	Mine, Practice, Waits     bool
	Alarm, Current, Second    bool
	Covered                   bool // by who reads
	Unread                    bool // by the person at this computer
	Files                     int
}

// maxRows bounds a page's list; filters reach the rest.
const maxRows = 200

func (s *Server) inbox(w http.ResponseWriter, r *http.Request, d *desk) {
	s.pageSync(d)
	v, now := d.work.View(), s.cfg.Clock()
	name, has := pickView(r.URL.Query().Get("view"))
	l := &listing{View: name, Desk: r.URL.Query().Get("desk"), pos: v.Pos}
	p := inboxPage{Any: len(v.Cases) > 0, Quarantine: len(v.Quarantine), Others: v.Others, Total: len(v.Cases)}
	p.Partner = d.work.Partner()
	if !p.Any && s.cfg.ServerURL != "" && v.Roster != nil {
		p.Practice = s.cfg.ServerURL + "/#root=" + v.Roster.Fingerprint() + "&practice"
	}
	waits, stopped := d.waits(nil, now)
	p.Waits, p.Stopped = len(waits), stopped
	for _, q := range v.Quarantine {
		p.Alarm = p.Alarm || q.Alarm
	}
	x := sessionOf(r)
	x.mu.Lock()
	p.Sought = x.sought
	x.mu.Unlock()
	// What is found makes the list shorter, and never what stands beside it: an urgent case is counted there all the same.
	found := map[*review.Case]bool{}
	for _, c := range d.finder.Find(v, p.Sought, d.labelled) {
		found[c] = true
	}
	counts, desks, look := map[string]int{}, map[string]int{}, d.looker(v, now)
	var oldest vault.Day
	for _, c := range v.Cases {
		for _, view := range views {
			if view.has(look, c) && (l.Desk == "" || c.Desk == l.Desk) {
				counts[view.name]++
			}
		}
		if has(look, c) {
			desks[c.Desk]++
			if (l.Desk == "" || c.Desk == l.Desk) && found[c] {
				l.ids = append(l.ids, c.ID)
				if len(p.Rows) < maxRows {
					p.Rows = append(p.Rows, d.row(c, v, now))
				}
			}
		}
		if c.State == review.New && c.Readable && !c.Practice && (oldest == 0 || c.Arrived < oldest) {
			oldest = c.Arrived
		}
	}
	p.Shown, p.All, p.Urgent, p.New, p.Messages = len(l.ids), counts[l.View], counts["urgent"], counts["new"], counts["messages"]
	if oldest > 0 {
		p.Oldest = dayWords(oldest, now)
	}
	outcomes, said, all := v.Helped(vault.DayOf(now))
	for _, o := range outcomes {
		p.Helped = append(p.Helped, fact{Label: d.helped(o.Code), Values: []string{itoa(o.Cases)}})
	}
	p.HelpSaid = itoa(said) + " of " + plural(all, "person", "people")
	for _, view := range views {
		if p.Partner && !slices.Contains(partnersViews, view.name) {
			continue
		}
		at := listing{View: view.name, Desk: l.Desk}
		p.Views = append(p.Views, link{view.label, at.url(), counts[view.name], view.name == l.View})
		if view.name == l.View {
			p.View = view.label
		}
	}
	p.Desks, p.Searches = d.deskLinks(v, l, desks), d.work.Searches()
	x.mu.Lock()
	x.listed = l
	x.mu.Unlock()
	s.show(w, r, http.StatusOK, "inbox", p)
}

// search keeps what is looked for, and shows the list with it. It goes in the
// body of a form and stays in memory: an address would stand in the browser's
// history.
func (s *Server) search(w http.ResponseWriter, r *http.Request, _ *desk) {
	x := sessionOf(r)
	sought := strings.TrimSpace(r.PostFormValue("q"))
	if len(sought) > 400 {
		sought = strings.ToValidUTF8(sought[:400], "")
	}
	x.mu.Lock()
	x.sought = sought
	back := "/"
	if x.listed != nil {
		back = x.listed.url()
	}
	x.mu.Unlock()
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// labelled are a case's codes in words, for the search.
func (d *desk) labelled(c *review.Case) []string {
	a := c.Report.Answers
	out := append(labels(d.codes, codebook.Acts, a.Acts), labels(d.codes, codebook.Groups, a.Groups)...)
	if c.Coding != nil {
		for _, act := range c.Coding.Acts {
			out = append(out, d.codes.Label(lang, codebook.Acts, act.Code))
		}
	}
	return out
}

// deskLinks are the desks this person works at; none when there is one only.
func (d *desk) deskLinks(v *review.View, l *listing, counts map[string]int) []link {
	if v.Roster == nil {
		return nil
	}
	var out []link
	total := 0
	for _, k := range v.Roster.Desks {
		if k.Has(d.work.Me()) || counts[k.ID] > 0 {
			at := listing{View: l.View, Desk: k.ID}
			out = append(out, link{k.Label(lang), at.url(), counts[k.ID], k.ID == l.Desk})
			total += counts[k.ID]
		}
	}
	if len(out) < 2 {
		return nil
	}
	all := listing{View: l.View}
	return append([]link{{"All desks", all.url(), total, l.Desk == ""}}, out...)
}

func (d *desk) row(c *review.Case, v *review.View, now time.Time) row {
	out := row{
		URL: "/case/" + c.ID.String(), Title: heading(c, d.codes), Excerpt: excerpt(ownWords(c), 180), Lang: c.Report.Lang,
		Mark: markOf(c), Desk: deskName(v, c.Desk), State: d.codes.Label(lang, "state", c.State),
		Mine: c.Holder == d.work.Me(), Covered: c.Covers(d.work.Me(), vault.DayOf(now)), Second: len(c.Proposals) > 0, Practice: c.Practice, Waits: c.Waits(), Files: len(c.Attachments),
		Unread: c.Readable && c.Open() && d.work.Unread(c),
	}
	if c.Arrived > 0 {
		t := time.Unix(int64(c.Arrived)*86400, 0).UTC()
		out.Arrived, out.Day = distance(int(c.Arrived)-int(vault.DayOf(now))), t.Format("2 Jan 2006")
	}
	if c.Holder != "" {
		out.Holder = v.Name(c.Holder)
	}
	if !c.Readable {
		out.State, out.Holder = "With colleagues", ""
	}
	if c.With != "" {
		out.State, out.Holder = "A message for "+v.Name(c.With), ""
	}
	for _, p := range c.Problems {
		out.Alarm = out.Alarm || p.Alarm
	}
	return out
}

func deskName(v *review.View, id string) string {
	if v.Roster != nil {
		if k, ok := v.Roster.Desk(id); ok {
			return k.Label(lang)
		}
	}
	return id
}

// beside is the list as it was opened, for a page that shows one of its cases,
// and how many cases came since.
func (d *desk) beside(x *session, v *review.View, at *review.Case, now time.Time) (rows []row, fresh int, back string) {
	x.mu.Lock()
	l := x.listed
	x.mu.Unlock()
	if l == nil {
		return nil, 0, "/"
	}
	known := map[*review.Case]bool{}
	for _, id := range l.ids {
		c, err := v.Case(id)
		if err != nil || known[c] {
			continue
		}
		known[c] = true
		if len(rows) < maxRows {
			r := d.row(c, v, now)
			r.Current = c == at
			rows = append(rows, r)
		}
	}
	_, has := pickView(l.View)
	look := d.looker(v, now)
	for _, c := range v.Cases {
		if !known[c] && c.Changed() > l.pos && has(look, c) && (l.Desk == "" || l.Desk == c.Desk) {
			fresh++
		}
	}
	return rows, fresh, l.url()
}

type quarantinePage struct {
	Rows   []quarantineRow
	Others int
}

type quarantineRow struct {
	Alarm                        bool
	What, Reason, Desk, Day, Ref string
}

func (s *Server) quarantine(w http.ResponseWriter, r *http.Request, d *desk) {
	v := d.work.View()
	p := quarantinePage{Others: v.Others}
	what := map[vault.Kind]string{
		vault.KindDeposit: "Something sent to a desk", vault.KindRoster: "A list of people", vault.KindRevocation: "A notice that shuts someone out",
		vault.KindAppend: "An entry of a case", vault.KindBlob: "A part of an attachment",
	}
	for _, q := range v.Quarantine[:min(len(v.Quarantine), maxRows)] {
		name := what[q.Kind]
		if name == "" {
			name = string(q.Kind)
		}
		p.Rows = append(p.Rows, quarantineRow{q.Alarm, name, q.Reason, deskName(v, q.Desk), dayWords(q.Day, s.cfg.Clock()), q.ID.String()[:12]})
	}
	s.show(w, r, http.StatusOK, "quarantine", p)
}

func (s *Server) syncNow(w http.ResponseWriter, r *http.Request, d *desk) {
	ctx, cancel := timeoutOf(r)
	defer cancel()
	d.sync(ctx, s.cfg.Clock())
	http.Redirect(w, r, s.back(r), http.StatusSeeOther)
}

// back is the page of ours that a form was sent from.
func (s *Server) back(r *http.Request) string {
	if ref, err := url.Parse(r.Referer()); err == nil && ref.Host == s.cfg.Addr {
		return ref.RequestURI()
	}
	return "/"
}
