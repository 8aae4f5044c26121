//go:build !unix

package bell

import "context"

// Ring can't show anything on this system. ErrNone.
func Ring(context.Context) error { return ErrNone }
