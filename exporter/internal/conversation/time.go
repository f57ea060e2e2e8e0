package conversation

// Advance moves the clock to now (Unix milliseconds; a step back is none) and
// does what time brings: conversations go idle, and are forgotten.
func (s *State) Advance(now int64) {
	s.now = max(s.now, now)
	for s.active != 0 && s.idleAt(s.active) <= s.now {
		i := s.active
		s.active = s.records.view(i).next
		s.goIdle(i, s.records.edit(i))
	}
	for s.head != 0 && s.head != s.active && s.forgottenAt(s.head) <= s.now {
		s.forget(s.head)
	}
}

// Due says whether Advance to now would change anything but the clock.
func (s *State) Due(now int64) bool {
	return s.active != 0 && s.idleAt(s.active) <= now ||
		s.head != 0 && s.head != s.active && s.forgottenAt(s.head) <= now
}

func (s *State) idleAt(i uint32) int64 {
	return s.records.view(i).last + s.settings.IdleTimeout.Milliseconds()
}

func (s *State) forgottenAt(i uint32) int64 {
	return s.records.view(i).last + s.settings.Retention.Milliseconds()
}

// goIdle observes what was being summed, and closes the last episode as
// abandoned if nothing else has closed it.
func (s *State) goIdle(i uint32, c *record) {
	c.flags |= idle
	s.eachEpisode(c, func(e *episode) {
		s.observeIncrements(i, c, e)
		if e.number == c.highest {
			e.facts |= isAbandoned
			s.settle(c, e, "")
		}
	})
	s.setOpen(c, false)
}

// observeIncrements puts an episode's sums into the histograms.
func (s *State) observeIncrements(i uint32, c *record, e *episode) {
	k := incrementsKey{i, e.number}
	sums, ok := s.sums[k]
	if !ok {
		return
	}
	delete(s.sums, k)
	at := s.at(c, sums.id)
	if e.turnsKind == summed {
		e.turnsKind = observed
		s.series.Turns(at, float64(sums.turns))
	}
	if e.costKind == summed {
		e.costKind = observed
		s.series.Cost(at, sums.cost.Float64())
	}
}

// touch makes the conversation the last that something arrived for.
func (s *State) touch(i uint32, c *record, isNew bool) {
	c.last = s.now
	c.flags &^= idle
	if !isNew {
		if i == s.tail {
			if s.active == 0 {
				s.active = i
			}
			return
		}
		s.unlink(i, c)
	}
	s.append(i, c)
	if s.active == 0 {
		s.active = i
	}
}

// append puts a conversation at the end of the list of arrivals.
func (s *State) append(i uint32, c *record) {
	c.prev, c.next = s.tail, 0
	if s.tail != 0 {
		s.records.edit(s.tail).next = i
	} else {
		s.head = i
	}
	s.tail = i
}

// unlink takes a conversation out of the list of arrivals.
func (s *State) unlink(i uint32, c *record) {
	if s.active == i {
		s.active = c.next
	}
	if c.prev != 0 {
		s.records.edit(c.prev).next = c.next
	} else {
		s.head = c.next
	}
	if c.next != 0 {
		s.records.edit(c.next).prev = c.prev
	} else {
		s.tail = c.prev
	}
}

// forget removes an idle conversation and everything known of it.
func (s *State) forget(i uint32) {
	c := s.records.edit(i)
	s.unlink(i, c)
	s.index.remove(c.key, s.keyOf)
	for e := c.first.next; e != 0; {
		next := s.episodes.view(e).next
		s.episodes.release(e)
		e = next
	}
	for b := c.moreIDs; b != 0; {
		next := s.blocks.view(b).next
		s.blocks.release(b)
		b = next
	}
	delete(s.many, i)
	s.records.release(i)
	s.count--
}

// setOpen keeps the number of open conversations.
func (s *State) setOpen(c *record, isOpen bool) {
	switch {
	case isOpen && c.flags&open == 0:
		c.flags |= open
		s.open++
	case !isOpen && c.flags&open != 0:
		c.flags &^= open
		s.open--
	}
}
