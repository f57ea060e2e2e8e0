package verdict

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Effect is a lift that an experiment is to find. A treatment has the KPI's
// mean times 1 + LiftRatio; the sign of LiftRatio does not matter beyond that.
type Effect struct {
	Control      Sample  // N is not used
	Treatment    Sample  // N and Mean are not used
	LiftRatio    float64 // not 0
	MinLiftRatio float64 // that an estimate must exceed, less than |LiftRatio|
	Alpha        float64 // after correction
	Power        float64 // the probability to find it
}

// Sizes are numbers of samples in each arm.
type Sizes struct {
	Fixed      float64 `json:"fixed"`      // looked at once, at the end
	Sequential float64 `json:"sequential"` // watched all the time
}

// Sizes says how many samples find the effect. The sequential size is what is
// to be planned; a real effect is mostly found before.
func (e Effect) Sizes() (Sizes, error) {
	if err := e.check(); err != nil {
		return Sizes{}, err
	}
	width := sequentialWidth(tunedInformation(e.Alpha), e.Alpha)
	return Sizes{math.Ceil(e.size(fixedWidth(e.Alpha))), math.Ceil(e.size(width))}, nil
}

// SizeAsPlanned is the sequential size with an interval that was tuned for
// planned samples when the experiment began.
func (e Effect) SizeAsPlanned(planned float64) (float64, error) {
	if err := e.check(); err != nil {
		return 0, err
	}
	n := planned
	for range 100 { // the width changes with the logarithm of n: each step divides the error
		n = e.size(sequentialWidth(n/planned*tunedInformation(e.Alpha), e.Alpha))
	}
	return math.Ceil(n), nil
}

// size is how many samples have an interval of width standard errors to either
// side that excludes 0, and an estimate beyond the least lift, with the power
// that is asked for.
func (e Effect) size(width float64) float64 {
	reach := distuv.UnitNormal.Quantile(e.Power)
	one := stderr(
		Sample{1, e.Control.Mean * (1 + e.LiftRatio), e.Treatment.Variance},
		Sample{1, e.Control.Mean, e.Control.Variance},
	)
	lift := math.Abs(e.LiftRatio)
	return math.Pow(one, 2) * max(
		math.Pow((width+reach)/lift, 2),
		math.Pow(max(reach, 0)/(lift-e.MinLiftRatio), 2),
	)
}

func (e Effect) check() error {
	switch {
	case !(e.Control.Mean > 0):
		return fmt.Errorf("the baseline must be more than 0, got %g", e.Control.Mean)
	case !(e.Control.Variance > 0 && e.Treatment.Variance > 0):
		return errors.New("the variance must be more than 0")
	case e.LiftRatio == 0:
		return errors.New("the lift must not be 0")
	case math.Abs(e.LiftRatio) <= e.MinLiftRatio:
		return fmt.Errorf("the lift must be more than the smallest one that ships, %g; got %g", e.MinLiftRatio, math.Abs(e.LiftRatio))
	}
	return nil
}
