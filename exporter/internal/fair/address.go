package fair

import (
	"net"
	"net/netip"
)

// Address names the client at a network address, with or without a port. Of IPv6
// a network of 64 bits is one client: it has more addresses than can be counted.
func Address(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address // of a Unix socket, say
	}
	a, err := netip.ParseAddr(host)
	if err != nil || a.Is4() || a.Is4In6() {
		return host
	}
	p, _ := a.WithZone("").Prefix(64) // an IPv6 address always has one
	return p.String()
}
