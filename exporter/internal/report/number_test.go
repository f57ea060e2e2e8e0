package report

import (
	"math"
	"testing"
)

func TestNumbersForPeople(t *testing.T) {
	for _, tt := range []struct {
		unit  string
		value float64
		want  string
	}{
		{unitUSD, 0.31, "$0.31"},
		{unitUSD, 0.0912, "$0.091"},
		{unitUSD, 0.0042, "$0.0042"},
		{unitUSD, 0, "$0.00"},
		{unitUSD, 999.99, "$999.99"},
		{unitUSD, 999.996, "$1,000"},
		{unitUSD, 1234567.8, "$1,234,568"},
		{unitUSD, -12345, "−$12,345"},
		{unitSeconds, 192, "3 min 12 s"},
		{unitSeconds, 59.6, "1 min 0 s"},
		{unitSeconds, 12, "12 s"},
		{unitSeconds, 3.25, "3.2 s"},
		{unitSeconds, 3599.7, "1 h 0 min"},
		{unitSeconds, 5_400_000, "1,500 h 0 min"},
		{unitRatio, 0.724, "72.4%"},
		{unitRatio, 1, "100.0%"},
		{unitScore, 4.2, "4.20"},
		{unitTurns, 2.456, "2.46"},
		{unitMinutes, 10, "10 min"},
		{unitMinutes, 7.5, "7.5 min"},
	} {
		if got := formatIn(tt.unit)(tt.value); got != tt.want {
			t.Errorf("%s %v: got %q, want %q", tt.unit, tt.value, got, tt.want)
		}
	}
}

func TestChangesForPeople(t *testing.T) {
	for _, tt := range []struct {
		unit  string
		value float64
		want  string
	}{
		{unitRatio, 0.018, "+1.8 points"},
		{unitRatio, -0.1, "−10.0 points"},
		{unitRatio, 0.0004, "±0.0 points"},
		{unitSeconds, -12, "−12 s"},
		{unitUSD, 0.02, "+$0.020"},
		{unitUSD, -0.25, "−$0.25"},
		{unitScore, 0.3, "+0.30"},
		{unitScore, 0, "±0.00"},
		{unitScore, math.Copysign(0, -1), "±0.00"},
	} {
		if got := formatChange(tt.unit)(tt.value); got != tt.want {
			t.Errorf("%s %v: got %q, want %q", tt.unit, tt.value, got, tt.want)
		}
	}
}

func TestThousands(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567", -1500: "−1,500", -0.2: "0"} {
		if got := integer(value); got != want {
			t.Errorf("%v: got %q, want %q", value, got, want)
		}
	}
}

func TestNoData(t *testing.T) {
	if got := orNoData(nil, integer); got != noData {
		t.Errorf("got %q", got)
	}
}
