package review

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"peerwitness/vault/roster"
)

// Coding is what an advocate made of a case in the codebook's words, by the
// act model of HURIDOCS: one event holds several acts, each with those who did
// it, and the people it was done to. PROTOCOL.md §7 is the normative text.
type Coding struct {
	V int `json:"v"`
	// Codebook is the hex hash of the codebook whose codes these are.
	Codebook string `json:"codebook"`
	// RecordKey is 32 random bytes in hex, made with a case's first coding and
	// kept by every later one. It names the case in figures, and nowhere else.
	RecordKey    string        `json:"record_key"`
	Acts         []CodedAct    `json:"acts"`
	Grounds      []string      `json:"grounds"`
	Consequences []string      `json:"consequences"`
	Perpetrators []Perpetrator `json:"perpetrators"`
	People       []CodedPerson `json:"people"`
	Region       string        `json:"region"` // of the roster, or empty: not known
	Part         string        `json:"part"`
	When         CodedWhen     `json:"when"`
	Services     []Service     `json:"services"`
	Complaint    Complaint     `json:"complaint"`
	Verification string        `json:"verification"`
}

// CodedAct is one thing that was done, or left undone. Exactly one act of a
// coding is the main one. Perpetrators are codes out of the coding's own.
type CodedAct struct {
	Code         string   `json:"code"`
	Kind         string   `json:"kind"`
	State        string   `json:"state"`
	Main         bool     `json:"main"`
	Perpetrators []string `json:"perpetrators"`
}

// Perpetrator is somebody who did it. All but Code is free text, sealed.
type Perpetrator struct {
	Code    string `json:"code"`
	Name    string `json:"name"`
	Badge   string `json:"badge"`
	Vehicle string `json:"vehicle"`
	Unit    string `json:"unit"`
}

// CodedPerson is somebody, or a group, it was done to. Key is that of a person
// linked to the case, or empty.
type CodedPerson struct {
	Key         string   `json:"key"`
	Populations []string `json:"populations"`
	Gender      string   `json:"gender"`
	Age         string   `json:"age"`
	HowMany     string   `json:"how_many"`
}

// CodedWhen is when it happened. Kind is date, about, not-sure, or empty.
type CodedWhen struct {
	Kind string `json:"kind"`
	Date string `json:"date"` // YYYY-MM-DD
	Hour *int   `json:"hour"`
}

// Service is something that was done for the person.
type Service struct {
	Code     string `json:"code"`
	Provider string `json:"provider"`
	Day      string `json:"day"` // YYYY-MM-DD
	Outcome  string `json:"outcome"`
}

// Complaint is how things stand with an official complaint. Why is given only
// where none is wanted.
type Complaint struct {
	Code string   `json:"code"`
	Why  []string `json:"why"`
}

// ErrCoding is matched by every refusal of ParseCoding. Its text names a field
// and never quotes one.
var ErrCoding = errors.New("not a coding")

// Bounds of a coding.
const (
	maxCoding       = 64 << 10 // bytes of JSON
	maxActs         = 32
	maxPerpetrators = 32
	maxPeople       = 32
	maxServices     = 64
	maxCodes        = 64  // in one list
	maxName         = 200 // characters of a free text
)

// Main is the main act.
func (k *Coding) Main() CodedAct {
	for _, a := range k.Acts {
		if a.Main {
			return a
		}
	}
	return CodedAct{}
}

// ActCodes are the codes of the acts, each once, in their order.
func (k *Coding) ActCodes() []string {
	var out []string
	for _, a := range k.Acts {
		if !slices.Contains(out, a.Code) {
			out = append(out, a.Code)
		}
	}
	return out
}

// Encode writes a coding in the one form that ParseCoding takes.
func (k Coding) Encode() ([]byte, error) {
	b, err := encode(k.whole())
	if err != nil {
		return nil, fmt.Errorf("writing coding: %w", err)
	}
	return b, nil
}

// whole is the coding without nil lists, which would be written as null.
func (k Coding) whole() Coding {
	k.Acts, k.People = full(slices.Clone(k.Acts)), full(slices.Clone(k.People))
	for i := range k.Acts {
		k.Acts[i].Perpetrators = full(k.Acts[i].Perpetrators)
	}
	for i := range k.People {
		k.People[i].Populations = full(k.People[i].Populations)
	}
	k.Grounds, k.Consequences = full(k.Grounds), full(k.Consequences)
	k.Perpetrators, k.Services = full(k.Perpetrators), full(k.Services)
	k.Complaint.Why = full(k.Complaint.Why)
	return k
}

func full[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// ParseCoding reads the data of a coding entry. There is one way to write a
// coding: every key, in the order of the struct, in compact JSON. So two
// programs that hash one coding get one hash, and nothing that a reader does not know
// can be in it. Codes are checked for their form only; Faults checks
// them against a codebook. ErrCoding.
func ParseCoding(b []byte) (Coding, error) {
	var k Coding
	if err := strict(b, maxCoding, &k); err != nil {
		return Coding{}, fmt.Errorf("%w: %w", ErrCoding, err)
	}
	switch faults := k.Faults(nil); {
	case k.V != 1:
		return Coding{}, fmt.Errorf("%w: not version 1", ErrCoding)
	case !isHex(k.Codebook, 32):
		return Coding{}, fmt.Errorf("%w: no hash of a codebook", ErrCoding)
	case !isHex(k.RecordKey, 32):
		return Coding{}, fmt.Errorf("%w: no record key", ErrCoding)
	case len(faults) > 0:
		return Coding{}, fmt.Errorf("%w: %s: %s", ErrCoding, faults[0].Field, faults[0].Text)
	}
	if again, err := k.Encode(); err != nil || !bytes.Equal(again, b) {
		return Coding{}, fmt.Errorf("%w: not in the agreed order, or a key is lacking", ErrCoding)
	}
	return k, nil
}

// strict reads JSON of which no two readers can think differently, with no key
// that v lacks. Its errors never quote what is read.
func strict(b []byte, size int, v any) error {
	if len(b) > size {
		return fmt.Errorf("over %d bytes", size)
	}
	if roster.StrictJSON(b) != nil {
		return errors.New("not in the compact form")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if d.Decode(v) != nil {
		return errors.New("a key or a value of the wrong kind")
	}
	return nil
}
