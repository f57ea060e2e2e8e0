package otlp

import "strings"

// conversationID is the attribute without which a log record is none of ours. It
// is OpenTelemetry's own name.
const conversationID = "gen_ai.conversation.id"

// prefix is that of all other attributes with a meaning here. They have the
// names of the event's fields, but for the two ids.
const (
	prefix     = "support."
	eventID    = prefix + "event.id"
	customerID = prefix + "customer.id"
)

// path says where in an event the value of an attribute goes; nil if nowhere.
func path(key string) []string {
	switch key {
	case conversationID:
		return []string{"conversation_id"}
	case eventID:
		return []string{"id"}
	case customerID:
		return []string{"customer_id"}
	}
	field, ours := strings.CutPrefix(key, prefix)
	if !ours {
		return nil
	}
	switch field {
	case "intent", "tier", "language", "experiment", "variant", "episode", "turns", "turns_delta", "survey_sent", "csat":
		return []string{field}
	case "resolution.resolved", "resolution.seconds", "resolution.confirmed",
		"escalation.escalated", "escalation.reason", "cost.usd", "cost_delta.usd":
		return strings.Split(field, ".")
	}
	for _, cost := range [...]string{"cost", "cost_delta"} {
		if component, ok := strings.CutPrefix(field, cost+".detail."); ok {
			return []string{cost, "detail", component}
		}
	}
	return nil
}

// Attribute gives the name in a log record of an event's field, as errors of
// package event name it. That of csat may have been an evaluation's score.
func Attribute(field string) string {
	switch field {
	case "":
		return ""
	case "time":
		return "time_unix_nano"
	case "conversation_id":
		return conversationID
	case "id":
		return eventID
	case "customer_id":
		return customerID
	}
	return prefix + field
}
