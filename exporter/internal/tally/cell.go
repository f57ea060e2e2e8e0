package tally

// cellKPIs is how many of the KPIs a cell keeps values of: all but CSAT.
const cellKPIs = int(CSAT)

// cell is the series of one label set. All its counters start at 0 when it is
// made; its histograms are nil until they observe something.
type cell struct {
	labels      Labels
	created     int64 // Unix milliseconds
	outcomes    [numOutcomes]uint64
	reversed    [numReversals]uint64
	resolutions [2]uint64 // false, true
	confirmed   uint64
	surveys     uint64
	csat        [5]uint64
	detractors  [2]exemplar // of scores 1 and 2
	values      [cellKPIs]values
	seconds     [2]*histogram // false, true
	turns, cost *histogram
	escalations []escalations
	spend       []spending
}

// values are the exact moments of a quantity.
type values struct {
	count        uint64
	sum, squares Sum
}

func (v *values) observe(x float64) {
	v.count++
	v.sum.Add(x)
	v.squares.Add(min(x*x, maxSquare))
}

// maxSquare keeps the square of a huge value finite; it saturates a Sum.
const maxSquare = 1e308

// escalations counts the hand-overs of one reason.
type escalations struct {
	reason  uint16
	created int64
	count   uint64
	last    exemplar
}

// spending adds up what one component cost.
type spending struct {
	component uint16
	created   int64
	usd       Sum
}

// arm is the series of one variant of one experiment.
type arm struct {
	experiment, variant string
	created             int64
	assigned            uint64
	outcomes            [numOutcomes]uint64
	reversed            [numReversals]uint64
	values              [numKPIs]values
}
