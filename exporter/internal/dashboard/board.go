package dashboard

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// columns is the width of Grafana's grid.
const columns = 24

// page is a dashboard with annotations that the SDK's type has no fields for.
type page struct {
	dashboard.Dashboard
	Annotations annotations `json:"annotations"`
}

type annotations struct {
	List []annotation `json:"list"`
}

// annotation says how Grafana's Prometheus data source shows an alert.
type annotation struct {
	dashboard.AnnotationQuery
	TitleFormat string `json:"titleFormat"`
	TextFormat  string `json:"textFormat"`
	TagKeys     string `json:"tagKeys"`
}

// board is a dashboard that is being laid out, from top to bottom.
type board struct {
	uid string
	*dashboard.DashboardBuilder
	panels []dashboard.PanelOrRowPanel
	y      uint32 // where the next line begins
	err    error  // the first
}

// newBoard begins a dashboard of which start is how far back its time goes.
// It cannot be edited in place: what is provisioned comes from here.
func newBoard(uid, title, description, start string, variables ...cog.Builder[dashboard.VariableModel]) *board {
	return &board{uid: uid, DashboardBuilder: dashboard.NewDashboardBuilder(title).
		Uid(uid).
		Description(description).
		Tags([]string{tag}).
		Timezone("browser").
		Time(start, "now").
		Refresh("1m").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Readonly().
		Variables(append([]cog.Builder[dashboard.VariableModel]{datasourceVariable()}, variables...)).
		Link(dashboard.NewDashboardLinkBuilder("Dashboards").
			Type(dashboard.DashboardLinkTypeDashboards).
			Tags([]string{tag}).
			Icon("external link").
			Tooltip("The other dashboards, with the same time and choices.").
			IncludeVars(true).
			KeepTime(true))}
}

// cell is a panel and how many columns it takes.
type cell struct {
	width uint32
	panel cog.Builder[dashboard.Panel]
}

// row begins a part of the dashboard, under a heading.
func (b *board) row(title string) *board {
	r, err := dashboard.NewRowBuilder(title).
		Id(uint32(len(b.panels) + 1)).
		GridPos(dashboard.GridPos{H: 1, W: columns, Y: b.y}).
		Build()
	b.fail(title, err)
	b.panels = append(b.panels, dashboard.PanelOrRowPanel{RowPanel: &r})
	b.y++
	return b
}

// line places panels of the same height side by side. They must fill it.
func (b *board) line(height uint32, cells ...cell) *board {
	var x uint32
	for _, c := range cells {
		p, err := c.panel.Build()
		b.fail(fmt.Sprintf("panel %d", len(b.panels)+1), err)
		p.Id = cog.ToPtr(uint32(len(b.panels) + 1))
		p.GridPos = &dashboard.GridPos{H: height, W: c.width, X: x, Y: b.y}
		b.panels = append(b.panels, dashboard.PanelOrRowPanel{Panel: &p})
		x += c.width
	}
	if x != columns {
		b.fail(fmt.Sprintf("line at %d", b.y), fmt.Errorf("its panels are %d columns wide, want %d", x, columns))
	}
	b.y += height
	return b
}

func (b *board) fail(where string, err error) {
	if b.err == nil && err != nil {
		b.err = fmt.Errorf("%s: %w", where, err)
	}
}

// build adds what all dashboards have.
func (b *board) build() (page, error) {
	d, err := b.Build()
	if b.fail("page", err); b.err != nil {
		return page{}, b.err
	}
	d.Panels = b.panels
	// The SDK hides links in a menu; without a placement they stand above the panels.
	for i := range d.Links {
		d.Links[i].Placement = nil
	}
	alerts, err := dashboard.NewAnnotationQueryBuilder().
		Name("Alerts").
		Datasource(prometheusSource()).
		Enable(true).
		IconColor(bad).
		Target(prometheus.NewDataqueryBuilder().RefId("Alerts").Range().Expr(sel("ALERTS", firing, supportAlerts))).
		Build()
	if err != nil {
		return page{}, err
	}
	alerts.Placement = nil
	return page{d, annotations{[]annotation{{
		AnnotationQuery: alerts,
		TitleFormat:     "{{alertname}}",
		TextFormat:      "{{kpi}} {{window}} {{baseline}} {{intent}} {{instance}}",
		TagKeys:         "severity",
	}}}}, nil
}
