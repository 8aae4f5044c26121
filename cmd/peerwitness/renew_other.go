//go:build !unix

package main

import (
	"errors"
	"net"
	"os"
)

// No process can take another's place here: what was opened may lie in memory
// after the lock until something else needs the place.

func startAnew(*os.File, string) error { return errors.New("starting anew: not on this system") }

func inherited() (net.Listener, string, error) { return nil, "", nil }

const mayRenew = false
