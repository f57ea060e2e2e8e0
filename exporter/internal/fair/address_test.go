package fair_test

import (
	"testing"

	"supportexporter/exporter/internal/fair"
)

func TestAddress(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1:1000":                "192.0.2.1",
		"192.0.2.1":                     "192.0.2.1",
		"[2001:db8::1]:1000":            "2001:db8::/64",
		"[2001:db8::2:0:0:1]:1000":      "2001:db8::/64",
		"[2001:db8:0:1::1]:1000":        "2001:db8:0:1::/64",
		"[fe80::1%eth0]:1000":           "fe80::/64",
		"[::ffff:192.0.2.1]:1000":       "::ffff:192.0.2.1",
		"@":                             "@",
		"":                              "",
		"/run/support_exporter.sock":    "/run/support_exporter.sock",
		"client.example.org:1000":       "client.example.org",
		"[not an address at all]:10000": "not an address at all",
	} {
		if got := fair.Address(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}
