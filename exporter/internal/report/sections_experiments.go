package report

import "slices"

func (r *Report) experimentsSection() section {
	s := section{id: "experiments", title: "Experiments"}
	for i := range r.Experiments {
		e := &r.Experiments[i]
		t := &table{caption: "Experiment " + e.Experiment, columns: []column{
			words("Variant"), words("Role"), numbers("Conversations"), words("Verdict"), words("KPI"), numbers("Mean"), numbers("Lift"), numbers("Interval"), numbers("p, fixed horizon"),
		}}
		if e.Planned != nil {
			t.caption += ", planned for " + integer(*e.Planned) + " conversations in each arm"
		}
		for k := range e.Variants {
			t.rows = append(t.rows, e.Variants[k].rows(e)...)
		}
		s.blocks = append(s.blocks, block{table: t})
	}
	return s
}

// lacking is the conversations that the plan lacks, in the arm that lacks more of
// them: this one or the control. It is 0 if that is not known.
func (v *Variant) lacking(e *Experiment) float64 {
	control := slices.IndexFunc(e.Variants, func(v Variant) bool { return v.Role == "control" })
	if control < 0 || e.Planned == nil || v.Assigned == nil || e.Variants[control].Assigned == nil {
		return 0
	}
	return max(0, *e.Planned-min(*v.Assigned, *e.Variants[control].Assigned))
}

// verdict says how many more conversations it takes, where it takes more.
func (v *Variant) verdict(e *Experiment) cell {
	out := cell{}
	if v.Verdict != nil {
		out.text = *v.Verdict
	}
	if more := v.lacking(e); out.text == "insufficient" && more > 0 {
		out.text += ", up to " + integer(more) + " more to go"
	}
	if v.SRMPValue != nil && e.SRMLimit != nil && *v.SRMPValue < *e.SRMLimit {
		out = cell{out.text + " (sample ratio mismatch)", "bad"}
	}
	return out
}

// rows has one for each KPI; what is said of the arm stands in the first.
func (v *Variant) rows(e *Experiment) [][]cell {
	arm := plain(v.Variant, v.Role, orNoData(v.Assigned, integer), "")
	if v.Role == "" {
		arm[1].text = "not declared"
	}
	arm[3] = v.verdict(e)
	rows := [][]cell{}
	for _, k := range v.KPIs {
		title := titleOf(k.KPI)
		if k.Role != "" {
			title += " (" + k.Role + ")"
		}
		interval := noData
		if k.CILowRatio != nil && k.CIHighRatio != nil {
			interval = signedPercent(*k.CILowRatio) + " to " + signedPercent(*k.CIHighRatio)
		}
		against := plain(orNoData(k.LiftRatio, signedPercent), interval, orNoData(k.PValue, probability))
		if v.Role == "control" {
			against = plain("", "", "")
		}
		rows = append(rows, slices.Concat(arm, plain(title, orNoData(k.Mean, formatIn(unitOf(k.KPI)))), against))
		arm = plain(v.Variant, "", "", "")
	}
	if len(rows) == 0 {
		rows = [][]cell{slices.Concat(arm, plain("", "", "", "", ""))}
	}
	return rows
}

func probability(p float64) string {
	if p < 0.001 {
		return "< 0.001"
	}
	return decimals(p, 3)
}
