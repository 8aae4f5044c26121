package bell

import (
	"context"
	"fmt"
	"os/exec"
)

// Ring shows the notification. ErrNone where it can't be shown.
func Ring(ctx context.Context) error {
	if err := exec.CommandContext(ctx, "/usr/bin/osascript", "-e", `display notification "`+Text+`" with title "`+Title+`"`).Run(); err != nil {
		return fmt.Errorf("notifying: %w", ErrNone)
	}
	return nil
}
