package intake

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"time"

	"peerwitness/vault"
)

// Proof of work, PROTOCOL.md §9. In calm nobody is asked for any. When more new
// deposits come than an organisation gets, each has to show work that was done
// for it alone; nobody is known by an address or anything else. A phone that is
// fifty times slower than a flooder's machine has as much time as it: each
// minute that a challenge has waited halves the work, and a part of what is taken
// in a minute is kept for those that have waited.
const (
	workWindow   = 5  // minutes over which deposits are counted
	workLife     = 10 // minutes that a challenge is good for
	workLeast    = 8  // bits, however long it has waited
	workBegins   = 14
	workMost     = 20
	workWaited   = 4 // minutes after which the kept part is open
	workByHand   = 10
	challengeLen = 8 + 1 + 16
)

// flood counts new deposits by the minute, in memory alone, and judges work.
type flood struct {
	calm  int // deposits in workWindow minutes that need no work; 0: none ever do
	clock vault.Clock
	key   [32]byte // of this run: a challenge from before a restart is answered with a new one

	mu     sync.Mutex // guards what follows
	minute int64
	counts [workWindow]int // the running minute first
	waited int             // of the running minute's, those from the kept part
	hand   int             // of the running minute's, those sealed by hand
}

func newFlood(calm int, clock vault.Clock) *flood {
	f := &flood{calm: calm, clock: clock}
	rand.Read(f.key[:])
	return f
}

// turn moves the minutes on. The caller holds mu.
func (f *flood) turn() {
	now := f.clock().Unix() / 60
	if now == f.minute {
		return
	}
	passed := now - f.minute
	if passed < 0 || passed >= workWindow { // or the clock was set back
		f.counts = [workWindow]int{}
	} else {
		copy(f.counts[passed:], f.counts[:workWindow-passed])
		clear(f.counts[:passed])
	}
	f.minute, f.waited, f.hand = now, 0, 0
}

// need is the work that a new deposit has to show now, in bits. The caller holds mu.
func (f *flood) need() int {
	f.turn()
	sum := 0
	for _, n := range f.counts {
		sum += n
	}
	if f.calm == 0 || sum < f.calm {
		return 0
	}
	return min(workBegins+bits.Len(uint(sum/f.calm))-1, workMost)
}

// asked is an answer that asks for work.
type asked struct {
	Error     string `json:"error"`
	Challenge string `json:"challenge"`
	Bits      int    `json:"bits"`
}

// admit lets a new deposit in, or says what work it has to show. errBusy when
// what is taken in a minute is used up.
func (f *flood) admit(id vault.ID, byHand bool, work string) (*asked, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	need := f.need()
	waited := false
	switch {
	case need == 0:
	case byHand:
		// Who seals by hand has no script to work with: a small number get in, beside all others.
		if f.hand >= workByHand {
			return nil, errBusy
		}
		f.hand++
		return nil, nil
	default:
		age, ok := f.judge(id, work)
		if !ok {
			return &asked{"many reports are coming in: show work for this one", f.challenge(id, need), need}, nil
		}
		waited = age >= workWaited*time.Minute
	}
	if f.calm > 0 {
		quota, kept := 2*f.calm, 2*f.calm/5
		// What waited has a part of its own and no more: waiting costs a patient flooder nothing, work does.
		switch {
		case waited && f.waited >= kept, !waited && f.counts[0]-f.waited >= quota-kept:
			return nil, errBusy
		case waited:
			f.waited++
		}
	}
	f.counts[0]++
	return nil, nil
}

// challenge is a fresh one for one deposit.
func (f *flood) challenge(id vault.ID, need int) string {
	b := append(vault.U64(uint64(f.clock().Unix())), byte(need))
	return base64.RawURLEncoding.EncodeToString(append(b, f.mac(id, b)...))
}

func (f *flood) mac(id vault.ID, b []byte) []byte {
	m := hmac.New(sha256.New, f.key[:])
	m.Write(vault.LP("peerwitness/challenge/v1", id[:], b))
	return m.Sum(nil)[:16]
}

// judge reads work, "challenge.counter", and says whether it is enough, and how
// long ago its challenge was made.
func (f *flood) judge(id vault.ID, work string) (time.Duration, bool) {
	text, count, ok := strings.Cut(work, ".")
	counter, err := strconv.ParseUint(count, 10, 64)
	if !ok || err != nil || len(text) != base64.RawURLEncoding.EncodedLen(challengeLen) {
		return 0, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != challengeLen || !hmac.Equal(b[9:], f.mac(id, b[:9])) {
		return 0, false
	}
	age := f.clock().Sub(time.Unix(int64(binary.BigEndian.Uint64(b)), 0))
	if age < 0 || age > workLife*time.Minute {
		return 0, false
	}
	return age, workBits(id, text, counter) >= max(workLeast, int(b[8])-int(age/time.Minute))
}

// workBits is how many zero bits the hash of some work begins with.
func workBits(id vault.ID, challenge string, counter uint64) int {
	h := sha256.Sum256(vault.LP("peerwitness/work/v1", id[:], []byte(challenge), vault.U64(counter)))
	return bits.LeadingZeros64(binary.BigEndian.Uint64(h[:]))
}
