package conversation

import (
	"maps"
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// A chunk of 256 records fills what the allocator gives for it. A byte more in a
// record would cost 32 a conversation.
func TestRecordsFillTheirChunks(t *testing.T) {
	if got := unsafe.Sizeof(record{}); got != 128 {
		t.Errorf("a record has %d bytes, want 128", got)
	}
	if got := unsafe.Sizeof(idBlock{}); got != 32 {
		t.Errorf("an idBlock has %d bytes, want 32", got)
	}
}

// An index does what a map does, under any sequence of additions and removals.
func TestIndexIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x index
		keys := []key{{}} // by number; 0 is none
		keyOf := func(n uint32) key { return keys[n] }
		want := map[key]uint32{}
		// One shard, and few homes and tags: buckets overflow into the next ones, and
		// the last into the first.
		const homes, rests = 8, 20
		keyFor := func(home, rest uint64) key { return key{home << 61, rest%3<<8 | rest<<16} }
		draw := rapid.Custom(func(t *rapid.T) key {
			return keyFor(rapid.SampledFrom([]uint64{0, 3, homes - 2, homes - 1}).Draw(t, "home"), rapid.Uint64Range(0, rests-1).Draw(t, "rest"))
		})
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				for range rapid.IntRange(1, bucketLen).Draw(t, "count") {
					k := draw.Draw(t, "key")
					if _, ok := want[k]; ok {
						continue
					}
					keys = append(keys, k)
					want[k] = uint32(len(keys) - 1)
					x.add(k, want[k], keyOf)
				}
			},
			"remove": func(t *rapid.T) {
				if len(want) == 0 {
					t.Skip("is empty")
				}
				there := slices.SortedFunc(maps.Keys(want), func(a, b key) int { return slices.Compare(a[:], b[:]) })
				k := rapid.SampledFrom(there).Draw(t, "key")
				x.remove(k, keyOf)
				delete(want, k)
			},
			"": func(t *rapid.T) {
				checkPassed(t, &x.shards[0], want)
				for home := range uint64(homes) {
					for rest := range uint64(rests) {
						k := keyFor(home, rest)
						if got := x.find(k, keyOf); got != want[k] {
							t.Fatalf("key %v has number %d, want %d", k, got, want[k])
						}
					}
				}
			},
		})
	})
}

// checkPassed checks that every bucket knows how many keys passed it: none too few,
// or one of them is not found, and none too many, or all searches get longer.
func checkPassed(t *rapid.T, s *shard, numbers map[key]uint32) {
	want := make([]uint32, len(s.buckets))
	for k, n := range numbers {
		for i := s.home(k); !slices.Contains(s.buckets[i].numbers[:], n); i = s.after(i) {
			want[i]++
		}
	}
	for i, b := range s.buckets {
		if b.passed != want[i] {
			t.Fatalf("bucket %d of %d was passed by %d keys, want %d", i, len(s.buckets), b.passed, want[i])
		}
	}
}

// A frozen view stays as it was, whatever happens to the slab.
func TestFrozenSlabStaysAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s slab[int]
		live := map[uint32]int{}
		var view slab[int]
		var frozen map[uint32]int
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				for range rapid.IntRange(1, chunkLen).Draw(t, "count") {
					i := s.add()
					if v := *s.view(i); i == 0 || v != 0 {
						t.Fatalf("a new record has number %d and value %d", i, v)
					}
					live[i] = 0
				}
			},
			"edit": func(t *rapid.T) {
				i := pick(t, live)
				live[i] = rapid.Int().Draw(t, "value")
				*s.edit(i) = live[i]
			},
			"release": func(t *rapid.T) {
				i := pick(t, live)
				s.release(i)
				delete(live, i)
			},
			"freeze": func(*rapid.T) { view, frozen = s.freeze(), maps.Clone(live) },
			"thaw":   func(*rapid.T) { s.thaw(); frozen = nil },
			"": func(t *rapid.T) {
				for i, want := range live {
					if got := *s.view(i); got != want {
						t.Fatalf("record %d is %d, want %d", i, got, want)
					}
				}
				for i, want := range frozen {
					if got := *view.view(i); got != want {
						t.Fatalf("frozen record %d is %d, want %d", i, got, want)
					}
				}
			},
		})
	})
}

func pick(t *rapid.T, live map[uint32]int) uint32 {
	if len(live) == 0 {
		t.Skip("is empty")
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(live))).Draw(t, "record")
}
