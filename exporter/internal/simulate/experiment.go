package simulate

import "supportexporter/exporter/client"

// The experiment that every conversation is in. Both arms have the same weight.
const (
	Experiment = "greeting"
	Control    = "short"
	Treatment  = "warm"
)

// newAssignment gives the assignment of an exporter that declares the
// experiment: as an agent that asks it, the simulation never contradicts it.
func newAssignment() (*client.Assignment, error) {
	return client.NewAssignment(Experiment, "", map[string]float64{Control: 1, Treatment: 1})
}
