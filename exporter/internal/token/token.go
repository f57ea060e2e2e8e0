// Package token knows who may push: it reads the tokens file and checks bearer
// tokens against it.
//
// A line of the file is a name and the SHA-256 of a token in hex; what follows
// a # is a comment:
//
//	# name  SHA-256 of the token
//	billing-bot  3d3f2f0b…64 digits  # until 2027
//
// The file holds no tokens, so that reading it lets nobody push. A plain hash
// is enough for that, and cheap enough for every request, because tokens are
// long and random: a password would need a slow one.
//
// Nothing here ever shows a token, a hash or any other word of the file, not
// even in an error: a line that is wrong may well hold a token.
package token

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Set is who may push. It is never changed and safe for concurrent use.
type Set struct {
	entries []entry
}

type entry struct {
	name string
	hash [sha256.Size]byte
	line int
}

// Load reads the file at path. It must hold one entry at least: a file without
// any would lock everybody out.
//
// The error joins one error for each line that is wrong, and names it.
func Load(path string) (*Set, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	return parse(path, string(content))
}

// Check finds the entry of the token and gives its name. How long it takes
// depends on the number of entries and the token's length alone.
func (s *Set) Check(bearer string) (name string, ok bool) {
	hash := sha256.Sum256([]byte(bearer))
	found := -1
	for i := range s.entries {
		same := subtle.ConstantTimeCompare(hash[:], s.entries[i].hash[:])
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found < 0 {
		return "", false
	}
	return s.entries[found].name, true
}

func parse(path, content string) (*Set, error) {
	var s Set
	var errs []error
	for i, line := range strings.Split(content, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if err := s.add(words, i+1); err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", path, i+1, err))
		}
	}
	if len(errs) == 0 && len(s.entries) == 0 {
		errs = append(errs, fmt.Errorf("%s: holds no token", path))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &s, nil
}

// add makes an entry of the words of a line. Names and hashes are each used
// once: of two entries with one hash, one would be found by chance.
func (s *Set) add(words []string, line int) error {
	if len(words) != 2 {
		return fmt.Errorf("must be a name and a SHA-256 in hex, got %d words", len(words))
	}
	e := entry{name: words[0], line: line}
	if !validName(e.name) {
		return fmt.Errorf("name must be 1 to %d letters, digits, '.', '-' or '_', got %d bytes", maxName, len(e.name))
	}
	hash, err := hex.DecodeString(words[1])
	if err != nil || len(hash) != sha256.Size {
		return fmt.Errorf("SHA-256 must be %d hex digits, got %d bytes", 2*sha256.Size, len(words[1]))
	}
	e.hash = [sha256.Size]byte(hash)
	if e.hash == sha256.Sum256(nil) {
		return errors.New("SHA-256 is that of an empty token")
	}
	for _, other := range s.entries {
		if other.name == e.name {
			return fmt.Errorf("name is already on line %d", other.line)
		}
		if other.hash == e.hash {
			return fmt.Errorf("token is already on line %d", other.line)
		}
	}
	s.entries = append(s.entries, e)
	return nil
}

// maxName keeps names fit for a log line.
const maxName = 64

func validName(s string) bool {
	return len(s) > 0 && len(s) <= maxName && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", r)
	})
}
