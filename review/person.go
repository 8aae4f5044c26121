package review

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"peerwitness/vault"
)

// Roles of a person in a case.
const (
	RoleAffected = "affected"
	RoleReporter = "reporter"
)

// PersonLink says that somebody known by a key is the affected person or the
// reporter of a case. The key is random and means nothing by itself; As is a
// short working name by which advocates find her again, never her legal name
// unless she wishes. Linked false takes an earlier link back.
type PersonLink struct {
	Person string `json:"person"` // 32 hex digits
	Role   string `json:"role"`
	As     string `json:"as"`
	Linked bool   `json:"linked"`
}

// Bounds of a person entry.
const (
	maxPersonEntry = 4 << 10 // bytes of JSON
	maxWorkingName = 80      // characters
)

var errPerson = errors.New("not a link to a person")

// parsePerson reads the data of a person entry.
func parsePerson(b []byte) (PersonLink, error) {
	var p PersonLink
	if err := strict(b, maxPersonEntry, &p); err != nil || p.check() != nil {
		return PersonLink{}, errPerson
	}
	if again, err := encode(p); err != nil || !bytes.Equal(again, b) {
		return PersonLink{}, errPerson
	}
	return p, nil
}

func (p PersonLink) check() error {
	switch {
	case !isHex(p.Person, 16), p.Role != RoleAffected && p.Role != RoleReporter:
		return errPerson
	case p.Linked && p.As == "", !p.Linked && p.As != "":
		return errPerson
	case utf8.RuneCountInString(p.As) > maxWorkingName, !plainText(p.As):
		return errPerson
	}
	return nil
}

// NewPersonKey makes the key of somebody who has none yet.
func NewPersonKey() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// LinkPerson says that a person is the affected person or the reporter of a
// case. as is her working name; linking her again changes it.
func (w *Workstation) LinkPerson(ctx context.Context, id vault.ID, person, role, as string) error {
	p := PersonLink{Person: person, Role: role, As: strings.TrimSpace(as), Linked: true}
	return w.act(ctx, id, "person", p, func(c *Case, _ bool) error {
		switch {
		case p.As == "":
			return notLegal("give a short working name to find the person again by")
		case p.check() != nil:
			return notLegal("the working name is longer than 80 characters, or has characters that can't be shown")
		}
		return c.canLink(p)
	})
}

// UnlinkPerson takes a link back.
func (w *Workstation) UnlinkPerson(ctx context.Context, id vault.ID, person, role string) error {
	p := PersonLink{Person: person, Role: role}
	return w.act(ctx, id, "person", p, func(c *Case, _ bool) error {
		if p.check() != nil {
			return notLegal("that is not a person of this case")
		}
		return c.canLink(p)
	})
}

// canLink reports why a link, or taking one back, is of no effect on the case.
func (c *Case) canLink(p PersonLink) error {
	at := slices.IndexFunc(c.People, func(x PersonLink) bool { return x.Person == p.Person && x.Role == p.Role })
	switch {
	case !p.Linked && at < 0:
		return notLegal("that person is not linked to this case")
	case p.Linked && at >= 0 && c.People[at].As == p.As:
		return notLegal("that person is linked to this case already")
	case p.Linked && at < 0 && len(c.People) >= maxPeople:
		return notLegal("too many people are linked to this case")
	}
	return nil
}

// link applies a person entry.
func (c *Case) link(p PersonLink) error {
	if err := c.canLink(p); err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(c.People), func(x PersonLink) bool { return x.Person == p.Person && x.Role == p.Role })
	if p.Linked {
		rest = append(rest, p)
	}
	c.People = rest
	return nil
}

// PersonKeys are the keys by which a case's people are counted, sorted: those
// of the affected people and the reporter that were linked to it. Where
// nobody was, it is one key that the case's record key gives, so that a person
// without links counts as one, and always as the same one. Nil without links
// and without a coding.
func (c *Case) PersonKeys() []string {
	var out []string
	for _, p := range c.People {
		out = append(out, p.Person)
	}
	if len(out) == 0 && c.Coding != nil {
		key, err := hex.DecodeString(c.Coding.RecordKey)
		if err != nil {
			return nil
		}
		out = append(out, vault.Sum(vault.LP("peerwitness/person/v1", key)).String()[:32])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Someone is a person as the cases that this workstation can read know her.
type Someone struct {
	Key   string
	Names []string // working names, the newest first
	Cases []*Case  // in the order of the view
}

// Someone finds a person by her key.
func (v *View) Someone(key string) (Someone, bool) {
	p := v.people()[key]
	if p == nil {
		return Someone{}, false
	}
	return *p, true
}

// FindPeople searches the working names, and the beginnings of keys, of the
// people in all cases that can be read. No more than limit come back, those
// with the most cases first; an empty query finds everybody.
func (v *View) FindPeople(query string, limit int) []Someone {
	words := strings.Fields(strings.ToLower(query))
	var out []Someone
	for key, p := range v.people() {
		if p.matches(key, words) {
			out = append(out, *p)
		}
	}
	slices.SortFunc(out, func(a, b Someone) int {
		if d := len(b.Cases) - len(a.Cases); d != 0 {
			return d
		}
		if d := strings.Compare(a.Names[0], b.Names[0]); d != 0 {
			return d
		}
		return strings.Compare(a.Key, b.Key)
	})
	return out[:min(len(out), limit)]
}

// matches reports whether each word begins the key or is in one of the names.
func (p *Someone) matches(key string, words []string) bool {
	for _, w := range words {
		if len(w) >= 4 && strings.HasPrefix(key, w) {
			continue
		}
		if !slices.ContainsFunc(p.Names, func(n string) bool { return strings.Contains(strings.ToLower(n), w) }) {
			return false
		}
	}
	return true
}

// indexPeople gathers the people of all cases.
func indexPeople(cases []*Case) map[string]*Someone {
	out := map[string]*Someone{}
	newest := map[string]uint64{} // key → change of the case that named her last
	for _, c := range cases {
		for _, p := range c.People {
			s := out[p.Person]
			if s == nil {
				s = &Someone{Key: p.Person}
				out[p.Person] = s
			}
			if !slices.Contains(s.Cases, c) {
				s.Cases = append(s.Cases, c)
			}
			switch {
			case slices.Contains(s.Names, p.As):
			case c.changed >= newest[p.Person]:
				s.Names = slices.Insert(s.Names, 0, p.As)
			default:
				s.Names = append(s.Names, p.As)
			}
			newest[p.Person] = max(newest[p.Person], c.changed)
		}
	}
	return out
}
