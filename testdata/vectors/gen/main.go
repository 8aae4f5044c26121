// Gen writes the test vectors that the Go and the TypeScript tests read, and the
// example roster. From the module's root:
//
//	go run ./testdata/vectors/gen roster
//	go run ./testdata/vectors/gen example
//
// Vectors come out the same every time, from keys that anybody can derive: they
// protect nothing. The example's private keys are random and thrown away.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// pieces are the things that can be generated, each by one function in a file
// of its own name.
var pieces = map[string]func() error{
	"roster":  rosterVectors,
	"example": exampleRoster,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("naming no piece to generate")
	}
	for _, a := range args {
		piece, ok := pieces[a]
		if !ok {
			return fmt.Errorf("generating %q: there is no such piece", a)
		}
		if err := piece(); err != nil {
			return fmt.Errorf("generating %s: %w", a, err)
		}
	}
	return nil
}

// write puts b into a file below the module's root.
func write(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

// writeJSON puts v into a file, readable.
func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	return write(path, append(b, '\n'))
}

// must gives v, or stops: here an error is a mistake in this program.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
