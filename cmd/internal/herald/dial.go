package herald

import (
	"net"
	"net/netip"
	"syscall"
	"time"
)

// special are networks that are no place on the open internet, besides those
// that netip knows by name. Through the last three an address of version 4
// hides in one of version 6.
var special = func() (out []netip.Prefix) {
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"100::/64", "2001:db8::/32", "fec0::/10", "::/96", "64:ff9b::/16", "2001::/23", "2002::/16",
	} {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}()

// public reports whether an address is on the open internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// dialer reaches public addresses only, unless private is set. It looks at the
// address that is dialled, after every name was looked up: a name that is made
// to point inside is refused like the address itself.
func dialer(private bool) *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !private && !public(to.Addr()) {
			return errPrivate
		}
		return nil
	}}
}
