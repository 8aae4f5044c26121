package figures

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"peerwitness/vault/roster"
)

// ErrShape: the bytes are not of the form that the protocol gives.
var ErrShape = errors.New("not of the form that the protocol gives")

// encode writes v as canonical JSON: the fields in the order of the struct, maps
// by key, no white space, strict as a roster's. v holds checked texts only.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("%w: encoding", ErrShape)
	}
	out := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if err := roster.StrictJSON(out); err != nil {
		return nil, fmt.Errorf("%w: a text that strict JSON can't hold", ErrShape)
	}
	return out, nil
}

// decode reads canonical JSON into v: no other key, no other spelling. What it
// accepts encodes to the same bytes again.
func decode(b []byte, limit int, v any) error {
	if len(b) > limit {
		return fmt.Errorf("%w: over %d bytes", ErrShape, limit)
	}
	if err := roster.StrictJSON(b); err != nil {
		return fmt.Errorf("%w: not strict JSON", ErrShape)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: an unknown key or a value of another type", ErrShape)
	}
	again, err := encode(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, b) {
		return fmt.Errorf("%w: not in its one canonical spelling", ErrShape)
	}
	return nil
}

var (
	codeForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	langForm   = regexp.MustCompile(`^[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}$`)
	personForm = regexp.MustCompile(`^p-[0-9a-f]{16}$`)
)

func isCode(s string) bool { return codeForm.MatchString(s) }

// shown reports whether s may be shown: not empty, not long, nothing in it that
// hides or turns text around.
func shown(s string, limit int) bool {
	if s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return false
	}
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return false
		}
	}
	return true
}

// Day is a day, UTC, as YYYY-MM-DD; days compare as texts. The empty Day is none.
type Day string

// DayOf returns t's day, UTC.
func DayOf(t time.Time) Day { return Day(t.UTC().Format(time.DateOnly)) }

func (d Day) time() (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, string(d))
	return t, err == nil && t.Year() >= 1970
}

func (d Day) valid() bool { _, ok := d.time(); return ok }

// after returns the day so many days later; the empty Day when d is none.
func (d Day) after(days int) Day {
	t, ok := d.time()
	if !ok {
		return ""
	}
	return DayOf(t.AddDate(0, 0, days))
}

// uniqueCodes reports whether list holds codes only, none twice.
func uniqueCodes(list []string) bool {
	for _, c := range list {
		if !isCode(c) {
			return false
		}
	}
	sorted := slices.Sorted(slices.Values(list))
	return len(slices.Compact(sorted)) == len(list)
}
