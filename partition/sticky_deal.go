package partition

import "slices"

// deal deals the first partitions of whoever gives to those that get, as many as
// leave; everything else stays. Those that can go home do so first, and then those
// that can get into their zone. The rest is dealt like cards, because neighbours in
// the order of keys often are busy together: first what is not in its own zone.
func (s *evener) deal() {
	copy(s.plan, s.previous)
	todo := 0
	for _, g := range s.gain {
		todo += int(g)
	}
	if todo > 0 && (s.home != nil || s.wish != nil) {
		s.locate()
		todo = s.dealHome(todo)
		todo = s.dealZones(todo)
		if s.wish != nil {
			todo = s.dealRest(todo, s.inZone)
		}
	}
	s.dealRest(todo, nil)
}

func (s *evener) locate() {
	s.at = sized(s.at, len(s.all))
	for i := range s.at {
		s.at[i] = None
	}
	for i, m := range s.members {
		s.at[m] = int32(i)
	}
}

// give moves a partition to a position.
func (s *evener) give(k int, to int32) {
	s.leave[s.previous[k]+1]--
	s.gain[to]--
	s.plan[k] = s.members[to]
}

func (s *evener) dealHome(todo int) int {
	for k, home := range s.home {
		if todo == 0 {
			break
		}
		if home == None || s.at[home] == None || s.gain[s.at[home]] == 0 || s.leave[s.previous[k]+1] == 0 {
			continue
		}
		s.give(k, s.at[home])
		todo--
	}
	return todo
}

// inZone reports whether a partition is at a member of the zone that it would like.
func (s *evener) inZone(k int) bool {
	was := s.previous[k]
	return s.wish[k] != None && was != None && s.zone[was] == s.wish[k]
}

func (s *evener) dealZones(todo int) int {
	open := map[int32][]int32{}
	for i, m := range s.members {
		if s.gain[i] > 0 && s.wish != nil {
			open[s.zone[m]] = append(open[s.zone[m]], int32(i))
		}
	}
	for k, zone := range s.wish {
		if todo == 0 {
			break
		}
		list := open[zone]
		if len(list) == 0 || s.plan[k] != s.previous[k] || s.inZone(k) || s.leave[s.previous[k]+1] == 0 {
			continue
		}
		to := list[0]
		s.give(k, to)
		todo--
		if list = append(list[1:], to); s.gain[to] == 0 {
			list = list[:len(list)-1]
		}
		open[zone] = list
	}
	return todo
}

// dealRest deals to all that get, except what is to stay if it can. Everybody gets one in
// each round; what that leaves to get is noted after as many rounds as all take part in.
func (s *evener) dealRest(todo int, stay func(k int) bool) int {
	if todo == 0 {
		return 0
	}
	s.order = s.order[:0]
	for i, g := range s.gain {
		if g > 0 {
			s.order = append(s.order, int32(i))
		}
	}
	plan, leave, next, rounds := s.plan[:len(s.previous)], s.leave, 0, s.sit()
	dealt, round := s.dealt, int32(0)
	for k, was := range s.previous {
		if was != None && leave[was+1] == 0 || plan[k] != was || stay != nil && stay(k) {
			continue
		}
		if was != None { // all of those leave
			leave[was+1]--
		}
		plan[k] = dealt[next]
		if todo--; todo == 0 {
			next++
			break
		}
		if next++; next == len(dealt) {
			next = 0
			if round++; round == rounds {
				s.rise(round, 0)
				rounds, round = s.sit(), 0
				dealt = s.dealt
			}
		}
	}
	s.rise(round, next)
	return todo
}

// sit lists the members that get, and returns how many rounds all of them take part in.
func (s *evener) sit() (rounds int32) {
	s.order = slices.DeleteFunc(s.order, func(i int32) bool { return s.gain[i] == 0 })
	s.dealt = s.dealt[:0]
	for _, i := range s.order {
		s.dealt = append(s.dealt, s.members[i])
		if rounds == 0 || s.gain[i] < rounds {
			rounds = s.gain[i]
		}
	}
	return rounds
}

// rise takes so many whole rounds, and the first of one more, from what is to be got.
func (s *evener) rise(rounds int32, more int) {
	for n, i := range s.order {
		s.gain[i] -= rounds
		if n < more {
			s.gain[i]--
		}
	}
}
