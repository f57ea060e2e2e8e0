package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"supportexporter/exporter/client"
)

// newExporter stands for a running exporter that accepts one event a request.
func newExporter() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"accepted": 1, "duplicates": 0, "rejected": 0, "errors": []}`)
	}))
}

// An agent enqueues what happens and goes on with its work. What is queued is
// sent in the background, and at the latest by Close.
func Example() {
	exporter := newExporter() // yours runs already, at $SUPPORT_EXPORTER_URL
	defer exporter.Close()

	c, err := client.New(client.Options{URL: exporter.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = c.Enqueue(client.Event{
		ConversationID: "c-42",
		Intent:         "refund",
		Language:       "en",
		Turns:          6,
		Cost:           &client.Cost{USD: 0.031, Detail: map[string]float64{"llm": 0.028, "tools": 0.003}},
		Resolution:     &client.Resolution{Resolved: true, Seconds: new(94.5)},
	})
	if err != nil { // the queue is full: the exporter has been away for long
		fmt.Println(err)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println(c.Stats().Accepted, "accepted")
	// Output: 1 accepted
}

// Send waits for the answer. Use it where an event must not be lost: keep the
// events until it returns, and call it again with the same ones if it fails.
func ExampleClient_Send() {
	exporter := newExporter()
	defer exporter.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	c, err := client.New(client.Options{URL: exporter.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(ctx)
	result, err := c.Send(ctx, []client.Event{{ConversationID: "c-42", CSAT: 5}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, rejected := range result.Errors {
		fmt.Println(rejected.Index, rejected)
	}
	fmt.Println(result.Accepted, "accepted")
	// Output: 1 accepted
}
