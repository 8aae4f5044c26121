package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

var rosterNew = command{
	name:  "roster new",
	short: "write a roster to be signed",
	usage: `Usage: peerwitness roster new --organisation NAME --desk ID=LABEL... --person CARD:ROLES...
         --recovery FILE --root FILE... --out FILE [more flags]

Writes the list of who may open what. It counts only once the holders of two
root keys have signed it: peerwitness roster sign.

  --organisation NAME   shown to peers
  --desk ID=LABEL       a desk, with more languages after it: street=Street:fr=Rue
  --person CARD:ROLES   a person's card and her roles, from advocate, lead, keeper,
                        partner, community, with commas between
  --on DESK=PERSON,...  who works at a desk, by id or name; without it, every
                        advocate works at every desk
  --region ID=LABEL     a region, with more languages as for a desk
  --part REGION/ID=LABEL  a part of a region
  --recovery FILE       the public file of the recovery key
  --root FILE           the public file of a root key; give it once for each
  --threshold N         how many of them must sign; 2
  --days N              how long the roster is good for; 365
  --objective WHAT=DAYS what you set yourselves: first-answer, legal-help, and how
                        long a report may wait to be taken: wait, wait-urgent
  --codebook FILE       the organisation's own codebook, instead of the built-in one
  --text LANG=FILE      the organisation's own words in a language, likewise
  --after FILE          the signed roster that this one follows
  --without LANG        a language of that one which this one has no words in
  --out FILE            where to write it; it must not exist yet

Example:
  peerwitness roster new --organisation "Harbour Peers" --desk "street=Street desk:fr=Rue" \
    --person nino/nino.key.card.json:advocate,lead --person amara/amara.key.card.json:advocate \
    --recovery safe/recovery.key.recipient --root stick-a/root.key.root \
    --root stick-b/root.key.root --root stick-c/root.key.root --out roster.txt
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		var p plan
		fs.StringVar(&p.organisation, "organisation", "", "")
		for name, list := range map[string]*repeated{
			"desk": &p.desks, "person": &p.people, "on": &p.on, "region": &p.regions, "part": &p.parts, "root": &p.roots, "text": &p.texts, "without": &p.without, "objective": &p.objectives,
		} {
			fs.Var(list, name, "")
		}
		fs.StringVar(&p.recovery, "recovery", "", "")
		fs.IntVar(&p.threshold, "threshold", 2, "")
		fs.IntVar(&p.days, "days", 365, "")
		fs.StringVar(&p.codebook, "codebook", "", "")
		fs.StringVar(&p.after, "after", "", "")
		out := fs.String("out", "", "")
		return func(_ context.Context, e *env) error {
			if err := noArgs("roster new", e); err != nil {
				return err
			}
			if err := needed("roster new", "--organisation", p.organisation, "--desk", p.desks.String(), "--person", p.people.String(),
				"--recovery", p.recovery, "--root", p.roots.String(), "--out", *out); err != nil {
				return err
			}
			if err := absent(*out); err != nil {
				return err
			}
			r, err := p.roster(e.now())
			if err != nil {
				return err
			}
			text, err := roster.Compose(r)
			if err != nil {
				return err
			}
			if err := writeNew(*out, text, 0o644); err != nil {
				return fmt.Errorf("writing roster: %w", err)
			}
			fmt.Fprintf(e.stdout, "version %d fingerprint %s\n", r.Version, r.Fingerprint())
			e.say("Not signed yet. %d of %d root keys must sign it: peerwitness roster sign --key FILE %s", r.Threshold, len(r.Roots), *out)
			return nil
		}
	},
}

// plan is what the flags of roster new say.
type plan struct {
	organisation, recovery, codebook, after                              string
	desks, people, on, regions, parts, roots, texts, without, objectives repeated
	threshold, days                                                      int
}

func (p plan) roster(now time.Time) (*roster.Roster, error) {
	if p.days < 1 || p.days > 3660 {
		return nil, misuse("roster new", "--days must be 1 to 3660")
	}
	r := &roster.Roster{
		Organisation: p.organisation, Version: 1, Threshold: p.threshold,
		Issued: now.UTC().Format(time.DateOnly), Expires: now.UTC().AddDate(0, 0, p.days).Format(time.DateOnly),
		Policy: defaultPolicy,
	}
	var err error
	if r.Recovery, err = oneLine(p.recovery, "AGE-SECRET-KEY-", p.recovery+recipientSuffix); err != nil {
		return nil, fmt.Errorf("reading --recovery: %w", err)
	}
	for _, file := range p.roots {
		v, err := oneLine(file, "PRIVATE+KEY+", file+rootSuffix)
		if err != nil {
			return nil, fmt.Errorf("reading --root: %w", err)
		}
		r.Roots = append(r.Roots, v)
	}
	if err := p.addPeople(r); err != nil {
		return nil, err
	}
	if err := p.addRegions(r); err != nil {
		return nil, err
	}
	if err := p.addDesks(r); err != nil {
		return nil, err
	}
	if err := p.addWords(r); err != nil {
		return nil, err
	}
	if err := p.addObjectives(&r.Policy); err != nil {
		return nil, err
	}
	return r, p.follow(r)
}

// addObjectives puts in what the organisation set itself.
func (p plan) addObjectives(to *roster.Policy) error {
	for _, spec := range p.objectives {
		what, days, ok := strings.Cut(spec, "=")
		into := map[string]*int{"first-answer": &to.FirstAnswerDays, "legal-help": &to.LegalHelpDays, "wait": &to.WaitDays, "wait-urgent": &to.WaitDaysUrgent}[what]
		n, err := strconv.Atoi(days)
		if !ok || into == nil || err != nil || n < 1 || n > roster.MaxObjective {
			return misuse("roster new", "--objective %q is not WHAT=DAYS; write first-answer=3", spec)
		}
		*into = n
	}
	return nil
}

// defaultPolicy keeps answers 60 days, unclaimed deposits 180, reports without
// any consent 30 days after the answer, closed cases 6 years.
var defaultPolicy = roster.Policy{AnswersDays: 60, UnclaimedDays: 180, NoConsentDays: 30, ClosedYears: 6, BucketBits: 0}

func (p plan) addPeople(r *roster.Roster) error {
	for _, spec := range p.people {
		file, roles, ok := cutLast(spec, ":")
		if !ok {
			return misuse("roster new", "--person %q has no roles; write CARD:advocate", spec)
		}
		b, err := readBounded(file, 64<<10)
		if err != nil {
			return fmt.Errorf("reading --person: %w", err)
		}
		card, err := seal.ParseCard(b)
		if err != nil {
			return hint(fmt.Errorf("reading %s: %w", file, err), "a card ends in %s", cardSuffix)
		}
		r.People = append(r.People, roster.Person{
			ID: card.Person, Name: card.Name, Roles: strings.Split(roles, ","), Personal: card.Personal, Signing: card.Signing,
		})
	}
	return nil
}

func (p plan) addRegions(r *roster.Roster) error {
	for _, spec := range p.regions {
		id, labels, err := labelled("--region", spec)
		if err != nil {
			return err
		}
		r.Regions = append(r.Regions, roster.Region{ID: id, Labels: labels})
	}
	for _, spec := range p.parts {
		place, labels, err := labelled("--part", spec)
		if err != nil {
			return err
		}
		region, id, _ := strings.Cut(place, "/")
		i := slices.IndexFunc(r.Regions, func(g roster.Region) bool { return g.ID == region })
		if i < 0 {
			return misuse("roster new", "--part %q names no --region", spec)
		}
		r.Regions[i].Parts = append(r.Regions[i].Parts, roster.Part{ID: id, Labels: labels})
	}
	return nil
}

func (p plan) addDesks(r *roster.Roster) error {
	on := make(map[string][]string)
	for _, spec := range p.on {
		desk, people, ok := strings.Cut(spec, "=")
		if !ok || !slices.ContainsFunc(p.desks, func(s string) bool { return strings.HasPrefix(s, desk+"=") }) {
			return misuse("roster new", "--on %q names no --desk", spec)
		}
		for _, who := range strings.Split(people, ",") {
			i := slices.IndexFunc(r.People, func(q roster.Person) bool { return q.ID == who || q.Name == who })
			if i < 0 {
				return misuse("roster new", "--on %q: nobody on the roster goes by %q", spec, who)
			}
			on[desk] = append(on[desk], r.People[i].ID)
		}
	}
	var advocates []string
	for _, q := range r.People {
		if q.Has(roster.Advocate) {
			advocates = append(advocates, q.ID)
		}
	}
	for _, spec := range p.desks {
		id, labels, err := labelled("--desk", spec)
		if err != nil {
			return err
		}
		people, given := on[id]
		if !given {
			people = advocates
		}
		slots := 8
		if len(people) > 7 {
			slots = 16
		}
		r.Desks = append(r.Desks, roster.Desk{ID: id, Labels: labels, People: people, Slots: slots})
	}
	return nil
}

// addWords puts in the hashes of the codebook and texts, after reading them as
// a phone would.
func (p plan) addWords(r *roster.Roster) error {
	book, err := codebookBytes(p.codebook)
	if err != nil {
		return err
	}
	parsed, err := codebook.Parse(book)
	if err != nil {
		return err
	}
	texts := codebook.OwnWords()
	if len(p.texts) > 0 {
		texts = make(map[string][]byte)
	}
	for _, spec := range p.texts {
		lang, _, b, err := languageFile("roster new", spec)
		if err != nil {
			return err
		}
		texts[lang] = b
	}
	r.Codebook, r.Texts = vault.Sum(book).String(), make(map[string]string)
	if err := p.keeps(texts); err != nil {
		return err
	}
	for lang, b := range texts {
		words, err := codebook.ParseTexts(b, lang)
		if err == nil {
			err = codebook.CheckCodes(parsed, words)
		}
		if err != nil {
			return unreviewed(fmt.Errorf("reading words in %q: %w", lang, err), lang)
		}
		if b, err = codebook.WithCodes(parsed, b, lang); err != nil {
			return fmt.Errorf("reading words in %q: %w", lang, err)
		}
		r.Texts[lang] = vault.Sum(b).String()
	}
	return nil
}

// keeps refuses a roster that would drop or replace, unasked, words that the
// one before it names: a file that was forgotten would bring back the invented
// numbers of the built-in words, or turn a language off.
func (p plan) keeps(texts map[string][]byte) error {
	if p.after == "" {
		return nil
	}
	note, err := readBounded(p.after, vault.MaxNote)
	if err != nil {
		return fmt.Errorf("reading roster: %w", err)
	}
	former, err := roster.Parse(note)
	if err != nil {
		return nil // follow says what is wrong with it
	}
	own := make(map[string]bool)
	for _, spec := range p.texts {
		lang, _, _ := strings.Cut(spec, "=")
		own[lang] = true
	}
	builtin := codebook.DefaultTexts()
	for lang, hash := range former.Texts {
		if own[lang] || slices.Contains(p.without, lang) {
			continue
		}
		if texts[lang] == nil || vault.Sum(builtin[lang]).String() != hash {
			return hint(fmt.Errorf("the roster before has words in %q, and none are given for this one", lang),
				"give them again with --text %s=FILE, or leave the language out with --without %s", lang, lang)
		}
	}
	return nil
}

// languageFile reads the file of LANG=FILE.
func languageFile(cmd, spec string) (lang, file string, b []byte, err error) {
	lang, file, ok := strings.Cut(spec, "=")
	if !ok {
		return "", "", nil, misuse(cmd, "%q: write LANG=FILE", spec)
	}
	if b, err = readBounded(file, codebook.MaxSize); err != nil {
		return "", "", nil, fmt.Errorf("reading words in %q: %w", lang, err)
	}
	return lang, file, b, nil
}

// readCodebook is the codebook in a file, or the built-in one.
func readCodebook(file string) (*codebook.Codebook, error) {
	b, err := codebookBytes(file)
	if err != nil {
		return nil, err
	}
	return codebook.Parse(b)
}

func codebookBytes(file string) ([]byte, error) {
	if file == "" {
		return codebook.Default(), nil
	}
	b, err := readBounded(file, codebook.MaxSize)
	if err != nil {
		return nil, fmt.Errorf("reading --codebook: %w", err)
	}
	if _, err := codebook.Parse(b); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	return b, nil
}

// follow chains r to the roster before it.
func (p plan) follow(r *roster.Roster) error {
	if p.after == "" {
		return nil
	}
	note, err := readBounded(p.after, vault.MaxNote)
	if err != nil {
		return fmt.Errorf("reading --after: %w", err)
	}
	former, err := roster.Parse(note)
	if err != nil {
		return hint(fmt.Errorf("reading --after: %w", err), "only a roster that enough root keys signed can be followed")
	}
	r.Version, r.Former = former.Version+1, former.Hash.String()
	return nil
}
