package conversation

import "slices"

// chunkLen is how many records are copied at once when one of them changes
// while a checkpoint is being written: few enough for some microseconds.
const chunkLen = 256

// slab holds records of one size by number, without a pointer for each. Number
// 0 is never given out. A chunk is nothing but its records: those of 128 and of
// 32 bytes then fill the memory they are given, and a few bytes more would cost
// a quarter of it.
//
// A frozen view of a slab can be read by another goroutine while its owner
// goes on: a chunk that the view shares is copied before it changes.
type slab[T any] struct {
	chunks []*[chunkLen]T
	epochs []uint32 // by chunk: of the freeze after which it was made
	free   []uint32
	used   uint32 // numbers given out so far, freed ones included
	epoch  uint32 // of the last freeze
	frozen bool
}

// add gives the number of a zero record.
func (s *slab[T]) add() uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		var zero T
		*s.edit(i) = zero
		return i
	}
	s.used++
	if int(s.used/chunkLen) == len(s.chunks) {
		s.chunks = append(s.chunks, new([chunkLen]T))
		s.epochs = append(s.epochs, s.epoch)
	}
	return s.used
}

// release takes back a number.
func (s *slab[T]) release(i uint32) { s.free = append(s.free, i) }

// edit gives a record to read and change. The pointer is good until the next
// freeze.
func (s *slab[T]) edit(i uint32) *T {
	c := i / chunkLen
	if s.frozen && s.epochs[c] != s.epoch {
		own := *s.chunks[c]
		s.chunks[c], s.epochs[c] = &own, s.epoch
	}
	return &s.chunks[c][i%chunkLen]
}

// view gives the record to read, not to change. The pointer is good until a
// record of its chunk is edited.
func (s *slab[T]) view(i uint32) *T { return &s.chunks[i/chunkLen][i%chunkLen] }

// freeze gives a view of all records as they are now. It is shared until thaw.
func (s *slab[T]) freeze() slab[T] {
	s.epoch++
	s.frozen = true
	return slab[T]{chunks: slices.Clone(s.chunks)}
}

// thaw says that the frozen view is not read any more.
func (s *slab[T]) thaw() { s.frozen = false }
