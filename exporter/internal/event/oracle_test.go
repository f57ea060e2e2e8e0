package event

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"regexp"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The oracle reads an event with a library and checks the contract's rules one
// by one, slowly and plainly. The fuzz test holds the Decoder against it.

type oracleEvent struct {
	ConversationID *string           `json:"conversation_id"`
	ID             *string           `json:"id"`
	Time           *string           `json:"time"`
	CustomerID     string            `json:"customer_id"`
	Intent         string            `json:"intent"`
	Tier           string            `json:"tier"`
	Language       string            `json:"language"`
	Experiment     string            `json:"experiment"`
	Variant        string            `json:"variant"`
	Episode        jsontext.Value    `json:"episode"`
	Resolution     *oracleResolution `json:"resolution"`
	Escalation     *oracleEscalation `json:"escalation"`
	Turns          jsontext.Value    `json:"turns"`
	TurnsDelta     jsontext.Value    `json:"turns_delta"`
	Cost           *oracleMoney      `json:"cost"`
	CostDelta      *oracleMoney      `json:"cost_delta"`
	SurveySent     *bool             `json:"survey_sent"`
	CSAT           jsontext.Value    `json:"csat"`
}

type oracleResolution struct {
	Resolved  *bool    `json:"resolved"`
	Seconds   *float64 `json:"seconds"`
	Confirmed *bool    `json:"confirmed"`
}

type oracleEscalation struct {
	Escalated *bool  `json:"escalated"`
	Reason    string `json:"reason"`
}

type oracleMoney struct {
	USD    *float64       `json:"usd"`
	Detail jsontext.Value `json:"detail"`
}

// errOracle collects what is wrong.
type errOracle struct{ error }

func (bad *errOracle) check(ok bool, format string, args ...any) {
	if !ok && bad.error == nil {
		bad.error = fmt.Errorf(format, args...)
	}
}

func oracle(raw []byte) (Event, error) {
	var (
		w   oracleEvent
		bad errOracle
		e   Event
	)
	e.Reset()
	if err := json.Unmarshal(raw, &w, json.RejectUnknownMembers(true)); err != nil {
		return e, err
	}
	bad.check(jsontext.Value(raw).Kind() == '{', "not an object")
	bad.tokens(raw)
	e.ConversationID = bad.required(w.ConversationID, MaxConversationID)
	if w.ID != nil {
		e.ID = bad.required(w.ID, MaxID)
	}
	if w.Time != nil {
		e.Time = bad.time(*w.Time)
	}
	bad.check(len(w.CustomerID) <= MaxCustomerID, "customer_id too long")
	for _, label := range []string{w.Intent, w.Tier, w.Language, w.Experiment, w.Variant} {
		bad.check(len(label) <= MaxLabel, "label too long")
	}
	bad.check((w.Experiment == "") == (w.Variant == ""), "half an arm")
	e.CustomerID, e.Intent, e.Tier, e.Language, e.Experiment, e.Variant = w.CustomerID, w.Intent, w.Tier, w.Language, w.Experiment, w.Variant
	if w.Episode != nil {
		e.Episode = int(bad.integer(w.Episode, 1000))
	}
	bad.facts(&w, &e)
	bad.check(e.ID != "" || e.Facts&(TurnsDelta|CostDelta) == 0, "delta without id")
	return e, bad.error
}

// tokens looks for what is forbidden wherever it stands.
func (bad *errOracle) tokens(raw []byte) {
	for d := jsontext.NewDecoder(bytes.NewReader(raw)); ; {
		token, err := d.ReadToken()
		if err != nil {
			bad.check(errors.Is(err, io.EOF), "%v", err)
			return
		}
		bad.check(token.Kind() != 'n', "null")
		if token.Kind() == '"' {
			for _, r := range token.String() {
				bad.check(!unicode.IsControl(r), "control character")
			}
		}
	}
}

func (bad *errOracle) facts(w *oracleEvent, e *Event) {
	if r := w.Resolution; r != nil {
		e.Facts |= Resolution
		bad.check(r.Resolved != nil, "resolved missing")
		e.Resolved = r.Resolved != nil && *r.Resolved
		if r.Seconds != nil {
			e.Seconds = *r.Seconds
			bad.check(e.Seconds >= 0, "seconds negative")
		}
		if r.Confirmed != nil {
			e.Confirmed = map[bool]Confirmation{true: Confirmed, false: Denied}[*r.Confirmed]
		}
	}
	if s := w.Escalation; s != nil {
		bad.check(s.Escalated != nil, "escalated missing")
		bad.check(len(s.Reason) <= MaxReason, "reason too long")
		if s.Escalated != nil && *s.Escalated {
			e.Facts |= Escalation
			e.Reason = s.Reason
		}
	}
	if w.Turns != nil {
		e.Facts |= Turns
		e.Turns = bad.integer(w.Turns, 1<<53)
	}
	if w.TurnsDelta != nil {
		e.Facts |= TurnsDelta
		e.TurnsDelta = bad.integer(w.TurnsDelta, 1<<53)
	}
	if w.Cost != nil {
		e.Facts |= Cost
		e.Cost = bad.money(w.Cost)
	}
	if w.CostDelta != nil {
		e.Facts |= CostDelta
		e.CostDelta = bad.money(w.CostDelta)
	}
	if w.SurveySent != nil {
		e.Facts |= SurveySent
		bad.check(*w.SurveySent, "survey_sent false")
	}
	if w.CSAT != nil {
		e.Facts |= CSAT
		e.CSAT = int(bad.integer(w.CSAT, 5))
	}
}

func (bad *errOracle) required(s *string, most int) string {
	if s == nil || *s == "" || len(*s) > most {
		bad.check(false, "missing or of the wrong length")
		return ""
	}
	return *s
}

// oracleTime is the form of RFC 3339, of which the library takes variants.
var oracleTime = regexp.MustCompile(`^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`)

func (bad *errOracle) time(s string) time.Time {
	var t time.Time
	bad.check(t.UnmarshalText([]byte(s)) == nil && oracleTime.MatchString(s), "not RFC 3339")
	t = t.UTC()
	bad.check(!t.IsZero() && t.Year() >= 1 && t.Year() <= 9999, "out of range")
	return t
}

func (bad *errOracle) integer(v jsontext.Value, most int64) uint64 {
	exact, ok := new(big.Rat).SetString(string(v))
	if v.Kind() != '0' || !ok || !exact.IsInt() || exact.Sign() <= 0 || exact.Num().Cmp(big.NewInt(most)) > 0 {
		bad.check(false, "not an integer from 1 to %d", most)
		return 0
	}
	return exact.Num().Uint64()
}

// money reads the detail with tokens: a map would lose the order in which the
// components are added up.
func (bad *errOracle) money(w *oracleMoney) (m Money) {
	if w.USD == nil || *w.USD < 0 {
		bad.check(false, "usd missing or negative")
		return m
	}
	m.USD = *w.USD
	if w.Detail == nil {
		return m
	}
	var members map[string]float64
	if w.Detail.Kind() != '{' || json.Unmarshal(w.Detail, &members) != nil || len(members) > MaxComponents {
		bad.check(false, "not a detail")
		return m
	}
	sum := 0.0
	for d := jsontext.NewDecoder(bytes.NewReader(w.Detail)); ; {
		token, err := d.ReadToken()
		if err != nil {
			break
		}
		if token.Kind() == '"' { // a name: the values are numbers
			name := token.String()
			bad.check(name != "" && len(name) <= MaxComponent && members[name] >= 0, "component")
			m.Detail = append(m.Detail, Component{name, members[name]})
			sum += members[name]
		}
	}
	bad.check(sum <= m.USD*(1+1e-6)+1e-9 && !math.IsInf(sum, 0), "detail exceeds usd")
	return m
}
