package review

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// Search is one that somebody saved, under a name of her own.
type Search struct {
	Name  string `json:"name"`
	Query string `json:"query"`
}

// marks is what a person keeps for herself on this computer: which cases she has
// opened, and the searches that she saved. It is sealed to her own key on disk:
// what an advocate looks for says what her cases are about.
type marks struct {
	path string
	key  seal.KeyFile

	mu       sync.Mutex // guards what follows
	seen     map[vault.ID]int
	searches []Search
	dirty    bool
	broken   error
}

const (
	ownMarks    = "marks"
	maxMarks    = 32 << 20 // bytes of JSON
	maxSearches = 40
)

type marksJSON struct {
	V        int            `json:"v"`
	Seen     map[string]int `json:"seen"` // first deposit, hex → how many later messages were there
	Searches []Search       `json:"searches"`
}

func openMarks(dir string, key seal.KeyFile) *marks {
	m := &marks{path: filepath.Join(dir, "marks-"+key.Person+".age"), key: key, seen: map[vault.ID]int{}}
	b, err := readBounded(m.path, 2*maxMarks)
	if errors.Is(err, fs.ErrNotExist) {
		return m
	}
	if err == nil {
		b, err = key.OpenOwn(ownMarks, b, maxMarks)
	}
	if err == nil {
		err = m.parse(b)
	}
	if err != nil {
		m.broken = errors.New("your saved searches, and which cases you have opened, can't be read: the file is damaged or not yours. It is left as it is; nothing else is lost")
	}
	return m
}

func (m *marks) parse(b []byte) error {
	var f marksJSON
	if err := json.Unmarshal(b, &f); err != nil || f.V != 1 || len(f.Searches) > maxSearches {
		return errBody
	}
	for i, s := range f.Searches {
		if s.check() != nil || slices.ContainsFunc(f.Searches[:i], func(o Search) bool { return o.Name == s.Name }) {
			return errBody
		}
	}
	for id, n := range f.Seen {
		d, err := vault.ParseID(id)
		if err != nil {
			return errBody
		}
		m.seen[d] = n
	}
	m.searches = f.Searches
	return nil
}

func (m *marks) encode() ([]byte, error) {
	f := marksJSON{1, make(map[string]int, len(m.seen)), m.searches}
	for d, n := range m.seen {
		f.Seen[d.String()] = n
	}
	return encode(f)
}

func (s Search) check() error {
	switch {
	case s.Name == "" || strings.TrimSpace(s.Name) != s.Name:
		return notLegal("give the search a name")
	case utf8.RuneCountInString(s.Name) > 60 || !plainText(s.Name):
		return notLegal("the name is longer than 60 characters, or has characters that can't be shown")
	case len(Terms(s.Query)) == 0 || len(s.Query) > maxQuery:
		return notLegal("there is nothing to look for")
	}
	return nil
}

// save writes the marks. The caller holds mu.
func (m *marks) save() error {
	if m.broken != nil {
		return m.broken
	}
	b, err := m.encode()
	if err == nil && len(b) > maxMarks {
		err = errors.New("too much to keep")
	}
	if err == nil {
		b, err = m.key.SealOwn(ownMarks, b)
	}
	if err == nil {
		err = WriteFile(m.path, b)
	}
	if err == nil {
		m.dirty = false
	}
	return err
}

// mark is the name by which a case is remembered: taking it does not change it.
func (c *Case) mark() vault.ID {
	if len(c.Deposits) > 0 {
		return c.Deposits[0]
	}
	return c.ID
}

// Seen notes that the person has opened a case. It reaches the disk with the
// next KeepMarks, or with Close.
func (w *Workstation) Seen(c *Case) {
	m := w.marks
	m.mu.Lock()
	defer m.mu.Unlock()
	if n, ok := m.seen[c.mark()]; !ok || n != len(c.FollowUps) {
		m.seen[c.mark()] = len(c.FollowUps)
		m.dirty = true
	}
}

// Unread reports whether the person has not opened a case on this computer
// since it came, or since its sender wrote last.
func (w *Workstation) Unread(c *Case) bool {
	m := w.marks
	m.mu.Lock()
	defer m.mu.Unlock()
	n, ok := m.seen[c.mark()]
	return !ok || n < len(c.FollowUps)
}

// KeepMarks writes down what was opened, if anything was.
func (w *Workstation) KeepMarks() error {
	m := w.marks
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.dirty || m.broken != nil {
		return nil
	}
	return m.save()
}

// Searches are the saved ones, in the order in which they were.
func (w *Workstation) Searches() []Search {
	w.marks.mu.Lock()
	defer w.marks.mu.Unlock()
	return slices.Clone(w.marks.searches)
}

// SaveSearch keeps a search; one of the same name gives way. It is on disk,
// sealed, when SaveSearch returns. ErrNotLegal when it is none.
func (w *Workstation) SaveSearch(s Search) error {
	if err := s.check(); err != nil {
		return err
	}
	return w.marks.change(func(list []Search) []Search {
		if i := slices.IndexFunc(list, func(o Search) bool { return o.Name == s.Name }); i >= 0 {
			list[i] = s
			return list
		}
		return append(list, s)
	})
}

// RemoveSearch forgets the search of that name.
func (w *Workstation) RemoveSearch(name string) error {
	return w.marks.change(func(list []Search) []Search {
		return slices.DeleteFunc(list, func(o Search) bool { return o.Name == name })
	})
}

func (m *marks) change(to func([]Search) []Search) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.searches
	m.searches = to(slices.Clone(was))
	err := error(nil)
	if len(m.searches) > maxSearches {
		err = notLegal("too many searches are saved; remove one first")
	} else {
		err = m.save()
	}
	if err != nil {
		m.searches = was
	}
	return err
}

// forget takes away what was kept about cases that are gone.
func (m *marks) forget(gone func(vault.ID) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id := range m.seen {
		if gone(id) {
			delete(m.seen, id)
			m.dirty = true
		}
	}
}
