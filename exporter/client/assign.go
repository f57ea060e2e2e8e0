package client

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Assignment decides which variant of an experiment a conversation gets. The
// exporter answers GET /api/v1/experiments/{experiment}/variant by it, and an
// agent that makes one of the same salt and weights comes to the same variants
// without asking.
//
// It is a function of the conversation's id and of nothing else, so that a
// conversation keeps its variant in every process and after every restart. In
// any language it is:
//
//	sum   = SHA-256(salt + "\x00" + experiment + "\x00" + conversation id)
//	point = (the first 8 bytes of sum, big-endian, >> 11) / 2^53
//	      = 53 bits: a number from 0 to less than 1, exact in a double
//
// All strings are UTF-8. The variant is the first one, in the order of their
// names by bytes, whose weight together with the weights before it is more than
// point times the sum of all weights, and the last one if rounding leaves none.
// Weights are doubles and added up in that same order. The salt is empty unless
// the declaration has one.
//
// It does not know when the experiment starts and ends. The exporter does, and
// answers the control then; events of such times do not join.
//
// Two experiments, or two salts, split the same conversations independently.
// examples/experiments/assignments.json has test vectors.
type Assignment struct {
	prefix   []byte // of what is hashed
	variants []share
	total    float64
}

// share is a variant's part of the points from 0 to the sum of all weights.
type share struct {
	variant string
	end     float64 // where the next one's begins
}

// NewAssignment makes the assignment of an experiment. weights has each
// variant's weight, more than 0: its share of the conversations is its weight
// by the sum of all. Names and the salt are without NUL, which ends them in
// what is hashed.
func NewAssignment(experiment, salt string, weights map[string]float64) (*Assignment, error) {
	if experiment == "" {
		return nil, errors.New("assignment: the experiment has no name")
	}
	if strings.ContainsRune(experiment+salt, 0) {
		return nil, fmt.Errorf("assignment of experiment %q, salt %q: must be without NUL", experiment, salt)
	}
	if len(weights) == 0 {
		return nil, fmt.Errorf("assignment of experiment %q: must have a variant", experiment)
	}
	a := &Assignment{prefix: []byte(salt + "\x00" + experiment + "\x00")}
	for _, variant := range slices.Sorted(maps.Keys(weights)) {
		if w := weights[variant]; !(w > 0) {
			return nil, fmt.Errorf("assignment of experiment %q: weight of variant %q must be more than 0, got %v", experiment, variant, w)
		}
		a.total += weights[variant]
		a.variants = append(a.variants, share{variant, a.total})
	}
	if math.IsInf(a.total, 0) {
		return nil, fmt.Errorf("assignment of experiment %q: the sum of all weights must be finite", experiment)
	}
	return a, nil
}

// maxHashed is room for the longest id behind the longest names that an
// exporter takes; beyond, Variant allocates.
const maxHashed = 64 + 1 + 64 + 1 + 255

// Variant gives the variant of a conversation. It may be called concurrently.
func (a *Assignment) Variant(conversationID string) string {
	var room [maxHashed]byte
	sum := sha256.Sum256(append(append(room[:0], a.prefix...), conversationID...))
	const bits = 53
	point := float64(binary.BigEndian.Uint64(sum[:])>>(64-bits)) / (1 << bits)
	at := point * a.total
	last := len(a.variants) - 1
	for _, s := range a.variants[:last] {
		if at < s.end {
			return s.variant
		}
	}
	return a.variants[last].variant
}
