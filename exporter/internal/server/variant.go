package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"supportexporter/exporter/internal/event"
)

// variantPath is where agents ask which variant a conversation gets.
const variantPath = "/api/v1/experiments/{experiment}/variant"

// variant is the answer.
type variant struct {
	Experiment string `json:"experiment"`
	Variant    string `json:"variant"`
}

// variantErrors is the answer to a request that cannot have one, in the form in
// which pushes are answered.
type variantErrors struct {
	Errors []variantError `json:"errors"`
}

type variantError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// variant answers which variant a conversation gets. It asks nothing of the
// store, and so does not wait until that is recovered: an agent that begins a
// conversation cannot either.
func (d *daemon) variant(w http.ResponseWriter, r *http.Request) {
	id, err := conversationID(r.URL.RawQuery)
	if err != nil {
		answerJSON(w, http.StatusBadRequest, variantErrors{[]variantError{{"conversation_id", err.Error()}}})
		return
	}
	name := r.PathValue("experiment")
	split, declared := (*d.splits.Load())[name]
	if !declared {
		message := fmt.Sprintf("must be one that the configuration declares, got %.200q", name)
		answerJSON(w, http.StatusNotFound, variantErrors{[]variantError{{"experiment", message}}})
		return
	}
	answerJSON(w, http.StatusOK, variant{name, split.Variant(id, time.Now())})
}

// conversationID takes the conversation's id from a query, by the rules for that
// of an event: another form of it would be another conversation.
func conversationID(query string) (string, error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return "", fmt.Errorf("must be escaped as a query is: %w", err)
	}
	given := q["conversation_id"]
	if len(given) != 1 {
		return "", fmt.Errorf("must be given once, as in ?conversation_id=c-1; got it %d times", len(given))
	}
	switch id := given[0]; {
	case id == "" || len(id) > event.MaxConversationID:
		return "", fmt.Errorf("must be 1 to %d bytes long, got %d", event.MaxConversationID, len(id))
	case !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl):
		return "", fmt.Errorf("must be UTF-8 without control characters, got %q", id)
	default:
		return id, nil
	}
}

func answerJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone asks again
}
