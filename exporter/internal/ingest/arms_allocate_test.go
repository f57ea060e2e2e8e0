//go:build !race

package ingest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/ingest"
)

// Looking at claims costs a push no memory.
func TestClaimsDoNotAllocate(t *testing.T) {
	p, splits := newArms(t)
	id := "c-1"
	for i := 0; !splits["say \"hi\"\u00a0\\"].Contradicts(id, "warm", p.now); i++ {
		id = fmt.Sprint("c-", i)
	}
	body := []byte(claim(id, hard, "warm"))
	allocations := func() float64 {
		return testing.AllocsPerRun(200, func() {
			r, _ := http.NewRequest(http.MethodPost, ingest.Path, bytes.NewReader(body))
			p.ServeHTTP(discard{}, r)
		})
	}
	looking := allocations()
	p.Configure(config.Default(), nil, nil)
	if not := allocations(); looking > not {
		t.Errorf("%v allocations for an event that contradicts its assignment, %v where nothing is declared", looking, not)
	}
}
