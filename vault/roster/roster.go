// Package roster reads, checks and makes the signed list of who may open what:
// the roster itself, the monthly certificates that reports are sealed to, and
// the revocations that take a person out at once. Exact bytes are in
// PROTOCOL.md, section 3.
//
// Nothing here trusts whoever served the bytes. A *Roster that [Parse] returns
// satisfies the shape and carries enough valid signatures of its own root keys;
// whether those roots are the right ones is what [Adopt] settles, so a reader
// that keeps a roster calls Adopt. The package can't encrypt or decrypt.
//
// A *Roster is safe for concurrent use as long as nobody changes it.
package roster

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"peerwitness/vault"
)

// Sentinels. Functions here wrap them with what exactly is wrong; compare with
// errors.Is.
var (
	// ErrShape: the bytes are not of the form that PROTOCOL.md gives.
	ErrShape = errors.New("not of the form that the protocol gives")
	// ErrSignatures: a signature that claims a known key does not verify.
	ErrSignatures = errors.New("a signature does not match")
	// ErrThreshold: too few distinct keys out of the roster's own roots signed it.
	ErrThreshold = errors.New("too few of the roster's root keys signed it")
	// ErrChain: the roster does not follow from the one that is held.
	ErrChain = errors.New("roster does not follow from the one held")
	// ErrExpired: the roster's last day has passed.
	ErrExpired = errors.New("roster has expired")
	// ErrOlder: the roster's version is not above that of the one held.
	ErrOlder = errors.New("roster is not newer than the one held")
	// ErrRoot: the root keys are not those of the given fingerprint.
	ErrRoot = errors.New("roster's root keys are not the expected ones")
	// ErrPerson: the roster has no such person, or not in the role it takes.
	ErrPerson = errors.New("person is not on the roster in that role")
)

// Limits on what one roster holds. Lengths are in Unicode code points.
const (
	MaxDesks        = 64
	MaxPeople       = 500
	MaxRegions      = 200 // also the parts of one region
	MaxRoots        = 9
	MaxLanguages    = 64
	MaxTopics       = 64
	MaxOrganisation = 200
	MaxName         = 80
	MaxLabel        = 120
	MaxSignatures   = 100
	MaxObjective    = 3660 // days
)

// Roles that a person may have.
const (
	Advocate  = "advocate"
	Lead      = "lead"
	Keeper    = "keeper"
	Partner   = "partner"
	Community = "community"
)

// Recovery stands for the recovery recipient where a person id is expected.
const Recovery = "recovery"

// Labels holds one short text in several languages, by BCP 47 tag in lower case.
type Labels map[string]string

// Roster is one version of the list. Its JSON is PROTOCOL.md's.
type Roster struct {
	Organisation string            `json:"organisation"`
	Version      uint64            `json:"version"`
	Former       string            `json:"former"` // hex hash of the note before, or empty
	Issued       string            `json:"issued"`
	Expires      string            `json:"expires"` // the last day it is good on
	Roots        []string          `json:"roots"`   // note verifier keys
	Threshold    int               `json:"threshold"`
	Desks        []Desk            `json:"desks"`
	Regions      []Region          `json:"regions"`
	People       []Person          `json:"people"`
	Recovery     string            `json:"recovery"`
	Codebook     string            `json:"codebook"` // hex SHA-256 of the file
	Texts        map[string]string `json:"texts"`    // language to hex SHA-256 of the file
	Policy       Policy            `json:"policy"`

	Note []byte   `json:"-"` // the whole signed note as it was read
	Hash vault.ID `json:"-"` // of Note
}

// Desk is a place that reports are sent to.
type Desk struct {
	ID      string   `json:"id"`
	Labels  Labels   `json:"labels"`
	Topics  []string `json:"topics"`
	Regions []string `json:"regions"`
	People  []string `json:"people"` // person ids, 1 to Slots-1
	Slots   int      `json:"slots"`  // stanzas of a report's header, 8 or 16
}

// Region is a part of the country as the organisation divides it.
type Region struct {
	ID     string `json:"id"`
	Labels Labels `json:"labels"`
	Parts  []Part `json:"parts"`
}

// Part is a part of a region.
type Part struct {
	ID     string `json:"id"`
	Labels Labels `json:"labels"`
}

// Person is somebody on the roster under a display name of her own choice.
type Person struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Roles    []string `json:"roles"`
	Personal string   `json:"personal"` // recipient of grants
	Signing  string   `json:"signing"`  // base64 of an Ed25519 public key
}

// Policy says how long things are kept, and what the organisation set itself.
type Policy struct {
	AnswersDays   int `json:"answers_days"`
	UnclaimedDays int `json:"unclaimed_days"`
	NoConsentDays int `json:"no_consent_days"`
	ClosedYears   int `json:"closed_years"`
	BucketBits    int `json:"bucket_bits"`
	// In days, 0 where the list does not say: until a person is answered first and
	// has legal help where she asked for it, and how long a report may wait for
	// somebody to take it, in general and when it is urgent.
	FirstAnswerDays int `json:"first_answer_days,omitempty"`
	LegalHelpDays   int `json:"legal_help_days,omitempty"`
	WaitDays        int `json:"wait_days,omitempty"`
	WaitDaysUrgent  int `json:"wait_days_urgent,omitempty"`
}

// Label returns the text in lang, or else in its base language, in English, or
// in the first language there is.
func (l Labels) Label(lang string) string {
	lang = strings.ToLower(lang)
	base, _, _ := strings.Cut(lang, "-")
	for _, k := range []string{lang, base, "en"} {
		if s, ok := l[k]; ok {
			return s
		}
	}
	if keys := sortedKeys(l); len(keys) > 0 {
		return l[keys[0]]
	}
	return ""
}

// Label returns the desk's name in lang, falling back as [Labels.Label] does.
func (d Desk) Label(lang string) string { return d.Labels.Label(lang) }

// Label returns the region's name in lang, falling back as [Labels.Label] does.
func (r Region) Label(lang string) string { return r.Labels.Label(lang) }

// Label returns the part's name in lang, falling back as [Labels.Label] does.
func (p Part) Label(lang string) string { return p.Labels.Label(lang) }

// Has reports whether the person has the role.
func (p Person) Has(role string) bool { return slices.Contains(p.Roles, role) }

// Key returns the person's signing key, nil when Signing isn't one. On a parsed
// roster it always is.
func (p Person) Key() ed25519.PublicKey {
	key, err := decodeBase64(p.Signing, ed25519.PublicKeySize)
	if err != nil {
		return nil
	}
	return key
}

// Has reports whether the person works at the desk.
func (d Desk) Has(person string) bool { return slices.Contains(d.People, person) }

// Person returns the person with that id.
func (r *Roster) Person(id string) (Person, bool) {
	i := slices.IndexFunc(r.People, func(p Person) bool { return p.ID == id })
	if i < 0 {
		return Person{}, false
	}
	return r.People[i], true
}

// Desk returns the desk with that id.
func (r *Roster) Desk(id string) (Desk, bool) {
	i := slices.IndexFunc(r.Desks, func(d Desk) bool { return d.ID == id })
	if i < 0 {
		return Desk{}, false
	}
	return r.Desks[i], true
}

// Region returns the region with that id.
func (r *Roster) Region(id string) (Region, bool) {
	i := slices.IndexFunc(r.Regions, func(g Region) bool { return g.ID == id })
	if i < 0 {
		return Region{}, false
	}
	return r.Regions[i], true
}

// Expired reports whether now, in UTC, is after the roster's last day.
func (r *Roster) Expired(now time.Time) bool { return day(now) > r.Expires }

// day writes t's day, UTC, as it stands in JSON. Such texts compare as days do.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// decodeBase64 reads standard base64 of exactly n bytes in its one spelling.
func decodeBase64(s string, n int) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != n || base64.StdEncoding.EncodeToString(b) != s {
		return nil, errors.New("not the base64 of a value of that length")
	}
	return b, nil
}
