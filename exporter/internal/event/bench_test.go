package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// sample returns n different events of about 250 bytes as NDJSON: the five
// kinds that agents push, in the order in which they come.
func sample(n int) []byte {
	kinds := []string{
		`{"id":"evt-%06d-0001","time":"2026-03-14T09:26:%02d.535Z","conversation_id":"conv-8f14e45f-%06d","customer_id":"cus_9a1158154dfa42","intent":"billing_refund","tier":"enterprise","language":"en","experiment":"prompt-v7","variant":"treatment","turns_delta":1}`,
		`{"id":"evt-%06d-0002","time":"2026-03-14T09:27:%02d.117Z","conversation_id":"conv-8f14e45f-%06d","customer_id":"cus_9a1158154dfa42","cost_delta":{"usd":0.0421,"detail":{"model":0.0402,"tools":0.0013,"retrieval":0.0006}},"intent":"billing_refund","turns_delta":1}`,
		`{"id":"evt-%06d-0003","time":"2026-03-14T09:28:%02d.872Z","conversation_id":"conv-8f14e45f-%06d","intent":"account_access","tier":"pro","language":"de","resolution":{"resolved":true,"seconds":182.4,"confirmed":true},"cost":{"usd":0.23},"turns":4,"survey_sent":true}`,
		`{"id":"evt-%06d-0004","time":"2026-03-14T09:29:%02d.001Z","conversation_id":"conv-8f14e45f-%06d","intent":"order_status","tier":"free","language":"pt","escalation":{"escalated":true,"reason":"customer asked for a human"},"cost":{"usd":0.31,"detail":{"model":0.31}},"turns":7}`,
		`{"id":"evt-%06d-0005","time":"2026-03-16T18:02:%02d.640Z","conversation_id":"conv-8f14e45f-%06d","customer_id":"cus_9a1158154dfa42","intent":"order_status","tier":"free","language":"pt","experiment":"prompt-v7","variant":"control","episode":2,"csat":5}`,
	}
	var body bytes.Buffer
	for i := range n {
		fmt.Fprintf(&body, kinds[i%len(kinds)]+"\n", i, i%60, i/len(kinds))
	}
	return body.Bytes()
}

const sampled = 1000

func BenchmarkDecode(b *testing.B) {
	body := sample(sampled)
	var d Decoder
	accept := func(_ int, _ *Event, err error) bool {
		if err != nil {
			b.Error(err)
		}
		return true
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Decode(body, NDJSON, accept); err != nil {
			b.Fatal(err)
		}
	}
	perEvent(b)
}

// perEvent adds the time of one event to a benchmark of sampled events.
func perEvent(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/sampled, "ns/event")
}

// BenchmarkDecodeOracle is the same work done by the standard library, far less
// strictly, for comparison.
func BenchmarkDecodeOracle(b *testing.B) {
	type money struct {
		USD    *float64           `json:"usd"`
		Detail map[string]float64 `json:"detail"`
	}
	type event struct {
		ConversationID string  `json:"conversation_id"`
		ID             string  `json:"id"`
		Time           string  `json:"time"`
		CustomerID     string  `json:"customer_id"`
		Intent         string  `json:"intent"`
		Tier           string  `json:"tier"`
		Language       string  `json:"language"`
		Experiment     string  `json:"experiment"`
		Variant        string  `json:"variant"`
		Episode        float64 `json:"episode"`
		Resolution     *struct {
			Resolved  *bool    `json:"resolved"`
			Seconds   *float64 `json:"seconds"`
			Confirmed *bool    `json:"confirmed"`
		} `json:"resolution"`
		Escalation *struct {
			Escalated *bool  `json:"escalated"`
			Reason    string `json:"reason"`
		} `json:"escalation"`
		Turns      float64 `json:"turns"`
		TurnsDelta float64 `json:"turns_delta"`
		Cost       *money  `json:"cost"`
		CostDelta  *money  `json:"cost_delta"`
		SurveySent bool    `json:"survey_sent"`
		CSAT       float64 `json:"csat"`
	}
	body := sample(sampled)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		for line := range bytes.Lines(body) {
			var e event
			if err := json.Unmarshal(line, &e); err != nil {
				b.Fatal(err)
			}
		}
	}
	perEvent(b)
}

func BenchmarkCodec(b *testing.B) {
	var (
		d   Decoder
		log []byte
	)
	if err := d.Decode(sample(sampled), NDJSON, func(_ int, e *Event, err error) bool {
		e.Customer = 0x9e3779b97f4a7c15
		log = Append(log, e)
		return err == nil
	}); err != nil {
		b.Fatal(err)
	}
	var (
		e       Event
		scratch []byte
	)
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		for rest := log; len(rest) > 0; {
			var err error
			if rest, err = e.Parse(rest); err != nil {
				b.Fatal(err)
			}
			scratch = Append(scratch[:0], &e)
		}
	}
	perEvent(b)
	b.ReportMetric(float64(len(log))/sampled, "B/event")
}
