// Package tally keeps the series of /metrics in memory: counters, sums and
// histograms by label set and by experiment arm.
//
// A Tally is owned by one goroutine and has no locks; a scrape works on a
// Snapshot. Every series starts at 0 when its label set first counts anything,
// remembers that moment as its created timestamp, and never resets: the state
// is written to the ledger's checkpoint and read back.
//
// The number of series is bounded. Each label has a cap on its values, and all
// of them together have a budget; what is beyond is counted under "other", and
// that it was is counted too.
package tally

import (
	"math"

	"supportexporter/exporter/internal/label"
)

// Buckets are the upper bounds of the classic histograms: ascending, finite,
// in seconds, turns and US dollars.
type Buckets struct {
	Seconds []float64 `json:"seconds"`
	Turns   []float64 `json:"turns"`
	Cost    []float64 `json:"cost"`
}

// Limits bound the number of series.
type Limits struct {
	Intents    int `json:"intents"` // distinct values, as those below
	Tiers      int `json:"tiers"`
	Languages  int `json:"languages"`
	Reasons    int `json:"reasons"`
	Components int `json:"components"`
	Arms       int `json:"arms"`   // experiment arms, declared or not
	Series     int `json:"series"` // time series as scraped in text, arms not included
}

// Labels is a conversation's label set: the indices of its intent, tier and
// language. The zero value is a conversation of which nothing is known.
type Labels [3]uint16

// Label says what ran over its limit.
type Label uint8

// What can overflow.
const (
	LabelIntent Label = iota
	LabelTier
	LabelLanguage
	LabelReason
	LabelComponent
	LabelExperiment
	LabelSet // the budget of series
	NumLabels
)

var labelNames = [NumLabels]string{
	label.Intent.String(), label.Tier.String(), label.Language.String(), label.Reason.String(), label.Component.String(),
	"experiment", "series",
}

// String gives the value of the label of support_exporter_label_overflow_total.
func (l Label) String() string { return labelNames[l] }

// Tally is all series. The zero value is not usable; see New.
type Tally struct {
	limits     Limits
	buckets    Buckets
	labels     [3]table // intent, tier, language
	reasons    table
	components table
	cells      []*cell
	byLabels   map[Labels]uint32
	arms       []*arm // arms[0] takes what belongs to no experiment
	byArm      map[[2]string]uint16
	series     int

	// Overflowed counts, since the process started, what was counted as "other".
	Overflowed [NumLabels]uint64
}

// New makes an empty tally. Its buckets cannot change later: counts by other
// bounds could not be told from the ones kept.
func New(b Buckets) *Tally {
	return &Tally{
		buckets:    b,
		labels:     [3]table{newTable(label.Unknown), newTable(label.Unknown), newTable(label.Unknown)},
		reasons:    newTable(label.Unknown),
		components: newTable(unsetCost),
		byLabels:   map[Labels]uint32{},
		arms:       []*arm{{}},
		byArm:      map[[2]string]uint16{},
	}
}

// SetLimits changes the limits. Series that are there already stay.
func (t *Tally) SetLimits(l Limits) { t.limits = l }

// Series gives the number of time series, as a text scrape would count them.
func (t *Tally) Series() int { return t.series }

// Label gives the index of an event's label value for Labels.
func (t *Tally) Label(l Label, value string) uint16 {
	limit := [3]int{t.limits.Intents, t.limits.Tiers, t.limits.Languages}[l]
	return t.intern(&t.labels[l], l, value, limit)
}

// IsLabel says whether an event's label value is the one behind an index of
// Label. One that was counted as "other" may be any.
func (t *Tally) IsLabel(l Label, i uint16, value string) bool { return t.labels[l].is(i, value) }

func (t *Tally) intern(tab *table, l Label, value string, limit int) uint16 {
	i, ok := tab.intern(value, limit)
	if !ok {
		t.Overflowed[l]++
	}
	return i
}

// Reason gives the index of an escalation's reason.
func (t *Tally) Reason(value string) uint16 {
	return t.intern(&t.reasons, LabelReason, value, t.limits.Reasons)
}

// IsReason says whether value is the reason behind an index of Reason.
func (t *Tally) IsReason(i uint16, value string) bool { return t.reasons.is(i, value) }

// Cell gives the series of a label set, and makes them at the time now (Unix
// milliseconds) where it is new. Where the budget has no room for them it
// gives those of other/other/other.
func (t *Tally) Cell(l Labels, now int64) uint32 {
	if i, ok := t.byLabels[l]; ok {
		return i
	}
	all := Labels{overflow, overflow, overflow}
	if l != all && t.series+t.cellSeries() > t.limits.Series {
		t.Overflowed[LabelSet]++
		return t.Cell(all, now)
	}
	i := uint32(len(t.cells))
	t.cells = append(t.cells, &cell{labels: l, created: now})
	t.byLabels[l] = i
	t.series += t.cellSeries()
	return i
}

// cellSeries is what a new cell takes from the budget: its counters, its four
// histograms, and the two reasons and components that need no room of their own.
func (t *Tally) cellSeries() int {
	const counters = int(numOutcomes) - 1 + int(numReversals) + 2 + 1 + 5 + 1 + 3*cellKPIs + 2*reservedNames
	const more = 3 // le="+Inf", _sum and _count
	return counters + 2*(len(t.buckets.Seconds)+more) + len(t.buckets.Turns) + more + len(t.buckets.Cost) + more
}

// Arm gives the index of an experiment's arm, and makes it at the time now
// where it is new. It gives 0 where there is no room for another.
func (t *Tally) Arm(experiment, variant string, now int64) uint16 {
	if i, ok := t.byArm[[2]string{experiment, variant}]; ok {
		return i
	}
	if len(t.arms)-1 >= min(t.limits.Arms, math.MaxUint16) {
		t.Overflowed[LabelExperiment]++
		return 0
	}
	return t.addArm(&arm{
		experiment: string([]byte(experiment)),
		variant:    string([]byte(variant)),
		created:    now,
	})
}

// Declare makes an experiment's arm at the time now unless it is there, limit
// or not.
func (t *Tally) Declare(experiment, variant string, now int64) {
	if _, ok := t.byArm[[2]string{experiment, variant}]; !ok && len(t.arms) <= math.MaxUint16 {
		t.addArm(&arm{experiment: experiment, variant: variant, created: now})
	}
}

func (t *Tally) addArm(a *arm) uint16 {
	i := uint16(len(t.arms))
	t.arms = append(t.arms, a)
	t.byArm[[2]string{a.experiment, a.variant}] = i
	return i
}

// ArmName gives the experiment and the variant behind an index of Arm.
func (t *Tally) ArmName(i uint16) (experiment, variant string) {
	return t.arms[i].experiment, t.arms[i].variant
}

// Arms gives the number of arms: the indexes of Arm and ArmName go from 1 to it.
func (t *Tally) Arms() uint16 { return uint16(len(t.arms) - 1) }
