package otlp

import (
	"encoding/json"

	"google.golang.org/protobuf/encoding/protowire"
)

// ContentType is the media type of an encoding.
func (e Encoding) ContentType() string {
	if e == JSON {
		return "application/json"
	}
	return "application/x-protobuf"
}

// Response is an ExportLogsServiceResponse: that all log records were taken or
// ignored, if none is rejected; else how many were not, and why.
//
// This message and that of Status are two fields long, and written by hand: the
// package that has them brings all of gRPC.
func Response(e Encoding, rejected int, message string) []byte {
	if e == JSON {
		type partialSuccess struct {
			RejectedLogRecords int64  `json:"rejectedLogRecords,string"`
			ErrorMessage       string `json:"errorMessage"`
		}
		var response struct {
			PartialSuccess *partialSuccess `json:"partialSuccess,omitempty"`
		}
		if rejected > 0 {
			response.PartialSuccess = &partialSuccess{int64(rejected), message}
		}
		return marshal(response)
	}
	if rejected == 0 {
		return nil
	}
	b := protowire.AppendTag(nil, 1, protowire.BytesType)
	return protowire.AppendBytes(b, numberAndText(rejected, message))
}

// Code is a google.rpc.Code.
type Code int

// The codes that failures have.
const (
	InvalidArgument   Code = 3
	PermissionDenied  Code = 7
	ResourceExhausted Code = 8
	Unimplemented     Code = 12
	Internal          Code = 13
	Unavailable       Code = 14
	Unauthenticated   Code = 16
)

// Status is a google.rpc.Status, the body of an answer to a request that failed
// as a whole.
func Status(e Encoding, c Code, message string) []byte {
	if e == JSON {
		return marshal(struct {
			Code    Code   `json:"code"`
			Message string `json:"message"`
		}{c, message})
	}
	return numberAndText(int(c), message)
}

// numberAndText is a message of a number in field 1 and a text in field 2.
func numberAndText(n int, text string) []byte {
	b := protowire.AppendTag(nil, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(n))
	b = protowire.AppendTag(b, 2, protowire.BytesType)
	return protowire.AppendString(b, text)
}

func marshal(v any) []byte {
	b, _ := json.Marshal(v) // a struct of numbers and strings always has a form
	return append(b, '\n')
}
