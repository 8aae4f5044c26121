package intake

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"peerwitness/vault/roster"
)

// The way in without a script: for browsers that run none (Tor Browser's
// "Safest") and people who would rather seal with a tool of their own. The page
// takes what age has sealed and nothing else; this server could not read it.

//go:embed byhand.html
var byHandHTML string

var byHandTemplate = template.Must(template.New("by-hand").Parse(byHandHTML))

// byHandRules allow a form to this server, and nothing more: no script, no
// style, no picture.
const byHandRules = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

type byHandWords struct {
	Lang, Other, OtherName                    string
	Help, Title, Lead, Traces                 string
	First, Write, Second, Recipients, Seal    string
	Age, Third, Desk, File, Send, Only        string
	Arrived, ArrivedWhat, Back, NotAge, Again string
}

var byHandIn = map[string]byHandWords{
	"en": {
		Lang: "en", Other: "fr", OtherName: "Français",
		Help:   "Someone can’t be woken or isn’t breathing? Don’t report now. Help first: call an ambulance, give naloxone if you have it.",
		Title:  "Send a report without a script",
		Lead:   "You seal your report on your own device, with the program age. Only the people named below can open it; this server can’t.",
		Traces: "Your browser history and network may show that you visited. There are no words to come back with: if you want an answer, write down in the report how to reach you safely.",
		First:  "1. Write it", Write: "Write what happened into a plain text file, as much or as little as you want. You don’t need to say what you used, carried, sold or did, or name friends.",
		Second: "2. Seal it", Recipients: "Download the list of who can open it, for the desk that fits best:",
		Seal: "Then, in the folder with both files:", Age: "It takes age 1.3 or later, from age-encryption.org. Debian’s own may be older. Afterwards delete the text file.",
		Third: "3. Send it", Desk: "Desk", File: "The sealed file (report.age)", Send: "Send",
		Only:    "Only a file that age has sealed is taken. Anything else is refused, and nothing of it is kept.",
		Arrived: "It has arrived", ArrivedWhat: "The desk reads it, urgent reports first. Delete report.txt and report.age from your device.", Back: "Send another one",
	},
	"fr": {
		Lang: "fr", Other: "en", OtherName: "English",
		Help:   "Quelqu’un ne se réveille pas ou ne respire pas\u00a0? Ne signalez rien maintenant. Aidez d’abord\u00a0: appelez une ambulance, donnez de la naloxone si vous en avez.",
		Title:  "Envoyer un signalement sans script",
		Lead:   "Vous verrouillez votre signalement sur votre appareil, avec le programme age. Seules les personnes nommées ci-dessous peuvent l’ouvrir\u00a0; ce serveur, non.",
		Traces: "L’historique du navigateur et le réseau peuvent montrer votre visite. Il n’y a pas de mots pour revenir\u00a0: si vous voulez une réponse, écrivez dans le signalement comment vous joindre sans risque.",
		First:  "1. Écrire", Write: "Écrivez ce qui s’est passé dans un fichier texte, autant ou aussi peu que vous voulez. Inutile de dire ce que vous avez consommé, porté, vendu ou fait, ni de nommer des amis.",
		Second: "2. Verrouiller", Recipients: "Téléchargez la liste de qui peut l’ouvrir, pour la permanence qui convient le mieux\u00a0:",
		Seal: "Puis, dans le dossier des deux fichiers\u00a0:", Age: "Il faut age 1.3 ou plus récent, sur age-encryption.org. Celui de Debian peut être plus ancien. Supprimez ensuite le fichier texte.",
		Third: "3. Envoyer", Desk: "Permanence", File: "Le fichier verrouillé (report.age)", Send: "Envoyer",
		Only:    "Seul un fichier verrouillé par age est accepté. Tout le reste est refusé, et rien n’en est gardé.",
		Arrived: "C’est arrivé", ArrivedWhat: "La permanence le lit, les signalements urgents d’abord. Supprimez report.txt et report.age de votre appareil.", Back: "En envoyer un autre",
	},
}

type byHandDesk struct{ ID, Label, Names string }

type byHandPage struct {
	W     byHandWords
	Desks []byHandDesk
	Done  bool
}

// byHandLang is the language asked for by ?lang= or Accept-Language.
func byHandLang(r *http.Request) byHandWords {
	for _, item := range append([]string{r.URL.Query().Get("lang")}, strings.Split(r.Header.Get("Accept-Language"), ",")...) {
		tag, _, _ := strings.Cut(strings.TrimSpace(item), ";")
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if w, ok := byHandIn[base]; ok {
			return w
		}
	}
	return byHandIn["en"]
}

// serveByHand answers the page.
func (s *server) serveByHand(w http.ResponseWriter, r *http.Request) error {
	ro, err := s.book.current(r.Context())
	if err != nil {
		return err
	}
	p := byHandPage{W: byHandLang(r)}
	for _, d := range ro.Desks {
		openers, err := s.openers(r, ro, d.ID)
		if err != nil {
			return err
		}
		var names []string
		for _, o := range openers {
			if o.Certificate.Recipient != "" {
				names = append(names, o.Person.Name)
			}
		}
		p.Desks = append(p.Desks, byHandDesk{d.ID, d.Label(p.W.Lang), strings.Join(names, ", ")})
	}
	return s.byHand(w, http.StatusOK, p)
}

func (s *server) byHand(w http.ResponseWriter, status int, p byHandPage) error {
	var b bytes.Buffer
	if err := byHandTemplate.Execute(&b, p); err != nil {
		return fmt.Errorf("writing page: %w", err)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", byHandRules)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	w.Write(b.Bytes())
	return nil
}

// openers are who can open a desk's reports today.
func (s *server) openers(r *http.Request, ro *roster.Roster, desk string) ([]roster.Opener, error) {
	b, err := s.book.sheet(r.Context(), desk, s.Clock())
	if err != nil {
		return nil, err
	}
	sheet, err := roster.ParseSheet(b)
	if err != nil {
		return nil, err
	}
	openers, _, err := ro.Openers(desk, sheet, s.Clock())
	return openers, err
}

// serveRecipients answers whom to seal to, one to a line, as age reads it.
func (s *server) serveRecipients(w http.ResponseWriter, r *http.Request) error {
	ro, err := s.book.current(r.Context())
	if err != nil {
		return err
	}
	desk := mux.Vars(r)["desk"]
	openers, err := s.openers(r, ro, desk)
	if err != nil {
		return err
	}
	var b strings.Builder
	one := false
	for _, o := range openers {
		if o.Certificate.Recipient != "" {
			fmt.Fprintf(&b, "# %s\n%s\n", o.Person.Name, o.Certificate.Recipient)
			one = true
		}
	}
	if !one {
		return refuse(http.StatusServiceUnavailable, "nobody at this desk can open a report at the moment")
	}
	fmt.Fprintf(&b, "# recovery\n%s\n", ro.Recovery)
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="recipients.txt"`)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	io.WriteString(w, b.String())
	return nil
}

var errNotAge = refuse(http.StatusUnprocessableEntity,
	"this is not a file that age 1.3 has sealed for these people; nothing of it was kept. Seal it as the page says, and choose the .age file")

// takeByHand takes a sealed file from the page's form.
func (s *server) takeByHand(w http.ResponseWriter, r *http.Request) error {
	room := room{of: s.reports}
	defer room.leave()
	d, _, free, err := s.readDeposit(w, r, &room)
	if err != nil {
		return err
	}
	if !d.ByHand {
		free()
		return refuse(http.StatusBadRequest, "this page takes a file that was sealed by hand")
	}
	if err := s.book.checkReport(r.Context(), d); err != nil {
		free()
		var refused *refusal
		if errors.As(err, &refused) && refused.status == http.StatusUnprocessableEntity {
			return errNotAge
		}
		return err
	}
	if ask, err := s.admit(r, d, ""); err != nil {
		return err
	} else if ask != nil {
		free()
		return errBusy
	}
	if _, err := s.Store.PutDeposit(r.Context(), d); err != nil {
		return err // the buffer may still be read: it is left to the collector
	}
	free()
	return s.byHand(w, http.StatusOK, byHandPage{W: byHandLang(r), Done: true})
}
