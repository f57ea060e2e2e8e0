package simulate

// Scenario is what goes wrong, or well, with the traffic.
type Scenario string

// The scenarios. Sizes are against the healthy value, over all traffic, and
// large enough for the shipped alerts and verdicts to see them.
const (
	Healthy          Scenario = "healthy"           // every KPI on its static baseline
	CSATRegression   Scenario = "csat-regression"   // CSAT 15 % lower
	CostSpike        Scenario = "cost-spike"        // conversations cost 40 % more
	EscalationStorm  Scenario = "escalation-storm"  // twice as many escalations
	IntentOutage     Scenario = "intent-outage"     // OutageIntent is almost never resolved
	ExperimentWinner Scenario = "experiment-winner" // the treatment's CSAT is 10 % higher
	ExperimentNull   Scenario = "experiment-null"   // healthy: the treatment changes nothing
)

// OutageIntent is the intent that IntentOutage strikes, the second most common.
const OutageIntent = "password_reset"

// Scenarios are the names of all there are.
func Scenarios() []string {
	return []string{
		string(Healthy), string(CSATRegression), string(CostSpike), string(EscalationStorm),
		string(IntentOutage), string(ExperimentWinner), string(ExperimentNull),
	}
}

// effect is what a scenario changes: ratios to the healthy value.
type effect struct {
	csat       float64
	csatArm    string // of this arm alone, if not empty
	cost       float64
	escalation float64
	outage     string // an intent
}

func noEffect() effect { return effect{csat: 1, cost: 1, escalation: 1} }

// effectOf gives the effect of a scenario, if there is such a one.
func effectOf(s Scenario) (effect, bool) {
	e := noEffect()
	switch s {
	case Healthy, ExperimentNull:
	case CSATRegression:
		e.csat = 0.85
	case CostSpike:
		e.cost = 1.4
	case EscalationStorm:
		e.escalation = 2
	case IntentOutage:
		e.outage = OutageIntent
	case ExperimentWinner:
		e.csat, e.csatArm = 1.1, Treatment
	default:
		return effect{}, false
	}
	return e, true
}
