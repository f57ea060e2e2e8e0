package conversation

import (
	"supportexporter/exporter/internal/config"
	"supportexporter/exporter/internal/tally"
)

// Configured gives the part of a configuration that decides how events count.
func Configured(c *config.Config) Settings {
	s := Settings{
		IdleTimeout: c.IdleTimeout,
		Retention:   c.Retention,
		Exemplars:   c.Exemplars,
		Experiments: c.Experiments,
		Limits: tally.Limits{
			Intents:    c.Labels.Intent.MaxValues,
			Tiers:      c.Labels.Tier.MaxValues,
			Languages:  c.Labels.Language.MaxValues,
			Reasons:    c.Labels.Reason.MaxValues,
			Components: c.Labels.Component.MaxValues,
			Arms:       c.MaxExperimentArms,
			Series:     c.Labels.MaxSeries,
		},
		Buckets: tally.Buckets{
			Seconds: c.Buckets.ResolutionSeconds,
			Turns:   c.Buckets.Turns,
			Cost:    c.Buckets.CostUSD,
		},
	}
	for _, x := range c.Experiments {
		s.Limits.Arms += len(x.Variants) // the limit of the configuration is for the others
	}
	return s
}
