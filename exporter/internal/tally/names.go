package tally

// The names of everything on /metrics. This is their only home: rules,
// dashboards and documents are checked against it.
const (
	ConversationsTotal         = "support_conversations_total"
	ConversationsReversedTotal = "support_conversations_reversed_total"
	ResolutionsTotal           = "support_resolutions_total"
	ResolutionsConfirmedTotal  = "support_resolutions_confirmed_total"
	ResolutionSeconds          = "support_conversation_resolution_seconds"
	ConversationTurns          = "support_conversation_turns"
	ConversationCost           = "support_conversation_cost_usd"
	CostTotal                  = "support_cost_usd_total"
	CSATResponsesTotal         = "support_csat_responses_total"
	CSATSurveysTotal           = "support_csat_surveys_total"
	EscalationsTotal           = "support_escalations_total"
	ValuesTotal                = "support_values_total"
	ValuesSumTotal             = "support_values_sum_total"
	ValuesSquaresTotal         = "support_values_squares_total"

	ExperimentAssignedTotal      = "support_experiment_assigned_total"
	ExperimentConversationsTotal = "support_experiment_conversations_total"
	ExperimentReversedTotal      = "support_experiment_conversations_reversed_total"
	ExperimentValuesTotal        = "support_experiment_values_total"
	ExperimentValuesSumTotal     = "support_experiment_values_sum_total"
	ExperimentValuesSquaresTotal = "support_experiment_values_squares_total"
	ExperimentWeight             = "support_experiment_variant_weight"
	ExperimentKPIInfo            = "support_experiment_kpi_info"
	ExperimentAlpha              = "support_experiment_alpha"
	ExperimentMinLift            = "support_experiment_min_lift_ratio"
	ExperimentTolerance          = "support_experiment_guardrail_tolerance_ratio"
	ExperimentPlanned            = "support_experiment_planned_conversations"

	ConversationsOpen = "support_conversations_open"
	LedgerStart       = "support_ledger_start_timestamp_seconds"
)

// Outcome is how an episode of a conversation ended.
type Outcome uint8

// The outcomes. None is an episode that has not ended.
const (
	None Outcome = iota
	Resolved
	Unresolved
	Escalated
	Abandoned
	numOutcomes
)

var outcomeNames = [numOutcomes]string{"", "resolved", "unresolved", "escalated", "abandoned"}

// String gives the value of the label outcome.
func (o Outcome) String() string { return outcomeNames[o] }

// Reversal is an outcome that no longer holds, and why.
type Reversal uint8

// The reversals there can be.
const (
	ResolvedEscalated Reversal = iota
	UnresolvedEscalated
	ResolvedReopened
	AbandonedReopened
	AbandonedResumed
	numReversals
)

var reversals = [numReversals]struct {
	outcome Outcome
	cause   string
}{
	ResolvedEscalated:   {Resolved, "escalated"},
	UnresolvedEscalated: {Unresolved, "escalated"},
	ResolvedReopened:    {Resolved, "reopened"},
	AbandonedReopened:   {Abandoned, "reopened"},
	AbandonedResumed:    {Abandoned, "resumed"},
}

// KPI is a quantity of which counts, sums and sums of squares are kept.
type KPI uint8

// The quantities. CSAT is kept so for experiments alone: everywhere else the
// counts by score say it all.
const (
	Seconds KPI = iota
	Turns
	Cost
	CSAT
	numKPIs
)

var kpiNames = [numKPIs]string{"resolution_seconds", "turns", "cost_usd", "csat"}
