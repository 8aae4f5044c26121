package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"peerwitness/vault"
)

var backupCommand = command{
	name:  "backup",
	short: "write a backup, beside a running server or without one; or verify some",
	usage: `peerwitnessd backup --store DIR [--after NOTE] [--note NOTE]
       peerwitnessd backup --store DIR --to FOLDER
       peerwitnessd backup --verify FILE...

Writes a backup of the store, to standard output or as the next file of a folder.
It may run while the server does, which goes on taking reports. Everything
acknowledged before it began is in it; no session, invitation or clock time is.
A backup is not sealed: what the server holds sealed is sealed in it, but it says
who did what in which order, and holds the seeds of second factors. Seal it on its
way to the disk, to the recovery recipient, so that the server can't open it again:

  peerwitnessd backup --store DIR --note new.note | age -R recovery.txt > 1.age

  --store DIR    the store
  --after NOTE   only what came since the backup that this note was written by
  --note NOTE    write a note here, for the next --after; it holds nothing secret
  --to FOLDER    write the next file of this folder, after the one before it, with
                 its note; the first holds everything
  --verify       read backups that follow one another and check every hash; - is
                 standard input. What is hurt is named, and the exit code is 1.

Examples:
  peerwitnessd backup --store /var/lib/peerwitness --to /mnt/backup
  peerwitnessd backup --verify /mnt/backup/*.backup
  age -d -i identity.txt 1.age | peerwitnessd backup --verify -
`,
	flags: func(fs *flag.FlagSet) func(context.Context, *env) error {
		var o backupOptions
		fs.StringVar(&o.dir, "store", "", "")
		fs.StringVar(&o.after, "after", "", "")
		fs.StringVar(&o.note, "note", "", "")
		fs.StringVar(&o.to, "to", "", "")
		verify := fs.Bool("verify", false, "")
		return func(ctx context.Context, e *env) error {
			switch {
			case *verify && (o != backupOptions{} || len(e.args) == 0):
				return misuse("backup", "--verify takes files and no other flag")
			case *verify:
				return verifyBackups(ctx, e, e.args)
			case len(e.args) > 0:
				return misuse("backup", "%q belongs to no flag", e.args[0])
			case o.dir == "":
				return misuse("backup", "--store is needed")
			case o.to != "" && (o.after != "" || o.note != ""):
				return misuse("backup", "--to keeps its notes by itself")
			case o.to != "":
				return backUpInto(ctx, e, o.dir, o.to)
			}
			return backUp(ctx, e, o)
		}
	},
}

type backupOptions struct{ dir, after, note, to string }

// maxNoteFile bounds the note of a backup.
const maxNoteFile = 16 << 20

// backUp writes a backup to standard output.
func backUp(ctx context.Context, e *env, o backupOptions) error {
	if isTerminal(e.stdout) {
		return misuse("backup", "a backup is not for a terminal: send it to a file, or to age")
	}
	after, err := readNote(o.after)
	if err != nil {
		return err
	}
	report, err := copyBackup(ctx, e, o.dir, after, e.stdout)
	if err != nil {
		return err
	}
	if o.note != "" {
		if err := writeSynced(o.note, report.Notes[0].Encode()); err != nil {
			return fmt.Errorf("writing note: %w", err)
		}
	}
	fmt.Fprint(e.stderr, backedUpWords(report))
	return nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && f.Name() != os.DevNull
}

func readNote(path string) (*vault.BackupNote, error) {
	if path == "" {
		return nil, nil
	}
	b, err := readFile(path, maxNoteFile)
	if err != nil {
		return nil, fmt.Errorf("reading note: %w", err)
	}
	n, err := vault.ParseBackupNote(b)
	if err != nil {
		return nil, hint(fmt.Errorf("reading note: %w", err), "give the file that --note wrote; without one, make a whole backup")
	}
	return n, nil
}

// backUpInto writes the next file of a folder.
func backUpInto(ctx context.Context, e *env, dir, to string) (err error) {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	notes, err := filepath.Glob(filepath.Join(escapeGlob(to), "*.note"))
	if err != nil {
		return err
	}
	slices.Sort(notes)
	n := 1
	var after *vault.BackupNote
	if len(notes) > 0 {
		last := notes[len(notes)-1]
		if _, err := fmt.Sscanf(filepath.Base(last), "%06d.note", &n); err != nil {
			return fmt.Errorf("%s is not of this command's making", last)
		}
		if _, err := os.Stat(strings.TrimSuffix(last, ".note") + ".backup"); err != nil {
			return hint(fmt.Errorf("looking for the last backup: %w", err), "bring it back, or begin a new folder")
		}
		n++
		if after, err = readNote(last); err != nil {
			return err
		}
	}
	name := filepath.Join(to, fmt.Sprintf("%06d", n))
	temp := name + ".part"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	report, err := copyBackup(ctx, e, dir, after, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temp, name+".backup")
	}
	if err != nil {
		err = errors.Join(err, os.Remove(temp))
		if errors.Is(err, vault.ErrOtherHistory) {
			return hint(err, "the store was restored or is another one: begin a new folder")
		}
		return err
	}
	// The note last: one that is there stands for a backup that is.
	if err := writeSynced(name+".note", report.Notes[0].Encode()); err != nil {
		return fmt.Errorf("writing note: %w", err)
	}
	fmt.Fprintf(e.stdout, "file: %s.backup\n%s", name, backedUpWords(report))
	return nil
}

// escapeGlob lets a folder's name stand for itself in a pattern.
func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}

// writeSynced puts b in the place of a file, or leaves it as it was.
func writeSynced(path string, b []byte) error {
	temp := path + ".part"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// copyBackup writes a backup of the store in dir, or has the server that has it
// open write it, to w. It reads along: what it returns is of the bytes that went.
func copyBackup(ctx context.Context, e *env, dir string, after *vault.BackupNote, w io.Writer) (*vault.BackupReport, error) {
	store, err := openStore(dir, e.clock)
	if errors.Is(err, vault.ErrLocked) {
		return askBackup(ctx, filepath.Join(dir, socketName), after, w)
	}
	if err != nil {
		return nil, err
	}
	r, pipe := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		err := store.Backup(ctx, pipe, after)
		pipe.CloseWithError(err)
		failed <- err
	}()
	report, err := readAlong(ctx, r, w)
	r.CloseWithError(errors.New("nobody reads on"))
	if failure := <-failed; failure != nil && err != nil {
		err = failure
	}
	closing(store, &err)
	return report, err
}

// readAlong copies a backup and checks it on its way.
func readAlong(ctx context.Context, r io.Reader, w io.Writer) (*vault.BackupReport, error) {
	report, err := vault.VerifyBackup(ctx, io.TeeReader(r, w))
	if err != nil {
		return nil, err
	}
	if !report.Whole() || len(report.Notes) != 1 {
		return nil, fmt.Errorf("writing backup: it is not whole: %s", strings.Join(report.Hurt, "; "))
	}
	return report, nil
}

func backedUpWords(r *vault.BackupReport) string {
	n := r.Notes[0]
	lacking := ""
	if r.Lacking > 0 {
		lacking = fmt.Sprintf("lacking in the store itself: %d attachments\n", r.Lacking)
	}
	return fmt.Sprintf("backup: %s, %d entries and %d attachments\n%sfingerprint: %s\n", n.ID, r.Entries, r.Blobs, lacking, n.Sum)
}

// askBackup has the running server write a backup.
func askBackup(ctx context.Context, full string, after *vault.BackupNote, w io.Writer) (*vault.BackupReport, error) {
	conn, err := dialControl(ctx, full)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := json.NewEncoder(conn).Encode(request{Do: "backup", After: after}); err != nil {
		return nil, fmt.Errorf("asking the running server: %w", err)
	}
	// The answer's first line says whether there is a backup behind it.
	rd := bufio.NewReaderSize(conn, 64<<10)
	line, err := rd.ReadBytes('\n')
	var out reply
	if err == nil {
		err = json.Unmarshal(line, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("asking the running server: %w", err)
	}
	if out.Error != "" {
		err := errors.New(out.Error)
		if out.Other {
			err = vault.ErrOtherHistory
		}
		if out.Hint != "" {
			return nil, hint(err, "%s", out.Hint)
		}
		return nil, err
	}
	report, err := readAlong(ctx, rd, w)
	if err != nil && ctx.Err() == nil {
		return nil, hint(err, "if the server stopped or said something in its log, see there; then make the backup anew")
	}
	return report, err
}

// slow gives each write to a connection its own time: whoever reads may be a slow
// disk.
type slow struct{ conn net.Conn }

func (s slow) Write(p []byte) (int, error) {
	if err := s.conn.SetWriteDeadline(time.Now().Add(backupPatience)); err != nil {
		return 0, err
	}
	return s.conn.Write(p)
}

const backupPatience = 10 * time.Minute

// sendBackup answers a request for a backup.
func sendBackup(ctx context.Context, conn net.Conn, store vault.Store, after *vault.BackupNote) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	first := &firstLine{w: bufio.NewWriterSize(slow{conn}, 64<<10)}
	err := store.Backup(ctx, first, after)
	if err != nil && !first.said {
		out := reply{Error: err.Error(), Other: errors.Is(err, vault.ErrOtherHistory)}
		if out.Other {
			out.Hint = otherHint
		}
		json.NewEncoder(slow{conn}).Encode(out) // the other end may have gone
		return
	}
	if err == nil {
		_ = first.w.Flush() // a backup without its end is known for one
	}
}

const otherHint = "the store was restored, or is another one: make a whole backup"

// firstLine says that a backup follows before its first byte goes.
type firstLine struct {
	w    *bufio.Writer
	said bool
}

func (f *firstLine) Write(p []byte) (int, error) {
	if !f.said {
		f.said = true
		if _, err := f.w.WriteString("{\"out\":\"backup\"}\n"); err != nil {
			return 0, err
		}
	}
	return f.w.Write(p)
}

// openBackups opens files for reading; - is standard input.
func openBackups(e *env, names []string) (streams []io.Reader, closeAll func(), err error) {
	var files []*os.File
	closeAll = func() {
		for _, f := range files {
			f.Close()
		}
	}
	for _, name := range names {
		if name == "-" {
			streams = append(streams, e.stdin)
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			closeAll()
			return nil, nil, fmt.Errorf("opening backup: %w", err)
		}
		if info, err := f.Stat(); err == nil && info.IsDir() {
			f.Close()
			closeAll()
			return nil, nil, hint(fmt.Errorf("opening backup: %s is a folder", name), "name its files: %s/*.backup", name)
		}
		files = append(files, f)
		streams = append(streams, bufio.NewReaderSize(f, 256<<10))
	}
	return streams, closeAll, nil
}

func verifyBackups(ctx context.Context, e *env, names []string) error {
	streams, closeAll, err := openBackups(e, names)
	if err != nil {
		return err
	}
	defer closeAll()
	report, err := vault.VerifyBackup(ctx, streams...)
	if err != nil {
		return notBackups(err)
	}
	if !report.Whole() {
		printHurt(e.stdout, report)
		return hint(&vault.HurtError{Report: report}, "if it went through age, take the sealed file from another copy; `peerwitnessd restore --partial` takes what is whole")
	}
	for _, n := range report.Notes {
		fmt.Fprintf(e.stdout, "backup: %s, up to entry %d, fingerprint %s\n", n.ID, n.Pos, n.Sum)
	}
	fmt.Fprintf(e.stdout, "whole: %d entries, %d attachments, %d documents\n", report.Entries, report.Blobs, report.Documents)
	if report.Lacking > 0 {
		fmt.Fprintf(e.stdout, "lacking in the store itself: %d attachments\n", report.Lacking)
	}
	return nil
}

// notBackups adds what to do where backups don't belong together.
func notBackups(err error) error {
	if errors.Is(err, vault.ErrOtherHistory) {
		return hint(err, "give the backups of one store, a whole one first, in the order in which they were made")
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("reading backup: %w", p.Err)
	}
	return err
}

// printHurt lists what is hurt, one to a line.
func printHurt(w io.Writer, r *vault.BackupReport) {
	for _, h := range r.Hurt {
		fmt.Fprintf(w, "hurt: %s\n", printable(h))
	}
	if r.More > 0 {
		fmt.Fprintf(w, "hurt: %d more\n", r.More)
	}
}
