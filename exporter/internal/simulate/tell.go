package simulate

import (
	"strconv"
	"time"

	"supportexporter/exporter/client"
)

// agent is a way in which agents tell of their conversations.
type agent int

const (
	summing  agent = iota // one event when the work is done
	stepping              // an event for each thing that happens, with totals
	counting              // the same, with turns and costs as increments
	numAgents
)

// agents is how common they are.
var agents = [numAgents]float64{summing: 0.30, stepping: 0.45, counting: 0.25}

// repeating is the share of events whose answer gets lost, so that the agent
// sends them once more.
const repeating = 0.02

// telling is a story on its way into events.
type telling struct {
	story *story
	draws *draws // for what happens on the way alone
	said  int
	out   []*arrival
}

// tell gives the events of a conversation, in no order of time. The first one
// carries the labels and arrives first.
func tell(c *story, d *draws) []*arrival {
	t := telling{story: c, draws: d, out: make([]*arrival, 0, 4)}
	for i := range c.episodes {
		t.episode(i+1, &c.episodes[i])
	}
	return t.out
}

// say makes an event of that time, and perhaps repeats it.
func (t *telling) say(at int64, episode int, e client.Event) {
	t.said++
	e.ConversationID, e.ID, e.Time = t.story.id, strconv.Itoa(t.said), timeOf(at)
	if episode > 1 {
		e.Episode = episode
	}
	if t.said == 1 {
		e.CustomerID = t.story.customer
		e.Intent, e.Tier, e.Language = t.story.intent, t.story.tier, t.story.language
		e.Experiment, e.Variant = Experiment, t.story.variant
	}
	t.out = append(t.out, &arrival{at: at, event: e})
	if t.draws.chance(repeating) {
		again := at + t.draws.between(time.Second, time.Minute).Milliseconds()
		t.out = append(t.out, &arrival{at: again, event: e})
	}
}

func (t *telling) episode(n int, e *episode) {
	if t.story.agent != summing {
		t.say(e.begin, n, client.Event{}) // it opens, or is reopened
	}
	if t.story.agent == counting {
		t.increments(n, e)
	}
	t.end(n, e)
	if e.closed > e.end {
		t.say(e.closed, n, client.Event{Escalation: e.escalation()})
	}
	if e.survey != 0 && !t.surveyAtEnd(e) {
		t.say(e.survey, n, client.Event{SurveySent: true})
	}
	if e.rated != 0 {
		t.say(e.rated, n, client.Event{CSAT: e.csat})
	}
}

// end tells of the end of the agent's work. An agent that counts has nothing
// to say when the customer has left.
func (t *telling) end(n int, e *episode) {
	var end client.Event
	switch e.outcome {
	case resolved:
		end.Resolution = e.resolution(true)
	case unresolved:
		end.Resolution = e.resolution(false)
	case escalated:
		if e.claimed {
			end.Resolution = e.resolution(true)
		}
		if e.closed == e.end {
			end.Escalation = e.escalation()
		}
	}
	if t.story.agent != counting {
		end.Turns = e.turns
		end.Cost = &client.Cost{USD: e.usd.usd(), Detail: map[string]float64{
			"llm": (e.usd - e.tools).usd(), "tools": e.tools.usd(),
		}}
	} else if end.Resolution == nil && end.Escalation == nil {
		return
	}
	end.SurveySent = t.surveyAtEnd(e)
	t.say(e.end, n, end)
}

// surveyAtEnd says whether the survey is offered in the event of the end.
func (t *telling) surveyAtEnd(e *episode) bool {
	return t.story.agent == summing && e.survey != 0 && e.closed == e.end
}

// increments tells of each turn and what it cost, as it ends.
func (t *telling) increments(n int, e *episode) {
	left := e.usd
	for i := range e.turns {
		cost := left / micros(e.turns-i)
		left -= cost
		at := e.begin + (e.end-e.begin)*int64(i+1)/int64(e.turns)
		t.say(at, n, client.Event{TurnsDelta: 1, CostDelta: &client.Cost{USD: cost.usd()}})
	}
}

func (e *episode) resolution(ok bool) *client.Resolution {
	r := &client.Resolution{Resolved: ok, Seconds: new(e.seconds())}
	if e.confirmed {
		r.Confirmed = new(true)
	}
	return r
}

func (e *episode) escalation() *client.Escalation {
	return &client.Escalation{Escalated: true, Reason: e.reason}
}
