package tally

import "supportexporter/exporter/internal/label"

// Label values are kept once each, in tables, and named by their index.
const (
	unset    = 0 // label.Unknown, and unsetCost for a cost's component
	overflow = 1 // label.Other: a value that the table had no room for

	unsetCost     = "unspecified"
	reservedNames = 2
)

// table gives the values of one label small indices, in the order in which
// they came.
type table struct {
	names []string
	index map[string]uint16
}

func newTable(unsetName string) table {
	t := table{index: map[string]uint16{}}
	t.add(unsetName)
	t.add(label.Other)
	return t
}

func (t *table) add(name string) uint16 {
	i := uint16(len(t.names))
	t.names = append(t.names, name)
	t.index[name] = i
	return i
}

// intern gives the index of name, or overflow and false where name is new and
// limit values are known already. name is cloned when it is kept.
func (t *table) intern(name string, limit int) (uint16, bool) {
	if name == "" {
		return unset, true
	}
	if i, ok := t.index[name]; ok {
		return i, true
	}
	if len(t.names)-reservedNames >= limit {
		return overflow, false
	}
	return t.add(string([]byte(name))), true
}

// is says whether i may be the index of name.
func (t *table) is(i uint16, name string) bool { return i == overflow || t.names[i] == name }
