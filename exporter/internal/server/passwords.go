package server

import (
	"context"
	"net/http"
	"sync"

	"supportexporter/exporter/internal/fair"
)

// guess has next, which is exporter-toolkit's, look at a password when it is the
// client's turn. That takes a tenth of a second for one that was not right lately,
// and is done for one request at a time: who only guesses would keep everybody who
// knows one waiting. The turn ends when the password turns out right, or wrong.
func (d *daemon) guess(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if err := d.passwords.Wait(r.Context(), fair.Address(r.RemoteAddr)); err != nil {
		panic(http.ErrAbortHandler) // the client has gone, or does not send any more
	}
	end := sync.OnceFunc(d.passwords.End)
	defer end()
	next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), turn{}, end)))
}

// turn is the key of what ends a client's turn.
type turn struct{}

// known is what exporter-toolkit leads to: who comes here needs no turn any more.
func known(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if end, ok := r.Context().Value(turn{}).(func()); ok {
			end()
		}
		next.ServeHTTP(w, r)
	})
}
