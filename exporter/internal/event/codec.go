package event

import (
	"encoding/binary"
	"math"
)

// An event in the journal. A mask (uvarint) says which of the optional fields
// follow; they follow in this order, one behind the other:
//
//	bit   field
//	      conversation_id   string
//	0     id                string
//	1     customer          8 bytes: the keyed hash, little-endian
//	2     intent            string
//	3     tier              string
//	4     language          string
//	5     experiment        string
//	      variant           string
//	6     episode           uvarint; 1 if absent
//	7     resolution        1 byte:  0 0 0 0 c c s r
//	                                 r resolved, s seconds follow,
//	                                 c 0 unsaid, 1 confirmed, 2 denied
//	        seconds         float, if s
//	8     escalation        string:  the reason, may be empty
//	9     turns             uvarint
//	10    turns_delta       uvarint
//	11    cost              money
//	12    cost_delta        money
//	13    survey_sent       nothing
//	14    csat              1 byte
//
//	string    | length uvarint | bytes of UTF-8        |
//	float     | 8 bytes, IEEE 754, little-endian       |
//	money     | usd float | n uvarint | n × component  |
//	component | name string | usd float                |
//
// For example {"conversation_id":"c-1","turns":3,"csat":5}:
//
//	| 80 84 01 | 03 63 2d 31 | 03   | 05   |
//	  mask       "c-1"         turns  csat
//
// CustomerID is not written: a customer's id must not reach the disk, its keyed
// hash stands for it. Nor is Time: counters move when an event arrives, and a
// replay must not observe its delay again.
//
// A field that is added takes the next bit. Parse refuses bits it does not
// know, so that an older program does not misread a newer journal.
const (
	maskID = 1 << iota
	maskCustomer
	maskIntent
	maskTier
	maskLanguage
	maskArm
	maskEpisode
	maskFacts // of as many bits as there are Facts

	maskAll = maskFacts*(uint64(allFacts)+1) - 1
)

// The bits of the byte of a resolution.
const (
	resolutionResolved = 1 << iota
	resolutionSeconds
	resolutionConfirmed // Confirmation, two bits
)

// Append writes e to dst in the journal's form and returns the longer slice. e
// is valid, as a Decoder leaves it: what is not, Parse will refuse.
func Append(dst []byte, e *Event) []byte {
	dst = binary.AppendUvarint(dst, e.mask())
	dst = appendString(dst, e.ConversationID)
	if e.ID != "" {
		dst = appendString(dst, e.ID)
	}
	if e.Customer != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, e.Customer)
	}
	if e.Intent != "" {
		dst = appendString(dst, e.Intent)
	}
	if e.Tier != "" {
		dst = appendString(dst, e.Tier)
	}
	if e.Language != "" {
		dst = appendString(dst, e.Language)
	}
	if e.Experiment != "" {
		dst = appendString(dst, e.Experiment)
		dst = appendString(dst, e.Variant)
	}
	if e.Episode != 1 {
		dst = binary.AppendUvarint(dst, uint64(e.Episode))
	}
	return appendFacts(dst, e)
}

// mask says which fields e has.
func (e *Event) mask() uint64 {
	mask := uint64(e.Facts) * maskFacts
	if e.ID != "" {
		mask |= maskID
	}
	if e.Customer != 0 {
		mask |= maskCustomer
	}
	if e.Intent != "" {
		mask |= maskIntent
	}
	if e.Tier != "" {
		mask |= maskTier
	}
	if e.Language != "" {
		mask |= maskLanguage
	}
	if e.Experiment != "" {
		mask |= maskArm
	}
	if e.Episode != 1 {
		mask |= maskEpisode
	}
	return mask
}

func appendFacts(dst []byte, e *Event) []byte {
	if e.Facts&Resolution != 0 {
		dst = appendResolution(dst, e)
	}
	if e.Facts&Escalation != 0 {
		dst = appendString(dst, e.Reason)
	}
	if e.Facts&Turns != 0 {
		dst = binary.AppendUvarint(dst, e.Turns)
	}
	if e.Facts&TurnsDelta != 0 {
		dst = binary.AppendUvarint(dst, e.TurnsDelta)
	}
	if e.Facts&Cost != 0 {
		dst = appendMoney(dst, &e.Cost)
	}
	if e.Facts&CostDelta != 0 {
		dst = appendMoney(dst, &e.CostDelta)
	}
	if e.Facts&CSAT != 0 {
		dst = append(dst, byte(e.CSAT))
	}
	return dst
}

func appendResolution(dst []byte, e *Event) []byte {
	bits := byte(e.Confirmed) * resolutionConfirmed
	if e.Resolved {
		bits |= resolutionResolved
	}
	if e.Seconds == NoSeconds {
		return append(dst, bits)
	}
	return appendFloat(append(dst, bits|resolutionSeconds), e.Seconds)
}

func appendMoney(dst []byte, m *Money) []byte {
	dst = appendFloat(dst, m.USD)
	dst = binary.AppendUvarint(dst, uint64(len(m.Detail)))
	for i := range m.Detail {
		dst = appendString(dst, m.Detail[i].Name)
		dst = appendFloat(dst, m.Detail[i].USD)
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendFloat(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}
