package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// noData stands wherever a number is not known.
const noData = "no data"

// orNoData formats a number that may not be known.
func orNoData(v *float64, format func(float64) string) string {
	if v == nil {
		return noData
	}
	return format(*v)
}

// formatIn writes a value of a unit as people read it: 72.4%, 4.21, 3 min 12 s,
// $0.31.
func formatIn(unit string) func(float64) string {
	switch unit {
	case unitRatio:
		return percent
	case unitSeconds:
		return duration
	case unitUSD:
		return dollars
	case unitMinutes:
		return func(v float64) string { return trimmed(v) + " min" }
	}
	return func(v float64) string { return decimals(v, 2) }
}

// formatChange writes a difference with its sign: +1.8 points, −12 s, +$0.02.
func formatChange(unit string) func(float64) string {
	if unit == unitRatio {
		return func(v float64) string {
			return signed(v*100, func(v float64) string { return decimals(v, 1) }) + " points"
		}
	}
	return func(v float64) string { return signed(v, formatIn(unit)) }
}

// signed writes the sign before what the format makes of the amount. What is 0
// as it is written has none.
func signed(v float64, format func(float64) string) string {
	text := format(math.Abs(v))
	switch {
	case !strings.ContainsAny(text, "123456789"):
		return "±" + text
	case v < 0:
		return "−" + text
	}
	return "+" + text
}

func signedPercent(v float64) string { return signed(v, percent) }

func percent(v float64) string { return minus(decimals(v*100, 1)) + "%" }

// decimals writes a number with so many digits behind the point, and commas
// between thousands.
func decimals(v float64, digits int) string {
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(math.Abs(v), 'f', digits, 64), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if v < 0 && strings.ContainsAny(whole, "123456789") {
		whole = "−" + whole
	}
	return whole
}

// minus writes the sign that is as wide as a plus.
func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

func integer(v float64) string { return decimals(v, 0) }

// trimmed writes as many digits as the number has.
func trimmed(v float64) string { return minus(strconv.FormatFloat(v, 'f', -1, 64)) }

// duration writes seconds: 42 s, 3 min 12 s, 1 h 5 min. What is short has a
// decimal.
func duration(seconds float64) string {
	if math.Abs(seconds) < 10 {
		return decimals(seconds, 1) + " s"
	}
	d := time.Duration(math.Round(math.Abs(seconds))) * time.Second
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	text := fmt.Sprintf("%d s", s)
	switch {
	case h > 0:
		text = fmt.Sprintf("%s h %d min", integer(float64(h)), m)
	case m > 0:
		text = fmt.Sprintf("%d min %d s", m, s)
	}
	if seconds < 0 {
		return "−" + text
	}
	return text
}

// dollars writes an amount: $0.004, $0.31, $12,345.
func dollars(v float64) string {
	digits := 2
	switch abs := math.Abs(v); {
	case abs >= 999.995:
		digits = 0
	case abs > 0 && abs < 0.0095:
		digits = 4
	case abs > 0 && abs < 0.0995:
		digits = 3
	}
	if v < 0 {
		return "−$" + decimals(-v, digits)
	}
	return "$" + decimals(v, digits)
}
