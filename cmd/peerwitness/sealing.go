package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// parcel is a report ready to send: the story first, alone, then the blobs of
// its attachments, then the signed follow-up that names them.
type parcel struct {
	desk     string
	report   []byte
	blobs    [][]byte
	followUp []byte // nil without attachments
	receipt  seal.Receipt
}

// attached is a file to seal along.
type attached struct {
	kind string // media type
	data []byte
}

// sealReport seals answers (the JSON object that the person wrote) exactly as
// the phone app does.
func sealReport(r *roster.Roster, desk string, who audience, answers json.RawMessage, files []attached, now time.Time) (parcel, error) {
	d, ok := r.Desk(desk)
	if !ok {
		return parcel{}, fmt.Errorf("the roster has no desk %q", desk)
	}
	receipt, err := seal.NewReceipt()
	if err != nil {
		return parcel{}, err
	}
	id, err := seal.NewReportID()
	if err != nil {
		return parcel{}, err
	}
	p := parcel{desk: desk, receipt: receipt}
	fields := map[string]any{
		"v": 1, "kind": "report", "report": id, "desk": desk, "made": now.UTC().Format(time.DateOnly), "build": "peerwitness report",
		"thread": receipt.Thread(), "roster": r.Hash.String(),
	}
	if r.Expired(now) {
		fields["flags"] = []string{"expired-roster"}
	}
	if len(who.without) > 0 {
		fields["without"] = who.without
	}
	m := seal.Message{Of: id, Seq: 1}
	var list []seal.Attachment
	for n, f := range files {
		key, blobs, err := seal.SealAttachment(bytes.NewReader(f.data), int64(len(f.data)))
		if err != nil {
			return parcel{}, err
		}
		list = append(list, key.Attachment(n, f.kind))
		m.Attachments = append(m.Attachments, seal.BlobNames{N: n, Blobs: blobNames(blobs)})
		p.blobs = append(p.blobs, blobs...)
	}
	if len(list) > 0 {
		fields["attachments"] = list
	}
	plain, err := join(fields, answers)
	if err != nil {
		return parcel{}, err
	}
	if _, err := seal.ParseReport(plain); err != nil {
		return parcel{}, fmt.Errorf("checking report: %w", err)
	}
	to := append([]string{r.Recovery}, who.to...)
	if p.report, err = seal.SealReport(plain, to, d.Slots); err != nil {
		return parcel{}, fmt.Errorf("sealing report: %w", err)
	}
	if len(files) == 0 {
		return p, nil
	}
	if m.ID, err = seal.NewReportID(); err != nil {
		return parcel{}, err
	}
	follow, err := seal.NewFollowUp(desk, m, receipt.ThreadKey())
	if err != nil {
		return parcel{}, fmt.Errorf("naming attachments: %w", err)
	}
	if p.followUp, err = seal.SealReport(follow, to, d.Slots); err != nil {
		return parcel{}, fmt.Errorf("sealing attachments: %w", err)
	}
	return p, nil
}

// send delivers p. Everything in it may be sent again.
func (p parcel) send(ctx context.Context, api *publicAPI) (deposit, error) {
	d, err := api.post(ctx, p.desk, p.report)
	if err != nil {
		return deposit{}, fmt.Errorf("sending report: %w", err)
	}
	if p.followUp == nil {
		return d, nil
	}
	if err := api.putBlobs(ctx, d.Ticket, p.blobs); err != nil {
		return d, fmt.Errorf("the report has arrived, its attachments have not: %w", err)
	}
	if _, err := api.post(ctx, p.desk, p.followUp); err != nil {
		return d, fmt.Errorf("the report has arrived, its attachments have not: %w", err)
	}
	return d, nil
}

// write keeps a parcel in a folder, for somebody else to carry.
func (p parcel) write(dir string) error {
	files := map[string][]byte{"report.age": p.report}
	if p.followUp != nil {
		files["follow-up.age"] = p.followUp
	}
	for _, b := range p.blobs {
		files[filepath.Join("blobs", vault.Sum(b).String())] = b
	}
	var names []string
	for name := range files {
		names = append(names, filepath.Join(dir, name))
	}
	slices.Sort(names)
	if err := absent(names...); err != nil {
		return err
	}
	for name, b := range files {
		if err := writeNew(filepath.Join(dir, name), b, 0o600); err != nil {
			return fmt.Errorf("writing report: %w", err)
		}
	}
	return nil
}

// audience is who a report is sealed to, and who of the desk was left out. The
// report names the latter, so that whoever claims it gives them no key either.
type audience struct {
	to      []string // recipients
	without []string // person ids
}

// openers says whom a report for desk is sealed to today, and tells the person.
func openers(e *env, r *roster.Roster, desk string, sheet roster.Sheet, without []string) (audience, error) {
	list, refused, err := r.Openers(desk, sheet, e.now())
	if err != nil {
		return audience{}, err
	}
	for _, bad := range refused {
		e.say("warning: something on the desk's sheet was not used: %v", bad)
	}
	left := make(map[string]bool)
	for _, w := range without {
		left[w] = true
	}
	var a audience
	for _, o := range list {
		name := printable(o.Person.Name)
		switch {
		case left[o.Person.ID] || left[o.Person.Name]:
			delete(left, o.Person.ID)
			delete(left, o.Person.Name)
			a.without = append(a.without, o.Person.ID)
			e.say("left out, can't open it: %s", name)
		case o.Revoked:
			e.say("no longer at the desk, can't open it: %s", name)
		case o.Certificate.Recipient == "":
			e.say("has no certificate yet, can't open it: %s", name)
		default:
			a.to = append(a.to, o.Certificate.Recipient)
			e.say("can open it: %s", name)
		}
	}
	for w := range left {
		return audience{}, misuse("report", "--without %q: nobody at that desk goes by it", w)
	}
	if len(a.to) == 0 {
		return audience{}, hint(errors.New("nobody at that desk can open a report"), "an advocate publishes her certificate with `peerwitness enrol` or `peerwitness review`; nothing was sealed")
	}
	e.say("can open it: the organisation's recovery key")
	return a, nil
}

// readAttached reads a file to attach. Its name goes nowhere.
func readAttached(name string) (attached, error) {
	info, err := os.Stat(name)
	if err != nil {
		return attached{}, plainPath(err)
	}
	if !info.Mode().IsRegular() {
		return attached{}, fmt.Errorf("%s is not a file", name)
	}
	b, err := readBounded(name, seal.MaxFile)
	if err != nil {
		return attached{}, err
	}
	return attached{kind: mediaType(b, filepath.Ext(name)), data: b}, nil
}

// mediaType looks at the first bytes, and at the name only for what they
// can't tell.
func mediaType(b []byte, ext string) string {
	kind := http.DetectContentType(b)
	if kind == "application/octet-stream" && ext == ".heic" {
		return "image/heic"
	}
	return kind
}

func blobNames(blobs [][]byte) []string {
	names := make([]string, len(blobs))
	for i, b := range blobs {
		names[i] = vault.Sum(b).String()
	}
	return names
}
