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
		// Few homes and one shard, so that runs are long and wrap around.
		draw := rapid.Custom(func(t *rapid.T) key {
			return key{rapid.Uint64Range(0, 5).Draw(t, "home") * 3, rapid.Uint64Range(0, 9).Draw(t, "rest") << 8}
		})
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				k := draw.Draw(t, "key")
				if _, ok := want[k]; ok {
					t.Skip("is there")
				}
				keys = append(keys, k)
				want[k] = uint32(len(keys) - 1)
				x.add(k, want[k], keyOf)
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
				for home := range uint64(6) {
					for rest := range uint64(10) {
						k := key{home * 3, rest << 8}
						if got := x.find(k, keyOf); got != want[k] {
							t.Fatalf("key %v has number %d, want %d", k, got, want[k])
						}
					}
				}
			},
		})
	})
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
