package report

// document is a report as people read it. Text, Markdown and HTML are three
// ways to write the same one, so that none of them says what another does not.
type document struct {
	title    string
	subtitle string
	sections []section
}

type section struct {
	id     string
	title  string
	blocks []block
}

// block is one of a paragraph, a table, a list of points, or an issue. It has
// the one of these that is not empty.
type block struct {
	paragraph string
	notes     []string
	table     *table
	points    []point
	heading   string
	severity  string // of a heading
}

// table has a caption, a heading for each column, and rows as wide. The first
// column names the row; the others are numbers, and align right, but for those
// that are words.
type table struct {
	caption string
	columns []column
	rows    [][]cell
	charts  []chart // drawn of its numbers; where nothing can be drawn, the table is enough
}

type column struct {
	title string
	words bool
}

type cell struct {
	text string
	mood string // good, bad or empty
}

// point is a line of a list: a label and text, an address to click, or code to
// copy.
type point struct {
	label string
	text  string
	url   string
	code  string
}

func words(title string) column   { return column{title: title, words: true} }
func numbers(title string) column { return column{title: title} }

func plain(texts ...string) []cell {
	cells := make([]cell, len(texts))
	for i, text := range texts {
		cells[i] = cell{text: text}
	}
	return cells
}

// smallMark marks a figure of too few samples.
const smallMark = " *"

func mark(text string, small bool) string {
	if small {
		return text + smallMark
	}
	return text
}

func moodOf(verdict string) string {
	switch verdict {
	case verdictBetter:
		return "good"
	case verdictWorse:
		return "bad"
	}
	return ""
}

// document puts the report into words. What there is nothing of has no section.
func (r *Report) document() *document {
	d := &document{
		title:    "Support agent report",
		subtitle: r.Period.String() + ", compared with " + r.Previous.String(),
	}
	d.sections = append(d.sections, r.summarySection(), r.issuesSection())
	if len(r.Trend.Weeks) > 0 {
		d.sections = append(d.sections, r.trendSection())
	}
	for i := range r.Breakdowns {
		d.sections = append(d.sections, r.breakdownSection(&r.Breakdowns[i]))
	}
	d.sections = append(d.sections, r.roiSection())
	if len(r.Experiments) > 0 {
		d.sections = append(d.sections, r.experimentsSection())
	}
	d.sections = append(d.sections, r.aboutSection())
	return d
}

// aboutSection says how to read the figures, and what is missing.
func (r *Report) aboutSection() section {
	s := section{id: "about", title: "About these figures"}
	if len(r.Notes) > 0 {
		s.blocks = append(s.blocks, block{notes: r.Notes})
	}
	s.blocks = append(s.blocks, block{notes: []string{
		"Outcomes are net: one that was reversed, because a human took over or the customer came back, is not counted.",
		"A rate or mean is a sum over all conversations divided by their number, never a mean of means.",
		"Better and worse are said only of a change that stands out from chance as much as an alert must, where both periods have enough samples.",
		"* marks figures of too few samples to tell even a critical deviation from chance.",
		"Made " + moment(r.GeneratedAt) + " by " + r.Generator + " from " + r.Prometheus + ".",
	}})
	return s
}
