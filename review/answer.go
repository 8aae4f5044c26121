package review

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// Answer is what the desk said to the person, as the author wrote it down in
// the case. The person's copy lies sealed at the server, in slots that only her
// receipt opens, so that nobody at the desk can tell whether she read it.
type Answer struct {
	Text  string   `json:"text"`
	Slots []string `json:"slots"` // hex hashes, in order
	N     uint32   `json:"n"`     // number of the first, of all the thread's
}

// box is how far the answers of a case have come: the next slot's number, and
// the hash of the one before it.
type box struct {
	next   uint32
	former string
}

// Answer leaves words for the person at the desk's box: one entry, and the
// sealed slots with it. read is how many of the person's later messages the
// author had before her; when more have come, nothing is sent, so that nobody
// is answered past what she just said. It fails with ErrNotLegal when the case
// can't be answered (see Answerable) and when the text is empty or too long.
func (w *Workstation) Answer(ctx context.Context, id vault.ID, text string, read int) error {
	text = strings.TrimSpace(text)
	return w.act(ctx, id, "answer", answering{text, read}, func(c *Case, _ bool) error {
		if err := c.Answerable(); err != nil {
			return err
		}
		if len(c.FollowUps) > read {
			return notLegal("the person has sent something new meanwhile, and it is now in the case: read it, then send your answer")
		}
		return CheckAnswer(text)
	})
}

// CheckAnswer tells whether a text can be an answer: it has words, and fits a
// few slots. ErrNotLegal, in words for people.
func CheckAnswer(text string) error {
	longest := seal.Reply{Thread: strings.Repeat("0", 32), Desk: strings.Repeat("d", 32), Author: "p-" + strings.Repeat("0", 16), Roster: 1 << 53,
		Day: "2026-11-23", N: 1 << 31, Former: vault.ID{}.String(), Text: text}
	_, err := longest.Slots()
	switch {
	case strings.TrimSpace(text) == "":
		return notLegal("the answer is empty")
	case errors.Is(err, seal.ErrTooLarge):
		return notLegal("the answer is too long for the person's phone to fetch at once; send it in two")
	case err != nil:
		return notLegal("the answer has characters that are not text")
	}
	return nil
}

// Answerable reports why nobody can answer the case's person, or nil.
func (c *Case) Answerable() error {
	switch {
	case c.Journal.IsZero():
		return notLegal("take the case first")
	case c.Origin == ByHand:
		return notLegal("this report was sealed by hand, without a receipt to answer to")
	case c.Origin == Stray:
		return notLegal("the report that says where to answer is not here")
	case c.Report.Imported != nil:
		return notLegal("this case was brought in from a spreadsheet: nobody has words to read an answer with")
	case c.Report.Thread.Reply == "" || c.Report.Thread.Bucket == "":
		return notLegal("the report doesn't say where to answer")
	}
	return nil
}

// answering is an answer on its way into a case.
type answering struct {
	Text string `json:"text"`
	Read int    `json:"read"` // see Answer
}

// leave seals the answer for the place that the case's thread has reached.
func (a answering) leave(w *Workstation, c *Case) (body []byte, replies []vault.Reply, err error) {
	r := w.View().Roster
	if r == nil {
		return nil, nil, errNoRoster
	}
	slots, err := seal.SealReply(seal.Reply{
		Thread: c.Report.Thread.ID, Desk: c.Desk, N: c.box.next, Former: c.box.former,
		Author: w.Me(), Roster: r.Version, Day: w.clock().UTC().Format(time.DateOnly), Text: a.Text,
	}, c.Report.Thread.Reply, w.key.Signing)
	if err != nil {
		return nil, nil, fmt.Errorf("sealing answer: %w", err)
	}
	prefix, err := bucketPrefix(c.Report.Thread.Bucket, r.Policy.BucketBits)
	if err != nil {
		return nil, nil, err
	}
	out := Answer{Text: a.Text, N: c.box.next}
	for _, s := range slots {
		out.Slots = append(out.Slots, vault.Sum(s).String())
		replies = append(replies, vault.Reply{Prefix: prefix, Slot: s})
	}
	if body, err = encode(out); err != nil {
		return nil, nil, fmt.Errorf("writing entry: %w", err)
	}
	return body, replies, nil
}

// bucketPrefix is the first bits of a bucket value, as characters 0 and 1.
func bucketPrefix(bucket string, bits int) (string, error) {
	b, err := hex.DecodeString(bucket)
	if err != nil || bits < 0 || bits > vault.MaxPrefix || bits > 8*len(b) {
		return "", notLegal("the report doesn't say where to answer")
	}
	var out strings.Builder
	for i := range bits {
		out.WriteByte('0' + b[i/8]>>(7-i%8)&1)
	}
	return out.String(), nil
}

// parseAnswer reads the data of an answer entry, whose slots must be those
// that committed with it.
func parseAnswer(data []byte, replies []vault.Reply) (Answer, error) {
	var a Answer
	if err := json.Unmarshal(data, &a); err != nil {
		return Answer{}, err
	}
	var sums []string
	for _, r := range replies {
		sums = append(sums, vault.Sum(r.Slot).String())
	}
	if strings.TrimSpace(a.Text) == "" || len(a.Text) > maxText || len(sums) == 0 || len(sums) > seal.MaxReplySlots || !slices.Equal(a.Slots, sums) {
		return Answer{}, errBody
	}
	return a, nil
}

// boxed are the places where an append left slots, each once.
func boxed(replies []vault.Reply) []string {
	var out []string
	for _, r := range replies {
		if !slices.Contains(out, r.Prefix) {
			out = append(out, r.Prefix)
		}
	}
	return out
}

// answer moves the case's box on. That an author really sealed for the person
// what she wrote down here, only the person can see.
func (c *Case) answer(e read) error {
	if err := c.Answerable(); err != nil {
		return err
	}
	for _, p := range e.boxes {
		if own, err := bucketPrefix(c.Report.Thread.Bucket, len(p)); err != nil || own != p {
			return errors.New("it was left at another box than the person looks into")
		}
	}
	if e.Answer.N != c.box.next {
		return errors.New("it does not follow the answer before it, so that the person could not confirm it")
	}
	c.box.next += uint32(len(e.Answer.Slots))
	c.box.former = e.Answer.Slots[len(e.Answer.Slots)-1]
	return nil
}

// Kept is the last day that an answer is kept for the person at least, by the
// list of people in force now.
func (v *View) Kept(e Entry) (last time.Time, days int) {
	if v.Roster == nil {
		return time.Time{}, 0
	}
	days = v.Roster.Policy.AnswersDays
	return e.Time.UTC().AddDate(0, 0, days), days
}
