package event

// field is one field of an event, or of an object within it.
type field uint8

// All fields there are. Those of cost and cost_delta differ by name only, but
// each has its own place here, so that one set tells what an event has given.
const (
	fieldEvent field = iota // the event as a whole
	fieldConversationID
	fieldID
	fieldTime
	fieldCustomerID
	fieldIntent
	fieldTier
	fieldLanguage
	fieldExperiment
	fieldVariant
	fieldEpisode
	fieldResolution // from here to fieldCSAT in the order of the Facts
	fieldEscalation
	fieldTurns
	fieldTurnsDelta
	fieldCost
	fieldCostDelta
	fieldSurveySent
	fieldCSAT
	fieldResolved
	fieldSeconds
	fieldConfirmed
	fieldEscalated
	fieldReason
	fieldCostUSD
	fieldCostDetail
	fieldCostDeltaUSD
	fieldCostDeltaDetail
	fieldUnknown
)

// fieldSet is a set of fields.
type fieldSet uint32

func (s fieldSet) has(f field) bool { return s>>f&1 != 0 }

// facts picks out the fields that are facts.
func (s fieldSet) facts() Fact { return Fact(s>>fieldResolution) & allFacts }

// path is a field's name as errors give it.
func (f field) path() string { return paths[f] }

var paths = [...]string{
	fieldEvent:           "",
	fieldConversationID:  "conversation_id",
	fieldID:              "id",
	fieldTime:            "time",
	fieldCustomerID:      "customer_id",
	fieldIntent:          "intent",
	fieldTier:            "tier",
	fieldLanguage:        "language",
	fieldExperiment:      "experiment",
	fieldVariant:         "variant",
	fieldEpisode:         "episode",
	fieldResolution:      "resolution",
	fieldEscalation:      "escalation",
	fieldTurns:           "turns",
	fieldTurnsDelta:      "turns_delta",
	fieldCost:            "cost",
	fieldCostDelta:       "cost_delta",
	fieldSurveySent:      "survey_sent",
	fieldCSAT:            "csat",
	fieldResolved:        "resolution.resolved",
	fieldSeconds:         "resolution.seconds",
	fieldConfirmed:       "resolution.confirmed",
	fieldEscalated:       "escalation.escalated",
	fieldReason:          "escalation.reason",
	fieldCostUSD:         "cost.usd",
	fieldCostDetail:      "cost.detail",
	fieldCostDeltaUSD:    "cost_delta.usd",
	fieldCostDeltaDetail: "cost_delta.detail",
	fieldUnknown:         "",
}

// lookup finds the field called name in the object parent.
func lookup(parent field, name string) field {
	switch parent {
	case fieldEvent:
		return lookupEvent(name)
	case fieldResolution:
		switch name {
		case "resolved":
			return fieldResolved
		case "seconds":
			return fieldSeconds
		case "confirmed":
			return fieldConfirmed
		}
	case fieldEscalation:
		switch name {
		case "escalated":
			return fieldEscalated
		case "reason":
			return fieldReason
		}
	case fieldCost:
		switch name {
		case "usd":
			return fieldCostUSD
		case "detail":
			return fieldCostDetail
		}
	case fieldCostDelta:
		switch name {
		case "usd":
			return fieldCostDeltaUSD
		case "detail":
			return fieldCostDeltaDetail
		}
	}
	return fieldUnknown
}

func lookupEvent(name string) field {
	switch name {
	case "conversation_id":
		return fieldConversationID
	case "id":
		return fieldID
	case "time":
		return fieldTime
	case "customer_id":
		return fieldCustomerID
	case "intent":
		return fieldIntent
	case "tier":
		return fieldTier
	case "language":
		return fieldLanguage
	case "experiment":
		return fieldExperiment
	case "variant":
		return fieldVariant
	case "episode":
		return fieldEpisode
	case "resolution":
		return fieldResolution
	case "escalation":
		return fieldEscalation
	case "turns":
		return fieldTurns
	case "turns_delta":
		return fieldTurnsDelta
	case "cost":
		return fieldCost
	case "cost_delta":
		return fieldCostDelta
	case "survey_sent":
		return fieldSurveySent
	case "csat":
		return fieldCSAT
	}
	return fieldUnknown
}
