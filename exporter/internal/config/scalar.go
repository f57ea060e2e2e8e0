package config

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// scalar says whether n is a single value, and not an empty one: an empty
// value is more often a lost one than a wish for the default.
func (n node) scalar() bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null"
}

// String is n as an error message shows it.
func (n node) String() string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case !n.scalar():
		return "nothing"
	case n.ShortTag() == "!!str":
		return strconv.Quote(n.Value)
	default:
		return n.Value
	}
}

func (d *document) boolean(dst *bool) value {
	return func(path string, n node) {
		if n.ShortTag() != "!!bool" || n.Decode(dst) != nil {
			d.fail(path, "must be true or false, got %s", n)
		}
	}
}

func (d *document) integer(dst *int, lo, hi int) value {
	return func(path string, n node) {
		var i int
		if n.ShortTag() != "!!int" || n.Decode(&i) != nil || i < lo || i > hi {
			d.fail(path, "must be an integer from %d to %d, got %s", lo, hi, n)
			return
		}
		*dst = i
	}
}

func (d *document) number(dst *float64, lo, hi float64) value {
	return func(path string, n node) {
		var f float64
		tag := n.ShortTag()
		if (tag != "!!int" && tag != "!!float") || n.Decode(&f) != nil || !(f >= lo && f <= hi) {
			d.fail(path, "must be a number from %s to %s, got %s", decimal(lo), decimal(hi), n)
			return
		}
		*dst = f
	}
}

// decimal writes f without an exponent.
func decimal(f float64) string {
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// duration reads the Prometheus way of writing durations, which has days.
func (d *document) duration(dst *time.Duration, lo, hi time.Duration) value {
	return func(path string, n node) {
		v, err := model.ParseDuration(n.Value)
		if !n.scalar() || err != nil || time.Duration(v) < lo || time.Duration(v) > hi {
			d.fail(path, "must be a duration from %s to %s such as 30m, got %s", model.Duration(lo), model.Duration(hi), n)
			return
		}
		*dst = time.Duration(v)
	}
}

// bytes reads a size. The units are powers of 1024 and say so: MB, which is
// one thing to some and another to others, is refused.
func (d *document) bytes(dst *int64, lo, hi int64) value {
	return func(path string, n node) {
		v, err := parseBytes(n.Value)
		if !n.scalar() || err != nil || v < lo || v > hi {
			d.fail(path, "must be a size from %s to %s such as 16MiB, got %s", formatBytes(lo), formatBytes(hi), n)
			return
		}
		*dst = v
	}
}

// text reads a string of lo to hi bytes. What YAML takes for a number or a
// boolean is read as it is written.
func (d *document) text(dst *string, lo, hi int) value {
	return func(path string, n node) {
		s := n.Value
		if !n.scalar() || len(s) < lo || len(s) > hi ||
			strings.TrimSpace(s) != s || strings.ContainsFunc(s, unicode.IsControl) {
			d.fail(path, "must be text of %d to %d bytes, without control characters or space around it; got %s", lo, hi, n)
			return
		}
		*dst = s
	}
}

func parseBytes(s string) (int64, error) {
	shift := 0
	for i, unit := range byteUnits() {
		if number, ok := strings.CutSuffix(s, unit); ok {
			s, shift = number, 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(s, 10, 64-shift) // so that the shift cannot overflow
	return n << shift, err
}

// formatBytes writes n in the largest unit that divides it.
func formatBytes(n int64) string {
	unit := ""
	for _, u := range byteUnits() {
		if n == 0 || n%1024 != 0 {
			break
		}
		n, unit = n/1024, u
	}
	return strconv.FormatInt(n, 10) + unit
}

// byteUnits are the units of sizes: each is 1024 of the one before.
func byteUnits() [3]string {
	return [...]string{"KiB", "MiB", "GiB"}
}
