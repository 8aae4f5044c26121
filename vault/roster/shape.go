package roster

import (
	"crypto/ed25519"
	"slices"
)

var roles = []string{Advocate, Lead, Keeper, Partner, Community}

// readRoster reads the JSON line of a roster: rules 2 and 3 of PROTOCOL.md.
func readRoster(line []byte) (*Roster, error) {
	n, err := document(line, "roster")
	if err != nil {
		return nil, err
	}
	r := &Roster{
		Organisation: n.get("organisation").shown(MaxOrganisation),
		Version:      n.get("version").whole(1, maxWhole),
		Former:       readFormer(n.get("former")),
		Issued:       n.get("issued").day(),
		Expires:      n.get("expires").day(),
		Roots:        readRoots(n.get("roots")),
		Recovery:     n.get("recovery").recipient(),
		Codebook:     n.get("codebook").hash(),
		Texts:        byLanguage(n.get("texts"), 0, node.hash),
		Policy:       readPolicy(n.get("policy")),
	}
	if r.Issued > r.Expires {
		n.get("expires").fail("before the day of issue")
	}
	r.Threshold = int(n.get("threshold").whole(1, uint64(max(1, len(r.Roots)))))
	r.People = readPeople(n.get("people"))
	r.Regions = readRegions(n.get("regions"))
	r.Desks = readDesks(n.get("desks"), r)
	if *n.err != nil {
		return nil, *n.err
	}
	return r, nil
}

func readFormer(n node) string {
	if n.str() == "" {
		return ""
	}
	return n.hash()
}

// readRoots reads the note verifier keys. One key under two names passes (it
// counts once when signatures are counted); one name with one hash twice would
// leave open which key a signature line means.
func readRoots(n node) []string {
	items := n.list(MaxRoots)
	if len(items) == 0 {
		n.fail("empty")
	}
	var keys []rootKey
	out := make([]string, 0, len(items))
	for _, item := range items {
		k, err := parseRoot(item.str())
		if err != nil {
			item.fail("%v", err)
			return nil
		}
		if slices.ContainsFunc(keys, func(o rootKey) bool { return o.names(k.Name(), k.KeyHash()) }) {
			item.fail("name and key hash come twice")
		}
		keys = append(keys, k)
		out = append(out, item.str())
	}
	return out
}

func readPolicy(n node) Policy {
	days := func(key string) int { return int(n.get(key).whole(1, 36500)) }
	maybe := func(key string) int {
		if m, ok := n.v.(map[string]any); !ok || m[key] == nil {
			return 0
		}
		return int(n.get(key).whole(1, MaxObjective))
	}
	return Policy{
		FirstAnswerDays: maybe("first_answer_days"), LegalHelpDays: maybe("legal_help_days"),
		WaitDays: maybe("wait_days"), WaitDaysUrgent: maybe("wait_days_urgent"),

		AnswersDays:   days("answers_days"),
		UnclaimedDays: days("unclaimed_days"),
		NoConsentDays: days("no_consent_days"),
		ClosedYears:   int(n.get("closed_years").whole(1, 100)),
		BucketBits:    int(n.get("bucket_bits").whole(0, 16)),
	}
}

func readPeople(n node) []Person {
	items := n.list(MaxPeople)
	out := make([]Person, 0, len(items))
	ids, keys := map[string]bool{Recovery: true}, map[string]bool{}
	for _, item := range items {
		if n.failed() {
			break
		}
		p := Person{
			ID:       item.get("id").person(),
			Name:     item.get("name").shown(MaxName),
			Roles:    distinct(item.get("roles"), len(roles), readRole),
			Personal: item.get("personal").recipient(),
		}
		p.Signing, _ = item.get("signing").bytes(ed25519.PublicKeySize)
		if ids[p.ID] {
			item.get("id").fail("another person has it")
		}
		if keys[p.Signing] {
			item.get("signing").fail("another person has it")
		}
		ids[p.ID], keys[p.Signing] = true, true
		out = append(out, p)
	}
	return out
}

func readRole(n node) string {
	s := n.str()
	if !slices.Contains(roles, s) {
		n.fail("not a role")
	}
	return s
}

func readLabels(n node) Labels {
	return byLanguage(n, 1, func(n node) string { return n.shown(MaxLabel) })
}

func readRegions(n node) []Region {
	items := n.list(MaxRegions)
	out := make([]Region, 0, len(items))
	for _, item := range items {
		g := Region{ID: item.get("id").slug(), Labels: readLabels(item.get("labels")), Parts: []Part{}}
		if slices.ContainsFunc(out, func(o Region) bool { return o.ID == g.ID }) {
			item.get("id").fail("another region has it")
		}
		for _, p := range item.get("parts").list(MaxRegions) {
			part := Part{ID: p.get("id").slug(), Labels: readLabels(p.get("labels"))}
			if slices.ContainsFunc(g.Parts, func(o Part) bool { return o.ID == part.ID }) {
				p.get("id").fail("another part of the region has it")
			}
			g.Parts = append(g.Parts, part)
		}
		out = append(out, g)
		if n.failed() {
			break
		}
	}
	return out
}

// readDesks reads the desks of r, whose people and regions have been read.
func readDesks(n node, r *Roster) []Desk {
	items := n.list(MaxDesks)
	out := make([]Desk, 0, len(items))
	for _, item := range items {
		if n.failed() {
			break
		}
		d := Desk{
			ID:     item.get("id").slug(),
			Labels: readLabels(item.get("labels")),
			Topics: distinct(item.get("topics"), MaxTopics, node.slug),
			Slots:  int(item.get("slots").whole(8, 16)),
		}
		if d.Slots != 8 && d.Slots != 16 {
			item.get("slots").fail("neither 8 nor 16")
		}
		d.Regions = distinct(item.get("regions"), MaxRegions, func(n node) string {
			s := n.slug()
			if _, ok := r.Region(s); !ok {
				n.fail("not one of the regions")
			}
			return s
		})
		d.People = distinct(item.get("people"), MaxPeople, func(n node) string {
			s := n.person()
			if _, ok := r.Person(s); !ok {
				n.fail("not one of the people")
			}
			return s
		})
		if len(d.People) < 1 || len(d.People) > d.Slots-1 {
			item.get("people").fail("%d people where 1 to %d belong", len(d.People), d.Slots-1)
		}
		if slices.ContainsFunc(out, func(o Desk) bool { return o.ID == d.ID }) {
			item.get("id").fail("another desk has it")
		}
		out = append(out, d)
	}
	return out
}
