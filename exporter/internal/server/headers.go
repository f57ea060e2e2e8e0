package server

import "net/http"

// The headers of every answer but those to pushes. They are shared, since nobody
// changes them. The landing page has a style sheet of its own, and needs nothing
// else: no script, no picture, no form.
var (
	noSniffing    = []string{"nosniff"}
	noFrame       = []string{"DENY"}
	noReferrer    = []string{"no-referrer"}
	noStore       = []string{"no-store"}
	nothingLoaded = []string{"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
)

// protect has a browser make nothing of an answer but what it is: not another
// type, not a frame in somebody's page, not a cached copy. The headers of the web
// configuration come later, and replace these.
func protect(h http.Header) {
	h["X-Content-Type-Options"] = noSniffing
	h["X-Frame-Options"] = noFrame
	h["Referrer-Policy"] = noReferrer
	h["Cache-Control"] = noStore
	h["Content-Security-Policy"] = nothingLoaded
}

// refuse answers whoever may not ask at all.
func refuse(w http.ResponseWriter, why string) {
	protect(w.Header())
	w.Header().Set("Connection", "close")
	http.Error(w, why, http.StatusForbidden)
}
