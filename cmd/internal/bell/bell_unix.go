//go:build unix && !darwin

package bell

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/godbus/dbus/v5"
)

// Ring shows the notification, through the desktop's own bus. ErrNone where
// there is no bus or nobody on it shows notifications. It starts no bus itself.
func Ring(ctx context.Context) error {
	address := os.Getenv("DBUS_SESSION_BUS_ADDRESS")
	if address == "" {
		bus := filepath.Join("/run/user", strconv.Itoa(os.Getuid()), "bus")
		if _, err := os.Stat(bus); err != nil {
			return ErrNone
		}
		address = "unix:path=" + bus
	}
	conn, err := dbus.Connect(address, dbus.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("notifying: %w", ErrNone)
	}
	defer conn.Close()
	hints := map[string]dbus.Variant{
		"urgency":  dbus.MakeVariant(byte(2)), // stays until it is seen
		"category": dbus.MakeVariant("im.received"),
	}
	call := conn.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications").CallWithContext(ctx,
		"org.freedesktop.Notifications.Notify", 0, Title, uint32(0), "", Title, Text, []string{}, hints, int32(-1))
	if call.Err != nil {
		return fmt.Errorf("notifying: %w", ErrNone)
	}
	return nil
}
