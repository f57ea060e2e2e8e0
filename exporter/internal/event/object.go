package event

// read reads the event at the cursor. Of several errors it returns the first
// in the text; that a required field is absent shows only at the end.
func (d *Decoder) read() error {
	d.event = Event{Episode: 1, Seconds: NoSeconds}
	d.seen, d.escalated = 0, false
	if d.next() != '{' {
		return d.wrongType(fieldEvent, "an object")
	}
	if err := d.members(fieldEvent); err != nil {
		return err
	}
	d.event.Facts = d.seen.facts()
	if !d.escalated {
		d.event.Facts &^= Escalation
		d.event.Reason = ""
	}
	return d.missing()
}

// members reads the object at the cursor. It recurses through the fields that
// are objects, so the schema bounds its depth and not the input.
func (d *Decoder) members(parent field) error {
	d.pos++
	if d.next() == '}' {
		d.pos++
		return nil
	}
	for {
		if d.next() != '"' {
			return d.unexpected(wantName)
		}
		start := d.pos
		name, err := d.str()
		if err != nil {
			return d.badText(parent, start, err, "a field name must be text")
		}
		if err := d.colon(); err != nil {
			return err
		}
		if err := d.member(parent, name); err != nil {
			return err
		}
		switch d.next() {
		case ',':
			d.pos++
		case '}':
			d.pos++
			return nil
		default:
			return d.unexpected("',' or '}'")
		}
	}
}

// member reads one value of the object parent.
func (d *Decoder) member(parent field, name string) error {
	if parent == fieldCostDetail || parent == fieldCostDeltaDetail {
		return d.component(parent, name)
	}
	f := lookup(parent, name)
	if f == fieldUnknown {
		return reject(within(parent, name), ReasonUnknown, "unknown field")
	}
	if d.seen.has(f) {
		return reject(f.path(), ReasonDuplicate, "given twice")
	}
	d.seen |= 1 << f
	return d.value(f)
}

// missing says which required field the event has not given.
func (d *Decoder) missing() error {
	switch {
	case !d.seen.has(fieldConversationID):
		return reject(fieldConversationID.path(), ReasonMissing, "required")
	case d.seen.has(fieldResolution) && !d.seen.has(fieldResolved):
		return reject(fieldResolved.path(), ReasonMissing, "required")
	case d.seen.has(fieldEscalation) && !d.seen.has(fieldEscalated):
		return reject(fieldEscalated.path(), ReasonMissing, "required")
	case d.seen.has(fieldCost) && !d.seen.has(fieldCostUSD):
		return reject(fieldCostUSD.path(), ReasonMissing, "required")
	case d.seen.has(fieldCostDelta) && !d.seen.has(fieldCostDeltaUSD):
		return reject(fieldCostDeltaUSD.path(), ReasonMissing, "required")
	}
	if f, beside := d.event.lacks(); f != fieldEvent {
		return reject(f.path(), ReasonMissing, "required beside %s", beside)
	}
	return nil
}
