package review

import (
	"encoding/json"
	"errors"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

var errBody = errors.New("its content is not of the form that is agreed")

// decodeEntry reads the body of a kind that this version knows. Kinds that it
// does not know pass, to be shown as such.
func decodeEntry(e vault.Entry, a placed, body seal.EntryBody) (read, error) {
	r := read{pos: a.pos, day: a.day, roster: body.Roster, epoch: e.Epoch, claims: a.Claims, boxes: boxed(a.Replies), Entry: Entry{
		ID: e.ID(), Seq: e.Seq, Author: body.Author, Time: body.Time, Kind: body.Kind, Count: len(a.Claims),
	}}
	var err error
	switch body.Kind {
	case "claim":
		err = r.decodeClaim(body.Data)
	case "join":
		var d joinData
		if err = json.Unmarshal(body.Data, &d); err == nil {
			r.decodeFollowUps(d.FollowUps)
		}
	case "state":
		err = json.Unmarshal(body.Data, &r.Change)
	case "note":
		err = json.Unmarshal(body.Data, &r.Note)
	case "coding":
		var k Coding
		k, err = ParseCoding(body.Data)
		r.Coding = &k
	case "consent":
		r.Withdrawal, err = parseWithdrawal(body.Data)
	case "answer":
		r.Answer, err = parseAnswer(body.Data, a.Replies)
	case "count":
		r.count, err = parseCount(body.Data)
	case "counted":
		err = canonical(body.Data, &r.counted)
	case "taken-out":
		r.TakenOut, err = parseTakenOut(body.Data)
	case "person":
		r.Person, err = parsePerson(body.Data)
	case "task":
		r.Task, err = parseTask(body.Data)
	case "custody":
		r.Custody, err = parseCustody(body.Data)
	case "risk":
		r.Risk, err = parseRisk(body.Data)
	case "relation":
		r.Relation, err = parseRelation(body.Data)
	case "assign", "propose", "agree", "decline", "undo", "cover", "restrict", "lift", "share", "unshare":
		if r.Step, err = parseStep(body.Kind, body.Data); err == nil {
			r.To = r.Step.To
		}
	case "export":
		r.Export, err = parseExport(body.Data)
	}
	if err != nil {
		return read{}, errBody // the cause could quote the case
	}
	return r, nil
}

func (r *read) decodeClaim(data []byte) error {
	r.claim = new(claimData)
	if err := json.Unmarshal(data, r.claim); err != nil {
		return err
	}
	if len(r.claim.Report) > 0 {
		report, err := seal.ParseReport(r.claim.Report)
		if err != nil {
			return err
		}
		if report.Desk != r.claim.Desk {
			return errBody
		}
		r.report = &report
	}
	r.decodeFollowUps(r.claim.FollowUps)
	r.claim.Report, r.claim.FollowUps = nil, nil // held once, in their parsed form
	return nil
}

func (r *read) decodeFollowUps(raw []json.RawMessage) {
	for _, b := range raw {
		// The desk only has to be one: Verify checks it against the signature.
		m, err := seal.ParseFollowUp(b, "desk")
		if err != nil {
			r.unfit++
			continue
		}
		r.follows = append(r.follows, m)
	}
}
