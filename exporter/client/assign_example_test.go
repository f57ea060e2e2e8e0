package client_test

import (
	"fmt"

	"supportexporter/exporter/client"
)

// An agent that works out the variant itself asks nobody. The weights are those
// that the exporter's configuration declares.
func ExampleAssignment() {
	greeting, err := client.NewAssignment("greeting", "", map[string]float64{"short": 1, "warm": 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, id := range []string{"c-1", "c-2", "c-3"} {
		e := client.Event{ConversationID: id, Experiment: "greeting", Variant: greeting.Variant(id)}
		fmt.Println(e.ConversationID, e.Variant)
	}
	// Output:
	// c-1 short
	// c-2 short
	// c-3 warm
}
