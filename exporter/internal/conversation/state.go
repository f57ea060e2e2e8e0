package conversation

import (
	"encoding/binary"
	"unsafe"

	"github.com/minio/highwayhash"

	"supportexporter/exporter/internal/tally"
)

// SecretBytes is the length of the secret that keys the hashes of ids.
const SecretBytes = highwayhash.Size

// State is every conversation within its retention, and the series they count
// in. It has one owner and no locks.
type State struct {
	// Stats says what was ignored. It is not part of the state: it starts at
	// zero with the process.
	Stats Stats

	secret   []byte
	start    int64 // when the store was created, Unix milliseconds
	now      int64 // never goes back
	settings Settings
	periods  map[string]period // of declared experiments, by name
	series   *tally.Tally

	index    index
	records  slab[record]
	episodes slab[episode]
	blocks   slab[idBlock]
	sums     map[incrementsKey]*increments
	many     map[uint32]map[uint64]struct{} // all ids, of conversations with many

	fetched uint64 // means nothing; see fetch

	head, tail uint32 // of the list of arrivals, oldest first
	active     uint32 // the first of the list that is not idle
	count      int
	open       int
}

// New makes the state of a store created at start (Unix milliseconds), whose
// hashes are keyed with secret, of SecretBytes.
func New(secret []byte, start int64, set Settings) *State {
	s := &State{
		secret: secret,
		start:  start,
		now:    start,
		series: tally.New(set.Buckets),
		sums:   map[incrementsKey]*increments{},
		many:   map[uint32]map[uint64]struct{}{},
	}
	s.Configure(set)
	return s
}

// Configure changes the settings for everything that comes. The buckets must
// be those of New.
func (s *State) Configure(set Settings) {
	s.settings, s.periods = set, set.periods()
	s.series.SetLimits(set.Limits)
	if !set.Exemplars {
		s.series.DropExemplars()
	}
	for _, x := range set.Experiments {
		for _, v := range x.Variants {
			s.series.Declare(x.Name, v.Name, s.now)
		}
	}
}

// Now gives the latest time that Advance was called with, Unix milliseconds.
func (s *State) Now() int64 { return s.now }

// Settings gives the settings in force.
func (s *State) Settings() Settings { return s.settings }

// Tracked gives the number of conversations within their retention.
func (s *State) Tracked() int { return s.count }

// Series gives the number of time series, as a text scrape would count them.
func (s *State) Series() int { return s.series.Series() }

// Overflowed says how much was counted as "other" since the process started.
func (s *State) Overflowed() [tally.NumLabels]uint64 { return s.series.Overflowed }

// Snapshot copies the series for a scrape.
func (s *State) Snapshot() *tally.Snapshot {
	n := s.series.Snapshot()
	n.Open, n.Start = s.open, s.start
	return n
}

// Secret gives what the hashes are keyed with. It never changes.
func (s *State) Secret() []byte { return s.secret }

// CustomerHash gives what is kept of a customer's id: enough to tell whether
// it is the same, too little to say whose it is. 0 is for no id.
func CustomerHash(secret []byte, id string) uint64 {
	if id == "" {
		return 0
	}
	return max(1, highwayhash.Sum64(bytesOf(id), secret))
}

func (s *State) keyOf(i uint32) key { return s.records.view(i).key }

func (s *State) key(id string) key {
	sum := highwayhash.Sum128(bytesOf(id), s.secret)
	return key{binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:])}
}

// conversation gives the record of a key, which it makes where it is new.
func (s *State) conversation(k key) (i uint32, c *record, isNew bool) {
	if i = s.index.find(k, s.keyOf); i != 0 {
		return i, s.records.edit(i), false
	}
	i = s.records.add()
	c = s.records.edit(i)
	c.key = k
	s.index.add(k, i, s.keyOf)
	s.count++
	return i, c, true
}

// seen says whether an event of the conversation had this id, and remembers it.
func (s *State) seen(i uint32, c *record, id string) bool {
	h := highwayhash.Sum64(bytesOf(id), s.secret)
	if all, ok := s.many[i]; ok {
		if _, ok := all[h]; ok {
			return true
		}
		all[h] = struct{}{}
		s.addID(c, h)
		return false
	}
	found := false
	s.eachID(c, func(other uint64) bool {
		found = other == h
		return !found
	})
	if found {
		return true
	}
	s.addID(c, h)
	if c.idCount > manyIDs {
		s.indexIDs(i, c)
	}
	return false
}

// manyIDs is how many ids of a conversation are looked through one by one.
const manyIDs = 32

// indexIDs makes the index of a conversation's ids, for one that has many.
func (s *State) indexIDs(i uint32, c *record) {
	all := make(map[uint64]struct{}, 2*c.idCount)
	s.eachID(c, func(h uint64) bool {
		all[h] = struct{}{}
		return true
	})
	s.many[i] = all
}

// addID keeps one more id: two in the record, the others in blocks of three,
// the newest block first.
func (s *State) addID(c *record, h uint64) {
	n := int(c.idCount)
	c.idCount++
	if n < len(c.ids) {
		c.ids[n] = h
		return
	}
	at := (n - len(c.ids)) % len(idBlock{}.ids)
	if at == 0 {
		b := s.blocks.add()
		s.blocks.edit(b).next = c.moreIDs
		c.moreIDs = b
	}
	s.blocks.edit(c.moreIDs).ids[at] = h
}

// eachID calls yield for every id until it returns false.
func (s *State) eachID(c *record, yield func(uint64) bool) {
	eachID(c, &s.blocks, yield)
}

func eachID(c *record, blocks *slab[idBlock], yield func(uint64) bool) {
	n := int(c.idCount)
	for _, h := range c.ids[:min(n, len(c.ids))] {
		if !yield(h) {
			return
		}
	}
	in := (n-len(c.ids)-1)%len(idBlock{}.ids) + 1 // of the newest block
	for b := c.moreIDs; b != 0; {
		block := blocks.view(b)
		for _, h := range block.ids[:in] {
			if !yield(h) {
				return
			}
		}
		b, in = block.next, len(block.ids)
	}
}

// episode gives the record of an episode, which it makes where it is new.
func (s *State) episode(c *record, number uint16) (e *episode, isNew bool) {
	if c.first.number == 0 {
		c.first.number = number
		return &c.first, true
	}
	for e = &c.first; e.number != number; e = s.episodes.edit(e.next) {
		if e.next == 0 {
			i := s.episodes.add()
			e.next = i
			e = s.episodes.edit(i)
			e.number = number
			return e, true
		}
	}
	return e, false
}

// eachEpisode calls f for every episode of the conversation.
func (s *State) eachEpisode(c *record, f func(*episode)) {
	for e := &c.first; ; e = s.episodes.edit(e.next) {
		f(e)
		if e.next == 0 {
			return
		}
	}
}

// at says where something that the conversation does now counts.
func (s *State) at(c *record, id string) tally.At {
	if !s.settings.Exemplars || len(id) > tally.MaxExemplarID {
		id = ""
	}
	return tally.At{Cell: s.series.Cell(c.labels, s.now), Arm: c.arm, Now: s.now, ID: id}
}

// bytesOf gives the bytes of a string to read.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
