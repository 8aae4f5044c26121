package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// maxBucket is the most that is taken of a bucket, in bytes: 16,384 slots.
const maxBucket = 16384 * vault.SlotSize

var wordsCommand = command{
	name:  "words",
	short: "read the desk's answers with a report's words, or write to it again",
	usage: `Usage: peerwitness words --server URL [more flags]
       peerwitness words --server URL --say FILE --desk ID [more flags]

Comes back to a report with the words that were shown when it was sent, as the
phone app does. It asks for them, fetches the box where the desk leaves its
answers, opens those that are for these words, and prints them. Only what an
advocate on the organisation's list signed is printed; the rest is counted.

With --say it sends a message to the report's desk instead. It is signed with
the words, so that the desk knows it comes from the same person.

  --server URL          where the report was sent
  --root FINGERPRINT    refuse a list of other root keys
  --words-file FILE     a file with the words or digits, instead of asking
  --lang LANG           language of the words: en or fr; digits need none; en
  --say FILE            send the text in this file; - reads standard input
  --desk ID             the desk that the report was sent to, for --say
  --without PERSON      somebody at the desk who shall not be able to open what
                        is said, by id or name: leave out whom the report left out

Example:
  peerwitness words --server https://reports.example
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		var o wordsOptions
		fs.StringVar(&o.server, "server", "", "")
		fs.StringVar(&o.root, "root", "", "")
		fs.StringVar(&o.file, "words-file", "", "")
		fs.StringVar(&o.lang, "lang", "en", "")
		fs.StringVar(&o.say, "say", "", "")
		fs.StringVar(&o.desk, "desk", "", "")
		fs.Var(&o.without, "without", "")
		return o.run
	},
}

type wordsOptions struct {
	server, root, file, lang, say, desk string
	without                             repeated
}

func (o *wordsOptions) run(ctx context.Context, e *env) error {
	if err := needed("words", "--server", o.server); err != nil {
		return err
	}
	if (o.say == "") != (o.desk == "") {
		return misuse("words", "--say FILE and --desk ID go together")
	}
	if len(o.without) > 0 && o.say == "" {
		return misuse("words", "--without goes with --say")
	}
	if err := noArgs("words", e); err != nil {
		return err
	}
	api, err := publicServer(o.server)
	if err != nil {
		return misuse("words", "--server: %w", err)
	}
	receipt, err := o.receipt(e)
	if err != nil {
		return err
	}
	r, err := o.people(ctx, e, api)
	if err != nil {
		return err
	}
	if o.say != "" {
		return o.tell(ctx, e, api, r, receipt)
	}
	return o.read(ctx, e, api, r, receipt)
}

// receipt reads the words from the file, or asks for them without showing them.
func (o *wordsOptions) receipt(e *env) (seal.Receipt, error) {
	var text string
	if o.file != "" {
		b, err := readBounded(o.file, 4096)
		if err != nil {
			return seal.Receipt{}, fmt.Errorf("reading words: %w", err)
		}
		text = string(b)
	} else {
		var err error
		if text, err = e.hidden("The words, with spaces between (they are not shown): "); err != nil {
			return seal.Receipt{}, hint(errors.New("reading words: there is no terminal to ask for them, or it was closed"), "give them with --words-file FILE")
		}
	}
	r, err := seal.ParseReceipt(text, o.lang)
	return r, hint(err, "look at each word again, in its order; words in French need --lang fr")
}

// people fetches the organisation's list. One that has run out still tells
// whose answers to believe, and is said to have; nothing is sealed by it.
func (o *wordsOptions) people(ctx context.Context, e *env, api *publicAPI) (*roster.Roster, error) {
	note, err := api.roster(ctx)
	if err != nil {
		return nil, fmt.Errorf("fetching roster: %w", err)
	}
	r, err := roster.Adopt(nil, note, o.root, e.now())
	if errors.Is(err, roster.ErrExpired) && o.say == "" {
		if r, err = roster.Parse(note); err == nil && o.root != "" && r.Fingerprint() != o.root {
			err = roster.ErrRoot
		}
		if err == nil {
			e.say("warning: the organisation's list of people ran out on %s.", r.Expires)
		}
	}
	if err != nil {
		return nil, rosterTrouble(err)
	}
	if o.root == "" {
		e.say("Root fingerprint of %s: %s (compare it, or give it with --root)", printable(r.Organisation), r.Fingerprint())
	}
	return r, nil
}

// read prints what the desk said.
func (o *wordsOptions) read(ctx context.Context, e *env, api *publicAPI, r *roster.Roster, receipt seal.Receipt) error {
	revoked, err := o.revoked(ctx, e, api, r)
	if err != nil {
		return err
	}
	slots, err := api.bucket(ctx, receipt.Bucket(), r.Policy.BucketBits)
	if err != nil {
		return fmt.Errorf("fetching answers: %w", err)
	}
	got := seal.ReadReplies(slots, receipt.ThreadID(), receipt.ReplyIdentity(), seal.Answerers(r, func(p string) bool { return revoked[p] }))
	for _, s := range got.Said {
		text := fmt.Sprintf("%s, %s\n%s\n", deskLabel(r, s.Desk), s.Day, s.Text)
		if !s.Whole {
			text += "[The rest of this answer is not there.]\n"
		}
		if _, err := fmt.Fprintln(e.stdout, printable(text)); err != nil {
			return fmt.Errorf("writing answers: %w", err)
		}
	}
	if got.RunOut > 0 {
		e.say("Earlier answers have run out: they are kept for %d days.", r.Policy.AnswersDays)
	}
	if got.Unconfirmed > 0 {
		e.say("warning: something here (%d) could not be confirmed as the desk's, and is not shown. Ask the organisation by another way.", got.Unconfirmed)
	}
	if len(got.Said) == 0 && got.Unconfirmed == 0 {
		e.say("No answer is here for these words. It may not be written yet, or have run out, or the words belong to another report or server.")
	}
	return nil
}

// revoked gathers from all desks' sheets who was shut out.
func (o *wordsOptions) revoked(ctx context.Context, e *env, api *publicAPI, r *roster.Roster) (map[string]bool, error) {
	out := map[string]bool{}
	for _, d := range r.Desks {
		sheet, err := api.sheet(ctx, d.ID)
		if err != nil {
			return nil, fmt.Errorf("reading desk's sheet: %w", err)
		}
		for _, b := range sheet.Revocations {
			v, err := r.CheckRevocation(b)
			if err != nil {
				e.say("warning: something on the desk's sheet was not used: %v", err)
				continue
			}
			out[v.Person] = true
		}
	}
	return out, nil
}

func deskLabel(r *roster.Roster, id string) string {
	if d, ok := r.Desk(id); ok {
		return d.Labels.Label("en")
	}
	return "The desk " + id
}

// bucket fetches the slots that may hold answers for a bucket value. The
// server learns its first bits and nothing else.
func (a *publicAPI) bucket(ctx context.Context, value [32]byte, bits int) ([][]byte, error) {
	var prefix strings.Builder
	for i := range bits {
		prefix.WriteByte('0' + value[i/8]>>(7-i%8)&1)
	}
	_, b, err := a.do(ctx, http.MethodGet, "/v1/buckets/b"+prefix.String(), "", nil, "", maxBucket)
	if err != nil {
		return nil, err
	}
	if len(b)%vault.SlotSize != 0 {
		return nil, errors.New("reading server's answer: not a row of slots")
	}
	var slots [][]byte
	for ; len(b) > 0; b = b[vault.SlotSize:] {
		slots = append(slots, b[:vault.SlotSize])
	}
	return slots, nil
}

// tell sends a message that the report's words sign.
func (o *wordsOptions) tell(ctx context.Context, e *env, api *publicAPI, r *roster.Roster, receipt seal.Receipt) error {
	d, ok := r.Desk(o.desk)
	if !ok {
		return fmt.Errorf("the roster has no desk %q", o.desk)
	}
	text, err := o.text(e)
	if err != nil {
		return fmt.Errorf("reading message: %w", err)
	}
	sheet, err := api.sheet(ctx, o.desk)
	if err != nil {
		return fmt.Errorf("reading desk's sheet: %w", err)
	}
	who, err := openers(e, r, o.desk, sheet, o.without)
	if err != nil {
		return err
	}
	id, err := seal.NewReportID()
	if err != nil {
		return err
	}
	m, err := seal.NewFollowUp(o.desk, seal.Message{ID: id, Text: text}, receipt.ThreadKey())
	if err != nil {
		return fmt.Errorf("writing message: %w", err)
	}
	file, err := seal.SealReport(m, append([]string{r.Recovery}, who.to...), d.Slots)
	if err != nil {
		return fmt.Errorf("sealing message: %w", err)
	}
	got, err := api.post(ctx, o.desk, file)
	if err != nil {
		return fmt.Errorf("sending message: %w", err)
	}
	e.say("Your message has arrived at %s, sealed (%s).", printable(deskLabel(r, o.desk)), printable(got.Day))
	return nil
}

// text reads what the person wants to say.
func (o *wordsOptions) text(e *env) (string, error) {
	var b []byte
	var err error
	if o.say == "-" {
		b, err = io.ReadAll(io.LimitReader(e.lines, seal.MaxText+1))
	} else {
		b, err = readBounded(o.say, seal.MaxText)
	}
	switch text := strings.TrimSpace(string(b)); {
	case err != nil:
		return "", err
	case len(b) > seal.MaxText:
		return "", fmt.Errorf("over %d bytes", seal.MaxText)
	case text == "":
		return "", errors.New("there is nothing in it")
	default:
		return text, nil
	}
}
