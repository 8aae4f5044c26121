// Package app holds the built phone app: a page, its scripts and its styles,
// made from the sources beside it by `make app`. The built files are kept in
// the repository, so that `go build` alone serves them and a test can compare
// them byte for byte with what the sources give.
package app

import "embed"

// Files is the folder dist: index.html, and below assets/ files whose names
// hold a hash of what is in them, so that they never change under their name.
//
//go:embed all:dist
var Files embed.FS
