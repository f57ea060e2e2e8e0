package event

// value reads the value of f, a field of the event or of a part of it.
func (d *Decoder) value(f field) error {
	e := &d.event
	switch f {
	case fieldConversationID:
		return d.text(f, &e.ConversationID, 1, MaxConversationID)
	case fieldID:
		return d.text(f, &e.ID, 1, MaxID)
	case fieldTime:
		return d.time(f, &e.Time)
	case fieldCustomerID:
		return d.text(f, &e.CustomerID, 0, MaxCustomerID)
	case fieldIntent:
		return d.text(f, &e.Intent, 0, MaxLabel)
	case fieldTier:
		return d.text(f, &e.Tier, 0, MaxLabel)
	case fieldLanguage:
		return d.text(f, &e.Language, 0, MaxLabel)
	case fieldExperiment:
		return d.text(f, &e.Experiment, 0, MaxLabel)
	case fieldVariant:
		return d.text(f, &e.Variant, 0, MaxLabel)
	case fieldEpisode:
		return integer(d, f, &e.Episode, MaxEpisode)
	case fieldTurns:
		return integer(d, f, &e.Turns, MaxTurns)
	case fieldTurnsDelta:
		return integer(d, f, &e.TurnsDelta, MaxTurns)
	case fieldCSAT:
		return integer(d, f, &e.CSAT, MaxCSAT)
	case fieldSurveySent:
		return d.surveySent(f)
	case fieldResolution, fieldEscalation:
		return d.object(f)
	case fieldCost:
		return d.money(f, fieldCostUSD, fieldCostDetail, &e.Cost)
	case fieldCostDelta:
		return d.money(f, fieldCostDeltaUSD, fieldCostDeltaDetail, &e.CostDelta)
	}
	return d.part(f)
}

// part reads the value of f, a field of an object within the event.
func (d *Decoder) part(f field) error {
	e := &d.event
	switch f {
	case fieldResolved:
		return d.boolean(f, &e.Resolved)
	case fieldSeconds:
		return d.amount(f, &e.Seconds)
	case fieldConfirmed:
		confirmed := false
		err := d.boolean(f, &confirmed)
		e.Confirmed = Denied
		if confirmed {
			e.Confirmed = Confirmed
		}
		return err
	case fieldEscalated:
		return d.boolean(f, &d.escalated)
	case fieldReason:
		return d.text(f, &e.Reason, 0, MaxReason)
	case fieldCostUSD:
		return d.amount(f, &e.Cost.USD)
	case fieldCostDeltaUSD:
		return d.amount(f, &e.CostDelta.USD)
	}
	return d.object(f) // the details of the costs
}

// object reads an object of fields.
func (d *Decoder) object(f field) error {
	if d.next() != '{' {
		return d.wrongType(f, "an object")
	}
	return d.members(f)
}

// surveySent reads a field that can only be true: that no survey was sent is
// said by leaving it out.
func (d *Decoder) surveySent(f field) error {
	switch d.next() {
	case 't':
		return d.literal("true")
	case 'f':
		if err := d.literal("false"); err != nil {
			return err
		}
		return reject(f.path(), ReasonRange, "must be true, got false")
	}
	return d.wrongType(f, "true")
}

// money reads a cost and sees that its detail does not exceed it.
func (d *Decoder) money(f, usd, detail field, m *Money) error {
	d.detail = len(d.components)
	if err := d.object(f); err != nil {
		return err
	}
	m.Detail = d.components[d.detail:len(d.components):len(d.components)]
	if sum := m.sum(); d.seen.has(usd) && !m.covers(sum) {
		return reject(detail.path(), ReasonRange, "components add up to %v, more than usd %v", sum, m.USD)
	}
	return nil
}

// component reads one member of a cost's detail.
func (d *Decoder) component(detail field, name string) error {
	if len(name) < 1 || len(name) > MaxComponent {
		return reject(detail.path(), ReasonRange, "the name of a component must be 1 to %d bytes long, got %d: %s",
			MaxComponent, len(name), quote(name))
	}
	own := d.components[d.detail:]
	for i := range own {
		if own[i].Name == name {
			return reject(within(detail, name), ReasonDuplicate, "given twice")
		}
	}
	if len(own) == MaxComponents {
		return reject(detail.path(), ReasonRange, "must have at most %d components, got more", MaxComponents)
	}
	part := Component{Name: name}
	err := d.amount(detail, &part.USD)
	if rejected, ok := err.(*FieldError); ok {
		rejected.Field = within(detail, name)
	}
	d.components = append(d.components, part)
	return err
}
