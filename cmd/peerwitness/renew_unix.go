//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Go wipes no memory. So that a locked workstation has nothing in its own of
// what was open, the process puts a fresh one in its place, which has the same
// number and the same listener. A browser waits a moment and notices nothing.
const (
	listenerEnv = "PEERWITNESS_LISTENER" // number of the inherited file
	handoverEnv = "PEERWITNESS_HANDOVER" // hashes of the browsers' cookies
)

// startAnew starts this program again in the place of this process. It returns
// only when that fails.
func startAnew(listener *os.File, handover string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("starting anew: %w", err)
	}
	if _, err := unix.FcntlInt(listener.Fd(), unix.F_SETFD, 0); err != nil { // else it ends with this process
		return fmt.Errorf("starting anew: %w", err)
	}
	env := append(os.Environ(), listenerEnv+"="+strconv.Itoa(int(listener.Fd())), handoverEnv+"="+handover)
	return fmt.Errorf("starting anew: %w", syscall.Exec(self, os.Args, env))
}

// inherited is the listener of the process that this one took the place of,
// and what it handed over; nil in one that was started by somebody.
func inherited() (net.Listener, string, error) {
	fd, handover := os.Getenv(listenerEnv), os.Getenv(handoverEnv)
	os.Unsetenv(listenerEnv)
	os.Unsetenv(handoverEnv)
	if fd == "" {
		return nil, "", nil
	}
	n, err := strconv.Atoi(fd)
	if err != nil || n < 3 {
		return nil, "", fmt.Errorf("going on after the lock: %s is no file", listenerEnv)
	}
	f := os.NewFile(uintptr(n), "listener")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, "", fmt.Errorf("going on after the lock: %w", err)
	}
	return l, handover, nil
}

const mayRenew = true
