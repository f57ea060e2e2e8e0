package ledger

import (
	"errors"
	"fmt"
	"io"

	"supportexporter/exporter/internal/conversation"
	"supportexporter/exporter/internal/journal"
)

// ErrExists is what Create fails with where there is a store already.
var ErrExists = errors.New("the folder holds a store already")

// Create writes a store that holds s, for an exporter to go on from, and
// releases fs. The store is there whole or not at all: its only checkpoint gets
// its name last.
//
// A store that began when s began is taken for the one that an earlier, killed
// Create has written, and stays as it is. Any other fails with ErrExists.
func Create(fs journal.FS, s *conversation.State) (err error) {
	j, err := journal.Open(fs, journal.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	restored, err := j.Restore(func(r io.Reader) error {
		there, err := conversation.Load(r)
		if err == nil && there.Start() != s.Start() {
			err = ErrExists
		}
		return err
	})
	if restored || err != nil {
		return err
	}
	if err := j.Replay(func(uint64, []byte) error { return ErrExists }); err != nil {
		return err
	}
	frozen, err := s.Freeze()
	if err != nil {
		return err
	}
	defer s.Thaw()
	c, err := j.StartCheckpoint()
	if err != nil {
		return fmt.Errorf("creating the store: %w", err)
	}
	return c.Write(frozen.Write)
}
