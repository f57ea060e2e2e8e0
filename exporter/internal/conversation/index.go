package conversation

import (
	"encoding/binary"
	"math/bits"
)

// index finds a conversation's number by its key. It is a hash table of numbers
// alone, 4 bytes each; the keys stand in the records. It is cut into shards by
// the key's last byte, so that growing moves a 256th of it at a time.
//
// A record that is looked at costs a miss of all caches when there are millions.
// So a bucket is one cache line that holds, beside its numbers, a byte of each
// key: of the records that are not meant, all but one in 255 are not looked at.
type index struct {
	shards [256]shard
}

type shard struct {
	buckets []bucket
	used    int
}

const (
	bucketLen  = 12
	bucketFull = 10 // numbers a bucket on average, beyond which a shard grows
)

// bucket holds the numbers of keys whose home it is, and of some whose home is a
// bucket before it that was full when they came.
type bucket struct {
	tags    [bucketLen]uint8 // a byte of the key; 0: the place is free
	passed  uint32           // keys that stand in a later bucket because this one was full
	numbers [bucketLen]uint32
}

func (x *index) shard(k key) *shard { return &x.shards[byte(k[1])] }

func tagOf(k key) uint8 { return max(1, uint8(k[1]>>8)) }

// home gives the bucket where k stands unless it was full.
func (s *shard) home(k key) int {
	hi, _ := bits.Mul64(k[0], uint64(len(s.buckets)))
	return int(hi)
}

// after gives the bucket behind bucket i.
func (s *shard) after(i int) int {
	if i++; i < len(s.buckets) {
		return i
	}
	return 0
}

// find gives the number of k, or 0.
func (x *index) find(k key, keyOf func(uint32) key) uint32 {
	s := x.shard(k)
	i := s.home(k)
	for range s.buckets {
		b := &s.buckets[i]
		if at := b.find(k, keyOf); at >= 0 {
			return b.numbers[at]
		}
		if b.passed == 0 {
			return 0
		}
		i = s.after(i)
	}
	return 0
}

// find gives the place of k, -1 if it is not in this bucket.
func (b *bucket) find(k key, keyOf func(uint32) key) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
	tag := tagOf(k)
	// A byte of x is 0 where the tags are equal, and its high bit is set in marks. A
	// borrow may set that of a byte above, so that the tag is looked at again.
	x := binary.LittleEndian.Uint64(b.tags[:8]) ^ ones*uint64(tag)
	for marks := (x - ones) &^ x & highs; marks != 0; marks &= marks - 1 {
		at := bits.TrailingZeros64(marks) / 8
		if b.tags[at] == tag && keyOf(b.numbers[at]) == k {
			return at
		}
	}
	for at := 8; at < bucketLen; at++ {
		if b.tags[at] == tag && keyOf(b.numbers[at]) == k {
			return at
		}
	}
	return -1
}

// add enters number n of k, which is not there yet.
func (x *index) add(k key, n uint32, keyOf func(uint32) key) {
	s := x.shard(k)
	if s.used == bucketFull*len(s.buckets) {
		old := s.buckets
		s.buckets = make([]bucket, 1+len(old)*3/2)
		for i := range old {
			for at, tag := range old[i].tags {
				if m := old[i].numbers[at]; tag != 0 {
					s.put(keyOf(m), m)
				}
			}
		}
	}
	s.put(k, n)
	s.used++
}

func (s *shard) put(k key, n uint32) {
	for i := s.home(k); ; i = s.after(i) {
		b := &s.buckets[i]
		for at, tag := range b.tags {
			if tag == 0 {
				b.tags[at], b.numbers[at] = tagOf(k), n
				return
			}
		}
		b.passed++
	}
}

// remove takes k out, which is there.
func (x *index) remove(k key, keyOf func(uint32) key) {
	s := x.shard(k)
	s.used--
	for i := s.home(k); ; i = s.after(i) {
		b := &s.buckets[i]
		if at := b.find(k, keyOf); at >= 0 {
			b.tags[at], b.numbers[at] = 0, 0
			return
		}
		b.passed--
	}
}
