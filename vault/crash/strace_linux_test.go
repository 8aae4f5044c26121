package crash_test

import (
	"bufio"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// strace sees every system call of all threads, with all its bytes, and its lines
// stand in an order that can have been: a call that began because another had
// ended stands after it. That is what is asked of a record of writes here, and it
// needs no kernel module, no mount and no change to the server, whose calls go
// past every library that could be put in between.

// call is one system call.
type call struct {
	name string
	args []string // as strace writes them
	ret  int64    // negative when it failed, or never returned
	data []byte   // of a write
	done bool     // it returned

	// What a disk made of it when it began.
	node    *node        // that it is about
	change  *change      // of a write
	entry   *dirChange   // of a change of names
	sync    []*change    // what a sync is to make lasting
	entries []*dirChange //
}

// moment is the beginning or the end of a call.
type moment struct {
	*call
	end bool
}

// writes are the calls that can change a file, or what a descriptor stands for.
// What is not played back is listed too: seeing one is a reason to stop.
const writes = "openat,close,write,pwrite64,ftruncate,renameat,renameat2,unlinkat,mkdirat,fsync,fdatasync,accept4,mmap," +
	"?open,?creat,?rename,?unlink,?rmdir,?mkdir,truncate,fallocate,writev,pwritev,pwritev2,copy_file_range,sendfile,splice," +
	"link,linkat,symlinkat,dup,?dup2,dup3,io_uring_setup,io_submit,sync_file_range,sync,syncfs,msync,?sendto"

// tracing is the command that records what runs under it into a file; more are
// options of strace's.
func tracing(file string, more ...string) []string {
	return append([]string{"strace", "-f", "-qq", "--seccomp-bpf", "-e", "signal=none", "-e", "trace=" + writes,
		"-xx", "-s", strconv.Itoa(64 << 20), "-o", file}, more...)
}

// needStrace fails where it can't be had: a run without it would prove nothing.
func needStrace(t testing.TB) {
	t.Helper()
	if out, err := exec.Command("strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=fdatasync", "-o", "/dev/null", "true").CombinedOutput(); err != nil {
		t.Fatalf("strace does not work here: %v: %s\nhint: scripts/setup test installs it; in a container it needs the right to trace", err, out)
	}
}

var (
	lineEnd = regexp.MustCompile(`\)\s+= (-?\d+|\?|0x[0-9a-f]+)[^)]*(\([^)]*\))?.*$`)
	resumed = regexp.MustCompile(`^<\.\.\. (\w+) resumed>`)
)

const (
	unfinished = " <unfinished ...>"
	detached   = " <detached ...>" // the thread ended in the call
)

// readTrace reads what tracing recorded.
func readTrace(t testing.TB, file string) (moments []moment) {
	t.Helper()
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	open := map[string]*call{} // by thread
	text := map[string]string{}
	in := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return moments // a last line without its end was cut by the kill
		}
		must(t, err)
		thread, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		rest = strings.TrimLeft(rest, " ")
		if !ok || strings.HasPrefix(rest, "+++") || strings.HasPrefix(rest, "---") {
			continue
		}
		if strings.HasPrefix(rest, "<... ??? resumed>") {
			continue // the process ended before the thread could
		}
		if begun, ok := strings.CutSuffix(rest, detached); ok {
			rest = begun + unfinished
		}
		if m := resumed.FindStringSubmatch(rest); m != nil {
			c := open[thread]
			if strings.HasSuffix(rest, unfinished) {
				continue
			}
			if c == nil || c.name != m[1] {
				t.Fatalf("%s goes on and never began", m[1])
			}
			delete(open, thread)
			if c.finish(t, text[thread]+rest[len(m[0]):]) {
				moments = append(moments, moment{c, true})
			}
			continue
		}
		name, args, ok := strings.Cut(rest, "(")
		if !ok {
			t.Fatalf("a line of strace's that makes no sense: %.200q", line)
		}
		c := &call{name: name, ret: -1}
		moments = append(moments, moment{c, false})
		if begun, ok := strings.CutSuffix(args, unfinished); ok {
			c.take(t, begun)
			open[thread], text[thread] = c, begun
			continue
		}
		if c.finish(t, args) {
			moments = append(moments, moment{c, true})
		}
	}
}

// finish takes the whole text after the call's opening parenthesis, and tells
// whether the call returned; not if the process ended in it.
func (c *call) finish(t testing.TB, text string) bool {
	t.Helper()
	tail := text[max(0, len(text)-200):]
	at := lineEnd.FindStringSubmatchIndex(tail)
	if at == nil {
		t.Fatalf("%s has no end: %q", c.name, tail[max(0, len(tail)-80):])
	}
	c.take(t, text[:len(text)-len(tail)+at[0]])
	ret := tail[at[2]:at[3]]
	if ret == "?" {
		return false
	}
	n, err := strconv.ParseInt(ret, 0, 64)
	if err != nil && !strings.HasPrefix(ret, "0x") {
		t.Fatal(err)
	}
	c.ret, c.done = n, true
	return true
}

// take splits the arguments, and decodes what was written.
func (c *call) take(t testing.TB, text string) {
	t.Helper()
	c.args = strings.Split(text, ", ")
	if (c.name == "write" || c.name == "pwrite64") && c.data == nil && len(c.args) > 1 {
		c.data = []byte(c.text(t, 1))
	}
}

// text decodes a string among the arguments.
func (c *call) text(t testing.TB, n int) string {
	t.Helper()
	s, ok := strings.CutSuffix(strings.TrimPrefix(c.args[n], `"`), `"`)
	b, err := hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
	if !ok || err != nil {
		t.Fatalf("%s: an argument that was not recorded whole: %.100q", c.name, c.args[n])
	}
	return string(b)
}

// number is an argument that is one.
func (c *call) number(t testing.TB, n int) int64 {
	t.Helper()
	v, err := strconv.ParseInt(c.args[n], 0, 64)
	must(t, err)
	return v
}
