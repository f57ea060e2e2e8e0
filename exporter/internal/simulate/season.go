package simulate

import "time"

// hours is how busy the hours of a day are, in UTC, and weekdays the days of a
// week from Sunday on. Only their proportions count.
var (
	hours = [24]float64{
		0.35, 0.28, 0.24, 0.22, 0.25, 0.35, 0.55, 0.85, 1.25, 1.55, 1.70, 1.70,
		1.55, 1.50, 1.60, 1.65, 1.55, 1.40, 1.25, 1.15, 1.05, 0.90, 0.70, 0.50,
	}
	weekdays = [7]float64{0.55, 1.25, 1.20, 1.15, 1.10, 1.05, 0.70}
)

// season is how many conversations begin when.
type season struct {
	perSlot float64 // the mean of a week
	hours   [24]float64
	days    [7]float64
}

// newSeason makes the tables' means 1.
func newSeason(perDay float64) *season {
	s := season{perSlot: perDay * slotLength.Hours() / 24, hours: hours, days: weekdays}
	unitMean(s.hours[:])
	unitMean(s.days[:])
	return &s
}

func unitMean(values []float64) {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	for i := range values {
		values[i] *= float64(len(values)) / sum
	}
}

// expected is the mean number of conversations that begin in the slot at t.
// From one full hour to the next it is a straight line: people have no steps.
func (s *season) expected(t time.Time) float64 {
	hour, past := t.Hour(), float64(t.Minute())/60
	level := s.hours[hour]*(1-past) + s.hours[(hour+1)%24]*past
	return s.perSlot * s.days[t.Weekday()] * level
}
