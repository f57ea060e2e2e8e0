package dashboard

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// linear gives a colour's light, from 0 to 1.
func linear(t *testing.T, hex string) [3]float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex[1:], 16, 24)
	if err != nil {
		t.Fatal(err)
	}
	var out [3]float64
	for i, shift := range []int{16, 8, 0} {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			out[i] = c / 12.92
		} else {
			out[i] = math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return out
}

func luminance(c [3]float64) float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] }

// The backgrounds of panels in Grafana's two themes.
var backgrounds = map[string]string{"dark": "#181b1f", "light": "#ffffff"}

// WCAG asks for a contrast of 3 of graphics and large text.
func TestColoursStandOutOnBothThemes(t *testing.T) {
	for _, color := range append([]string{good, warning, bad, faint}, shades()...) {
		for theme, background := range backgrounds {
			a, b := luminance(linear(t, color)), luminance(linear(t, background))
			if contrast := (max(a, b) + 0.05) / (min(a, b) + 0.05); contrast < 3 {
				t.Errorf("%s on %s: contrast %.2f, want at least 3", color, theme, contrast)
			}
		}
	}
}

// How colours look without one kind of cones (Machado, Oliveira and Fernandes
// 2009, complete deficiency).
var visions = map[string][3][3]float64{
	"all":    {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protan": {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deutan": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritan": {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// lab places a colour so that distances are differences as seen.
func lab(c [3]float64) [3]float64 {
	f := func(t float64) float64 {
		if t > 0.008856 {
			return math.Cbrt(t)
		}
		return 7.787*t + 16.0/116
	}
	x := f((0.4124*c[0] + 0.3576*c[1] + 0.1805*c[2]) / 0.95047)
	y := f(luminance(c))
	z := f((0.0193*c[0] + 0.1192*c[1] + 0.9505*c[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func TestGoodWarningAndBadDifferForEverybody(t *testing.T) {
	meanings := []string{good, warning, bad}
	for name, m := range visions {
		var seen [][3]float64
		for _, color := range meanings {
			c := linear(t, color)
			var s [3]float64
			for i := range s {
				s[i] = min(1, max(0, m[i][0]*c[0]+m[i][1]*c[1]+m[i][2]*c[2]))
			}
			seen = append(seen, lab(s))
		}
		for i := range seen {
			for j := range i {
				d := math.Sqrt(math.Pow(seen[i][0]-seen[j][0], 2) + math.Pow(seen[i][1]-seen[j][1], 2) + math.Pow(seen[i][2]-seen[j][2], 2))
				if d < 30 {
					t.Errorf("%s and %s are %.0f apart for %s, want 30", meanings[i], meanings[j], d, name)
				}
			}
		}
	}
}

// No panel has colours of its own.
func TestColoursAreOfThePalette(t *testing.T) {
	palette := append([]string{good, warning, bad, faint}, shades()...)
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for _, color := range regexp.MustCompile(`#[0-9a-fA-F]{6}\b`).FindAllString(string(f.JSON), -1) {
			if !slices.Contains(palette, color) {
				t.Errorf("%s: %s is not of the palette", f.Name, color)
			}
		}
	}
}

// An empty tile is painted in the colour of the lowest threshold: it must not
// look good, or bad, where nothing was measured.
func TestEmptyTilesAreNeutral(t *testing.T) {
	for _, d := range decoded(t) {
		for _, p := range panelsOf(d) {
			if p.Type != "stat" {
				continue
			}
			base := p.FieldConfig.Defaults.Thresholds.Steps[0].Color
			if base != neutral {
				t.Errorf("%s: %q is %s while it is empty", *d.Uid, *p.Title, base)
			}
			if p.FieldConfig.Defaults.NoValue == nil {
				raw, _ := json.Marshal(p.FieldConfig.Defaults)
				t.Errorf("%s: %q says nothing while it is empty: %s", *d.Uid, *p.Title, raw)
			}
		}
	}
}
