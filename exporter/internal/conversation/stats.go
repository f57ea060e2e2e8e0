package conversation

// Fact names something an event says, as the label fact of
// support_exporter_facts_ignored_total.
type Fact uint8

// What can be ignored.
const (
	FactResolution Fact = iota
	FactEscalation
	FactTurns
	FactTurnsDelta
	FactCost
	FactCostDelta
	FactSurvey
	FactCSAT
	FactIntent
	FactTier
	FactLanguage
	FactCustomer
	FactExperiment
	NumFacts
)

var factNames = [NumFacts]string{
	"resolution", "escalation", "turns", "turns_delta", "cost", "cost_delta", "survey_sent", "csat",
	"intent", "tier", "language", "customer_id", "experiment",
}

// String gives the value of the label fact.
func (f Fact) String() string { return factNames[f] }

// Causes are why a fact can be ignored.
func (f Fact) Causes() []Cause {
	switch f {
	case FactResolution, FactEscalation, FactCSAT:
		return []Cause{Duplicate, Conflict}
	case FactTurns, FactCost:
		return []Cause{Duplicate, Conflict, Mixed}
	case FactTurnsDelta, FactCostDelta:
		return []Cause{Mixed, Late}
	case FactSurvey:
		return []Cause{Duplicate}
	case FactExperiment:
		return []Cause{Conflict, Closed, Limit, NotRunning}
	}
	return []Cause{Conflict} // the other labels: the first value stays
}

// Cause is why something an event says was ignored.
type Cause uint8

// The causes there can be.
const (
	Duplicate  Cause = iota // it was said before
	Conflict                // something else was said before: the first stands
	Mixed                   // a total after increments, or the other way round
	Late                    // an increment after the sum was observed: only the spend counter moved
	Closed                  // an experiment named after the conversation's first outcome
	Limit                   // an experiment's arm beyond the limit
	NotRunning              // a declared experiment before its start or after its end
	NumCauses
)

var causeNames = [NumCauses]string{"duplicate", "conflict", "mixed", "late", "closed", "limit", "not_running"}

// String gives the value of the label reason.
func (c Cause) String() string { return causeNames[c] }

// Stats says how much was ignored since the process started.
type Stats struct {
	Ignored [NumFacts][NumCauses]uint64
}
