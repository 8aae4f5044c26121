package figures

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// CountMe is the consent without which nobody is counted.
const CountMe = "count-me"

// Limits of a record.
const (
	MaxRecord   = 64 << 10
	maxPeople   = 64
	maxServices = 64
	maxActs     = 1024
)

// Key names a record: 32 random bytes, made when a case is first coded.
type Key [32]byte

// NewKey returns a fresh key, for a record or for noise.
func NewKey() Key {
	var k Key
	rand.Read(k[:]) // never fails
	return k
}

// ParseKey reads 64 lower-case hex digits. ErrShape.
func ParseKey(s string) (Key, error) {
	var k Key
	if !isHex(s, len(k)) {
		return Key{}, fmt.Errorf("%w: a key", ErrShape)
	}
	hex.Decode(k[:], []byte(s)) // isHex has checked it
	return k, nil
}

// String hides the key: it joins a public figure to a case, or takes noise away.
func (k Key) String() string { return "key" }

// Reveal returns the hex digits.
func (k Key) Reveal() string { return hex.EncodeToString(k[:]) }

// MarshalText writes the hex digits, for what is sealed.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.Reveal()), nil }

// UnmarshalText reads them. ErrShape.
func (k *Key) UnmarshalText(b []byte) error {
	v, err := ParseKey(string(b))
	*k = v
	return err
}

// Served is one service given, with how it came out.
type Served struct {
	Service string `json:"service"`
	Outcome string `json:"outcome"`
}

// Record is what a coded case leaves for the figures at coding freeze. A later
// version of it (N one higher) takes a consent back, links a person or takes a
// coding further; nothing of it is ever changed in place. It is a secret.
type Record struct {
	Key         Key
	N           int      // 0 at coding freeze
	Day         Day      // of this version
	Frozen      Day      // day of coding freeze; the same in every version
	Practice    bool     // made for training; never counted
	CountMe     bool     // the consent, as of Day
	People      []string // keys of reporter and affected people, 32 hex digits each, sorted
	Region      string   // empty when not known
	ActIndex    int      // place of the main act among the case's acts
	Act         string   // the main act
	Group       string   // its group
	Perpetrator string   // of the main act; empty when not known
	Populations []string // sorted
	Services    []Served // by service, then outcome; none twice
}

// JSON returns the canonical bytes: every key, in the order of the struct.
// ErrShape when the record breaks a rule.
func (r *Record) JSON() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return r.appendJSON(nil), nil
}

// appendJSON writes a checked record. By hand: a batch may hold a million.
func (r *Record) appendJSON(b []byte) []byte {
	text := func(key, v string) {
		b = append(append(append(append(b, `,"`...), key...), `":"`...), v...)
		b = append(b, '"')
	}
	list := func(key string, vs []string) {
		b = append(append(append(b, `,"`...), key...), `":[`...)
		for i, v := range vs {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(append(b, '"'), v...), '"')
		}
		b = append(b, ']')
	}
	b = append(b, `{"v":1,"key":"`...)
	b = hex.AppendEncode(b, r.Key[:])
	b = append(b, `","n":`...)
	b = strconv.AppendInt(b, int64(r.N), 10)
	text("day", string(r.Day))
	text("frozen", string(r.Frozen))
	b = strconv.AppendBool(append(b, `,"practice":`...), r.Practice)
	b = strconv.AppendBool(append(b, `,"count_me":`...), r.CountMe)
	list("people", r.People)
	text("region", r.Region)
	b = strconv.AppendInt(append(b, `,"act_index":`...), int64(r.ActIndex), 10)
	text("act", r.Act)
	text("group", r.Group)
	text("perpetrator", r.Perpetrator)
	list("populations", r.Populations)
	b = append(b, `,"services":[`...)
	for i, s := range r.Services {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"service":"`...), s.Service...)
		b = append(append(b, `","outcome":"`...), s.Outcome...)
		b = append(b, `"}`...)
	}
	return append(b, `]}`...)
}

// wire is the record as decode reads it.
type wire struct {
	V           int      `json:"v"`
	Key         Key      `json:"key"`
	N           int      `json:"n"`
	Day         Day      `json:"day"`
	Frozen      Day      `json:"frozen"`
	Practice    bool     `json:"practice"`
	CountMe     bool     `json:"count_me"`
	People      []string `json:"people"`
	Region      string   `json:"region"`
	ActIndex    int      `json:"act_index"`
	Act         string   `json:"act"`
	Group       string   `json:"group"`
	Perpetrator string   `json:"perpetrator"`
	Populations []string `json:"populations"`
	Services    []Served `json:"services"`
}

// ParseRecord reads canonical bytes; what it accepts is written the same way
// again. ErrShape, which quotes nothing.
func ParseRecord(b []byte) (Record, error) {
	var w wire
	if err := decode(b, MaxRecord, &w); err != nil {
		return Record{}, fmt.Errorf("reading count record: %w", err)
	}
	if w.V != 1 || w.People == nil || w.Populations == nil || w.Services == nil {
		return Record{}, fmt.Errorf("reading count record: %w: version or a list", ErrShape)
	}
	r := Record{Key: w.Key, N: w.N, Day: w.Day, Frozen: w.Frozen, Practice: w.Practice, CountMe: w.CountMe, People: w.People,
		Region: w.Region, ActIndex: w.ActIndex, Act: w.Act, Group: w.Group, Perpetrator: w.Perpetrator,
		Populations: w.Populations, Services: w.Services}
	if err := r.check(); err != nil {
		return Record{}, fmt.Errorf("reading count record: %w", err)
	}
	return r, nil
}

func (r *Record) check() error {
	bad := func(what string) error { return fmt.Errorf("%w: record: %s", ErrShape, what) }
	code := func(s string) bool { return fastCode(s) }
	option := func(s string) bool { return s == "" || fastCode(s) }
	switch {
	case r.N < 0 || r.N > 1<<30:
		return bad("version")
	case !r.Day.plausible() || !r.Frozen.plausible() || r.Day < r.Frozen || r.N == 0 && r.Day != r.Frozen:
		return bad("days")
	case len(r.People) > maxPeople || len(r.Populations) > maxCodes || len(r.Services) > maxServices:
		return bad("a list is too long")
	case r.ActIndex < 0 || r.ActIndex >= maxActs || !code(r.Act) || !code(r.Group):
		return bad("main act")
	case !option(r.Region) || !option(r.Perpetrator):
		return bad("a code")
	}
	for i, p := range r.People {
		if !isHex(p, 16) || i > 0 && p <= r.People[i-1] {
			return bad("people")
		}
	}
	for i, p := range r.Populations {
		if !code(p) || i > 0 && p <= r.Populations[i-1] {
			return bad("populations")
		}
	}
	for i, s := range r.Services {
		if !code(s.Service) || !code(s.Outcome) || i > 0 && compareServed(r.Services[i-1], s) >= 0 {
			return bad("services")
		}
	}
	return nil
}

// Tidy sorts the lists and drops what is there twice, as the form asks. It
// changes r's lists in place only by replacing them.
func (r Record) Tidy() Record {
	r.People = slices.Compact(slices.Sorted(slices.Values(r.People)))
	r.Populations = slices.Compact(slices.Sorted(slices.Values(r.Populations)))
	r.Services = slices.Compact(slices.SortedFunc(slices.Values(r.Services), compareServed))
	return r
}

func compareServed(a, b Served) int {
	if c := strings.Compare(a.Service, b.Service); c != 0 {
		return c
	}
	return strings.Compare(a.Outcome, b.Outcome)
}

// plausible is valid for days of this era, without the cost of time.Parse.
func (d Day) plausible() bool {
	if len(d) != 10 || d[4] != '-' || d[7] != '-' {
		return false
	}
	for i := range len(d) {
		if i != 4 && i != 7 && (d[i] < '0' || d[i] > '9') {
			return false
		}
	}
	month, day := int(d[5]-'0')*10+int(d[6]-'0'), int(d[8]-'0')*10+int(d[9]-'0')
	if day <= 28 {
		return d >= "1970" && month >= 1 && month <= 12 && day >= 1
	}
	return d.valid()
}

// fastCode is codeForm without the regular expression.
func fastCode(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// isHex reports whether s is n bytes in lower-case hex.
func isHex(s string, n int) bool {
	if len(s) != 2*n {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
