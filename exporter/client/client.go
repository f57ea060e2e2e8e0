// Package client pushes conversation events to the support exporter.
//
// An agent makes one Client and calls Enqueue wherever something happened:
//
//	c, err := client.New(client.Options{})
//	...
//	err = c.Enqueue(client.Event{ConversationID: "c-1", CSAT: 5})
//	...
//	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
//	defer cancel()
//	err = c.Close(closing)
//
// Close gets a context of its own: that of a program which a signal ends is over
// by then, and all that is queued would be lost.
//
// Enqueue never blocks. One goroutine sends what is queued in batches, by size
// and by time, and repeats what fails. Send does the same for a slice at once
// and waits for the answer.
//
// Repeating is always safe. The client gives each event an id before its first
// attempt, and the exporter counts an id once within its conversation; so a
// lost answer or a crash of the exporter never counts anything twice. Over a
// restart of the agent the same holds for facts, which count once in any case,
// and for increments (TurnsDelta, CostDelta) to which the agent gave ids of its
// own: with a random one, a second Enqueue is a second increment.
//
// What may be lost is what was queued and not yet answered when this process
// died. An agent that must not lose that either keeps its events until Send has
// returned.
package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// DefaultURL is where an exporter on the same machine listens.
const DefaultURL = "http://127.0.0.1:10877"

// Errors of Enqueue and of calls on a closed client.
var (
	ErrQueueFull = errors.New("event queue is full")
	ErrClosed    = errors.New("client is closed")
)

// Options configures a Client. The zero value is ready for use.
type Options struct {
	URL        string       // the exporter's address, without /api; $SUPPORT_EXPORTER_URL, else DefaultURL
	Token      string       // bearer token, if the exporter wants one; goes before a name in the URL
	HTTPClient *http.Client // for TLS, proxies and the like; one of the client's own

	BatchSize     int           // events in a request; 500
	QueueSize     int           // events that may wait, beside the batch being sent; 10,000
	FlushInterval time.Duration // how long an event waits for its batch to fill; 1s
	MaxElapsed    time.Duration // how long one batch is tried before it is given up; 15m

	// Logger is told of retries, of rejected, lost and refused events; nobody is by default.
	Logger *slog.Logger

	// OnReject is called for each queued event that will not be counted: the
	// error is an EventError if the exporter rejected it, and any other if it
	// could not be delivered, so that sending it later can succeed. Calls come
	// one at a time from the sending goroutine, which waits. It may call
	// Enqueue, but neither Flush nor Close.
	OnReject func(Event, error)
}

// Client sends events to one exporter. Its methods may be called concurrently.
type Client struct {
	url        string
	auth       string // what the requests' header says; "" for none
	http       *http.Client
	ownHTTP    bool
	batchSize  int
	interval   time.Duration
	maxElapsed time.Duration
	log        *slog.Logger
	onReject   func(Event, error)
	zips       sync.Pool // of *gzip.Writer
	stats      counters

	mu      sync.RWMutex // held for reading while an event is queued
	closed  bool
	queue   chan item
	flushes chan chan error // each takes one error, without blocking
	closing chan struct{}
	due     time.Time     // when Close gives up, once closing is closed; zero for never
	done    chan struct{} // closed when the sending goroutine has ended
	lost    error         // what was lost by then
	ctx     context.Context
	cancel  context.CancelFunc // gives up all that is still to be sent
}

// New checks the options and starts a client, which the caller must Close.
func New(o Options) (*Client, error) {
	endpoint, auth, err := endpoint(o.URL)
	if err != nil {
		return nil, err
	}
	if token := strings.TrimSpace(o.Token); token != "" {
		if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, errors.New("token: must be printable ASCII without spaces")
		}
		auth = "Bearer " + token
	}
	c := &Client{
		url:      endpoint,
		auth:     auth,
		http:     o.HTTPClient,
		log:      o.Logger,
		onReject: o.OnReject,
		flushes:  make(chan chan error),
		closing:  make(chan struct{}),
		done:     make(chan struct{}),
	}
	if c.batchSize, err = orDefault("batch size", o.BatchSize, 500); err != nil {
		return nil, err
	}
	queueSize, err := orDefault("queue size", o.QueueSize, 10_000)
	if err != nil {
		return nil, err
	}
	if c.interval, err = orDefault("flush interval", o.FlushInterval, time.Second); err != nil {
		return nil, err
	}
	if c.maxElapsed, err = orDefault("max elapsed", o.MaxElapsed, 15*time.Minute); err != nil {
		return nil, err
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.http == nil {
		c.http, c.ownHTTP = &http.Client{Transport: newTransport()}, true
	}
	c.queue = make(chan item, queueSize)
	c.zips.New = newZip
	c.ctx, c.cancel = context.WithCancel(context.Background())
	go c.run()
	return c, nil
}

// newTransport is one of this client's own, so that Close can take its idle
// connections away without touching anybody else's.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     90 * time.Second,
	}
}

// newZip prefers speed: events are so alike that they shrink to a tenth anyway.
func newZip() any {
	zip, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for an unknown level alone
	return zip
}

// endpoint is the address that events are posted to. The name and the password
// of the one given are in the header alone: errors repeat addresses.
func endpoint(base string) (address, auth string, err error) {
	if base == "" {
		base = os.Getenv("SUPPORT_EXPORTER_URL")
	}
	if base == "" {
		base = DefaultURL
	}
	u, err := url.Parse(base)
	switch { // a message does not repeat the address: it may hold a password
	case err != nil:
		return "", "", errors.New("exporter url: is none; in a name or a password what has a meaning in a url must be %-escaped")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", "", errors.New("exporter url: must begin with http:// or https://")
	case u.Hostname() == "":
		return "", "", errors.New("exporter url: has no host")
	case u.RawQuery != "" || u.Fragment != "":
		return "", "", errors.New("exporter url: must have no query and no fragment")
	}
	if u.User != nil {
		password, _ := u.User.Password()
		auth = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
		u.User = nil
	}
	return u.JoinPath("api", "v1", "events").String(), auth, nil
}

// orDefault is an option's value, or what it stands for when zero.
func orDefault[T int | time.Duration](name string, value, byDefault T) (T, error) {
	if value < 0 {
		return 0, fmt.Errorf("%s %v: must not be negative", name, value)
	}
	if value == 0 {
		return byDefault, nil
	}
	return value, nil
}

// Send gives each event without an id one, and each without a time that of the
// call, in the slice itself, posts them in one request and waits for the answer,
// with the retries of Post. After an error the same slice may be sent again.
// Result.Errors index into it.
func (c *Client) Send(ctx context.Context, events []Event) (Result, error) {
	lines := make([][]byte, len(events))
	for i := range events {
		line, err := events[i].encode()
		if err != nil {
			return Result{}, fmt.Errorf("event %d: %w", i, err)
		}
		lines[i] = line
	}
	return c.Post(ctx, lines)
}
