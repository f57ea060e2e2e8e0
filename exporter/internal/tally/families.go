package tally

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// family is a metric's place in families.
type family int

// The metrics, in the order in which they are sent. Each values family is
// followed by its sum and its squares.
const (
	famConversations family = iota
	famReversed
	famResolutions
	famConfirmed
	famSeconds
	famTurns
	famCost
	famSpend
	famCSAT
	famSurveys
	famEscalations
	famValues
	famValuesSum
	famValuesSquares
	famAssigned
	famArmConversations
	famArmReversed
	famArmValues
	famArmValuesSum
	famArmValuesSquares
	famOpen
	famStart
	numFamilies
)

// description is a metric's name and help, and what a registry knows it by.
type description struct {
	name, help string
	desc       *prometheus.Desc
}

// families describes each metric.
var families = [numFamilies]description{
	famConversations:    desc(ConversationsTotal, "Episodes of conversations that ended, by outcome. Net of support_conversations_reversed_total.", "intent", "tier", "language", "outcome"),
	famReversed:         desc(ConversationsReversedTotal, "Outcomes counted earlier that no longer hold, by outcome and cause.", "intent", "tier", "language", "outcome", "cause"),
	famResolutions:      desc(ResolutionsTotal, "Resolutions as the agent reported them.", "intent", "tier", "language", "resolved"),
	famConfirmed:        desc(ResolutionsConfirmedTotal, "Reported resolutions that the customer confirmed.", "intent", "tier", "language"),
	famSeconds:          desc(ResolutionSeconds, "Time from a conversation's start to its resolution, as the agent reported it.", "intent", "tier", "language", "resolved"),
	famTurns:            desc(ConversationTurns, "Turns of a conversation.", "intent", "tier", "language"),
	famCost:             desc(ConversationCost, "Cost of a conversation in US dollars.", "intent", "tier", "language"),
	famSpend:            desc(CostTotal, "US dollars spent, by what they were spent on. Increments count here at once.", "intent", "tier", "language", "component"),
	famCSAT:             desc(CSATResponsesTotal, "Answers to customer satisfaction surveys, by score.", "intent", "tier", "language", "score"),
	famSurveys:          desc(CSATSurveysTotal, "Customer satisfaction surveys offered.", "intent", "tier", "language"),
	famEscalations:      desc(EscalationsTotal, "Conversations handed to a human, by reason.", "intent", "tier", "language", "reason"),
	famValues:           desc(ValuesTotal, "Values that support_values_sum_total adds up.", "intent", "tier", "language", "kpi"),
	famValuesSum:        desc(ValuesSumTotal, "Sum of a KPI's values, exact in any order: resolution_seconds of resolved conversations, turns, cost_usd.", "intent", "tier", "language", "kpi"),
	famValuesSquares:    desc(ValuesSquaresTotal, "Sum of the squares of a KPI's values, for standard errors.", "intent", "tier", "language", "kpi"),
	famAssigned:         desc(ExperimentAssignedTotal, "Conversations that joined an experiment's variant.", "experiment", "variant"),
	famArmConversations: desc(ExperimentConversationsTotal, "Episodes that ended in an experiment's variant, by outcome.", "experiment", "variant", "outcome"),
	famArmReversed:      desc(ExperimentReversedTotal, "Outcomes of an experiment's variant that no longer hold.", "experiment", "variant", "outcome", "cause"),
	famArmValues:        desc(ExperimentValuesTotal, "Values that support_experiment_values_sum_total adds up.", "experiment", "variant", "kpi"),
	famArmValuesSum:     desc(ExperimentValuesSumTotal, "Sum of a KPI's values in an experiment's variant.", "experiment", "variant", "kpi"),
	famArmValuesSquares: desc(ExperimentValuesSquaresTotal, "Sum of the squares of a KPI's values in an experiment's variant.", "experiment", "variant", "kpi"),
	famOpen:             desc(ConversationsOpen, "Conversations that are neither closed nor idle."),
	famStart:            desc(LedgerStart, "When this exporter's store was created, since the Unix epoch in seconds."),
}

func desc(name, help string, labels ...string) description {
	return description{name, help, prometheus.NewDesc(name, help, labels, nil)}
}

// kind is the type of a metric, as TYPE names it.
func (f family) kind() dto.MetricType {
	switch f {
	case famSeconds, famTurns, famCost:
		return dto.MetricType_HISTOGRAM
	case famOpen, famStart:
		return dto.MetricType_GAUGE
	}
	return dto.MetricType_COUNTER
}
