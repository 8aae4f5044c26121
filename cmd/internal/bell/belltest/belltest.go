// Package belltest is a small desktop that takes notifications, for tests: it
// owns the freedesktop name on the session bus that the test runs on.
package belltest

import (
	"maps"
	"testing"

	"github.com/godbus/dbus/v5"
)

// Shown is one notification, with all that its sender could put words into.
type Shown struct {
	App, Icon, Title, Text string
	Actions                []string
	Hints                  map[string]string
}

// Equal reports whether two say the same.
func (s Shown) Equal(o Shown) bool {
	return s.App == o.App && s.Icon == o.Icon && s.Title == o.Title && s.Text == o.Text && len(s.Actions) == len(o.Actions) && maps.Equal(s.Hints, o.Hints)
}

type receiver chan Shown

// Notify takes a notification, as the freedesktop specification has it.
func (r receiver) Notify(app string, _ uint32, icon, title, text string, actions []string, hints map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	said := map[string]string{}
	for k, v := range hints {
		said[k] = dbus.MakeVariant(v.Value()).String()
		if b, ok := v.Value().(byte); ok {
			said[k] = string('0' + b)
		}
	}
	r <- Shown{app, icon, title, text, actions, said}
	return 1, nil
}

// Receive takes notifications until the test ends.
func Receive(t testing.TB) <-chan Shown {
	t.Helper()
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	shown := make(receiver, 100)
	if err := conn.Export(shown, "/org/freedesktop/Notifications", "org.freedesktop.Notifications"); err != nil {
		t.Fatal(err)
	}
	reply, err := conn.RequestName("org.freedesktop.Notifications", dbus.NameFlagDoNotQueue)
	if err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("taking the desktop's name: %v, %v", reply, err)
	}
	return shown
}
