package reviewtest

import (
	"bytes"
	"context"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// Sent is a report that a made-up person sent, with what she keeps of it.
type Sent struct {
	Report  seal.Report
	Receipt seal.Receipt
	Deposit vault.ID
	Ticket  string
	Sealed  []byte
	org     *Org
	said    uint32
}

// Send seals a report to a desk and stores it. change may set anything in it.
func (o *Org) Send(desk string, change func(*seal.Report)) *Sent {
	o.T.Helper()
	s := o.Write(desk, change)
	s.Deposit, s.Ticket = o.Deposit(desk, s.Sealed)
	return s
}

// Write seals a report and does not send it.
func (o *Org) Write(desk string, change func(*seal.Report)) *Sent {
	o.T.Helper()
	receipt, err := seal.NewReceipt()
	o.must(err)
	id, err := seal.NewReportID()
	o.must(err)
	r := seal.Report{
		ID: id, Desk: desk, Lang: "en", Made: o.Clock.Now().Format("2006-01-02"), Build: "test", Roster: o.Roster.Hash.String(),
		Thread: receipt.Thread(), Consent: []string{"legal-help", "count-me"},
		Answers: seal.Answers{Groups: []string{"police"}, Acts: []string{"extortion"}, Who: []string{"police"}, Urgency: "not-urgent",
			Asked: "yes", Teller: "affected", Story: "PRACTICE. Somebody asked for money by the old pier."},
	}
	if change != nil {
		change(&r)
	}
	b, err := r.Encode()
	o.must(err)
	return &Sent{Report: r, Receipt: receipt, Sealed: o.Seal(desk, b), org: o}
}

// Seal seals a plaintext for the desk's certificates and recovery.
func (o *Org) Seal(desk string, plain []byte) []byte {
	o.T.Helper()
	d, ok := o.Roster.Desk(desk)
	if !ok {
		o.T.Fatalf("no desk %q", desk)
	}
	to := []string{o.Recovery.Recipient()}
	for _, id := range d.People {
		if c := o.certificate(id); c != "" {
			to = append(to, c)
		}
	}
	sealed, err := seal.SealReport(plain, to, d.Slots)
	o.must(err)
	return sealed
}

func (o *Org) certificate(person string) string {
	o.T.Helper()
	stored, err := o.Store.Certificates(context.Background(), person)
	o.must(err)
	var certs []roster.Certificate
	for _, s := range stored {
		c, err := o.Roster.CheckCertificate(s.JSON)
		o.must(err)
		certs = append(certs, c)
	}
	c, _, _ := roster.Choose(certs, o.Clock.Now())
	return c.Recipient
}

// Deposit stores sealed bytes for a desk.
func (o *Org) Deposit(desk string, sealed []byte) (vault.ID, string) {
	o.T.Helper()
	a, err := o.Store.PutDeposit(context.Background(), vault.Deposit{Desk: desk, Report: sealed})
	o.must(err)
	return a.ID, a.Ticket
}

// ByHand stores a text that was sealed by hand to one person.
func (o *Org) ByHand(desk string, sealed []byte) vault.ID {
	o.T.Helper()
	a, err := o.Store.PutDeposit(context.Background(), vault.Deposit{Desk: desk, Report: sealed, ByHand: true})
	o.must(err)
	return a.ID
}

// Say sends a later message of the same person.
func (s *Sent) Say(m seal.Message) vault.ID {
	s.org.T.Helper()
	id, err := seal.NewReportID()
	s.org.must(err)
	s.said++
	m.ID, m.Of, m.Seq = id, s.Report.ID, s.said
	b, err := seal.NewFollowUp(s.Report.Desk, m, s.Receipt.ThreadKey())
	s.org.must(err)
	d, _ := s.org.Deposit(s.Report.Desk, s.org.Seal(s.Report.Desk, b))
	return d
}

// Attach seals a file and adds it to a report that is being written; the
// blobs are sent by Deliver.
func Attach(o *Org, r *seal.Report, mime string, content []byte) [][]byte {
	o.T.Helper()
	key, blobs, err := seal.SealAttachment(bytes.NewReader(content), int64(len(content)))
	o.must(err)
	r.Attachments = append(r.Attachments, key.Attachment(len(r.Attachments), mime))
	return blobs
}

// Deliver stores an attachment's blobs and returns their names for a message.
func (s *Sent) Deliver(blobs [][]byte) []string {
	s.org.T.Helper()
	var names []string
	for _, b := range blobs {
		sum := vault.Sum(b)
		_, err := s.org.Store.PutBlob(context.Background(), s.Ticket, sum, b)
		s.org.must(err)
		names = append(names, sum.String())
	}
	return names
}
