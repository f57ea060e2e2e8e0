package conversation

// index finds a conversation's number by its key. It is an open-addressing
// hash table of numbers alone, 4 bytes each; the keys stand in the records. It
// is cut into shards by the key's last byte, so that growing moves a 256th of
// it at a time.
type index struct {
	shards [256]shard
}

type shard struct {
	slots []uint32 // 0: empty; a power of two of them, at most ¾ in use
	used  int
}

func (x *index) shard(k key) *shard { return &x.shards[byte(k[1])] }

func (s *shard) home(k key) int { return int(k[0] & uint64(len(s.slots)-1)) }

// find gives the number of k, or 0.
func (x *index) find(k key, keyOf func(uint32) key) uint32 {
	s := x.shard(k)
	if len(s.slots) == 0 {
		return 0
	}
	for i := s.home(k); s.slots[i] != 0; i = (i + 1) & (len(s.slots) - 1) {
		if keyOf(s.slots[i]) == k {
			return s.slots[i]
		}
	}
	return 0
}

// add enters number n of k, which is not there yet.
func (x *index) add(k key, n uint32, keyOf func(uint32) key) {
	s := x.shard(k)
	if 4*(s.used+1) > 3*len(s.slots) {
		old := s.slots
		s.slots = make([]uint32, max(8, 2*len(old)))
		for _, m := range old {
			if m != 0 {
				s.put(keyOf(m), m)
			}
		}
	}
	s.put(k, n)
	s.used++
}

func (s *shard) put(k key, n uint32) {
	i := s.home(k)
	for s.slots[i] != 0 {
		i = (i + 1) & (len(s.slots) - 1)
	}
	s.slots[i] = n
}

// remove takes k out, which is there, and closes the gap: what stands behind
// it moves up as far as its home allows.
func (x *index) remove(k key, keyOf func(uint32) key) {
	s := x.shard(k)
	mask := len(s.slots) - 1
	gap := s.home(k)
	for keyOf(s.slots[gap]) != k {
		gap = (gap + 1) & mask
	}
	for i := (gap + 1) & mask; s.slots[i] != 0; i = (i + 1) & mask {
		home := s.home(keyOf(s.slots[i]))
		if (i-home)&mask >= (i-gap)&mask {
			s.slots[gap] = s.slots[i]
			gap = i
		}
	}
	s.slots[gap] = 0
	s.used--
}
