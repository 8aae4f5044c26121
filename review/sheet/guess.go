package sheet

import (
	"slices"
	"strings"

	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

// rules lead from what a heading says to a field, in English, French and
// Russian; the first that fits counts. Phrases stand in spaces, so that " sex "
// is not found in "sexual". An empty field leaves the column out.
var rules = []struct {
	field   string
	phrases []string
}{
	{fieldLeaveOut, []string{" birth ", " naissance ", " рождения ", " submission ", " submitted ", " registration ", " регистрации ", " enregistrement ", " version ", " validation ", " enumerator ", " interviewer ", " deviceid ", " simserial ", " phonenumber ", " gps ", " latitude ", " longitude ", " altitude "}},
	{"contact_not", []string{" must not know ", " do not contact ", " do not call ", " ne pas contacter ", " не звонить ", " не должен знать "}},
	{"contact_times", []string{" safe times ", " when to call ", " time to call ", " quand appeler ", " когда звонить "}},
	{"contact_reach", []string{" phone ", " telephone ", " téléphone ", " tel ", " mobile ", " email ", " e-mail ", " courriel ", " contact ", " contacts ", " телефон ", " контакт ", " контакты ", " связи ", " whatsapp ", " telegram ", " signal "}},
	{"contact_name", []string{" name to use ", " nickname ", " alias ", " pseudonym ", " pseudonyme ", " псевдоним ", " contact name "}},
	{"who_text", []string{" badge ", " perpetrator name ", " name of the perpetrator ", " officer ", " matricule ", " unit ", " номер значка ", " подразделение ", " фио нарушителя "}},
	{fieldConsent, []string{" consent ", " consents ", " consentement ", " consentements ", " согласие ", " agreed to "}},
	{"asked", []string{" asked ", " affected person agree ", " a été demandé ", " спросили "}},
	{fieldTeller, []string{" teller ", " reporter ", " reported by ", " who reports ", " who tells ", " qui signale ", " signalé par ", " кто сообщает ", " кто сообщил ", " заявитель "}},
	{"who", []string{" perpetrator ", " perpetrators ", " violator ", " offender ", " offenders ", " who did ", " auteur ", " auteurs ", " qui l'a fait ", " нарушитель ", " нарушители ", " кто нарушил ", " кем "}},
	{"grounds", []string{" ground ", " grounds ", " motive ", " reason ", " reasons ", " motif ", " motifs ", " raison ", " basis ", " основание ", " причина ", " мотив "}},
	{"consequences", []string{" consequence ", " consequences ", " harm ", " impact ", " conséquence ", " conséquences ", " последствия ", " последствие "}},
	{"populations", []string{" population ", " populations ", " key group ", " key groups ", " community ", " groupe clé ", " groupes clés ", " communauté ", " ключевая группа ", " ключевые группы ", " кгн ", " client group ", " группа "}},
	{fieldHowMany, []string{" how many ", " number of people ", " number of persons ", " combien ", " nombre de personnes ", " сколько ", " число людей ", " количество людей ", " количество "}},
	{"gender", []string{" gender ", " sex ", " genre ", " sexe ", " пол ", " гендер "}},
	{fieldAge, []string{" age ", " âge ", " возраст ", " age group ", " tranche d'âge "}},
	{"urgency", []string{" urgency ", " urgent ", " priority ", " urgence ", " priorité ", " срочность ", " срочно "}},
	{"need", []string{" need ", " needs ", " help needed ", " besoin ", " besoins ", " нужно ", " нужна ", " потребность ", " потребности ", " help requested ", " запрос "}},
	{fieldDesk, []string{" desk ", " guichet ", " permanence "}},
	{fieldRegion, []string{" region ", " région ", " province ", " oblast ", " регион ", " область "}},
	{"place", []string{" place ", " location ", " city ", " town ", " settlement ", " address ", " lieu ", " ville ", " adresse ", " место ", " город ", " адрес ", " где "}},
	{fieldWhen, []string{" date ", " incident date ", " when ", " day ", " quand ", " jour ", " дата ", " когда ", " день "}},
	{"groups", []string{" category ", " categories ", " kind ", " kinds ", " catégorie ", " catégories ", " категория ", " категории "}},
	{fieldStory, []string{" story ", " description ", " narrative ", " details ", " summary ", " comment ", " comments ", " what happened ", " récit ", " résumé ", " détails ", " commentaire ", " s'est passé ", " описание ", " рассказ ", " подробности ", " что произошло ", " что случилось ", " комментарий ", " суть "}},
	{"acts", []string{" act ", " acts ", " violation ", " violations ", " incident type ", " type of incident ", " abuse ", " acte ", " actes ", " нарушение ", " нарушения ", " действия ", " вид нарушения "}},
}

// What KoboToolbox and ODK write beside the answers: the best id of a row first.
var (
	ids    = []string{"_uuid", "meta/instanceid", "meta-instanceid", "instanceid", "key", "uuid", "case id", "case number", "case no", "case code", "id", "_id", "№", "номер случая", "номер", "numéro", "numéro du cas", "no du cas"}
	beside = []string{"start", "end", "today", "username", "audit", "status", "edits", "tags", "index", "attachmentspresent", "attachmentsexpected", "reviewstate", "submitterid", "submittername", "formversion", "deviceid", "submissiondate"}
)

// Guess begins a mapping for a table: from its headings, and from what stands
// below them. Nothing is guessed of a consent but where a cell names it.
func Guess(t *Table, book *codebook.Codebook, r *roster.Roster) Mapping {
	m := Mapping{V: 1, Teller: Staff}
	x := newLexicon(book, r)
	id := ""
	for _, want := range ids {
		if i := slices.IndexFunc(t.Header, func(h string) bool { return strings.ToLower(h) == want }); i >= 0 {
			id = t.Header[i]
			break
		}
	}
	taken := map[string]bool{}
	whole := map[string]string{} // field of a question, by its heading
	for i, name := range t.Header {
		c := Column{Name: name}
		if head, option, split := cutOption(t, i); split {
			c.Field, c.Words = guessOption(x, head, option, whole)
			m.Columns = append(m.Columns, c)
			continue
		}
		switch {
		case name == id:
			c.Field = fieldID
		case !meta(name):
			c.Field = x.suit(guessName(name), t, i)
		}
		if f, _ := fieldOf(c.Field); c.Field != fieldLeaveOut && !f.Many {
			if taken[c.Field] {
				c.Field = fieldLeaveOut
			}
			taken[c.Field] = true
		}
		if c.Field == fieldWhen {
			m.Dates = orderOf(column(t, i))
		}
		whole[name] = c.Field
		m.Columns = append(m.Columns, c)
	}
	if r != nil && len(r.Desks) == 1 {
		m.Desk = r.Desks[0].ID
	}
	return m
}

func meta(name string) bool {
	return strings.HasPrefix(name, "_") || slices.Contains(beside, strings.ToLower(name))
}

// guessName goes by the last part of a heading, after the group it stands in,
// and then by all of it.
func guessName(name string) string {
	last := name[strings.LastIndexAny(name, "/:")+1:]
	for _, s := range []string{last, name} {
		s = " " + strings.Map(func(r rune) rune {
			switch r {
			case '_', '/', '.', ':', ',', '(', ')', '?', '!', '"':
				return ' '
			case '’':
				return '\''
			}
			return r
		}, strings.ToLower(s)) + " "
		s = " " + strings.Join(strings.Fields(s), " ") + " "
		for _, rule := range rules {
			for _, p := range rule.phrases {
				if strings.Contains(s, p) {
					return rule.field
				}
			}
		}
		// ODK sets a group before the name with a dash.
		if t := strings.ReplaceAll(s, "-", " "); t != s {
			for _, rule := range rules {
				for _, p := range rule.phrases {
					if strings.Contains(t, p) {
						return rule.field
					}
				}
			}
		}
	}
	return fieldLeaveOut
}

// suit looks at a column's cells: where codes are expected and most cells are
// sentences, it is the story's; where a single answer is expected, the same.
func (x *lexicon) suit(field string, t *Table, i int) string {
	f, _ := fieldOf(field)
	if f.List == "" {
		return field
	}
	long, filled := 0, 0
	for _, r := range t.Rows {
		if r.Cells[i] == "" {
			continue
		}
		filled++
		if _, unknown := x.read(f, Column{}, r.Cells[i]); len(unknown) > 0 && len(strings.Fields(r.Cells[i])) > 6 {
			long++
		}
	}
	if long*2 > filled && (f.Name == "acts" || f.Name == "groups") {
		return fieldStory
	}
	return field
}

func column(t *Table, i int) []string {
	out := make([]string, len(t.Rows))
	for n, r := range t.Rows {
		out[n] = r.Cells[i]
	}
	return out
}

// cutOption tells whether a column is one answer of a question with several, as
// KoboToolbox and ODK split them: "question/answer", with nothing but yes and no.
func cutOption(t *Table, i int) (head, option string, split bool) {
	at := strings.LastIndexByte(t.Header[i], '/')
	if at <= 0 {
		return "", "", false
	}
	some := false
	for _, r := range t.Rows {
		switch strings.ToLower(r.Cells[i]) {
		case "0", "1", "true", "false":
			some = true
		case "":
		default:
			return "", "", false
		}
	}
	return t.Header[i][:at], t.Header[i][at+1:], some
}

// guessOption leaves a split answer out where the whole question stands beside
// it, and else says what its yes means, if that is a code.
func guessOption(x *lexicon, head, option string, whole map[string]string) (field string, words []Word) {
	if f, ok := whole[head]; ok && f != fieldLeaveOut {
		return fieldLeaveOut, nil
	}
	f, _ := fieldOf(guessName(head))
	if f.List == "" || !f.Many {
		return fieldLeaveOut, nil
	}
	c := Column{}
	for _, w := range []string{"0", "false"} {
		c.Let(w, "")
	}
	if code, says, known := x.code(f, Column{}, option); known && says {
		for _, w := range []string{"1", "true"} {
			c.Let(w, code)
		}
	}
	return f.Name, c.Words
}
