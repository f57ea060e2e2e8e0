package bundle

// pages counts what somebody is told. Alertmanager sends one notification for
// all windows, baselines and intents of an alert, a KPI and a severity: a page
// is when there was none of them before.
type pages struct {
	kpi, intent, events int // pages, by alert
	notices             int // 7d and improvements: nobody is woken

	regressed, intents [2][numKPIs]bool
	stopped            bool
	week, improved     [numKPIs]bool
	first              [numKPIs]int // the minute of the first page of each KPI since it was 0
}

func (p *pages) total() int { return p.kpi + p.intent + p.events }

// update counts what has begun with this evaluation.
func (p *pages) update(s *simulation) {
	began := func(now bool, before *bool, count *int) bool {
		began := now && !*before
		if began {
			*count++
		}
		*before = now
		return began
	}
	for k := range numKPIs {
		critically := false
		for _, severity := range []int{critical, warning} {
			now := anyFiring(s.regression[severity][k][:paging])
			// While it is critical, Alertmanager inhibits the warning.
			if began(now && !critically, &p.regressed[severity][k], &p.kpi) && p.first[k] == 0 {
				p.first[k] = s.minute
			}
			critically = critically || now
			intent := false
			for i := range s.intent {
				intent = intent || s.intent[i][severity][k].firing
			}
			began(intent, &p.intents[severity][k], &p.intent)
		}
		week := anyFiring(s.regression[warning][k][paging:]) || anyFiring(s.regression[critical][k][paging:])
		began(week, &p.week[k], &p.notices)
		began(anyFiring(s.improved[k][:]), &p.improved[k], &p.notices)
	}
	began(anyFiring(s.stopped[:]), &p.stopped, &p.events)
}

func anyFiring(alerts []firing) bool {
	for i := range alerts {
		if alerts[i].firing {
			return true
		}
	}
	return false
}
