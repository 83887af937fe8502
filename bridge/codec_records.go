package bridge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/partition"
	pb "github.com/troupe-actors/troupe/proto/troupepb"
)

func leadToProto(l partition.Lead) *pb.Lead {
	return &pb.Lead{Worker: string(l.Worker), Session: string(l.Session), Beat: l.Beat, Released: l.Released, Schema: partition.Schema}
}

func leadFromProto(p *pb.Lead) (partition.Lead, error) {
	return partition.Lead{
		Worker: partition.WorkerID(p.GetWorker()), Session: partition.SessionID(p.GetSession()),
		Beat: p.GetBeat(), Released: p.GetReleased(), Kept: kept(p),
	}, nil
}

func termToProto(t partition.Term) *pb.Term {
	return &pb.Term{
		Worker: string(t.Worker), Session: string(t.Session), Nonce: t.Nonce, Lost: legible(t.Lost), Schema: partition.Schema,
	}
}

func termFromProto(p *pb.Term) (partition.Term, error) {
	return partition.Term{
		Worker: partition.WorkerID(p.GetWorker()), Session: partition.SessionID(p.GetSession()), Nonce: p.GetNonce(),
		Lost: p.GetLost(), Kept: kept(p),
	}, nil
}

func liveToProto(l partition.Live) *pb.Live {
	p := &pb.Live{
		Session: string(l.Session), Claim: uint64(l.Claim), LeaseNs: int64(l.Lease), InstanceKey: l.InstanceKey,
		Beat: l.Beat, Applied: uint64(l.Applied), Seen: uint64(l.Seen),
		Held: texts(l.Held), Quarantined: texts(l.Quarantined),
		Draining: l.Draining, Restarting: l.Restarting, NeverLead: l.NeverLead, Refresh: l.Refresh,
		Predecessor: string(l.Predecessor), PredecessorReleased: l.PredecessorReleased, Released: l.Released,
		Reads: l.Reads, Capacity: l.Capacity, Zone: l.Zone, Labels: l.Labels, Poison: poisonToProto(l.Poison), Schema: partition.Schema,
	}
	for _, a := range l.Abandoned {
		row := &pb.Abandoned{Partition: string(a.Partition), Token: uint64(a.Token), Step: uint64(a.Step)}
		keep(row, a.Kept)
		p.Abandoned = append(p.Abandoned, row)
	}
	if l.Fence != nil {
		p.Fence = &pb.Fence{Term: uint64(l.Fence.Term), AfterSilence: l.Fence.AfterSilence}
		keep(p.Fence, l.Fence.Kept)
	}
	return p
}

// longestLease is far beyond every lease that somebody sets. Waits are computed from
// leases that others wrote: they must not overflow.
const longestLease = 365 * 24 * time.Hour

func leaseFrom(ns int64) (time.Duration, error) {
	if ns < 0 || ns > int64(longestLease) {
		return 0, fmt.Errorf("lease_ns is %d; must be 0 to %d", ns, longestLease)
	}
	return time.Duration(ns), nil
}

func liveFromProto(p *pb.Live) (partition.Live, error) {
	lease, err := leaseFrom(p.GetLeaseNs())
	if err != nil {
		return partition.Live{}, err
	}
	if c := p.GetCapacity(); c != 0 && !(c >= partition.MinCapacity && c <= partition.MaxCapacity) {
		return partition.Live{}, fmt.Errorf("capacity is %v; must be 0 or %v to %v", c, partition.MinCapacity, partition.MaxCapacity)
	}
	poison, err := poisonFromProto(p.GetPoison())
	if err != nil {
		return partition.Live{}, err
	}
	l := partition.Live{
		Session: partition.SessionID(p.GetSession()), Claim: partition.Revision(p.GetClaim()),
		Lease: lease, InstanceKey: p.GetInstanceKey(),
		Beat: p.GetBeat(), Applied: partition.Step(p.GetApplied()), Seen: partition.Step(p.GetSeen()),
		Held: words[partition.PartitionID](p.GetHeld()), Quarantined: words[partition.PartitionID](p.GetQuarantined()),
		Draining: p.GetDraining(), Restarting: p.GetRestarting(), NeverLead: p.GetNeverLead(), Refresh: p.GetRefresh(),
		Predecessor: partition.SessionID(p.GetPredecessor()), PredecessorReleased: p.GetPredecessorReleased(), Released: p.GetReleased(),
		Reads: p.GetReads(), Capacity: p.GetCapacity(), Zone: p.GetZone(), Labels: p.GetLabels(), Poison: poison, Kept: kept(p),
	}
	for _, a := range p.GetAbandoned() {
		l.Abandoned = append(l.Abandoned, partition.Abandoned{
			Partition: partition.PartitionID(a.GetPartition()), Token: partition.Token(a.GetToken()), Step: partition.Step(a.GetStep()),
			Kept: kept(a),
		})
	}
	if f := p.GetFence(); f != nil {
		l.Fence = &partition.Fence{Term: partition.Revision(f.GetTerm()), AfterSilence: f.GetAfterSilence(), Kept: kept(f)}
	}
	return l, nil
}

func headToProto(h partition.Head) *pb.Head {
	p := &pb.Head{
		Version: uint64(h.Version), Step: uint64(h.Step), Term: uint64(h.Term), Nonce: h.Nonce, Source: h.Source,
		Poison: poisonToProto(h.Poison), Schema: partition.Schema,
	}
	for _, s := range h.Seats {
		seat := &pb.Seat{
			Worker: string(s.Worker), Session: string(s.Session), LeaseNs: int64(s.Lease), Live: uint64(s.Live),
			NeverLead: s.NeverLead, Step: uint64(s.Step), Digest: s.Digest, Refresh: s.Refresh,
		}
		keep(seat, s.Kept)
		p.Seats = append(p.Seats, seat)
	}
	for _, u := range h.Unowned {
		p.Unowned = append(p.Unowned, string(u.Partition))
		p.UnownedEntered = append(p.UnownedEntered, uint64(u.Entered))
	}
	for _, f := range h.Freed {
		row := &pb.Freed{
			Partition: string(f.Partition), Session: string(f.Session), Token: uint64(f.Token), By: uint32(f.By), Revision: uint64(f.Revision),
		}
		keep(row, f.Kept)
		p.Freed = append(p.Freed, row)
	}
	return p
}

func headFromProto(p *pb.Head) (partition.Head, error) {
	if err := columns("unowned", len(p.GetUnowned()), len(p.GetUnownedEntered())); err != nil {
		return partition.Head{}, err
	}
	poison, err := poisonFromProto(p.GetPoison())
	if err != nil {
		return partition.Head{}, err
	}
	h := partition.Head{
		Version: partition.Version(p.GetVersion()), Step: partition.Step(p.GetStep()), Term: partition.Revision(p.GetTerm()),
		Nonce: p.GetNonce(), Source: p.GetSource(), Poison: poison, Kept: kept(p),
	}
	for _, s := range p.GetSeats() {
		lease, err := leaseFrom(s.GetLeaseNs())
		if err != nil {
			return partition.Head{}, fmt.Errorf("seat of %s: %w", printable(s.GetWorker()), err)
		}
		h.Seats = append(h.Seats, partition.Seat{
			Worker: partition.WorkerID(s.GetWorker()), Session: partition.SessionID(s.GetSession()),
			Lease: lease, Live: partition.Revision(s.GetLive()), NeverLead: s.GetNeverLead(),
			Step: partition.Step(s.GetStep()), Digest: s.GetDigest(), Refresh: s.GetRefresh(), Kept: kept(s),
		})
	}
	for i, id := range p.GetUnowned() {
		h.Unowned = append(h.Unowned, partition.Unowned{Partition: partition.PartitionID(id), Entered: partition.Step(p.GetUnownedEntered()[i])})
	}
	h.Freed = slices.Grow(h.Freed, len(p.GetFreed()))
	for _, f := range p.GetFreed() {
		h.Freed = append(h.Freed, partition.Freed{
			Partition: partition.PartitionID(f.GetPartition()), Session: partition.SessionID(f.GetSession()),
			Token: partition.Token(f.GetToken()), By: partition.FreedBy(f.GetBy()), Revision: partition.Revision(f.GetRevision()),
			Kept: kept(f),
		})
	}
	return h, headWithin(h)
}

func assignmentToProto(a partition.Assignment) *pb.Assignment {
	p := &pb.Assignment{
		Version: uint64(a.Version), Step: uint64(a.Step), Session: string(a.Session), Pending: texts(a.Pending),
		Poison: poisonToProto(a.Poison), Schema: partition.Schema,
	}
	for _, g := range a.Owned {
		p.Owned = append(p.Owned, string(g.Partition))
		p.OwnedToken = append(p.OwnedToken, uint64(g.Token))
		p.OwnedEntered = append(p.OwnedEntered, uint64(g.Entered))
	}
	for _, r := range a.Revoking {
		p.Revoking = append(p.Revoking, string(r.Partition))
		p.RevokingToken = append(p.RevokingToken, uint64(r.Token))
		p.RevokingStep = append(p.RevokingStep, uint64(r.Step))
		p.RevokingEntered = append(p.RevokingEntered, uint64(r.Entered))
	}
	return p
}

func assignmentFromProto(p *pb.Assignment) (partition.Assignment, error) {
	if err := columns("owned", len(p.GetOwned()), len(p.GetOwnedToken()), len(p.GetOwnedEntered())); err != nil {
		return partition.Assignment{}, err
	}
	err := columns("revoking", len(p.GetRevoking()), len(p.GetRevokingToken()), len(p.GetRevokingStep()), len(p.GetRevokingEntered()))
	if err != nil {
		return partition.Assignment{}, err
	}
	poison, err := poisonFromProto(p.GetPoison())
	if err != nil {
		return partition.Assignment{}, err
	}
	a := partition.Assignment{
		Version: partition.Version(p.GetVersion()), Step: partition.Step(p.GetStep()), Session: partition.SessionID(p.GetSession()),
		Pending: words[partition.PartitionID](p.GetPending()), Poison: poison, Kept: kept(p),
	}
	for i, id := range p.GetOwned() {
		a.Owned = append(a.Owned, partition.Grant{
			Partition: partition.PartitionID(id), Token: partition.Token(p.GetOwnedToken()[i]), Entered: partition.Step(p.GetOwnedEntered()[i]),
		})
	}
	for i, id := range p.GetRevoking() {
		a.Revoking = append(a.Revoking, partition.Revoke{
			Partition: partition.PartitionID(id), Token: partition.Token(p.GetRevokingToken()[i]),
			Step: partition.Step(p.GetRevokingStep()[i]), Entered: partition.Step(p.GetRevokingEntered()[i]),
		})
	}
	return a, assignmentWithin(a)
}

func journalToProto(j partition.Journal) *pb.Journal {
	p := &pb.Journal{
		Version: uint64(j.Version), Step: uint64(j.Step), Term: uint64(j.Term), Leader: string(j.Leader),
		Cause: legible(j.Cause), More: int64(j.More), Schema: partition.Schema,
		MovesWanted: int64(j.Measure.Moves), MovesLeast: int64(j.Measure.Least), Before: j.Measure.Before, After: j.Measure.After,
	}
	for _, e := range j.Evidence {
		p.Evidence = append(p.Evidence, legible(e))
	}
	moves := make([]pb.Move, len(j.Moves)) // thousands, made at once
	for i, m := range j.Moves {
		x := &moves[i]
		x.Partition, x.From, x.To, x.Why = string(m.Partition), string(m.From), string(m.To), legible(m.Why)
		x.By, x.Revision = uint32(m.By), uint64(m.Revision)
		keep(x, m.Kept)
		p.Moves = append(p.Moves, x)
	}
	return p
}

// legible is a text that may hold what user code said: a record holds UTF-8 only.
func legible(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func journalFromProto(p *pb.Journal) (partition.Journal, error) {
	j := partition.Journal{
		Version: partition.Version(p.GetVersion()), Step: partition.Step(p.GetStep()), Term: partition.Revision(p.GetTerm()),
		Leader: partition.WorkerID(p.GetLeader()), Cause: p.GetCause(), Evidence: p.GetEvidence(), More: int(p.GetMore()), Kept: kept(p),
		Measure: partition.Measure{
			Moves: int(p.GetMovesWanted()), Least: int(p.GetMovesLeast()), Before: p.GetBefore(), After: p.GetAfter(),
		},
	}
	j.Moves = slices.Grow(j.Moves, len(p.GetMoves()))
	for _, m := range p.GetMoves() {
		j.Moves = append(j.Moves, partition.Move{
			Partition: partition.PartitionID(m.GetPartition()), From: partition.WorkerID(m.GetFrom()), To: partition.WorkerID(m.GetTo()), Why: m.GetWhy(),
			By: partition.FreedBy(m.GetBy()), Revision: partition.Revision(m.GetRevision()), Kept: kept(m),
		})
	}
	return j, nil
}
