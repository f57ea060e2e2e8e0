// Package otlp reads conversation events from the log records of an OTLP/HTTP
// request, as OpenTelemetry SDKs and Collectors send them to /v1/logs, and
// writes what they expect as an answer.
//
//	ExportLogsServiceRequest ─► ResourceLogs ─► ScopeLogs ─► LogRecord ─► event
//
// Most log records of a pipeline are not about support. So the request is walked
// record by record, and only those that name a conversation are decoded, into
// the types of go.opentelemetry.io/proto/otlp. Decoded as a whole, sixteen
// megabytes of empty records would take more than a gigabyte of memory.
//
// Of such a record this package makes one line of JSON as package event reads
// it, and leaves it to that package to judge what is in it: the same limits and
// the same errors, in whichever form an event comes.
package otlp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"supportexporter/exporter/internal/event"
)

// Encoding is how a request is encoded, and its answer with it.
type Encoding int

// The encodings of OTLP/HTTP.
const (
	Protobuf Encoding = iota // application/x-protobuf
	JSON                     // application/json
)

// Ignored counts what a request has that is not meant for this exporter.
type Ignored struct {
	NoConversation int // log records without gen_ai.conversation.id
	NothingOfOurs  int // log records of a conversation, without any attribute of Attribute's
	Attributes     int // attributes support.* that have no meaning here, of records that are events
}

// MaxRecordBytes is the longest log record of a conversation that is decoded.
// An event is hundreds of bytes; what is decoded takes up to a hundred times its
// length, and requests are many.
const MaxRecordBytes = 256 << 10

// Each reads body and calls yield for each log record that is an event, in
// order, until yield returns false. index counts all log records of the request,
// from 0. Either err is nil, and line is an event in JSON without newlines, good
// until yield returns and not yet judged; or err is an *event.FieldError, and
// this record alone is rejected. What is ignored is not yielded.
//
// An error says that body is no request: events yielded before it must be dropped.
func Each(body []byte, e Encoding, yield func(index int, line []byte, err error) bool) (Ignored, error) {
	r := &reader{encoding: e, yield: yield}
	err := r.request(body)
	if err == errStopped {
		err = nil
	}
	return r.ignored, err
}

// reader reads one request.
type reader struct {
	encoding Encoding
	yield    func(int, []byte, error) bool
	ignored  Ignored
	index    int // of the next record
	log      logspb.LogRecord
}

// errStopped ends the walk when yield wants no more.
var errStopped = errors.New("stopped")

func (r *reader) request(body []byte) error {
	if r.encoding == JSON {
		return walkJSON(body, r.record)
	}
	return walkProtobuf(body, r.record)
}

// record reads one log record, in the request's encoding.
func (r *reader) record(raw []byte) error {
	index := r.index
	r.index++
	if !r.mayBeOurs(raw) {
		r.ignored.NoConversation++
		return nil
	}
	line, err := r.line(raw)
	if line == nil && err == nil {
		return nil
	}
	if !r.yield(index, line, err) {
		return errStopped
	}
	return nil
}

// mayBeOurs says whether a record can name a conversation: without decoding it,
// since most do not. An escaped name is as good as a plain one.
func (r *reader) mayBeOurs(raw []byte) bool {
	return bytes.Contains(raw, []byte(conversationID)) || r.encoding == JSON && bytes.IndexByte(raw, '\\') >= 0
}

// line makes the event of a log record; nil if it is none.
func (r *reader) line(raw []byte) ([]byte, error) {
	if len(raw) > MaxRecordBytes {
		return nil, rejected("", event.ReasonRange, "a log record of a conversation may have %d bytes, got %d", MaxRecordBytes, len(raw))
	}
	if err := r.decode(raw); err != nil {
		// The library varies its spaces, so that nobody relies on its words.
		return nil, rejected("", event.ReasonSyntax, "not a log record: %s", strings.ReplaceAll(err.Error(), "\u00a0", " "))
	}
	return r.translate()
}

func (r *reader) decode(raw []byte) error {
	if r.encoding == Protobuf {
		return proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(raw, &r.log)
	}
	err := protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(raw, &r.log)
	r.log.TraceId, r.log.SpanId = unhex(r.log.TraceId), unhex(r.log.SpanId)
	return err
}

// unhex gives an id that OTLP writes in hexadecimal, unlike all other bytes in
// the JSON of protobuf, whose library has therefore read it as base64.
func unhex(id []byte) []byte {
	if plain, err := hex.DecodeString(base64.StdEncoding.EncodeToString(id)); err == nil {
		return plain
	}
	return id
}

func rejected(field string, reason event.Reason, format string, args ...any) error {
	return &event.FieldError{Field: field, Reason: reason, Message: fmt.Sprintf(format, args...)}
}
