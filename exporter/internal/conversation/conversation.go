// Package conversation is the state machine behind the counters: events in,
// facts counted once, outcomes counted and reversed.
//
// A State is a function of what was applied to it, in order, and of nothing
// else: not of the clock, the configuration or the process. The same calls
// give the same state, which is how a restart gets back what was there: it
// applies the journal to the last checkpoint, by the code that traffic uses.
//
// # Memory
//
// A conversation is one record of 128 bytes, found by a keyed 128-bit hash of
// its id; the id itself is not kept. Further episodes, and event ids beyond
// the first two, are records of their own. Records name each other by number,
// so that the garbage collector has nothing to look at. Increments of
// conversations that are not idle yet live in a map beside them.
//
// All conversations are one list in the order of their last arrival. The idle
// ones are its front, the forgotten ones leave at its head: time needs no
// search.
package conversation

import (
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/tally"
)

// key is the keyed hash of a conversation's id.
type key [2]uint64

// record is what is known of a conversation.
type record struct {
	key        key
	customer   uint64 // the first hash that came, 0 for none
	last       int64  // last arrival, Unix milliseconds
	ids        [2]uint64
	prev, next uint32 // neighbours in the list of arrivals
	moreIDs    uint32 // the first of further idBlocks
	idCount    uint32
	labels     tally.Labels
	arm        uint16
	highest    uint16 // the latest episode that any event named
	flags      recordFlags
	first      episode // the episode of the first event that came
}

type recordFlags uint8

const (
	idle    recordFlags = 1 << iota // since the last arrival idle_timeout has passed
	open                            // counted in support_conversations_open
	decided                         // an outcome was counted: too late for an experiment
)

// episode is what is known of one episode. Facts that did not come are zero.
type episode struct {
	seconds float64
	cost    uint64 // what tells the total from another, where costKind is total
	turns   uint64 // the total, where turnsKind is total
	cell    uint32 // where the outcome was counted
	next    uint32 // the next of further episodes
	number  uint16 // 1 to event.MaxEpisode
	reason  uint16 // of the escalation
	facts   factFlags
	outcome tally.Outcome
	csat    uint8
	turnsKind,
	costKind kind
	confirmed event.Confirmation
}

type factFlags uint8

const (
	hasResolution factFlags = 1 << iota
	isResolved              // what the resolution said
	hasSeconds
	isEscalated
	hasSurvey
	isAbandoned // idle came before any outcome
	isReversed  // the outcome does not hold any more
)

// kind is how an episode's turns or its cost come.
type kind uint8

const (
	unsaid   kind = iota
	total         // as one total
	summed        // as increments, which are still being summed
	observed      // as increments; their sum went into the histogram
)

// idBlock holds three more ids of a conversation's events.
type idBlock struct {
	ids  [3]uint64
	next uint32
}

// increments are the sums of an episode whose conversation is not idle yet.
type increments struct {
	turns uint64
	cost  tally.Sum
	id    string // the conversation's, for the exemplar
}

// incrementsKey is a conversation's number and an episode's.
type incrementsKey struct {
	conversation uint32
	episode      uint16
}
