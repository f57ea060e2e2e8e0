package report

import (
	"cmp"
	"slices"
)

// Breakdown is the period by the values of one label, worst first. What is too
// small to judge comes behind.
type Breakdown struct {
	Label    string `json:"label"`
	SortedBy string `json:"sorted_by"`
	Rows     []Row  `json:"rows"`
}

// Row is one value of a label.
type Row struct {
	Value         string  `json:"value"`
	Conversations float64 `json:"conversations"`
	Small         bool    `json:"small_sample"` // of the KPI that sorts
	Cells         []Cell  `json:"kpis"`
}

// Cell is one KPI of a row.
type Cell struct {
	KPI       string     `json:"kpi"`
	Current   *Estimate  `json:"current"`
	Change    *Change    `json:"change"`
	Deviation *Deviation `json:"deviation"`
	Small     bool       `json:"small_sample"`
}

func breakDown(label string, now, before *counted, t *targets, sortBy string) Breakdown {
	b := Breakdown{Label: label, SortedBy: sortBy, Rows: []Row{}}
	for _, value := range now.values(label) {
		s := slice{label, value}
		total, _ := now.slices[s].conversations()
		row := Row{Value: value, Conversations: total}
		known := total != 0
		for _, k := range baselined() {
			e := now.slices[s].estimate(k.name)
			known = known || e != nil
			row.Cells = append(row.Cells, Cell{
				KPI: k.name, Current: e, Change: t.change(k.name, e, before.slices[s].estimate(k.name)),
				Deviation: t.deviation(k.name, e), Small: t.small(k.name, e),
			})
		}
		if !known {
			continue // nothing in this period
		}
		row.Small = row.cell(sortBy).Current == nil || row.cell(sortBy).Small
		b.Rows = append(b.Rows, row)
	}
	slices.SortStableFunc(b.Rows, func(x, y Row) int { return worstFirst(&x, &y, sortBy, t.direction[sortBy]) })
	return b
}

// cell is that of a KPI, which every row has.
func (r *Row) cell(kpi string) *Cell {
	return &r.Cells[slices.IndexFunc(r.Cells, func(c Cell) bool { return c.KPI == kpi })]
}

func worstFirst(x, y *Row, kpi string, direction float64) int {
	rank := func(r *Row) int {
		switch {
		case r.cell(kpi).Current == nil:
			return 2
		case r.Small:
			return 1
		}
		return 0
	}
	if rank(x) != rank(y) || rank(x) == 2 {
		return cmp.Compare(rank(x), rank(y))
	}
	return cmp.Compare(direction*x.cell(kpi).Current.Value, direction*y.cell(kpi).Current.Value)
}
