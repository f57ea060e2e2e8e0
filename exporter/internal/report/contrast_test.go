package report

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Words can be read on their paper: a contrast of 4.5 in light and dark.
func TestContrast(t *testing.T) {
	colours := regexp.MustCompile(`--(\w+): #([0-9a-f]{3,6})`)
	for i, theme := range strings.SplitN(pageText, ":root", 4)[1:] {
		of := map[string]float64{}
		rules, _, _ := strings.Cut(theme, "}")
		for _, m := range colours.FindAllStringSubmatch(rules, -1) {
			of[m[1]] = luminance(t, m[2])
		}
		for _, ink := range []string{"ink", "soft", "link", "good", "bad"} {
			for _, paper := range []string{"paper", "shade"} {
				low, high := min(of[ink], of[paper]), max(of[ink], of[paper])
				if ratio := (high + 0.05) / (low + 0.05); ratio < 4.5 {
					t.Errorf("theme %d: %s on %s has a contrast of %.1f", i, ink, paper, ratio)
				}
			}
		}
		for _, drawn := range []string{"bar", "c0", "c1", "c2", "c3"} {
			low, high := min(of[drawn], of["paper"]), max(of[drawn], of["paper"])
			if ratio := (high + 0.05) / (low + 0.05); ratio < 3 && i < 2 {
				t.Errorf("theme %d: %s on paper has a contrast of %.1f", i, drawn, ratio)
			}
		}
	}
}

// luminance is the relative one of WCAG.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(v) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
