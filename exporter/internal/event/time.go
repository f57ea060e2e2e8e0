package event

import "time"

// parseTime reads an RFC 3339 time, in upper case and without leap seconds, and
// returns it in UTC; ok is false if s is none, or is the zero time, or not of the
// years 1 to 9999. The library would allocate a time zone for every time that
// has an offset, and takes more: hours of one digit, a comma for the point,
// offsets of 24 hours.
func parseTime(s string) (t time.Time, ok bool) {
	const form = "0000-00-00T00:00:00"
	if len(s) <= len(form) || !matches(s, form) {
		return t, false
	}
	year, month, day := number2(s)*100+number2(s[2:]), number2(s[5:]), number2(s[8:])
	hour, minute, second := number2(s[11:]), number2(s[14:]), number2(s[17:])
	nanos, s := parseFraction(s[len(form):])
	offset, valid := parseOffset(s)
	if !valid || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return t, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if t.Day() != day { // there is no such day in that month
		return t, false
	}
	t = t.Add(-offset)
	return t, t.Year() >= 1 && t.Year() <= 9999 && !t.IsZero()
}

// parseFraction reads a fraction of a second, in nanoseconds, where there is
// one, and returns the rest of s. What is finer is cut off.
func parseFraction(s string) (nanos int, rest string) {
	if len(s) < 2 || s[0] != '.' || s[1]-'0' > 9 {
		return 0, s
	}
	unit := 100_000_000
	i := 1
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		nanos += int(s[i]-'0') * unit
		unit /= 10
	}
	return nanos, s[i:]
}

// parseOffset reads a time's distance from UTC: Z, or hours and minutes.
func parseOffset(s string) (offset time.Duration, ok bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) != len("+00:00") || s[0] != '+' && s[0] != '-' || !matches(s[1:], "00:00") {
		return 0, false
	}
	hours, minutes := number2(s[1:]), number2(s[4:])
	offset = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, hours <= 23 && minutes <= 59
}

// matches says whether s begins like form, in which 0 stands for any digit.
func matches(s, form string) bool {
	for i := range len(form) {
		if form[i] == '0' && s[i]-'0' > 9 || form[i] != '0' && s[i] != form[i] {
			return false
		}
	}
	return true
}

// number2 is the number in the two digits that s begins with.
func number2(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }
