package main

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// line is the network between one workstation of a demo and its server. It can
// be cut: then what is under way breaks off, and nothing new gets through.
type line struct {
	l  net.Listener
	to string

	mu    sync.Mutex // guards what follows
	cut   bool
	conns map[net.Conn]bool
}

// newLine begins to carry what comes to its address on to another one.
func newLine(to string) (*line, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("laying a line to the server: %w", err)
	}
	x := &line{l: l, to: to, conns: map[net.Conn]bool{}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			go x.carry(conn)
		}
	}()
	return x, nil
}

func (x *line) addr() string { return x.l.Addr().String() }

// carry takes one connection there and back until either side ends it.
func (x *line) carry(near net.Conn) {
	defer near.Close()
	if !x.hold(near) {
		return
	}
	defer x.let(near)
	far, err := net.Dial("tcp", x.to)
	if err != nil {
		return // as a server that is not there
	}
	defer far.Close()
	if !x.hold(far) {
		return
	}
	defer x.let(far)
	done := make(chan struct{})
	go func() {
		io.Copy(far, near)
		far.(*net.TCPConn).CloseWrite()
		close(done)
	}()
	io.Copy(near, far)
	near.Close()
	<-done
}

// hold notes a connection that goes through, unless the line is cut.
func (x *line) hold(c net.Conn) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.cut {
		x.conns[c] = true
	}
	return !x.cut
}

func (x *line) let(c net.Conn) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.conns, c)
}

// setCut cuts the line or mends it.
func (x *line) setCut(cut bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.cut = cut
	if cut {
		for c := range x.conns {
			c.Close()
		}
	}
}

func (x *line) close() error {
	x.setCut(true)
	return x.l.Close()
}
