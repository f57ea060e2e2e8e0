package conversation

// fetch brings into the caches what events of these conversations will look at:
// their buckets, their records and the records' neighbours. Of millions of
// conversations none is in a cache, and each look waits for memory, which takes as
// long as all the rest of an event. Applied one by one, events wait one after the
// other; in a loop that does nothing else, the processor waits for all of them at
// once.
//
// It changes nothing. What it reads is added up, and the sum kept, so that the
// compiler cannot leave the reading out.
func (s *State) fetch(keys []key) {
	numbers := make([]uint32, 0, Ahead)
	var sum uint64
	for _, k := range keys {
		if b := s.index.bucket(k); b != nil {
			sum += uint64(b.passed)
		}
	}
	for _, k := range keys {
		if b := s.index.bucket(k); b != nil {
			if i := b.likely(tagOf(k)); i != 0 {
				numbers = append(numbers, i)
			}
		}
	}
	for _, i := range numbers {
		c := s.records.view(i)
		sum += uint64(c.prev) + uint64(c.highest)
	}
	for _, i := range numbers {
		c := s.records.view(i)
		sum += uint64(s.records.view(c.prev).next) + uint64(s.records.view(c.next).prev) // number 0 is there, and nobody's
		if c.moreIDs != 0 {
			sum += uint64(s.blocks.view(c.moreIDs).next)
		}
	}
	s.fetched += sum
}

// bucket gives the home of k, nil if its shard is empty.
func (x *index) bucket(k key) *bucket {
	s := x.shard(k)
	if len(s.buckets) == 0 {
		return nil
	}
	return &s.buckets[s.home(k)]
}

// likely gives a number whose key has this tag, or 0: nearly always that of the key
// that is meant, if it is in this bucket.
func (b *bucket) likely(tag uint8) uint32 {
	for at, t := range b.tags {
		if t == tag {
			return b.numbers[at]
		}
	}
	return 0
}
