package report

// Assumptions are what a return on investment rests on, beside the counts.
type Assumptions struct {
	HumanCostLow  float64 // US dollars that a contact costs with a human
	HumanCostBase float64
	HumanCostHigh float64
	HumanMinutes  float64 // that a human works on a contact
	HumanCSAT     float64 // 1 to 5
	PlatformCost  float64 // US dollars that the platform costs in the period, whatever the traffic
}

// ROI is what the agent is worth.
type ROI struct {
	DurableResolutions   float64      `json:"durable_resolutions"` // what stayed resolved, without a human
	Conversations        float64      `json:"conversations"`
	Escalated            float64      `json:"escalated"`
	SpendUSD             float64      `json:"spend_usd"` // all AI spend, of failed conversations too
	ShareHandled         float64      `json:"share_handled"`
	HoursSaved           float64      `json:"hours_saved"`
	CSAT                 *float64     `json:"csat"`
	CSATAgainstHuman     *float64     `json:"csat_against_human"`
	CostPerResolutionUSD *float64     `json:"cost_per_resolution_usd"`
	Scenarios            []Scenario   `json:"scenarios"` // low, base, high
	Assumptions          []Assumption `json:"assumptions"`
}

// Scenario is the return at one cost of a human contact.
type Scenario struct {
	Name           string   `json:"name"`
	HumanCostUSD   float64  `json:"human_cost_usd"`
	SavingsUSD     float64  `json:"savings_usd"`
	Return         *float64 `json:"return_ratio"` // savings for each dollar spent
	BlendedCostUSD float64  `json:"blended_cost_usd"`
}

// Assumption is a number that was not measured, and the flag that sets it.
type Assumption struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Flag  string  `json:"flag"`
}

// list gives the assumptions with their flags.
func (a Assumptions) list() []Assumption {
	return []Assumption{
		{"Cost of a contact with a human, low", a.HumanCostLow, unitUSD, "--roi.human-cost-low"},
		{"Cost of a contact with a human, base", a.HumanCostBase, unitUSD, "--roi.human-cost-base"},
		{"Cost of a contact with a human, high", a.HumanCostHigh, unitUSD, "--roi.human-cost-high"},
		{"Human work on a contact", a.HumanMinutes, unitMinutes, "--roi.human-minutes"},
		{"CSAT of human agents", a.HumanCSAT, unitScore, "--roi.human-csat"},
		{"Platform cost in the period", a.PlatformCost, unitUSD, "--roi.platform-cost"},
	}
}

// returnOnInvestment is nil where no rate can be made of the outcomes.
//
// A resolution that a human had to take over, or after which the customer came
// back, saved nothing: only net resolutions count.
func returnOnInvestment(now *counted, a Assumptions) *ROI {
	all := now.all()
	total, ok := all.conversations()
	if !ok {
		return nil
	}
	r := &ROI{
		DurableResolutions: all.net("resolved"), Conversations: total, Escalated: all.net("escalated"), SpendUSD: all.named("cost_usd"),
		ShareHandled: all.net("resolved") / total, HoursSaved: all.net("resolved") * a.HumanMinutes / 60, Assumptions: a.list(),
	}
	if e := all.estimate("csat"); e != nil {
		difference := e.Value - a.HumanCSAT
		r.CSAT, r.CSATAgainstHuman = &e.Value, &difference
	}
	if e := all.estimate("cost_per_resolution_usd"); e != nil {
		r.CostPerResolutionUSD = &e.Value
	}
	for _, s := range []Scenario{
		{Name: "low", HumanCostUSD: a.HumanCostLow}, {Name: "base", HumanCostUSD: a.HumanCostBase}, {Name: "high", HumanCostUSD: a.HumanCostHigh},
	} {
		spent := r.SpendUSD + a.PlatformCost
		s.SavingsUSD = r.DurableResolutions*s.HumanCostUSD - spent
		if spent > 0 {
			ratio := s.SavingsUSD / spent
			s.Return = &ratio
		}
		s.BlendedCostUSD = (r.SpendUSD + r.Escalated*s.HumanCostUSD) / total
		r.Scenarios = append(r.Scenarios, s)
	}
	return r
}
