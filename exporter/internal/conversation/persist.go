package conversation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"supportexporter/exporter/internal/checkpoint"
	"supportexporter/exporter/internal/event"
	"supportexporter/exporter/internal/tally"
)

// version says which fields a written state has, in which order.
const version = 1

// Frozen is the state at one moment, to be written by another goroutine.
type Frozen struct {
	front    []byte // everything but the conversations, written already
	records  slab[record]
	episodes slab[episode]
	blocks   slab[idBlock]
	sums     map[incrementsKey]increments
	head     uint32
	count    int
}

// Freeze gives the state as it is now. Until Thaw, what of it changes is
// copied first; the series are written at once. One at a time.
func (s *State) Freeze() (*Frozen, error) {
	var front bytes.Buffer
	w := checkpoint.NewWriter(&front)
	settings, err := json.Marshal(s.settings)
	if err != nil {
		return nil, fmt.Errorf("writing the settings: %w", err)
	}
	w.Uint(version)
	w.String(string(s.secret))
	w.Int(s.start)
	w.Int(s.now)
	w.String(string(settings))
	s.series.Save(w)
	if err := w.Close(); err != nil {
		return nil, err
	}
	sums := make(map[incrementsKey]increments, len(s.sums))
	for k, v := range s.sums {
		sums[k] = *v
	}
	return &Frozen{
		front:    front.Bytes(),
		records:  s.records.freeze(),
		episodes: s.episodes.freeze(),
		blocks:   s.blocks.freeze(),
		sums:     sums,
		head:     s.head,
		count:    s.count,
	}, nil
}

// Thaw says that the frozen state is not read any more.
func (s *State) Thaw() {
	s.records.thaw()
	s.episodes.thaw()
	s.blocks.thaw()
}

// Write writes the frozen state, the conversations in the order of their last
// arrival.
func (f *Frozen) Write(out io.Writer) error {
	if _, err := out.Write(f.front); err != nil {
		return err
	}
	w := checkpoint.NewWriter(out)
	w.Uint(uint64(f.count))
	for i := f.head; i != 0; i = f.records.view(i).next {
		f.save(w, i)
	}
	return w.Close()
}

func (f *Frozen) save(w *checkpoint.Writer, i uint32) {
	c := f.records.view(i)
	w.Fixed(c.key[0])
	w.Fixed(c.key[1])
	w.Fixed(c.customer)
	w.Int(c.last)
	for _, l := range c.labels {
		w.Uint(uint64(l))
	}
	w.Uint(uint64(c.arm))
	w.Uint(uint64(c.highest))
	w.Uint(uint64(c.flags))
	w.Uint(uint64(c.idCount))
	eachID(c, &f.blocks, func(h uint64) bool {
		w.Fixed(h)
		return true
	})
	for e := &c.first; ; e = f.episodes.view(e.next) {
		f.saveEpisode(w, i, e)
		if e.next == 0 {
			return
		}
	}
}

// saveEpisode ends with whether another one follows.
func (f *Frozen) saveEpisode(w *checkpoint.Writer, i uint32, e *episode) {
	w.Uint(uint64(e.number))
	w.Uint(uint64(e.facts))
	w.Uint(uint64(e.outcome))
	w.Uint(uint64(e.cell))
	w.Uint(uint64(e.reason))
	w.Uint(uint64(e.csat))
	w.Uint(uint64(e.confirmed))
	w.Fixed(math.Float64bits(e.seconds))
	w.Uint(uint64(e.turnsKind))
	w.Uint(e.turns)
	w.Uint(uint64(e.costKind))
	w.Fixed(e.cost)
	if e.turnsKind == summed || e.costKind == summed {
		sums := f.sums[incrementsKey{i, e.number}]
		w.Uint(sums.turns)
		sums.cost.Save(w)
		w.String(sums.id)
	}
	more := uint64(0)
	if e.next != 0 {
		more = 1
	}
	w.Uint(more)
}

// Load reads what Write wrote.
func Load(in io.Reader) (*State, error) {
	r := checkpoint.NewReader(in)
	if v := r.Uint(); r.Err() == nil && v != version {
		return nil, fmt.Errorf("state has version %d, this program reads %d", v, version)
	}
	secret := r.String(SecretBytes)
	start, now := r.Int(), r.Int()
	var set Settings
	settings := r.String(math.MaxInt32)
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	if err := json.Unmarshal([]byte(settings), &set); err != nil {
		return nil, fmt.Errorf("reading the settings: %w", err)
	}
	if len(secret) != SecretBytes {
		return nil, fmt.Errorf("reading the state: secret has %d bytes, want %d", len(secret), SecretBytes)
	}
	s := New([]byte(secret), start, Settings{Buckets: set.Buckets})
	s.now = now
	s.series.Load(r)
	for range r.Count("conversations", math.MaxInt32) {
		if err := s.load(r); err != nil {
			return nil, fmt.Errorf("reading conversation %d: %w", s.count+1, err)
		}
	}
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	s.Configure(set)
	return s, nil
}

// load reads one conversation to the end of the list.
func (s *State) load(r *checkpoint.Reader) error {
	i := s.records.add()
	c := s.records.edit(i)
	c.key = key{r.Fixed(), r.Fixed()}
	c.customer = r.Fixed()
	c.last = r.Int()
	for l := range c.labels {
		c.labels[l] = uint16(r.Count("label value", math.MaxUint16))
	}
	c.arm = uint16(r.Count("experiment arm", math.MaxUint16))
	c.highest = uint16(r.Count("highest episode", event.MaxEpisode))
	c.flags = recordFlags(r.Count("conversation flags", math.MaxUint8))
	for range r.Each("event ids", math.MaxInt32) {
		s.addID(c, r.Fixed())
	}
	for more := true; more; {
		var err error
		if more, err = s.loadEpisode(r, i, c); err != nil {
			return err
		}
	}
	switch {
	case !s.series.Has(c.labels, c.arm):
		return fmt.Errorf("labels %v and experiment arm %d are not among the series", c.labels, c.arm)
	case s.index.find(c.key, s.keyOf) != 0:
		return errors.New("it is there twice")
	case c.last > s.now || s.tail != 0 && c.last < s.records.view(s.tail).last || c.flags&idle != 0 && s.active != 0:
		return errors.New("it is not in the order of last arrivals")
	}
	if c.idCount > manyIDs {
		s.indexIDs(i, c)
	}
	s.append(i, c)
	s.index.add(c.key, i, s.keyOf)
	s.count++
	if c.flags&idle == 0 && s.active == 0 {
		s.active = i
	}
	if c.flags&open != 0 {
		s.open++
	}
	return nil
}

func (s *State) loadEpisode(r *checkpoint.Reader, i uint32, c *record) (more bool, err error) {
	e, isNew := s.episode(c, uint16(r.Count("episode", event.MaxEpisode)))
	e.facts = factFlags(r.Count("episode flags", math.MaxUint8))
	e.outcome = tally.Outcome(r.Count("outcome", int(tally.Abandoned)))
	e.cell = uint32(r.Count("label set", math.MaxInt32))
	e.reason = uint16(r.Count("reason", math.MaxUint16))
	e.csat = uint8(r.Count("csat", 5))
	e.confirmed = event.Confirmation(r.Count("confirmation", int(event.Denied)))
	e.seconds = math.Float64frombits(r.Fixed())
	e.turnsKind = kind(r.Count("kind of turns", int(observed)))
	e.turns = r.Uint()
	e.costKind = kind(r.Count("kind of cost", int(observed)))
	e.cost = r.Fixed()
	if e.turnsKind == summed || e.costKind == summed {
		sums := &increments{turns: r.Uint()}
		sums.cost.Load(r)
		sums.id = r.Text(tally.MaxExemplarID)
		s.sums[incrementsKey{i, e.number}] = sums
	}
	more = r.Count("whether an episode follows", 1) == 1
	switch {
	case r.Err() != nil:
		return false, r.Err()
	case !isNew || e.number == 0:
		return false, errors.New("an episode is there twice")
	case e.outcome != tally.None && !s.series.HasCell(e.cell) || !s.series.HasReason(e.reason):
		return false, fmt.Errorf("label set %d or reason %d is not among the series", e.cell, e.reason)
	}
	return more, nil
}
