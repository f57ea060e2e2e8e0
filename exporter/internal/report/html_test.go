package report

import (
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// nodes are the elements of a page, by name.
func nodes(root *html.Node) map[string][]*html.Node {
	all := map[string][]*html.Node{}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all[n.Data] = append(all[n.Data], n)
		}
	}
	return all
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var text strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			text.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

func parsed(t *testing.T, page string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// The page asks for nothing: what it shows is in it. Only what a person clicks
// leads away.
func TestPageNeedsNothingElse(t *testing.T) {
	page := written(t, goldenReport(t), "html")
	links := 0
	for n := range parsed(t, page).Descendants() {
		for _, a := range n.Attr {
			switch {
			case a.Key == "src" || a.Key == "srcset" || a.Key == "data" || a.Key == "action" || a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			case a.Key == "href" && n.Data == "a" && (strings.HasPrefix(a.Val, "#") || strings.HasPrefix(a.Val, "http://prometheus.test:9090/query?") || strings.HasPrefix(a.Val, "http://grafana.test/d/")):
				links++
			case a.Key == "href" && a.Val != "data:,": // the icon, or browsers ask for one
				t.Errorf("<%s> leads to %q", n.Data, a.Val)
			}
		}
	}
	if links < 15 {
		t.Errorf("only %d links", links)
	}
	for _, name := range []string{"script", "iframe", "img", "object", "embed", "video", "use", "image", "base"} {
		if n := nodes(parsed(t, page))[name]; len(n) > 0 {
			t.Errorf("there is a <%s>", name)
		}
	}
	style := textOf(nodes(parsed(t, page))["style"][0])
	for _, bad := range []string{"url(", "@import", "expression("} {
		if strings.Contains(style, bad) {
			t.Errorf("the style sheet has %s", bad)
		}
	}
}

// Every chart has a name and a description, and all numbers of that stand in a
// table beside it, for whoever cannot see it.
func TestChartsHaveTheirNumbersInATable(t *testing.T) {
	all := nodes(parsed(t, written(t, goldenReport(t), "html")))
	if len(all["svg"]) != 10 {
		t.Errorf("%d charts, want 6 trends, 3 breakdowns and the outcomes", len(all["svg"]))
	}
	for _, svg := range all["svg"] {
		title, desc := svg.FirstChild.NextSibling, svg.FirstChild.NextSibling.NextSibling.NextSibling
		if attribute(svg, "role") != "img" || title.Data != "title" || desc.Data != "desc" ||
			attribute(svg, "aria-labelledby") != attribute(title, "id")+" "+attribute(desc, "id") || textOf(title) == "" {
			t.Errorf("chart %q is not named", textOf(svg))
			continue
		}
		table := svg.Parent.Parent.NextSibling.NextSibling // figure, charts; then what scrolls
		numbers := textOf(table)
		told := regexp.MustCompile(`week \d+ (\S[^,]*\S)[,.]|[$]?[\d.,]*\d%?`).FindAllStringSubmatch(textOf(desc), -1)
		if len(told) < 3 {
			t.Errorf("%s: only %q", textOf(title), textOf(desc))
		}
		for _, m := range told {
			want := m[0]
			if m[1] != "" {
				want = m[1]
			}
			if baseline := strings.Contains(textOf(desc), "baseline "+want); !baseline && !strings.Contains(numbers, want) {
				t.Errorf("%s: %q is not in the table: %s", textOf(title), want, numbers)
			}
		}
	}
}

// A page that a screen reader can go through: one title, headings in order,
// tables with headers, ids that are there once.
func TestPageIsAccessible(t *testing.T) {
	for name, r := range map[string]*Report{"golden": goldenReport(t), "sparse": sparseReport(t)} {
		root := parsed(t, written(t, r, "html"))
		all := nodes(root)
		if len(all["h1"]) != 1 || len(all["main"]) != 1 || attribute(all["html"][0], "lang") != "en" {
			t.Errorf("%s: no single title and main part, or no language", name)
		}
		level, ids := 1, map[string]bool{}
		for n := range root.Descendants() {
			if id := attribute(n, "id"); id != "" {
				if ids[id] {
					t.Errorf("%s: id %s is there twice", name, id)
				}
				ids[id] = true
			}
			if n.Type == html.ElementNode && len(n.Data) == 2 && n.Data[0] == 'h' && n.Data != "hr" {
				next := int(n.Data[1] - '0')
				if next > level+1 {
					t.Errorf("%s: h%d after h%d", name, next, level)
				}
				level = next
			}
		}
		for n := range root.Descendants() {
			if to := attribute(n, "href"); strings.HasPrefix(to, "#") && !ids[to[1:]] {
				t.Errorf("%s: %s leads nowhere", name, to)
			}
		}
		for _, table := range all["table"] {
			in := nodes(table)
			if len(in["caption"]) != 1 || len(in["thead"]) != 1 || len(in["th"]) < 3 {
				t.Errorf("%s: table without caption or headers: %s", name, textOf(table))
			}
			columns := len(nodes(in["thead"][0])["th"])
			for _, row := range nodes(in["tbody"][0])["tr"] {
				if cells := nodes(row); len(cells["th"])+len(cells["td"]) != columns || len(cells["th"]) != 1 {
					t.Errorf("%s: row of another width: %s", name, textOf(row))
				}
			}
		}
	}
}
