package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/codebook"
)

var textsDraft = command{
	name:  "texts draft",
	short: "print the draft of a language, for a native speaker to review",
	usage: `Usage: peerwitness texts draft [--codebook FILE] LANG

Prints everything that a peer reads of the organisation's in one language: what
to do first, rights, support, the codes with what each consent says, and the
app's own sentences where somebody agrees ("app"; keep what stands in braces). The
drafts were made without a native speaker and stay off until one has read them.
Put in your own numbers and places, have a native speaker correct it, and mark
it with ` + "`peerwitness texts reviewed`" + `. The app's other buttons and questions come
with the program; try them in practice before you turn a language on.

  --codebook FILE  the organisation's own codebook, instead of the built-in one

Example:
  peerwitness texts draft es > texts-es.json
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		book := fs.String("codebook", "", "")
		return func(_ context.Context, e *env) error {
			if len(e.args) != 1 {
				return misuse("texts draft", "name one language after the flags")
			}
			c, err := readCodebook(*book)
			if err != nil {
				return err
			}
			b, missing, err := codebook.Draft(c, e.args[0])
			if err != nil {
				return err
			}
			for _, key := range missing {
				e.say("no draft for %s: its English stands there", key)
			}
			_, err = e.stdout.Write(b)
			return err
		}
	},
}

var textsReviewed = command{
	name:  "texts reviewed",
	short: "mark a language's words as read by a native speaker",
	usage: `Usage: peerwitness texts reviewed --by WHO --consent --emergency --rights LANG=FILE

Writes into FILE that a native speaker has read it. Whoever signs the next
roster with these words vouches for that. Words changed afterwards count as
unread, and no roster takes them.

  --by WHO      who read them: a name or a role. Every phone gets it.
  --consent     she has read what each consent says, and who can open a report
  --emergency   she has read what to do first, the numbers, and who is held
  --rights      she has read the rights

Example:
  peerwitness texts reviewed --by "Court interpreter" --consent --emergency --rights es=texts-es.json
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		var r codebook.Review
		fs.StringVar(&r.By, "by", "", "")
		fs.BoolVar(&r.Consent, "consent", false, "")
		fs.BoolVar(&r.Emergency, "emergency", false, "")
		fs.BoolVar(&r.Rights, "rights", false, "")
		return func(_ context.Context, e *env) error {
			if err := needed("texts reviewed", "--by", r.By); err != nil {
				return err
			}
			if !r.Consent || !r.Emergency || !r.Rights {
				return misuse("texts reviewed", "all three parts must have been read: --consent --emergency --rights")
			}
			if len(e.args) != 1 {
				return misuse("texts reviewed", "name one LANG=FILE after the flags")
			}
			lang, file, b, err := languageFile("texts reviewed", e.args[0])
			if err != nil {
				return err
			}
			if t, err := codebook.ParseDraft(b, lang); err != nil {
				return fmt.Errorf("reading words in %q: %w", lang, err)
			} else if n := t.Example(); n != "" {
				return hint(fmt.Errorf("the words in %q still have the invented number %s", lang, n), "put in your own numbers and places first")
			}
			r.On = e.now().Format(time.DateOnly)
			if b, err = r.Sign(b, lang); err != nil {
				return fmt.Errorf("reading words in %q: %w", lang, err)
			}
			if err := replace(file, b); err != nil {
				return fmt.Errorf("writing words: %w", err)
			}
			fmt.Fprintf(e.stdout, "%s reviewed by %s on %s\n", lang, printable(r.By), r.On)
			e.say("They are on once a roster with --text %s=%s is signed and published.", lang, file)
			return nil
		}
	},
}

var textsAudio = command{
	name:  "texts audio",
	short: "add recordings of screens that were read aloud to a language's words",
	usage: `Usage: peerwitness texts audio LANG=FILE SCREEN=RECORDING...

Writes into FILE which recording a phone plays for a screen when somebody would
rather listen than read. A screen's name is what stands after "screen-" in the
page, such as first, groups or consent. Recordings are MP3, M4A, OGG, WebM or
WAV, of at most 4 MiB. The server needs them too: peerwitnessd init with audio
files, or a lead who publishes. Without one, a phone reads with a voice of its
own if it has one for the language.

Example:
  peerwitness texts audio sw=texts-sw.json groups=groups.mp3 consent=consent.mp3
`,
	flags: func(*flag.FlagSet) func(context.Context, *env) error {
		return func(_ context.Context, e *env) error {
			if len(e.args) < 2 {
				return misuse("texts audio", "name LANG=FILE and at least one SCREEN=RECORDING")
			}
			lang, file, words, err := languageFile("texts audio", e.args[0])
			if err != nil {
				return err
			}
			audio := make(map[string]codebook.Sound)
			for _, spec := range e.args[1:] {
				screen, path, ok := strings.Cut(spec, "=")
				kind := soundTypes[strings.ToLower(filepath.Ext(path))]
				if !ok || kind == "" {
					return misuse("texts audio", "%q: write SCREEN=RECORDING, a file of .mp3, .m4a, .ogg, .webm or .wav", spec)
				}
				b, err := readBounded(path, vault.MaxDocument)
				if err != nil {
					return fmt.Errorf("reading recording: %w", err)
				}
				audio[screen] = codebook.Sound{SHA256: vault.Sum(b).String(), Type: kind}
			}
			b, err := codebook.WithSound(words, lang, audio)
			if err != nil {
				return fmt.Errorf("reading words in %q: %w", lang, err)
			}
			if err := replace(file, b); err != nil {
				return fmt.Errorf("writing words: %w", err)
			}
			fmt.Fprintf(e.stdout, "%s: %d recordings added\n", lang, len(audio))
			return nil
		}
	},
}

var soundTypes = map[string]string{".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".webm": "audio/webm", ".wav": "audio/wav"}

// unreviewed adds to an error what to do about words that nobody has read.
func unreviewed(err error, lang string) error {
	if errors.Is(err, codebook.ErrUnreviewed) {
		return hint(err, "have a native speaker read them, then run `peerwitness texts reviewed` on the file of %q", lang)
	}
	return err
}
