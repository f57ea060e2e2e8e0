package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed page.gohtml
var pageText string

// html is one page that needs nothing else: styles and drawings are in it.
func (d *document) html(w io.Writer) error {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	p := page{Title: d.title, Subtitle: d.subtitle}
	for _, s := range d.sections {
		out := pageSection{ID: s.id, Title: s.title}
		for i := range s.blocks {
			out.Blocks = append(out.Blocks, s.blocks[i].page())
		}
		p.Sections = append(p.Sections, out)
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// page is a document as the template reads it.
type page struct {
	Title, Subtitle string
	Sections        []pageSection
}

type pageSection struct {
	ID, Title string
	Blocks    []pageBlock
}

type pageBlock struct {
	Heading, Severity, Paragraph string
	Notes                        []string
	Points                       []pagePoint
	Table                        *pageTable
}

type pagePoint struct{ Label, Text, URL, Code string }

type pageTable struct {
	Caption string
	Charts  []chart
	Columns []pageCell
	Rows    [][]pageCell
}

// pageCell has the classes that align and colour it.
type pageCell struct {
	Text, Class string
	First       bool
}

func (b *block) page() pageBlock {
	out := pageBlock{Heading: b.heading, Severity: b.severity, Paragraph: b.paragraph, Notes: b.notes}
	for _, p := range b.points {
		out.Points = append(out.Points, pagePoint{p.label, p.text, p.url, p.code})
	}
	if b.table == nil {
		return out
	}
	t := &pageTable{Caption: b.table.caption, Charts: b.table.charts}
	align := func(i int) string {
		if b.table.columns[i].words {
			return ""
		}
		return "number"
	}
	for i, c := range b.table.columns {
		t.Columns = append(t.Columns, pageCell{Text: c.title, Class: align(i)})
	}
	for _, row := range b.table.rows {
		var cells []pageCell
		for i, c := range row {
			cells = append(cells, pageCell{c.text, align(i) + " " + c.mood, i == 0})
		}
		t.Rows = append(t.Rows, cells)
	}
	out.Table = t
	return out
}
