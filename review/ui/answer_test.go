package ui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"peerwitness/review/reviewtest"
	"peerwitness/vault/seal"
)

func (b *browser) inbox(s *reviewtest.Sent) seal.Replies {
	b.t.Helper()
	slots, err := b.org.Store.Bucket(b.t.Context(), "")
	if err != nil {
		b.t.Fatal(err)
	}
	return seal.ReadReplies(slots, s.Receipt.ThreadID(), s.Receipt.ReplyIdentity(), seal.Answerers(b.org.Roster, func(string) bool { return false }))
}

func (b *browser) lacks(page string, parts ...string) {
	b.t.Helper()
	for _, p := range parts {
		if strings.Contains(text(page), p) {
			b.t.Errorf("the page says %q:\n%s", p, text(page))
		}
	}
}

// TestAnswerPages writes, reads over, changes and sends an answer.
func TestAnswerPages(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", func(r *seal.Report) { r.Lang = "fr" })
	b := unlocked(t, o, o.Nino)
	path := "/case/" + s.Deposit.String()
	_, page := b.get(path)
	b.lacks(page, "Answer the person")
	resp, page := b.post(path+"/answer", url.Values{"text": {"too early"}})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("answering before taking: status %d", resp.StatusCode)
	}
	b.sees(page, "take the case first")
	_, page = b.post(path+"/take", url.Values{})
	b.sees(page, "Answer the person", "Nous avons lu votre signalement.", "Your answer, in French if you can")

	resp, page = b.post(path+"/answer", url.Values{"text": {" \r\n"}})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("an empty answer: status %d", resp.StatusCode)
	}
	b.sees(page, "the answer is empty", "Nous avons lu votre signalement.")
	resp, page = b.post(path+"/answer", url.Values{"text": {strings.Repeat("long kept words ", 1200)}})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("a long answer: status %d", resp.StatusCode)
	}
	b.sees(page, "too long", "long kept words long kept words")

	_, page = b.post(path+"/answer", url.Values{"ready": {"1", "3", "99"}, "text": {"  Demain <b>à dix heures</b>.\r\nVenez. "}})
	whole := "Nous avons lu votre signalement. Merci de nous l'avoir dit.\nNous aimerions en savoir un peu plus. Dites-nous seulement ce que vous voulez dire.\nDemain <b>à dix heures</b>.\nVenez."
	b.sees(page, "This is all the person will see", strings.Join(strings.Fields(whole), " "), "Street and police, 23 November 2026", "Send the answer", "can't be taken back", "60 days")
	if got := b.inbox(s); len(got.States) != 0 {
		t.Fatal("looking at it sent it")
	}
	_, page = b.post(path+"/answer", url.Values{"text": {whole}, "do": {"change"}})
	b.sees(page, "Answer the person", "Venez.", "Show me what they will read")
	b.lacks(page, "Begin with")

	_, page = b.post(path+"/answer/send", url.Values{"text": {strings.ReplaceAll(whole, "\n", "\r\n")}, "read": {"0"}})
	b.sees(page, "Your answer is in the desk's box", "answered the person", "Nobody here can know whether it was read.", "It is kept there until Fri 22 Jan 2027")
	if got := b.inbox(s); len(got.Said) != 1 || got.Said[0].Text != whole {
		t.Errorf("the person reads %+v", got.Said)
	}
	_, page = b.get("/?view=answered")
	b.sees(page, "Waiting for the person 1")
}

// A message that comes while the author writes is shown before anything goes.
func TestAnswerDoesNotGoPastANewMessage(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	b := unlocked(t, o, o.Nino)
	path := "/case/" + s.Deposit.String()
	b.post(path+"/take", url.Values{})
	s.Say(seal.Message{Text: "PRACTICE: no need any more", Withdraw: []string{"legal-help"}})
	resp, page := b.post(path+"/answer/send", url.Values{"text": {"typed words"}, "read": {"0"}})
	if resp.StatusCode != http.StatusConflict {
		t.Errorf("status %d", resp.StatusCode)
	}
	b.sees(page, "read it, then send your answer", "PRACTICE: no need any more", "No longer agreed to: Use my report to help me with legal advice", "typed words")
	if !strings.Contains(page, `name="read" value="1"`) {
		t.Error("having shown it, the page does not count it as read")
	}
	if _, page = b.post(path+"/answer/send", url.Values{"text": {"typed words"}, "read": {"1"}}); len(b.inbox(s).Said) != 1 {
		t.Errorf("not sent after it was read:\n%s", text(page))
	}
	_, page = b.get("/")
	b.sees(page, "Waiting for the person 1")
	s.Say(seal.Message{Text: "PRACTICE: one more thing"})
	b.post2("/sync")
	_, page = b.get("/")
	b.sees(page, "Waiting for the person 0")
}

// A case that nobody can answer says so, and keeps what was
// written when the server is away.
func TestAnswerThatCannotGo(t *testing.T) {
	o := reviewtest.New(t)
	stray := o.Write("street", nil).Say(seal.Message{Text: "PRACTICE stray"})
	s := o.Send("street", func(r *seal.Report) { r.Lang = "ka-GE" })
	b := unlocked(t, o, o.Nino)
	_, page := b.post("/case/"+stray.String()+"/take", url.Values{})
	b.sees(page, "No answer can be sent: The report that says where to answer is not here.")
	path := "/case/" + s.Deposit.String()
	_, page = b.post(path+"/take", url.Values{})
	b.sees(page, "There are no ready sentences in the person's language. These are in English.", "in Georgian if you can")
	if err := o.Store.DeleteSessions(t.Context(), o.Nino.ID()); err != nil {
		t.Fatal(err)
	}
	_, page = b.post(path+"/answer/send", url.Values{"text": {"PRACTICE typed"}, "read": {"0"}})
	b.sees(page, "this waits on this computer, sealed", "PRACTICE typed")
	if len(b.inbox(s).States) != 0 {
		t.Error("something was left in the box")
	}
}
