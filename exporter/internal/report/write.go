package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Formats are the ways to write a report.
func Formats() []string { return []string{"text", "markdown", "json", "html"} }

// Write writes the report in one of the Formats.
func (r *Report) Write(w io.Writer, format string) error {
	var out strings.Builder
	switch format {
	case "text":
		r.document().text(&out)
	case "markdown":
		r.document().markdown(&out)
	case "html":
		if err := r.document().html(&out); err != nil {
			return err
		}
	case "json":
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(r); err != nil {
			return fmt.Errorf("encode report: %w", err)
		}
	default:
		return fmt.Errorf("format must be one of %s, got %q", strings.Join(Formats(), ", "), format)
	}
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// text is for a terminal: columns stand under each other.
func (d *document) text(w *strings.Builder) {
	fmt.Fprintf(w, "%s\n%s\n", strings.ToUpper(d.title), d.subtitle)
	for _, s := range d.sections {
		fmt.Fprintf(w, "\n%s\n%s\n", s.title, strings.Repeat("=", utf8.RuneCountInString(s.title)))
		for i := range s.blocks {
			s.blocks[i].text(w)
		}
	}
}

func (b *block) text(w *strings.Builder) {
	switch {
	case b.heading != "":
		fmt.Fprintf(w, "\n[%s] %s\n", strings.ToUpper(b.severity), b.heading)
	case b.paragraph != "":
		fmt.Fprintf(w, "%s\n", b.paragraph)
	case b.table != nil:
		b.table.text(w)
	}
	for _, n := range b.notes {
		fmt.Fprintf(w, "- %s\n", n)
	}
	for _, p := range b.points {
		fmt.Fprintf(w, "- %s: %s\n", p.label, strings.Join(p.parts("", ""), ", "))
	}
}

// parts are what is behind the label, code between marks.
func (p *point) parts(before, after string) []string {
	var parts []string
	if p.code != "" {
		parts = append(parts, before+p.code+after)
	}
	if p.text != "" && p.url == "" {
		parts = append(parts, p.text)
	}
	if p.url != "" {
		parts = append(parts, p.url)
	}
	return parts
}

func (t *table) text(w *strings.Builder) {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = utf8.RuneCountInString(c.title)
		for _, row := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].text))
		}
	}
	line := func(text func(column int) string) {
		var out strings.Builder
		for i, c := range t.columns {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text(i)))
			if c.words {
				out.WriteString(text(i) + gap + "  ")
			} else {
				out.WriteString(gap + text(i) + "  ")
			}
		}
		fmt.Fprintln(w, strings.TrimRight(out.String(), " "))
	}
	fmt.Fprintf(w, "\n%s\n\n", t.caption)
	line(func(i int) string { return t.columns[i].title })
	line(func(i int) string { return strings.Repeat("-", widths[i]) })
	for _, row := range t.rows {
		line(func(i int) string { return row[i].text })
	}
	fmt.Fprintln(w)
}

// markdown is that of GitHub.
func (d *document) markdown(w *strings.Builder) {
	fmt.Fprintf(w, "# %s\n\n%s\n", d.title, d.subtitle)
	for _, s := range d.sections {
		fmt.Fprintf(w, "\n## %s\n", s.title)
		for i := range s.blocks {
			s.blocks[i].markdown(w)
		}
	}
}

func (b *block) markdown(w *strings.Builder) {
	fmt.Fprintln(w)
	switch {
	case b.heading != "":
		fmt.Fprintf(w, "### %s: %s\n", capital(b.severity), b.heading)
	case b.paragraph != "":
		fmt.Fprintln(w, escapeMarkdown(b.paragraph))
	case b.table != nil:
		b.table.markdown(w)
	}
	for _, n := range b.notes {
		fmt.Fprintf(w, "- %s\n", escapeMarkdown(n))
	}
	for _, p := range b.points {
		fmt.Fprintf(w, "- %s: %s\n", p.label, p.markdown())
	}
}

func (p *point) markdown() string {
	if p.url != "" {
		return fmt.Sprintf("[%s](%s)", escapeMarkdown(p.text), strings.NewReplacer("(", "%28", ")", "%29").Replace(p.url))
	}
	shown := *p
	shown.text = escapeMarkdown(p.text)
	quote := "`"
	for strings.Contains(p.code, quote) {
		quote += "`"
	}
	return strings.Join(shown.parts(quote, quote), ", ")
}

func (t *table) markdown(w *strings.Builder) {
	fmt.Fprintf(w, "**%s**\n\n|", escapeMarkdown(t.caption))
	for _, c := range t.columns {
		fmt.Fprintf(w, " %s |", escapeMarkdown(c.title))
	}
	fmt.Fprint(w, "\n|")
	for _, c := range t.columns {
		if c.words {
			fmt.Fprint(w, "---|")
		} else {
			fmt.Fprint(w, "---:|")
		}
	}
	fmt.Fprintln(w)
	for _, row := range t.rows {
		fmt.Fprint(w, "|")
		for _, c := range row {
			fmt.Fprintf(w, " %s |", escapeMarkdown(c.text))
		}
		fmt.Fprintln(w)
	}
}

// escapeMarkdown keeps what agents wrote, an intent's name, from being markup.
func escapeMarkdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "<", "&lt;", "#", `\#`).Replace(s)
}
