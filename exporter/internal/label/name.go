package label

// Name is one of the labels whose values are pushed.
type Name uint8

// These are all of them.
const (
	Intent Name = iota
	Tier
	Language
	Reason    // of escalations
	Component // of costs

	NameCount = iota
)

// String is the label as it is exposed and configured.
func (n Name) String() string {
	return [NameCount]string{"intent", "tier", "language", "reason", "component"}[n]
}

// Names are all names in their order.
func Names() []Name {
	return []Name{Intent, Tier, Language, Reason, Component}
}

// Two values have a meaning of their own. Pushed as they are, they pass every
// allow-list.
const (
	Unknown = "unknown" // nothing was said
	Other   = "other"   // a value that was not kept
)
