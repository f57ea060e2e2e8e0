package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
)

// A token of an agent, and all that must not be seen of it.
const agentToken = "TOKEN-4711-of-an-agent"

func tokenMarks() []string {
	hash := sha256.Sum256([]byte(agentToken))
	return []string{
		agentToken, fmt.Sprintf("%x", hash), fmt.Sprintf("%X", hash),
		base64.StdEncoding.EncodeToString([]byte(agentToken)), base64.StdEncoding.EncodeToString(hash[:]),
	}
}

// carriers are the headers in which clients send credentials, rightly or not.
func carriers() [][]string {
	basic := base64.StdEncoding.EncodeToString([]byte("agent:" + agentToken))
	var all [][]string
	for _, value := range []string{
		"Bearer " + agentToken, "bearer " + agentToken, "Bearer  " + agentToken + " ", "Bearer\t" + agentToken, "Bearer" + agentToken,
		"Bearer " + agentToken + " more", "Bearer wrong-" + agentToken, "Bearer " + agentToken + "," + agentToken, "Bearer \"" + agentToken + "\"",
		agentToken, "Token " + agentToken, "Basic " + agentToken, "Basic " + basic, "Digest username=" + agentToken, "Bearer é" + agentToken,
	} {
		all = append(all, []string{"Authorization", value})
	}
	for _, name := range []string{"X-Api-Key", "Proxy-Authorization", "Cookie", "User-Agent", "Referer", "X-Request-Id", "Traceparent"} {
		all = append(all, []string{name, agentToken})
	}
	return all
}

// A token and its hash are nowhere to be found, whatever clients do with it: not
// in an answer, a metric or a line of the log.
func TestTokensNeverAppear(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	e := startExporter(t, store, "--log.level=debug", "--web.enable-lifecycle", "--config.file="+writeTokens(t, agentToken))
	seen := &search{t: t, marks: tokenMarks()}
	statuses := map[int]int{}
	for _, path := range []string{eventsPath, "/v1/logs", "/metrics", "/metrics/exporter", "/", "/nowhere", reloadPath, variantOfGreeting} {
		for _, header := range carriers() {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				r := e.request(method, path, []byte(goodEvent), header...)
				statuses[r.status]++
				seen.in(fmt.Sprint(method, path, header), r.body)
				seen.in(fmt.Sprint(method, path, header), fmt.Append(nil, r.header))
			}
		}
		seen.in(path, e.get(path+"?access_token="+agentToken+"&token="+agentToken).body)
	}
	for _, body := range []string{ // a value that stands for an event's own comes back to who sent it, and to nobody else
		agentToken, `{"conversation_id": "c", "token": "` + agentToken + `"}`, "access_token=" + agentToken,
		`{"conversation_id": "c", "authorization": "Bearer ` + agentToken, `{"conversation_id": "c", "headers": {"` + agentToken + `": 1}}`,
	} {
		for _, media := range []string{mediaJSON, mediaNDJSON, "application/x-www-form-urlencoded", "application/x-protobuf"} {
			for _, encoding := range []string{"", "gzip", "zstd"} {
				for _, path := range []string{eventsPath, "/v1/logs"} {
					r := e.request(http.MethodPost, path, []byte(body), "Authorization", "Bearer "+agentToken, "Content-Type", media, "Content-Encoding", encoding)
					statuses[r.status]++
					seen.in(body, r.body)
				}
			}
		}
	}
	for _, status := range []int{200, 400, 401, 403, 404, 405, 415} {
		if statuses[status] == 0 {
			t.Errorf("nothing was answered with %d: the test searches too little (%v)", status, statuses)
		}
	}
	seen.inExporter(e, store)
	e.stop()
	seen.in("the log", []byte(e.output.String()))
}

// Files that are wrong may hold a token anywhere. What is said of them names the
// line, and nothing that stands there.
func TestTokensFileNeverAppears(t *testing.T) {
	t.Parallel()
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(agentToken)))
	seen := &search{t: t, marks: tokenMarks()}
	good := writeTokens(t, agentToken)
	running := filepath.Join(t.TempDir(), "config.yml")
	rewrite(t, running, readFile(t, good))
	e := startExporter(t, t.TempDir(), "--config.file="+running, "--web.enable-lifecycle", "--log.level=debug")
	e.expectError("The configuration was not reloaded")
	for _, line := range []string{
		agentToken, "agent " + agentToken, agentToken + " " + hash + " " + hash, "agent: " + hash, hash, "agent " + hash + "0", "agent " + hash[1:],
		"a " + hash + "\nb " + hash, "a " + hash + "\na " + agentToken, agentToken + "/ " + hash, "a\x00 " + agentToken, "# " + agentToken,
	} {
		bad := writeFile(t, "config.yml", fmt.Sprintf("ingest: {tokens_file: %s}\n", writeFile(t, "tokens", line+"\n")))
		wantSilentFailure(t, seen, line, "--config.file="+bad, "--config.check")
		wantSilentFailure(t, seen, line, "--config.file="+bad, "--storage.path=store", "--web.listen-address=127.0.0.1:0", "--log.level=debug")
		rewrite(t, running, readFile(t, bad))
		seen.in("reloading "+line, e.wantStatus(http.StatusInternalServerError, http.MethodPost, reloadPath).body)
	}
	for _, text := range []string{
		"ingest: {token: " + agentToken + "}", "ingest: {tokens: [" + agentToken + "]}", "ingest: {tokens_file: [" + agentToken + "]}",
		"ingest: {tokens_file: {a: " + agentToken + "}}", "tokens:\n  - " + agentToken, "ingest: {tokens: {agent: " + hash + "}}",
	} {
		wantSilentFailure(t, seen, text, "--config.file="+writeFile(t, "config.yml", text), "--config.check")
	}
	seen.inAnswers(e)
}

// wantSilentFailure runs an exporter that cannot start, and does not say why in
// full.
func wantSilentFailure(t *testing.T, seen *search, what string, args ...string) {
	t.Helper()
	code, stdout, stderr := runExporter(t, t.TempDir(), args...)
	if code != 1 || stderr == "" {
		t.Errorf("%q: exit code %d and %q, want a failure that is told of", what, code, stderr)
	}
	seen.in(what, []byte(stdout+stderr))
}
