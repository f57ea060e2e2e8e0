package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"
)

// zeros is a body without an end, of any byte.
type zeros struct {
	of   byte
	left int
	read atomic.Int64
}

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	for i := range p[:n] {
		p[i] = z.of
	}
	z.left -= n
	z.read.Add(int64(n))
	return n, nil
}

const gigabyte = 1 << 30

// A push that is refused before its body has come is answered, also if the client
// sends all of the body before it reads. Who reads first has the answer at once, and
// who never ends is not waited for.
func TestRefusedBeforeTheBody(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir())
	guarded := startExporter(t, t.TempDir(), "--config.file="+writeTokens(t, agentToken))
	for _, tc := range []struct {
		e                *exporter
		media            string
		sent, comes, end int // bytes: as the header has it, before the client reads, and until the exporter must have closed
		want             int
	}{
		{e, "application/json", 17 << 20, 17 << 20, 0, http.StatusRequestEntityTooLarge},
		{e, "text/plain", 10 << 20, 10 << 20, 0, http.StatusUnsupportedMediaType},
		{guarded, "application/json", 10 << 20, 10 << 20, 0, http.StatusUnauthorized},
		{e, "text/plain", 10 << 20, 1 << 20, 0, http.StatusUnsupportedMediaType},
		{e, "application/json", -1, 20 << 20, gigabyte / 2, http.StatusRequestEntityTooLarge},
	} {
		what := fmt.Sprintf("%s, %d bytes, %d before it reads", tc.media, tc.sent, tc.comes)
		head, chunk := fmt.Sprintf("Content-Length: %d", tc.sent), strings.Repeat(" ", 1<<20)
		if tc.sent < 0 {
			head, chunk = "Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n", len(chunk), chunk)
		}
		c := tc.e.open(t, 1, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n%s\r\n\r\n", eventsPath, tc.media, head))[0]
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		for range tc.comes >> 20 {
			if _, err := io.WriteString(c, chunk); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		began := time.Now()
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != tc.want || resp.ContentLength != int64(len(body)) {
			t.Errorf("%s: got %d, want %d: %s, %v", what, resp.StatusCode, tc.want, body, err)
		}
		if took := time.Since(began); took > scrapeTimeout/2 { // the exporter does not wait for what does not come
			t.Errorf("%s: the answer came after %v", what, took)
		}
		sent := 0
		for ; err == nil && sent < tc.end; sent += len(chunk) {
			_, err = io.WriteString(c, chunk)
		}
		if tc.end > 0 && err == nil {
			t.Errorf("%s: %d bytes more are read", what, sent)
		}
	}
}

// A short body is read on, too, where the connection does not stay.
func TestRefusedWhereTheConnectionCloses(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir(), "--config.file="+writeTokens(t, agentToken))
	const size, piece = 192 << 10, 128
	c := e.open(t, 1, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", eventsPath, size))[0]
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	for range size / piece {
		if _, err := io.WriteString(c, strings.Repeat(" ", piece)); err != nil {
			t.Fatalf("the body is not read on: %v", err)
		}
		if _, err := r.Peek(1); err != nil { // the rest is sent when the answer has come
			t.Fatal(err)
		}
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d, want 401", resp.StatusCode)
	}
	_ = resp.Body.Close()
}

// A body of a gigabyte is refused, unread if it says how long it is, and else when
// it has become too long.
func TestGigabyteBody(t *testing.T) {
	t.Parallel()
	e := startExporter(t, t.TempDir())
	g := startGood(t, e)
	for _, length := range []int64{gigabyte, -1} {
		body := &zeros{of: ' ', left: gigabyte}
		r, err := http.NewRequest(http.MethodPost, "http://"+e.address()+eventsPath, body)
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = length
		r.Header.Set("Content-Type", "application/json")
		resp, err := e.client.Do(r)
		if err == nil { // else the exporter closed the connection first
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("length %d: got %d, want 413", length, resp.StatusCode)
			}
		}
		if sent := body.read.Load(); sent > 64<<20 {
			t.Errorf("length %d: %d bytes were sent before the connection was closed", length, sent)
		}
	}
	if got := e.own()[`support_exporter_requests_refused_total{reason="too_large"}`]; got != 2 {
		t.Errorf("%v requests were refused as too large, want 2", got)
	}
	g.finish(t)
	e.wantMemory(100 + 4*16)
}

// bomb compresses a gigabyte of one byte, as sixteen streams one behind the other:
// the first alone is four times what is allowed, and all are as quickly made as one.
func bomb(t *testing.T, encoding string) []byte {
	t.Helper()
	const streams = 16
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if encoding == "zstd" {
		var err error
		if w, err = zstd.NewWriter(&b, zstd.WithWindowSize(8<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.Copy(w, &zeros{of: ' ', left: gigabyte / streams}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.Repeat(b.Bytes(), streams)
}

// Small bodies that become a gigabyte are refused when they have become too large,
// however many come at the same time.
func TestDecompressionBombs(t *testing.T) {
	t.Parallel()
	clients, each := 32, 4
	if testing.Short() {
		clients, each = 8, 1
	}
	e := startExporter(t, t.TempDir())
	g := startGood(t, e)
	for _, encoding := range []string{"gzip", "zstd"} {
		body := bomb(t, encoding)
		if len(body) > 2<<20 {
			t.Fatalf("the bomb has %d bytes", len(body))
		}
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				for range each {
					a, err := e.tryPush(body, "Content-Encoding", encoding)
					if err != nil || a.status != http.StatusRequestEntityTooLarge && a.status != http.StatusTooManyRequests {
						t.Errorf("%s: got %s, %v; want 413, or 429", encoding, a.counts(), err)
					}
				}
			})
		}
		wg.Wait()
		again := compressTwice(t, body)
		if a := e.push(string(again), "Content-Encoding", "gzip"); a.status != http.StatusBadRequest || a.Rejected != 1 {
			t.Errorf("a bomb in an archive: %s, want one line that is not JSON", a.counts())
		}
	}
	g.finish(t)
	e.wantMemory(memoryOfPushes)
}

// memoryOfPushes is what pushes may take at the defaults, in MB, as the operating
// guide has it: four times max_inflight_bytes, twenty times max_body_bytes, and what
// a small exporter has.
const memoryOfPushes = 50 + (4*64+20*16)<<20/1_000_000

// Archives of valid events are many times as large as what comes, until they are
// committed: they count as what they become.
func TestLargeArchives(t *testing.T) {
	t.Parallel()
	clients, each := 32, 4
	if testing.Short() {
		clients, each = 8, 1
	}
	const conversations = 6000
	long := strings.Repeat("x", 60)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for i := range conversations {
		fmt.Fprintf(w, `{"conversation_id": "%d-%s", "customer_id": "%s", "turns": 2, "escalation": {"escalated": true, "reason": "%s"}, "cost": {"usd": 9, "detail": {`,
			i, strings.Repeat("x", 240), strings.Repeat("y", 250), strings.Repeat("z", 250))
		for k := range 16 {
			fmt.Fprintf(w, `"%s%d": 0.5, `, long, k)
		}
		fmt.Fprint(w, `"rest": 0.5}}}`+"\n")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	e := startExporter(t, t.TempDir())
	g := startGood(t, e)
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range each {
				a, err := e.tryPush(b.Bytes(), "Content-Encoding", "gzip")
				switch {
				case err == nil && a.status == http.StatusOK && a.Accepted+a.Duplicates == conversations:
					taken.Add(1)
				case err != nil || a.status != http.StatusTooManyRequests:
					t.Errorf("got %s, %v; want 200 or 429", a.counts(), err)
				}
			}
		})
	}
	wg.Wait()
	if taken.Load() == 0 {
		t.Error("no archive was taken")
	}
	g.finish(t)
	e.wantMemory(memoryOfPushes)
}

func compressTwice(t *testing.T, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(bytes.ReplaceAll(body, []byte("\n"), nil)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What is nested without end is an error like any other.
func TestDeepNesting(t *testing.T) {
	t.Parallel()
	const depth = 300_000
	e := startExporter(t, t.TempDir())
	deep := func(open, inner, end string) string {
		return strings.Repeat(open, depth) + inner + strings.Repeat(end, depth)
	}
	for _, tc := range []struct {
		name, path, media, body string
		want                    int
	}{
		{"arrays", eventsPath, "application/json", deep("[", "", "]"), 400},
		{"objects", eventsPath, "application/json", deep(`{"a":`, "1", "}"), 400},
		{"in an event", eventsPath, "application/x-ndjson", `{"conversation_id": "c", "x": ` + deep("[", "", "]") + "}", 400},
		{"in an event of an array", eventsPath, "application/json", `[{"conversation_id": "c", "x": ` + deep(`[{"a":`, "1", "}]") + "}]", 400},
		{"without an end", eventsPath, "application/json", strings.Repeat("[", depth), 400},
		{"in a CloudEvent", eventsPath, "application/cloudevents+json", `{"specversion": "1.0", "type": "t", "source": "s", "id": "1", "data": ` + deep("[", "", "]") + "}", 400},
		{"in a log record", "/v1/logs", "application/json",
			`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"gen_ai.conversation.id","value":` +
				deep(`{"arrayValue":{"values":[`, "", "]}}") + `}]}]}]}]}`, 400},
		// An answer of OTLP says what was rejected.
		{"in a log record's protobuf", "/v1/logs", "application/x-protobuf", deepProtobuf(10_000), 200},
	} {
		r := e.request(http.MethodPost, tc.path, []byte(tc.body), "Content-Type", tc.media)
		if r.status != tc.want {
			t.Errorf("%s: got %d, want %d: %.200s", tc.name, r.status, tc.want, r.body)
		}
		if len(r.body) > 1000 {
			t.Errorf("%s: an answer of %d bytes", tc.name, len(r.body))
		}
	}
	e.mustPush(`{"conversation_id": "c-1", "turns": 1}`)
	e.wantMemory(400)
}

// deepProtobuf is a log record whose attribute is an array in an array and so on.
func deepProtobuf(depth int) string {
	value := []byte{}
	for range depth {
		array := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), value) // ArrayValue.values
		value = protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), array)  // AnyValue.array_value
	}
	attribute := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "gen_ai.conversation.id")
	attribute = protowire.AppendBytes(protowire.AppendTag(attribute, 2, protowire.BytesType), value)
	logs := protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), attribute)
	for _, field := range []protowire.Number{2, 2, 1} { // log_records, scope_logs, resource_logs
		logs = protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), logs)
	}
	return string(logs)
}

// A million conversations take what a million conversations may, and the good
// client's are served beside them.
func TestMillionConversations(t *testing.T) {
	const batch = 10_000
	n := 1_000_000
	if testing.Short() || len(raceFlags) > 0 {
		n = 100_000
	}
	e := startExporter(t, t.TempDir())
	g := startGood(t, e)
	var b bytes.Buffer
	for at := 0; at < n; at += batch {
		b.Reset()
		for i := range batch {
			fmt.Fprintf(&b, "{\"conversation_id\": \"conversation-%d\", \"intent\": \"intent %[1]d\", \"turns\": 2}\n", at+i)
		}
		for {
			a, err := e.tryPush(b.Bytes())
			if err == nil && a.status == http.StatusOK && a.Accepted == batch {
				break
			}
			if err != nil || a.status != http.StatusTooManyRequests {
				t.Fatalf("at conversation %d: %s, %v", at, a.counts(), err)
			}
		}
	}
	eventually(t, "all are tracked", func() error { // the gauge is set after the answer
		if got := e.own()["support_exporter_conversations_tracked"]; got < float64(n) {
			return fmt.Errorf("%v conversations are tracked, want %d", got, n)
		}
		return nil
	})
	if got := e.own()[`support_exporter_label_overflow_total{label="intent"}`]; got < float64(n-100) {
		t.Errorf("%v intents are counted as other, want all but 100", got)
	}
	g.finish(t)
	// Twice the conversations' own, since the garbage collector runs when the heap has doubled.
	e.wantMemory(200 + 2*n*160/1e6)
}
