package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

var reportCommand = command{
	name:  "report",
	short: "seal a report as the phone does, and send or keep it",
	usage: `Usage: peerwitness report --roster FILE_OR_URL --desk ID (--in FILE | --practice)
         (--send URL | --out DIR) [more flags]

Seals a report exactly as the phone app does, and sends it or writes it to a
folder. On standard error it says who can open it; on standard output it prints
the words with which the person comes back for an answer. They are shown once.

  --roster FILE_OR_URL  the signed roster, as a file or from a server
  --desk ID             the desk that reads it
  --in FILE             the report: a JSON object with "answers" and, if wanted,
                        "contact", "consent", "lang", "practice" (PROTOCOL.md, section 4);
                        - reads it from standard input
  --practice            send a ready practice report instead, to test the way in
  --attach FILE         a file to seal along, as often as needed, up to 16
  --send URL            send it to this server
  --out DIR             write report.age, follow-up.age and blobs/ there instead
  --sheet FILE          the desk's sheet as a file, where the roster is one
  --root FINGERPRINT    refuse a roster of other root keys
  --without PERSON      somebody at the desk who shall not be able to open it, by id or name
  --expired-ok          seal with an expired roster file; the report says so
  --lang LANG           language of the words: en or fr; others get digits; en
  --no-words            print no words; then nobody can come back to the report

Files go as they are: this tool does not take out what a picture tells of its
camera, place and time. The phone app does.

Example:
  peerwitness report --roster https://reports.example --desk street \
    --in report.json --attach photo.jpg --send https://reports.example
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		var o reportOptions
		fs.StringVar(&o.roster, "roster", "", "")
		fs.StringVar(&o.desk, "desk", "", "")
		fs.StringVar(&o.in, "in", "", "")
		fs.StringVar(&o.send, "send", "", "")
		fs.StringVar(&o.out, "out", "", "")
		fs.StringVar(&o.sheet, "sheet", "", "")
		fs.StringVar(&o.root, "root", "", "")
		fs.StringVar(&o.lang, "lang", "en", "")
		fs.Var(&o.attach, "attach", "")
		fs.Var(&o.without, "without", "")
		fs.BoolVar(&o.expiredOK, "expired-ok", false, "")
		fs.BoolVar(&o.practice, "practice", false, "")
		fs.BoolVar(&o.noWords, "no-words", false, "")
		return func(ctx context.Context, e *env) error {
			if err := o.check(e); err != nil {
				return err
			}
			return o.run(ctx, e)
		}
	},
}

type reportOptions struct {
	roster, desk, in, send, out, sheet, root, lang string
	attach, without                                repeated
	expiredOK, noWords, practice                   bool
}

func (o reportOptions) check(e *env) error {
	if err := needed("report", "--roster", o.roster, "--desk", o.desk); err != nil {
		return err
	}
	if (o.in == "") == !o.practice {
		return misuse("report", "say either --in FILE or --practice")
	}
	if (o.send == "") == (o.out == "") {
		return misuse("report", "say either --send URL or --out DIR")
	}
	if !isURL(o.roster) && o.sheet == "" && o.send == "" {
		return misuse("report", "with a roster file, the desk's certificates come with --sheet FILE or from --send URL")
	}
	if len(o.attach) > seal.MaxAttachments {
		return misuse("report", "%d attachments; %d are the most", len(o.attach), seal.MaxAttachments)
	}
	return noArgs("report", e)
}

func (o reportOptions) run(ctx context.Context, e *env) error {
	r, err := o.readRoster(ctx, e)
	if err != nil {
		return err
	}
	if _, ok := r.Desk(o.desk); !ok {
		var ids []string
		for _, d := range r.Desks {
			ids = append(ids, d.ID)
		}
		return hint(fmt.Errorf("the roster has no desk %q", o.desk), "it has %s", strings.Join(ids, ", "))
	}
	sheet, err := o.readSheet(ctx)
	if err != nil {
		return fmt.Errorf("reading desk's sheet: %w", err)
	}
	answers, err := o.readAnswers(ctx, e, r)
	if err != nil {
		return err
	}
	var files []attached
	for _, name := range o.attach {
		f, err := readAttached(name)
		if err != nil {
			return fmt.Errorf("reading attachment: %w", err)
		}
		files = append(files, f)
	}
	if len(files) > 0 {
		e.say("Files go as they are: what they tell of camera, place and time stays in them.")
	}
	who, err := openers(e, r, o.desk, sheet, o.without)
	if err != nil {
		return err
	}
	p, err := sealReport(r, o.desk, who, answers, files, e.now())
	if err != nil {
		return err
	}
	if o.out != "" {
		err = p.write(o.out)
	} else {
		err = o.deliver(ctx, e, p)
	}
	if err != nil {
		return err
	}
	return o.printWords(e, p.receipt)
}

func (o reportOptions) deliver(ctx context.Context, e *env, p parcel) error {
	api, err := publicServer(o.send)
	if err != nil {
		return misuse("report", "--send: %w", err)
	}
	d, err := p.send(ctx, api)
	if err != nil {
		return err
	}
	e.say("The report has arrived, on %s.", printable(d.Day))
	return nil
}

// readRoster takes the roster from a file or server and checks it as a phone does.
func (o reportOptions) readRoster(ctx context.Context, e *env) (*roster.Roster, error) {
	if isURL(o.roster) {
		api, err := publicServer(o.roster)
		if err != nil {
			return nil, misuse("report", "--roster: %w", err)
		}
		note, err := api.roster(ctx)
		if err != nil {
			return nil, fmt.Errorf("fetching roster: %w", err)
		}
		r, err := roster.Adopt(nil, note, o.root, e.now())
		if err == nil && o.root == "" {
			e.say("Root fingerprint of %s: %s (compare it, or give it with --root)", printable(r.Organisation), r.Fingerprint())
		}
		return r, rosterTrouble(err)
	}
	note, err := readBounded(o.roster, vault.MaxNote)
	if err != nil {
		return nil, fmt.Errorf("reading roster: %w", err)
	}
	r, err := roster.Adopt(nil, note, o.root, e.now())
	if o.expiredOK && errors.Is(err, roster.ErrExpired) {
		// It is the one the person holds: sealing with it takes her yes, given by the flag.
		if r, err = roster.Parse(note); err == nil && o.root != "" && r.Fingerprint() != o.root {
			err = roster.ErrRoot
		}
	}
	return r, rosterTrouble(err)
}

func rosterTrouble(err error) error {
	switch {
	case errors.Is(err, roster.ErrThreshold), errors.Is(err, roster.ErrShape):
		return hint(err, "a roster counts once the holders of its root keys signed it: `peerwitness roster sign`")
	case errors.Is(err, roster.ErrExpired):
		return hint(err, "ask for a newer one, or say --expired-ok; the report then says so")
	case errors.Is(err, roster.ErrRoot):
		return hint(err, "do not send: somebody may stand between you and the organisation")
	}
	return err
}

func (o reportOptions) readSheet(ctx context.Context) (roster.Sheet, error) {
	if o.sheet != "" {
		b, err := readBounded(o.sheet, 16<<20)
		if err != nil {
			return roster.Sheet{}, err
		}
		return roster.ParseSheet(bytes.TrimSpace(b))
	}
	server := o.send
	if isURL(o.roster) {
		server = o.roster
	}
	api, err := publicServer(server)
	if err != nil {
		return roster.Sheet{}, err
	}
	return api.sheet(ctx, o.desk)
}

func (o reportOptions) readAnswers(ctx context.Context, e *env, r *roster.Roster) (json.RawMessage, error) {
	b, err := o.readIn(e)
	if err != nil {
		return nil, fmt.Errorf("reading report: %w", err)
	}
	book := codebook.Default()
	if vault.Sum(book).String() != r.Codebook {
		book = nil
		if isURL(o.roster) {
			api, err := publicServer(o.roster)
			if err == nil {
				book, err = api.codebook(ctx, r.Codebook)
			}
			if err != nil {
				return nil, fmt.Errorf("fetching codebook: %w", err)
			}
		}
	}
	var cb *codebook.Codebook
	if book == nil {
		e.say("warning: the organisation's codebook is not at hand, so codes go unchecked.")
	} else if cb, err = codebook.Parse(book); err != nil {
		return nil, fmt.Errorf("reading codebook: %w", err)
	}
	m, err := readAnswers(b, cb)
	if err != nil {
		return nil, fmt.Errorf("reading report: %w", err)
	}
	return m, nil
}

// practiceReport is what --practice sends.
const practiceReport = `{"lang":"en","practice":true,"consent":["legal-help"],"answers":{"groups":["police"],"acts":["stop-search"],` +
	`"who":["police"],"teller":"affected","asked":"yes","urgency":"not-urgent","need":["legal-advice"],` +
	`"story":"PRACTICE: a first report, to see that it arrives. Nothing happened to anybody."}}`

// readIn reads what the person wrote, from a file or, for "-", from stdin.
func (o reportOptions) readIn(e *env) ([]byte, error) {
	if o.practice {
		return []byte(practiceReport), nil
	}
	if o.in != "-" {
		return readBounded(o.in, seal.MaxPadded)
	}
	b, err := io.ReadAll(io.LimitReader(e.lines, seal.MaxPadded+1))
	if err == nil && len(b) > seal.MaxPadded {
		err = fmt.Errorf("over %d bytes", seal.MaxPadded)
	}
	return b, err
}

func (o reportOptions) printWords(e *env, r seal.Receipt) error {
	if o.noWords {
		e.say("No words were kept: nobody can come back to this report for an answer.")
		return nil
	}
	text := r.Digits()
	if words, err := r.Words(o.lang); err == nil {
		text = strings.Join(words, " ")
	} else if !errors.Is(err, seal.ErrReceipt) {
		return err
	}
	e.say("Write these %s down; whoever has them reads the answers. They are shown once:", strconv.Itoa(len(strings.Fields(text))))
	if _, err := fmt.Fprintln(e.stdout, text); err != nil {
		return hint(fmt.Errorf("writing the words: %w", err), "the report has gone; its words are lost")
	}
	return nil
}
