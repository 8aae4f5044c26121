package review

import (
	"context"
	"slices"
	"strings"
	"time"

	"peerwitness/vault"
)

// What is proposed, besides NotVerified.
const (
	Erase = "erase"
	// Restrict asks for a lead, who alone can do it.
	Restrict = "restrict"
)

// Proposal is something that one person asked for and that needs a second one.
// It waits until somebody else agrees or anybody declines it, or until what it
// was about has changed.
type Proposal struct {
	Entry     vault.ID
	What      string // NotVerified, Erase or Restrict
	By        string // person id
	Time      time.Time
	Reason    string
	Deposits  []string // to be erased, in hex
	People    []string // to whom the case is to be restricted
	Seq       uint64   // of its entry
	After     string   // of a proposal to erase: the entry before it, in hex
	Sig       string   // and its author's signature
	Second    string   // once agreed to: by whom, and her signature
	SecondSig string
}

// AskToRestrict asks a lead to restrict the case to some people.
func (w *Workstation) AskToRestrict(ctx context.Context, id vault.ID, people []string, reason string) error {
	s := stepOf{"propose", Step{What: Restrict, Reason: strings.TrimSpace(reason), People: named(people)}}
	return w.act(ctx, id, s.kind, s, nothingMore)
}

// Propose asks for what needs a second person. ErrNotLegal also when it is
// proposed already.
func (w *Workstation) Propose(ctx context.Context, id vault.ID, what, reason string) error {
	s := stepOf{"propose", Step{What: what, Reason: strings.TrimSpace(reason)}}
	return w.act(ctx, id, s.kind, s, nothingMore)
}

// Agree agrees, as the second person, to what a colleague proposed in an entry.
// When the person who reported has sent something since, it goes into the case
// and nothing is agreed to: that has to be read first.
func (w *Workstation) Agree(ctx context.Context, id, proposal vault.ID) error {
	s := stepOf{"agree", Step{Of: proposal.String()}}
	err := w.act(ctx, id, s.kind, s, func(_ *Case, joined bool) error {
		if joined {
			return notLegal("a new message from the person came in and is now in the case: read it, then decide")
		}
		return nil
	})
	if err == nil {
		w.eraseAgreed(ctx)
	}
	return err
}

// Decline says no to a proposal, or takes one's own back.
func (w *Workstation) Decline(ctx context.Context, id, proposal vault.ID, reason string) error {
	s := stepOf{"decline", Step{Of: proposal.String(), Reason: strings.TrimSpace(reason)}}
	return w.act(ctx, id, s.kind, s, nothingMore)
}

func nothingMore(*Case, bool) error { return nil }

// stepOf is a step on its way into a case.
type stepOf struct {
	kind string
	Step
}

// onCase lists what is to be erased of the case that the entry follows.
func (s stepOf) onCase(c *Case) any {
	if s.kind == "propose" && s.What == Erase {
		s.Deposits = c.claimed()
	}
	return s.Step
}

// claimed are the deposits that entries of the case took in, in hex, sorted.
func (c *Case) claimed() []string {
	var out []string
	for _, id := range c.inside {
		out = append(out, id.String())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// proposal finds one that waits.
func (c *Case) proposal(entry vault.ID) (Proposal, bool) {
	i := slices.IndexFunc(c.Proposals, func(p Proposal) bool { return p.Entry == entry })
	if i < 0 {
		return Proposal{}, false
	}
	return c.Proposals[i], true
}

// propose applies an entry that asks for a second person.
func (c *Case) propose(e read) {
	c.Proposals = append(slices.Clip(c.Proposals), Proposal{e.ID, e.Step.What, e.Author, e.Time, e.Step.Reason, e.Step.Deposits, e.Step.People, e.Seq, e.Step.After, e.Step.Sig, "", ""})
}

// agree applies the second person's entry.
func (c *Case) agree(e read) {
	p, _ := c.proposal(e.Step.of())
	c.drop(func(x Proposal) bool { return x.Entry == p.Entry })
	if p.What == Erase {
		p.Second, p.SecondSig = e.Author, e.Step.Sig
		c.Erase = &p
		return
	}
	c.before(e.Entry, "state", true)
	c.setState(NotVerified, "")
}

// drop forgets proposals that wait no longer.
func (c *Case) drop(which func(Proposal) bool) {
	c.Proposals = slices.DeleteFunc(slices.Clone(c.Proposals), which)
}

// setState changes the state, by which a proposal about it has become moot.
func (c *Case) setState(to, close string) {
	c.State, c.Close = to, close
	c.drop(func(p Proposal) bool { return p.What == NotVerified })
}

// proposable checks what a proposal says against its case.
func (c *Case) proposable(s Step, m moment) error {
	if slices.ContainsFunc(c.Proposals, func(p Proposal) bool { return p.What == s.What }) {
		return notLegal("that is proposed already and waits for a second person")
	}
	if (s.What == Erase) != (len(s.Deposits) > 0) {
		return errBody
	}
	if s.What == Restrict {
		return c.nameable(s.People, m)
	}
	if len(s.People) > 0 {
		return errBody
	}
	return c.unchanged(s.Deposits)
}

// unchanged checks that a list of what is to be erased is still all of it.
func (c *Case) unchanged(deposits []string) error {
	if len(deposits) > 0 && !slices.Equal(deposits, c.claimed()) {
		return notLegal("the person has sent something since it was proposed: read it, and propose it anew")
	}
	return nil
}

// agreeable checks that a second person agrees: another one than who proposed
// it, who still works on cases herself.
func (c *Case) agreeable(p Proposal, seq uint64, m moment) error {
	switch {
	case p.What == Erase && seq != p.Seq+1:
		return notLegal("something was written into the case since it was proposed: read it, and propose it anew")
	case p.By == m.by:
		return notLegal("you proposed it, so somebody else has to agree")
	case !m.has(p.By, casework):
		return notLegal("who proposed it does not work on cases any more: propose it anew, so that two people stand for it")
	}
	return c.unchanged(p.Deposits)
}

// WaitsFor reports whether a proposal waits for this person's yes or no; what
// only a lead can do waits for leads.
func (c *Case) WaitsFor(person string, lead bool) bool {
	return slices.Contains(c.Granted, person) && slices.ContainsFunc(c.Proposals, func(p Proposal) bool {
		return p.By != person && (lead || p.What != Restrict)
	})
}
