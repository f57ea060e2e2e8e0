package dashboard

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// The colours that mean something. They stay apart for people who see no red,
// no green or no blue, and stand out from the background of both themes: a
// test works both out. Good is blue, since next to red green would not.
const (
	good    = "#2A7FD4"
	warning = "#B58900"
	bad     = "#C9205F"
	// neutral judges nothing. It is the theme's colour of text.
	neutral = "text"
	// faint is for what is drawn to compare with.
	faint = "#8C8C8C"
)

// measured is for what is neither good nor bad.
const measured = "#7A5FB0"

// shades tell series apart that are neither good nor bad.
func shades() []string {
	return []string{measured, "#2E8B9A", "#A0693C", "#6F7F2A", "#8C8C8C", "#B0609A"}
}

// steps are thresholds: below the first step, base; from a step's value on,
// its colour.
func steps(base string, above ...dashboard.Threshold) cog.Builder[dashboard.ThresholdsConfig] {
	t := thresholds(base, above...)
	return dashboard.NewThresholdsConfigBuilder().Mode(t.Mode).Steps(t.Steps)
}

// from is a threshold's step.
func from(value float64, color string) dashboard.Threshold {
	return dashboard.Threshold{Value: &value, Color: color}
}

// set is one property of an override.
func set(id string, value any) dashboard.DynamicConfigValue {
	return dashboard.DynamicConfigValue{Id: id, Value: value}
}

// painted gives a series one colour.
func painted(color string) dashboard.DynamicConfigValue {
	return set("color", map[string]string{"mode": "fixed", "fixedColor": color})
}

// dashed draws a line to compare with, by which none is taken for a
// measurement.
func dashed(color string) []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{
		painted(color),
		set("custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{6, 6}}),
		set("custom.lineWidth", 1),
		set("custom.fillOpacity", 0),
	}
}

// thresholds are steps as an override has them.
func thresholds(base string, above ...dashboard.Threshold) dashboard.ThresholdsConfig {
	return dashboard.ThresholdsConfig{
		Mode:  dashboard.ThresholdsModeAbsolute,
		Steps: append([]dashboard.Threshold{{Color: base}}, above...),
	}
}
