package ingest

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	"supportexporter/exporter/internal/otlp"
)

// LogsPath is where OpenTelemetry's SDKs and Collectors push log records.
const LogsPath = "/v1/logs"

// logsForm says how the log records of a request are encoded.
func logsForm(r *http.Request) (form, error) {
	header := r.Header.Get("Content-Type")
	switch media, _, _ := mime.ParseMediaType(header); media {
	case "application/x-protobuf":
		return formProtobufLogs, nil
	case "application/json":
		return formJSONLogs, nil
	}
	return 0, refuse(http.StatusUnsupportedMediaType, "media_type",
		"Content-Type: want application/x-protobuf or application/json, got %.100q", header)
}

// encoding is that of a form of log records, in which they are answered too. A
// request that is neither may come from a person, who can read JSON.
func (f form) encoding() otlp.Encoding {
	if f == formProtobufLogs {
		return otlp.Protobuf
	}
	return otlp.JSON
}

// maxLogErrors is how many rejected log records an answer explains. Exporters
// log what they are told, as one line.
const maxLogErrors = 10

// writeLogs answers as OTLP/HTTP wants it, and gives the code. Log records that
// are rejected one by one, even all of them, are a partial success: the exporter
// must not send them again.
func (a *Answer) writeLogs(w http.ResponseWriter, r *http.Request, code int) int {
	f, _ := logsForm(r)
	e := f.encoding()
	h := w.Header()
	h.Set("Content-Type", e.ContentType())
	h["X-Content-Type-Options"] = noSniffing
	var body []byte
	if code == http.StatusOK || a.Rejected > 0 {
		code = http.StatusOK
		body = otlp.Response(e, a.Rejected, a.logErrors())
	} else {
		body = otlp.Status(e, statusCode(code), a.Errors[0].Message)
	}
	w.WriteHeader(code)
	_, _ = w.Write(body) // a client that has gone sends again
	return code
}

// logErrors says which log records were rejected, and why.
func (a *Answer) logErrors() string {
	var b strings.Builder
	for i, e := range a.Errors {
		if i == maxLogErrors {
			fmt.Fprintf(&b, "; and %d more", len(a.Errors)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "log record %d: ", e.Index)
		if e.Field != "" {
			b.WriteString(otlp.Attribute(e.Field) + ": ")
		}
		b.WriteString(e.Message)
	}
	return b.String()
}

// statusCode is what gRPC calls a failure.
func statusCode(code int) otlp.Code {
	switch code {
	case http.StatusUnauthorized:
		return otlp.Unauthenticated
	case http.StatusForbidden:
		return otlp.PermissionDenied
	case http.StatusMethodNotAllowed:
		return otlp.Unimplemented
	case http.StatusTooManyRequests:
		return otlp.ResourceExhausted
	case http.StatusServiceUnavailable:
		return otlp.Unavailable
	case http.StatusInternalServerError:
		return otlp.Internal
	}
	return otlp.InvalidArgument
}
