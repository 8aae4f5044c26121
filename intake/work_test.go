package intake_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"testing"
	"time"

	"peerwitness/intake"
	"peerwitness/vault"
	"peerwitness/vault/access/accesstest"
)

const calm = 20

// flooded is a site where more deposits came than it takes without work.
func flooded(t *testing.T) *site {
	s := newSite(t, func(c *intake.Config, _ *intake.Limits) { c.Calm = calm })
	for range calm {
		if got := s.show(t, fresh(), ""); got.status != 201 {
			t.Fatalf("in calm: %d %s", got.status, got.body)
		}
	}
	return s
}

// sent is one report on its way, and what it is asked for.
type sent struct {
	report    []byte
	id        vault.ID
	challenge string
	bits      int
}

// fresh is a report that nobody has sent.
func fresh() sent {
	report := accesstest.Report(8, 0)
	return sent{report: report, id: vault.Deposit{Desk: "street", Report: report}.ID()}
}

func (s *site) ask(t *testing.T) sent {
	t.Helper()
	out := fresh()
	got := s.show(t, out, "")
	if got.status != 428 {
		t.Fatalf("without work: %d %s", got.status, got.body)
	}
	m := got.json(t)
	out.challenge, out.bits = m["challenge"].(string), int(m["bits"].(float64))
	return out
}

func (s *site) show(t *testing.T, d sent, work string) answer {
	t.Helper()
	parts := []part{{"desk", []byte("street")}, {"report", d.report}}
	if work != "" {
		parts = append(parts, part{"work", []byte(work)})
	}
	media, body := form(t, parts...)
	return s.post(t, media, body)
}

// solve finds work of so many bits, trying at most so many times.
func (d sent) solve(need, tries int) string {
	for n := range tries {
		h := sha256.Sum256(vault.LP("peerwitness/work/v1", d.id[:], []byte(d.challenge), vault.U64(uint64(n))))
		if bits.LeadingZeros64(binary.BigEndian.Uint64(h[:])) >= need {
			return d.challenge + "." + strconv.Itoa(n)
		}
	}
	return ""
}

const always = 1 << 30

// attack 25: in a flood another deposit's work, expired work and none are
// refused; what a minute takes is bounded; what is stored already is answered as
// before.
func TestAttack25Flood(t *testing.T) {
	s := flooded(t)
	a, b := s.ask(t), s.ask(t)
	if a.bits < 14 || a.bits > 20 {
		t.Errorf("%d bits are asked for", a.bits)
	}
	stored := s.stored(t)
	mine := a.solve(a.bits, always)
	raw, _ := base64.RawURLEncoding.DecodeString(a.challenge)
	raw[8] = 0
	easy := sent{a.report, a.id, base64.RawURLEncoding.EncodeToString(raw), 0}
	for name, work := range map[string]string{
		"another deposit's":             b.challenge + strings.TrimPrefix(b.solve(b.bits, always), b.challenge),
		"too little":                    a.challenge + ".0",
		"its own, with easier bits":     easy.solve(8, always),
		"no counter":                    a.challenge,
		"a counter that is none":        a.challenge + ".-1",
		"a counter over 64 bits":        a.challenge + ".99999999999999999999",
		"nothing but a dot":             ".",
		"no base64":                     strings.Repeat("*", len(a.challenge)) + ".1",
		"another's counter for its own": a.challenge + "." + strings.Split(b.solve(b.bits, always), ".")[1] + "7",
	} {
		if got := s.show(t, a, work); got.status != 428 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := s.show(t, a, strings.Repeat("x", 2000)); got.status != 422 && got.status != 400 {
		t.Errorf("over its limit: %d", got.status)
	}
	s.Pass(11 * time.Minute)
	// It is calm again; a new flood, and the old work is worth nothing.
	for range calm {
		s.show(t, fresh(), "")
	}
	if got := s.show(t, a, mine); got.status != 428 {
		t.Errorf("expired: %d", got.status)
	}
	if s.stored(t) != stored+calm {
		t.Errorf("%d stored", s.stored(t)-stored)
	}
	c := s.ask(t)
	good := c.solve(c.bits, always)
	if got := s.show(t, c, good); got.status != 201 {
		t.Fatalf("good work: %d %s", got.status, got.body)
	}
	if got := s.show(t, c, ""); got.status != 200 {
		t.Errorf("the same again, without work: %d", got.status)
	}
}

// attack 25: with work for each, a flooder gets no more in than a minute takes;
// a phone of a fiftieth of its speed gets through all the same.
func TestAttack25SlowPhoneGetsThrough(t *testing.T) {
	s := flooded(t)
	const flooder, phone = 1 << 19, 1 << 13 // tries in a minute
	slow := s.ask(t)
	through := 0
	for minute := 0; through == 0 && minute < 9; minute++ {
		taken := 0
		for range 3 * calm { // as many as it likes: it has prepared for more than a minute takes
			d := s.ask(t)
			if w := d.solve(d.bits, flooder); w != "" {
				if got := s.show(t, d, w); got.status == 201 {
					taken++
				} else if got.status != 503 {
					t.Fatalf("the flooder's: %d %s", got.status, got.body)
				}
			}
		}
		if taken > 2*calm {
			t.Errorf("minute %d: %d were taken of the flooder", minute, taken)
		}
		// The phone tries with what it had the time for so far.
		if w := slow.solve(max(8, slow.bits-minute), phone*(minute+1)); w != "" {
			switch got := s.show(t, slow, w); got.status {
			case 201:
				through = minute + 1
			case 503, 428:
			default:
				t.Fatalf("the phone's: %d %s", got.status, got.body)
			}
		}
		s.Pass(time.Minute)
	}
	if through == 0 {
		t.Error("a slow phone did not get through")
	}
	t.Logf("a phone of 1/%d of the speed got through in minute %d", flooder/phone, through)
}

// Reports sealed by hand, whose senders have no script to work with, get in at
// a small rate of their own.
func TestFloodTakesSomeByHand(t *testing.T) {
	s := flooded(t)
	taken := 0
	for range 30 {
		media, body := form(t, part{"desk", []byte("street")}, part{"by_hand", fresh().report})
		if got := s.post(t, media, body); got.status == 201 {
			taken++
		} else if got.status != 503 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	if taken != 10 {
		t.Errorf("%d were taken", taken)
	}
}

func FuzzWork(f *testing.F) {
	f.Add("")
	f.Add("AAAA.1")
	f.Add(strings.Repeat("A", 34) + ".18446744073709551615")
	f.Fuzz(func(t *testing.T, work string) {
		if len(work) > 1000 {
			return
		}
		if intake.JudgeWork(work) {
			t.Errorf("%q is taken for work that nobody asked for", work)
		}
	})
}
