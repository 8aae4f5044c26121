package bundle

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"peerwitness/vault"
)

// Fault is something that is not as it must be, and where.
type Fault struct {
	Path string // as far as it can be shown; empty when it is about the whole
	Text string
}

// source is a bundle's files by name, from a folder or a zip file. What has no
// name that we would give is a fault and is never opened.
type source struct {
	files  map[string]func() (io.ReadCloser, error)
	sizes  map[string]int64
	folded map[string]string // names without capitals
	faults []Fault
	close  func() error
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,7}$`)

func (s *source) fault(path, text string, args ...any) {
	if len(s.faults) < maxFaults {
		s.faults = append(s.faults, Fault{line(path, 300), fmt.Sprintf(text, args...)})
	}
}

// maxFaults bounds how many are told of.
const maxFaults = 1000

// openSource opens the folder or zip file at path. The caller closes it.
func openSource(path string) (*source, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNoBundle, err)
	case info.IsDir():
		return openFolder(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoBundle, err)
	}
	s, err := zipSource(f, info.Size(), f.Close)
	if err != nil {
		f.Close()
	}
	return s, err
}

// openFolder lists a folder without following a link out of it.
func openFolder(path string) (*source, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoBundle, err)
	}
	s := &source{files: map[string]func() (io.ReadCloser, error){}, sizes: map[string]int64{}, folded: map[string]string{}, close: root.Close}
	tree := root.FS()
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			s.fault(name, "can't be read")
			return nil
		case d.IsDir():
			if strings.Count(name, "/") > 8 {
				s.fault(name, "lies too deep")
				return fs.SkipDir
			}
			return nil
		case len(s.files) >= maxFiles:
			return ErrTooLarge
		case !d.Type().IsRegular():
			s.fault(name, "is a link or something else that is no file; it was not opened")
			return nil
		}
		info, err := d.Info()
		if err != nil {
			s.fault(name, "can't be read")
			return nil
		}
		s.add(name, info.Size(), func() (io.ReadCloser, error) { return root.Open(name) })
		return nil
	})
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("%w: over %d files", ErrNoBundle, maxFiles)
	}
	return s, nil
}

// zipSource lists a zip file. A name twice, one with a way out of the folder, a
// link or a folder in place of a file, sizes that only a bomb has: each is a
// fault, and what it names is not opened.
func zipSource(r io.ReaderAt, size int64, done func() error) (*source, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("%w: it is neither a folder nor a zip file that can be read", ErrNoBundle)
	}
	s := &source{files: map[string]func() (io.ReadCloser, error){}, sizes: map[string]int64{}, folded: map[string]string{}, close: done}
	if len(z.File) > maxFiles {
		return nil, fmt.Errorf("%w: over %d files", ErrNoBundle, maxFiles)
	}
	var total uint64
	for _, f := range z.File {
		if total += min(f.UncompressedSize64, maxTotal+1); total > maxTotal || total > 64<<20 && total/100 > uint64(size) {
			return nil, fmt.Errorf("%w: it would unpack to far more than it is", ErrNoBundle)
		}
	}
	base := zipBase(z.File)
	for _, f := range z.File {
		name, inside := strings.CutPrefix(f.Name, base)
		switch mode := f.Mode(); {
		case inside && strings.HasSuffix(name, "/") && mode.IsDir() && f.UncompressedSize64 == 0, f.Name == base:
			continue // the folder itself; what is in it has names of its own
		case !inside:
			s.fault(f.Name, "was added: it lies outside of the bundle's folder")
		case !mode.IsRegular():
			s.fault(name, "is a link or something else that is no file; it was not opened")
		case f.Method != zip.Store && f.Method != zip.Deflate || f.Flags&1 != 0:
			s.fault(name, "is packed or locked in a way that is not read here")
		default:
			s.add(name, int64(f.UncompressedSize64), f.Open)
		}
	}
	return s, nil
}

// zipBase is the one folder that a bundle lies in, with its slash, or nothing.
func zipBase(files []*zip.File) string {
	for _, f := range files {
		if dir, ok := strings.CutSuffix(f.Name, nameBagit); ok && strings.Count(dir, "/") == 1 && nameForm.MatchString(strings.TrimSuffix(dir, "/")) {
			return dir
		}
	}
	return ""
}

// add takes a file in, unless its name could mean another file somewhere.
func (s *source) add(name string, size int64, open func() (io.ReadCloser, error)) {
	_, twice := s.files[name]
	switch {
	case !nameForm.MatchString(name):
		s.fault(name, "was added: it has a name that no bundle's file has; it was not opened")
	case twice:
		s.fault(name, "is there twice")
		s.files[name] = func() (io.ReadCloser, error) { return nil, errors.New("there twice") }
	default:
		low := strings.ToLower(name)
		if other, twin := s.folded[low]; twin {
			s.fault(name, "differs only in capitals from %s", other)
		}
		s.files[name], s.sizes[name], s.folded[low] = open, size, name
	}
}

// sum is the SHA-256 of a file, which may not be longer than its listing says.
func (s *source) sum(ctx context.Context, name string) (vault.ID, error) {
	h := newSum()
	if err := s.copy(ctx, name, h, s.sizes[name]); err != nil {
		return vault.ID{}, err
	}
	return h.id(), nil
}

// read reads a whole file of at most limit bytes.
func (s *source) read(ctx context.Context, name string, limit int64) ([]byte, error) {
	if s.files[name] == nil {
		return nil, fs.ErrNotExist
	}
	if s.sizes[name] > limit {
		return nil, ErrTooLarge
	}
	var b strings.Builder
	if err := s.copy(ctx, name, &b, limit); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

func (s *source) copy(ctx context.Context, name string, w io.Writer, limit int64) error {
	f, err := s.files[name]()
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, 64<<10)
	var n int64
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		k, err := f.Read(buf)
		if n += int64(k); n > limit {
			return ErrTooLarge
		}
		if _, werr := w.Write(buf[:k]); werr != nil {
			return werr
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, zip.ErrChecksum):
			return nil // the bytes are what counts; their hash shows what changed
		case err != nil:
			return err
		}
	}
}
