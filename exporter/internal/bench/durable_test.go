package bench

import (
	"net"

	"github.com/valyala/fasthttp"

	"supportexporter/exporter/internal/ingest"
	"supportexporter/exporter/internal/journal"
)

// durable makes a push durable before it answers, and no more: the HTTP server and
// the log are the exporter's, pushes that wait share a sync, and nothing is read of
// a body or counted.
type durable struct {
	journal *journal.Journal
	waiting chan *entry
}

// entry is a push that waits to be durable.
type entry struct {
	body []byte
	done chan error
}

// serveDurable does not return before something is wrong. The log is in a folder.
func serveDurable(address, folder string) error {
	fs, err := journal.OS(folder)
	if err != nil {
		return err
	}
	j, err := journal.Open(fs, journal.Options{})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	d := &durable{journal: j, waiting: make(chan *entry, 1024)}
	go d.commit()
	server := fasthttp.Server{Handler: d.serve}
	return server.Serve(listener)
}

func (d *durable) serve(c *fasthttp.RequestCtx) {
	switch string(c.Path()) {
	case readyPath:
		return
	case ingest.Path:
	default:
		c.Error("no such path", fasthttp.StatusNotFound)
		return
	}
	e := &entry{c.PostBody(), make(chan error, 1)}
	d.waiting <- e
	if err := <-e.done; err != nil {
		c.Error(err.Error(), fasthttp.StatusServiceUnavailable)
		return
	}
	c.SetContentType("application/json")
	c.Response.Header.Set("X-Content-Type-Options", "nosniff")
	c.SetBodyString(emptyAnswer)
}

// commit appends whatever waits as one frame.
func (d *durable) commit() {
	var group []*entry
	var parts [][]byte
	for e := range d.waiting {
		group, parts = append(group[:0], e), append(parts[:0], e.body)
		for range len(d.waiting) {
			e := <-d.waiting
			group, parts = append(group, e), append(parts, e.body)
		}
		err := d.journal.Append(parts...)
		for _, e := range group {
			e.done <- err
		}
	}
}
