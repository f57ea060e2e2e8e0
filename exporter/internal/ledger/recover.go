package ledger

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"supportexporter/exporter/internal/conversation"
)

// recover loads the checkpoint, applies the frames behind it, and puts the
// configured settings in force.
func (l *Ledger) recover() error {
	restored, err := l.journal.Restore(func(r io.Reader) (err error) {
		l.state, err = conversation.Load(r)
		return err
	})
	if err != nil {
		return err
	}
	if !restored {
		if err := l.create(); err != nil {
			return fmt.Errorf("creating the store: %w", err)
		}
		return nil
	}
	if err := l.journal.Replay(func(_ uint64, frame []byte) error { return l.apply(frame) }); err != nil {
		return err
	}
	return l.configure(l.o.Settings)
}

// create begins a store. Its first checkpoint holds the secret and the moment
// of creation, so it is written before anything else.
func (l *Ledger) create() error {
	err := l.journal.Replay(func(uint64, []byte) error {
		return errors.New("the checkpoint that it follows is missing")
	})
	if err != nil {
		return err
	}
	secret := make([]byte, conversation.SecretBytes)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	now := l.o.Now()
	set, err := l.o.Settings.Following(conversation.Settings{}, now)
	if err != nil {
		return err
	}
	l.state = conversation.New(secret, now.UnixMilli(), set)
	return l.checkpointNow()
}

const (
	kindEvents   = 1
	kindSettings = 2
	headerBytes  = 9
)

func (l *Ledger) header(kind byte, now time.Time) []byte {
	return binary.LittleEndian.AppendUint64([]byte{kind}, uint64(now.UnixMilli()))
}

// apply does what a frame says.
func (l *Ledger) apply(frame []byte) error {
	if len(frame) < headerBytes {
		return fmt.Errorf("want at least %d bytes, got %d", headerBytes, len(frame))
	}
	now := int64(binary.LittleEndian.Uint64(frame[1:]))
	body := frame[headerBytes:]
	switch frame[0] {
	case kindEvents:
		l.state.Advance(now)
		_, err := l.applyEvents(body)
		return err
	case kindSettings:
		var set conversation.Settings
		if err := json.Unmarshal(body, &set); err != nil {
			return fmt.Errorf("settings: %w", err)
		}
		if err := sameBuckets(l.state.Settings().Buckets, set.Buckets); err != nil {
			return fmt.Errorf("settings: %w", err)
		}
		l.state.Configure(set)
		return nil
	}
	return fmt.Errorf("kind %d is not known to this version", frame[0])
}

func (l *Ledger) applyEvents(b []byte) (Result, error) {
	var r Result
	var err error
	for len(b) > 0 && err == nil {
		n := 0
		for n < len(l.scratch) && len(b) > 0 && err == nil {
			if b, err = l.scratch[n].Parse(b); err == nil {
				n++
			}
		}
		news := l.state.ApplyAll(l.scratch[:n])
		r.Accepted += news
		r.Duplicates += n - news
	}
	return r, err
}
