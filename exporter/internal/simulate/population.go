package simulate

// trait is something a conversation has: a value of a label, how common it is,
// and how much harder than others it makes the conversation.
type trait struct {
	name   string
	weight float64 // against the others of the label; intents have theirs by Zipf's law
	hard   float64
}

// What the team's traffic consists of. Intents stand in the order of how
// common they are. Labels are independent of each other.
var (
	intents = [12]trait{
		{name: "order_status", hard: -0.7},
		{name: OutageIntent, hard: -0.6},
		{name: "shipping", hard: -0.2},
		{name: "return", hard: 0.1},
		{name: "refund", hard: 0.5},
		{name: "billing", hard: 0.6},
		{name: "product_question", hard: -0.1},
		{name: "account_update", hard: -0.4},
		{name: "technical_issue", hard: 1.0},
		{name: "cancellation", hard: 0.7},
		{name: "complaint", hard: 1.3},
		{name: "fraud", hard: 1.5},
	}
	tiers = [3]trait{
		{name: "free", weight: 0.60, hard: 0.05},
		{name: "pro", weight: 0.30, hard: -0.05},
		{name: "enterprise", weight: 0.10, hard: -0.10},
	}
	languages = [8]trait{
		{name: "en", weight: 0.46, hard: -0.05},
		{name: "es", weight: 0.15},
		{name: "de", weight: 0.11},
		{name: "fr", weight: 0.09},
		{name: "pt", weight: 0.07, hard: 0.05},
		{name: "ja", weight: 0.05, hard: 0.15},
		{name: "it", weight: 0.04},
		{name: "pl", weight: 0.03, hard: 0.20},
	}
)

// answering is the share of a tier's surveys that are answered.
var answering = [len(tiers)]float64{0.37, 0.43, 0.47}

// segment is the conversations of one intent, tier and language.
type segment struct {
	intent, tier, language int
	share                  float64 // of all conversations
	hard                   float64 // the mean over all conversations is 0
}

// segments are all there are.
func segments() []segment {
	all := make([]segment, 0, len(intents)*len(tiers)*len(languages))
	sum, mean := 0.0, 0.0
	for i := range intents {
		for t := range tiers {
			for l := range languages {
				all = append(all, segment{
					intent: i, tier: t, language: l,
					share: tiers[t].weight * languages[l].weight / float64(i+1), // Zipf's law
					hard:  intents[i].hard + tiers[t].hard + languages[l].hard,
				})
				sum += all[len(all)-1].share
			}
		}
	}
	for i := range all {
		all[i].share /= sum
		mean += all[i].share * all[i].hard
	}
	for i := range all {
		all[i].hard -= mean
	}
	return all
}
